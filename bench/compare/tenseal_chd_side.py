"""TenSEAL's side of the heart-disease training: every row and label is a ciphertext of its own, a pass over the
rows sums the gradient under encryption, and after each pass the owner decrypts the weights and encrypts them anew,
since the parameters last for one pass. Operations: encrypt, then epoch as often as asked.

usage: tenseal_chd_side.py TRAIN.csv TEST.csv THREADS
"""

from __future__ import annotations

import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import tenseal

from bench.compare.chd_data import Rows, load
from bench.compare.protocol import Operation, largest, serve

SIGMOID = [0.5, 0.197, 0.0, -0.004]
DECAY = 0.05


@dataclass(frozen=True)
class Chain:
    """Parameters of a context."""

    ring_degree: int
    modulus_bits: list[int]
    scale_bits: int
    bound: float  # on the error of what is right


# What is timed. A fresh slot's noise of 2^15 is 2^-6 at its scale. Weights are not near those of the same steps in the
# clear: TenSEAL takes every prime for 2^21, and they are 0.57 to 0.85 of it, so that each product grows; and a
# rotation's noise is about 2^-2 in the first slots, since SEAL switches keys with digits that are not centred.
REFERENCE = Chain(8192, [40, 21, 21, 21, 21, 21, 21, 40], 21, 0.1)
# Where the same steps are near: on a few rows, these show that the circuit is right.
PRECISE = Chain(16384, [60, 40, 40, 40, 40, 40, 40, 60], 40, 1e-3)
PRECISE_ROWS = 8


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


class ClearTraining:
    """The same steps in the clear: what the encrypted weights are checked against. The bias comes last."""

    def __init__(self, weights: list[float]) -> None:
        self.weights = weights

    def epoch(self, rows: Rows) -> None:
        gradient = [0.0] * len(self.weights)
        for features, label in zip(rows.features, rows.labels, strict=True):
            z = dot(features, self.weights[:-1]) + self.weights[-1]
            error = sum(c * z**k for k, c in enumerate(SIGMOID)) - label
            gradient = [g + error * x for g, x in zip(gradient, [*features, 1.0], strict=True)]
        step = [g / len(rows.labels) for g in gradient]
        decay = [DECAY * w for w in self.weights[:-1]] + [0.0]
        self.weights = [w - s - d for w, s, d in zip(self.weights, step, decay, strict=True)]


class Training:
    """Owner and server in one process; both are timed, as the owner takes part in every epoch."""

    def __init__(self, train: Rows, test: Rows, threads: int, chain: Chain = REFERENCE) -> None:
        self.train, self.test, self.threads = train, test, threads
        self.context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, chain.ring_degree,
                                       coeff_mod_bit_sizes=chain.modulus_bits, n_threads=threads)
        self.context.global_scale = 2**chain.scale_bits
        self.context.generate_galois_keys()
        chance = random.Random(1)
        start = [chance.uniform(-0.3, 0.3) for _ in range(len(train.features[0]) + 1)]
        self.clear, self.weights, self.epochs = ClearTraining(start), start, 0
        self.rows: list[tuple[tenseal.CKKSVector, tenseal.CKKSVector]] = []

    def encrypt(self) -> int:
        begin = perf_counter_ns()
        self.rows = [(tenseal.ckks_vector(self.context, features), tenseal.ckks_vector(self.context, [label]))
                     for features, label in zip(self.train.features, self.train.labels, strict=True)]
        return perf_counter_ns() - begin

    def epoch(self) -> int:
        begin = perf_counter_ns()
        weights = tenseal.ckks_vector(self.context, self.weights[:-1])
        bias = tenseal.ckks_vector(self.context, self.weights[-1:])

        def gradient(features: tenseal.CKKSVector, label: tenseal.CKKSVector) -> tuple[Any, Any]:
            error = (features.dot(weights) + bias).polyval(SIGMOID) - label
            return features * error, error

        weight_sum, bias_sum = gradient(*self.rows[0])
        for row in self.rows[1:]:
            weight_term, bias_term = gradient(*row)
            weight_sum += weight_term
            bias_sum += bias_term
        weights = weights - (weight_sum * (1 / len(self.rows)) + weights * DECAY)
        bias = bias - bias_sum * (1 / len(self.rows))
        self.weights = weights.decrypt() + bias.decrypt()
        taken = perf_counter_ns() - begin
        self.clear.epoch(self.train)
        self.epochs += 1
        return taken

    def check_encrypted(self) -> tuple[float, float]:
        worst = largest(abs(got - x) for (encrypted, _), row in zip(self.rows, self.train.features, strict=True)
                    for got, x in zip(encrypted.decrypt(), row, strict=True))
        return worst, REFERENCE.bound

    def check_circuit(self) -> tuple[float, float]:
        """What the same code gives for a few rows where parameters leave it exact."""
        rows = Rows(self.train.features[:PRECISE_ROWS], self.train.labels[:PRECISE_ROWS])
        rehearsal = Training(rows, self.test, self.threads, PRECISE)
        rehearsal.encrypt()
        rehearsal.epoch()
        return rehearsal.weights_error(), PRECISE.bound

    def weights_error(self) -> float:
        return largest(abs(a - b) for a, b in zip(self.weights, self.clear.weights, strict=True))

    def accuracy(self, weights: list[float]) -> float:
        right = sum((dot(features, weights[:-1]) + weights[-1] > 0) == (label == 1)
                    for features, label in zip(self.test.features, self.test.labels, strict=True))
        return right / len(self.test.labels)

    def sizes(self) -> dict[str, object]:
        """Of what a server would be sent, and how good the weights are that are reached."""
        public = self.context.copy()
        public.make_context_public()
        return {"row_bytes": sum(len(vector.serialize()) for row in self.rows for vector in row),
                "context_bytes": len(public.serialize(save_public_key=True, save_secret_key=False,
                                                      save_galois_keys=True, save_relin_keys=True)),
                "epochs": self.epochs,
                "weights_error": self.weights_error(), "accuracy": self.accuracy(self.weights),
                "clear_accuracy": self.accuracy(self.clear.weights)}

    def info(self) -> dict[str, object]:
        return {"library": "TenSEAL", "version": tenseal.__version__, "threads": self.threads,
                "rows": len(self.train.labels), "test_rows": len(self.test.labels),
                "features": len(self.train.features[0]),
                "parameters": asdict(REFERENCE)}


def main(arguments: list[str]) -> None:
    train, test = load(Path(arguments[0]), Path(arguments[1]))
    training = Training(train, test, int(arguments[2]))
    serve(training.info, training.sizes, {"encrypt": Operation(training.encrypt, training.check_encrypted),
                                          "epoch": Operation(training.epoch, training.check_circuit)})


if __name__ == "__main__":
    main(sys.argv[1:])
