"""python-paillier's side of `./run bench paillier`, by its documented interface, with gmpy2 underneath. It works with
the key of Cloister's side, whose factors are its arguments.

usage: phe_side.py P Q      in hexadecimal
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from fractions import Fraction
from time import perf_counter_ns
from typing import Any

from phe import paillier, util

from bench.compare.paillier import TERMS, value_at, weight_at
from bench.compare.protocol import Operation, largest, serve

BATCH = 4  # of what is quick; times are of one value


class Bench:
    """The key and the operands; all of it made before anything is timed."""

    def __init__(self, p: int, q: int) -> None:
        self.public = paillier.PaillierPublicKey(p * q)
        self.private = paillier.PaillierPrivateKey(self.public, p, q)
        self.values = [value_at(i) for i in range(TERMS)]
        self.weights = [weight_at(i) for i in range(TERMS)]
        # Without noise: operations on ciphertexts take as long, and a thousand are made in no time.
        self.row = [self.public.encrypt(x, r_value=1) for x in self.values]
        self.few = [self.public.encrypt(x) for x in self.values[:BATCH]]

    def operations(self) -> dict[str, Operation]:
        encrypt = self._batch(lambda i: self.public.encrypt(self.values[i]), self.private.decrypt, self.values)
        decrypt = self._batch(lambda i: self.private.decrypt(self.few[i]), lambda x: x, self.values)
        times = self._batch(lambda i: self.few[i] * self.weights[i], self.private.decrypt,
                            [float(Fraction(x) * Fraction(w)) for x, w in
                             zip(self.values, self.weights, strict=True)])
        return {"encrypt": encrypt, "encrypt_owner": encrypt, "encrypt_one": encrypt, "encrypt_online": encrypt,
                "decrypt": decrypt, "decrypt_one": decrypt, "times_float": times, "dot": self._dot()}

    def _batch(self, work: Callable[[int], Any], opened: Callable[[Any], float],
               expected: list[float]) -> Operation:
        results: list[Any] = []

        def run() -> int:
            start = perf_counter_ns()
            made = [work(i) for i in range(BATCH)]
            taken = (perf_counter_ns() - start) // BATCH
            results[:] = made
            return taken

        return Operation(run, lambda: (largest(abs(opened(r) - x) for r, x in
                                               zip(results, expected, strict=False)), 0.0))

    def _dot(self) -> Operation:
        results: list[Any] = []
        exact = float(sum(Fraction(x) * Fraction(w) for x, w in zip(self.values, self.weights, strict=True)))

        def run() -> int:
            start = perf_counter_ns()
            made = sum(x * w for x, w in zip(self.row, self.weights, strict=True))
            taken = perf_counter_ns() - start
            results[:] = [made]
            return taken

        return Operation(run, lambda: (abs(self.private.decrypt(results[0]) - exact), 0.0))

    def info(self) -> dict[str, object]:
        return {"library": "python-paillier", "version": importlib.metadata.version("phe"),
                "gmpy2": importlib.metadata.version("gmpy2") if util.HAVE_GMP else None,
                "bits": self.public.n.bit_length()}


def main() -> None:
    bench = Bench(*(int(word, 16) for word in sys.argv[1:3]))
    serve(bench.info, dict, bench.operations())


if __name__ == "__main__":
    main()
