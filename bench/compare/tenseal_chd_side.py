"""TenSEAL's side of the heart-disease training: every row and label is a ciphertext of its own, a pass over the
rows sums the gradient under encryption, and after each pass the owner decrypts the weights and encrypts them anew,
since the parameters last for one pass. Operations: encrypt, then epoch as often as asked.

usage: tenseal_chd_side.py TRAIN.csv TEST.csv THREADS
"""

from __future__ import annotations

import random
import statistics
import sys
from pathlib import Path
from time import perf_counter_ns

import tenseal

from bench.compare.chd_data import Rows, load
from bench.compare.protocol import Operation, serve

DEGREE, MODULUS_BITS, SCALE_BITS = 8192, [40, 21, 21, 21, 21, 21, 21, 40], 21
SIGMOID = [0.5, 0.197, 0.0, -0.004]
DECAY = 0.05
# What a fresh ciphertext may be off: its noise, of 2^15 in a slot, is 2^-6 at this scale.
FRESH_BOUND = 0.1
# Weights are not near those of the same steps in the clear. TenSEAL takes every prime for 2^21, and they are 0.57 to
# 0.85 of it, so that each product grows; a rotation's noise is about 2^-2 in the first slots, since SEAL switches
# keys with digits that are not centred. What must come out is their direction: 1 minus the correlation of the test
# rows' margins is at most this.
DIRECTION_BOUND = 0.2


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

    def __init__(self, train: Rows, test: Rows, threads: int) -> None:
        self.train, self.test, self.threads = train, test, threads
        self.context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, DEGREE, coeff_mod_bit_sizes=MODULUS_BITS,
                                       n_threads=threads)
        self.context.global_scale = 2**SCALE_BITS
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
        weight_sum, bias_sum = None, None
        for features, label in self.rows:
            error = (features.dot(weights) + bias).polyval(SIGMOID) - label
            weight_term = features * error
            if weight_sum is None:
                weight_sum, bias_sum = weight_term, error
            else:
                weight_sum += weight_term
                bias_sum += error
        weights = weights - (weight_sum * (1 / len(self.rows)) + weights * DECAY)
        bias = bias - bias_sum * (1 / len(self.rows))
        self.weights = weights.decrypt() + bias.decrypt()
        taken = perf_counter_ns() - begin
        self.clear.epoch(self.train)
        self.epochs += 1
        return taken

    def check_encrypted(self) -> tuple[float, float]:
        worst = max(abs(got - x) for (encrypted, _), row in zip(self.rows, self.train.features, strict=True)
                    for got, x in zip(encrypted.decrypt(), row, strict=True))
        return worst, FRESH_BOUND

    def check_weights(self) -> tuple[float, float]:
        margins = [[dot(features, weights[:-1]) for features in self.test.features]
                   for weights in (self.weights, self.clear.weights)]
        return 1 - statistics.correlation(*margins), DIRECTION_BOUND

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
                "weights_error": max(abs(a - b) for a, b in zip(self.weights, self.clear.weights, strict=True)),
                "accuracy": self.accuracy(self.weights),
                "clear_accuracy": self.accuracy(self.clear.weights)}

    def info(self) -> dict[str, object]:
        return {"library": "TenSEAL", "version": tenseal.__version__, "threads": self.threads,
                "rows": len(self.train.labels), "test_rows": len(self.test.labels),
                "features": len(self.train.features[0]),
                "parameters": {"ring_degree": DEGREE, "modulus_bits": MODULUS_BITS, "scale_bits": SCALE_BITS}}


def main(arguments: list[str]) -> None:
    train, test = load(Path(arguments[0]), Path(arguments[1]))
    training = Training(train, test, int(arguments[2]))
    serve(training.info, training.sizes, {"encrypt": Operation(training.encrypt, training.check_encrypted),
                                          "epoch": Operation(training.epoch, training.check_weights)})


if __name__ == "__main__":
    main(sys.argv[1:])
