"""Sums of products that wait: a ciphertext as a product of powers, which the engine computes all at once.

A dot product of a thousand terms, written as a loop, takes a fiftieth of the time that its products take one by one.
"""

from __future__ import annotations

import threading

import cloister
from cloister.compat.phe import arrays, engine, util

__all__ = ["Combination", "power"]

_MAX_TERMS = 4096
"""What waits holds memory; more is computed in between."""
_MAX_WEIGHT_BITS = 512
_FEW = 6
"""So many powers take less time one by one."""
_LANE_BITS = range(13, 65)
"""Exponents that the kernels raise a single number to in less time than GMP does."""

_growing = threading.Lock()


class Combination:
    """The product of ciphertexts to clear integers and of 1 + n to another: an encryption of a sum of products.

    Sums share the list of their terms: each has the first so many of it, and the longest alone may add to it.
    """

    __slots__ = ("_bits", "_clear", "_count", "_terms", "taken")

    def __init__(self, terms: list[tuple[int, int]], count: int, bits: int, clear: int) -> None:
        """Of the first (ciphertext, integer) pairs, whose integers have so many bits at most."""
        self._terms = terms
        self._count = count
        self._bits = bits
        self._clear = clear
        self.taken = False
        """Whether a result holds it already: what is used again is better computed."""

    @classmethod
    def of(cls, ciphertext: int) -> Combination:
        """Of one ciphertext alone."""
        return cls([(ciphertext, 1)], 1, 1, 0)

    @property
    def full(self) -> bool:
        """Whether it should be computed before more is done with it."""
        return self._count > _MAX_TERMS or self._bits > _MAX_WEIGHT_BITS

    def _own(self) -> list[tuple[int, int]]:
        return self._terms[: self._count]

    def times(self, factor: int) -> Combination:
        """Of the sum times a clear integer."""
        terms = [(base, weight * factor) for base, weight in self._own()]
        return Combination(terms, self._count, self._bits + factor.bit_length(), self._clear * factor)

    def plus(self, other: Combination) -> Combination:
        """Of both sums together."""
        with _growing:
            if len(self._terms) != self._count:
                self._terms = self._own()
            self._terms.extend(other._own())
            count = self._count + other._count
            return Combination(self._terms, count, max(self._bits, other._bits), self._clear + other._clear)

    def plus_clear(self, value: int) -> Combination:
        """Of the sum and a clear integer."""
        return Combination(self._terms, self._count, self._bits, self._clear + value)

    def value(self, n: int, arithmetic: engine.Engine) -> int:
        """The ciphertext. Raises ZeroDivisionError for a power of what has no inverse."""
        square = n * n
        terms = [(base % square, weight) for base, weight in self._own() if weight != 0]
        data = self._product(terms, square, arithmetic)
        clear = self._clear % n
        if clear:
            data = arithmetic.add_clear(data, clear.to_bytes(arithmetic.plain_bytes, "little"))
        return int.from_bytes(data, "little")

    @staticmethod
    def _product(terms: list[tuple[int, int]], square: int, arithmetic: engine.Engine) -> bytes:
        width = arithmetic.cipher_bytes
        if len(terms) > _FEW:
            try:
                bases = engine.join((base for base, _ in terms), width)
                return arithmetic.dot(bases, *arrays.power_bytes([weight for _, weight in terms]))
            except cloister.Error:  # one has no inverse: found below, if it needs one
                pass
        product = None
        for base, weight in terms:
            factor = power(base, weight, square, arithmetic).to_bytes(width, "little")
            product = factor if product is None else arithmetic.multiply(product, factor)
        return (1).to_bytes(width, "little") if product is None else product


def power(base: int, weight: int, square: int, arithmetic: engine.Engine) -> int:
    """base ** weight modulo n^2, of a residue. Raises ZeroDivisionError where a negative power has no inverse."""
    if weight < 0:
        base, weight = util.invert(base, square), -weight
    if weight == 1:
        return base
    if weight.bit_length() not in _LANE_BITS:
        return util.powmod(base, weight, square)
    data = arithmetic.power(base.to_bytes(arithmetic.cipher_bytes, "little"), weight.to_bytes(8, "little"), b"\0")
    return int.from_bytes(data, "little")
