"""python-paillier's side of `./run bench salary`, by its documented interface, with gmpy2 underneath: as its users
write it, a list of encrypted numbers a row. It works with the key of Cloister's side, whose factors are its arguments.

usage: salary_phe_side.py P Q ROWS      factors in hexadecimal; ROWS of the table are worked on in a sample
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from phe import paillier, util

from bench.compare.protocol import Operation, largest, serve
from bench.compare.salary import FEATURES, INTERCEPT, PEER_BOUND, margin_at, row_at, weight_at


class Bench:
    def __init__(self, p: int, q: int, rows: int) -> None:
        self.public = paillier.PaillierPublicKey(p * q)
        self.private = paillier.PaillierPrivateKey(self.public, p, q)
        self.rows = [row_at(i) for i in range(rows)]
        self.weights = [weight_at(j) for j in range(FEATURES)]
        self.encrypted: list[list[Any]] = []
        self.predicted: list[Any] = []
        self.decrypted: list[float] = []

    def encrypt(self) -> None:
        self.encrypted = [[self.public.encrypt(x) for x in row] for row in self.rows]

    def predict(self) -> None:
        self.predicted = [sum(x * w for x, w in zip(row, self.weights, strict=True)) + INTERCEPT
                          for row in self.encrypted]
        for prediction in self.predicted:
            prediction.obfuscate()

    def decrypt(self) -> None:
        self.decrypted = [self.private.decrypt(x) for x in self.predicted]

    def all(self) -> None:
        self.encrypt()
        self.predict()
        self.decrypt()

    def _operation(self, work: Callable[[], None]) -> Operation:
        def run() -> int:
            start = perf_counter_ns()
            work()
            return (perf_counter_ns() - start) // len(self.rows)

        def check() -> tuple[float, float]:
            self.predict()
            self.decrypt()
            return largest(abs(x - margin_at(i)) for i, x in enumerate(self.decrypted)), PEER_BOUND

        return Operation(run, check)

    def operations(self) -> dict[str, Operation]:
        steps = {"encrypt": self.encrypt, "predict": self.predict, "decrypt": self.decrypt, "all": self.all}
        return {f"{name}_{packing}": self._operation(work)
                for name, work in steps.items() for packing in ("packed", "single")}

    def sizes(self) -> dict[str, float]:
        each = 2 * self.public.n.bit_length() / 8
        return {"rows": FEATURES * each, "predictions": each}

    def info(self) -> dict[str, object]:
        return {"library": "python-paillier", "version": importlib.metadata.version("phe"),
                "gmpy2": importlib.metadata.version("gmpy2") if util.HAVE_GMP else None,
                "bits": self.public.n.bit_length(), "rows": len(self.rows)}


def main() -> None:
    bench = Bench(*(int(word, 16) for word in sys.argv[1:3]), int(sys.argv[3]))
    serve(bench.info, bench.sizes, bench.operations())


if __name__ == "__main__":
    main()
