"""Trains a layer of Keras on the made-up salaries and saves what it has learnt: python examples/models/make_keras.py

keras.json was made by this with the versions that it names. The notebook reads that file, so it needs no Keras.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tables import save_layer, standardized_salaries


def main() -> None:
    """Minibatches, mean squared error."""
    keras.utils.set_random_seed(1)
    salaries = standardized_salaries()
    layer = keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((salaries.features.shape[1],)), layer])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse")
    model.fit(salaries.features, salaries.target, epochs=40, batch_size=100, verbose=0)
    kernel, bias = layer.get_weights()
    save_layer("keras.json", f"keras {keras.__version__} on {keras.backend.backend()}",
               f"Dense(units={layer.units}, activation={layer.activation.__name__})", {"kernel": kernel, "bias": bias})


if __name__ == "__main__":
    main()
