"""A side of `./run bench phe`: one program by python-paillier's interface, run on python-paillier or on Cloister. What the
interface has for vectors on Cloister's side stands beside loops over the same values on the other.

usage: phe_operations_side.py {cloister|phe} P Q      the key's factors, in hexadecimal
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from time import perf_counter_ns
from typing import Any

import numpy as np

from bench.compare.paillier import TERMS, value_at, weight_at
from bench.compare.phe_operations import FEW, MANY
from bench.compare.protocol import Operation, largest, serve

Numbers = Sequence[float]


class Bench:
    """The key and the operands; all of it made before anything is timed."""

    def __init__(self, library: Any, p: int, q: int) -> None:
        self.vectors = hasattr(library, "EncryptedVector")
        self.public = library.PaillierPublicKey(p * q)
        self.private = library.PaillierPrivateKey(self.public, p, q)
        self.values = [value_at(i) for i in range(TERMS)]
        self.weights = [weight_at(i) for i in range(TERMS)]
        # Without noise: operations on ciphertexts take as long, and a thousand are made in no time.
        self.row = [self.public.encrypt(x, r_value=1) for x in self.values]
        self.many = MANY if self.vectors else FEW
        if self.vectors:
            self.vector = library.EncryptedVector.from_numbers(self.row)

    def operations(self) -> dict[str, Operation]:
        exact = [Fraction(x) for x in self.values]
        products = [x * Fraction(w) for x, w in zip(exact, self.weights, strict=True)]
        sums = [x + Fraction(w) for x, w in zip(exact, self.weights, strict=True)]
        pairs = [x + y for x, y in zip(exact, exact[1:], strict=False)]
        one_by_one: dict[str, tuple[int, Callable[[int], Any], Sequence[Fraction]]] = {
            # As many as noise is made at a time, or a sample would not have its share of that.
            "encrypt": (self.many, lambda i: self.public.encrypt(self.values[i]), exact),
            "decrypt": (FEW, lambda i: self.private.decrypt(self.row[i]), exact),
            "add": (MANY, lambda i: self.row[i] + self.row[i + 1], pairs),
            "add_float": (MANY, lambda i: self.row[i] + self.weights[i], sums),
            "times_float": (MANY, lambda i: self.row[i] * self.weights[i], products),
        }
        out = {name: self._timed(count, lambda count=count, work=work: [work(i) for i in range(count)], expected)
               for name, (count, work, expected) in one_by_one.items()}
        out["dot_list"] = self._timed(1, lambda: [sum(x * w for x, w in zip(self.row, self.weights, strict=True))],
                                      [sum(products, Fraction(0))])
        return out | self._whole(exact, products, sums, out)

    def _whole(self, exact: Sequence[Fraction], products: Sequence[Fraction], sums: Sequence[Fraction],
               one_by_one: dict[str, Operation]) -> dict[str, Operation]:
        """Vectors where there are any."""
        if not self.vectors:
            return {"encrypt_vector": one_by_one["encrypt"], "decrypt_vector": one_by_one["decrypt"],
                    "add_vector": one_by_one["add"], "add_float_vector": one_by_one["add_float"],
                    "times_vector": one_by_one["times_float"], "dot_vector": one_by_one["dot_list"]}
        values, weights = np.array(self.values[:MANY]), np.array(self.weights[:MANY])
        part = self.vector[:MANY]
        return {
            "encrypt_vector": self._timed(MANY, lambda: self.public.encrypt_vector(values), exact),
            "decrypt_vector": self._timed(MANY, lambda: self.private.decrypt_vector(part), exact),
            "add_vector": self._timed(MANY, lambda: part + part, [2 * x for x in exact]),
            "add_float_vector": self._timed(MANY, lambda: part + weights, sums),
            "times_vector": self._timed(MANY, lambda: part * weights, products),
            "dot_vector": self._timed(1, lambda: [self.vector @ np.array(self.weights)], [sum(products, Fraction(0))]),
        }

    def _timed(self, count: int, work: Callable[[], Any], expected: Sequence[Fraction]) -> Operation:
        results: list[Any] = []

        def run() -> int:
            start = perf_counter_ns()
            made = work()
            taken = perf_counter_ns() - start
            results[:] = [made]
            return taken // count

        def check() -> tuple[float, float]:
            return largest(abs(got - float(x)) for got, x in zip(self._opened(results[0]), expected, strict=False)), 0.0

        return Operation(run, check)

    def _opened(self, made: Any) -> Numbers:
        if isinstance(made, list):
            return [x if isinstance(x, float) else self.private.decrypt(x) for x in made]
        return (made if isinstance(made, np.ndarray) else self.private.decrypt_vector(made)).tolist()

    def info(self) -> dict[str, object]:
        package = "cloister" if self.vectors else "phe"
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # in a build tree
            version = None
        return {"library": package, "version": version, "gmpy2": None if self.vectors else importlib.metadata.version("gmpy2"),
                "bits": self.public.n.bit_length()}


def main() -> None:
    if sys.argv[1] == "cloister":
        from cloister.compat import phe as library

        library.set_threads(1)
    else:
        import phe as library
    bench = Bench(library, *(int(word, 16) for word in sys.argv[2:4]))
    serve(bench.info, dict, bench.operations())


if __name__ == "__main__":
    main()
