"""Signed and fractional numbers as Paillier's plaintexts: an integer modulo n and a public exponent of a base."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cloister.compat.phe.paillier import PaillierPublicKey

__all__ = ["EncodedNumber"]


class EncodedNumber:
    """``encoding * BASE ** exponent``, where encodings above n - max_int stand for negative integers.

    What lies between max_int and n - max_int is left free, so that a sum that grew too large is noticed. Subclasses may
    have another BASE, with its LOG2_BASE.
    """

    BASE = 16
    LOG2_BASE = math.log2(BASE)
    FLOAT_MANTISSA_BITS = 53

    def __init__(self, public_key: PaillierPublicKey, encoding: int, exponent: int) -> None:
        """Take an encoding as it is, say from a message; ``encode`` makes one of a number."""
        self.public_key = public_key
        self.encoding = encoding
        self.exponent = exponent

    @classmethod
    def encode(cls, public_key: PaillierPublicKey, scalar: float, precision: float | None = None,
               max_exponent: int | None = None) -> Self:
        """Encode an int or a float, exactly unless `precision` says which steps are fine enough.

        Raises TypeError for other types and ValueError where the integer is beyond max_int in magnitude.
        """
        exponent = cls._natural_exponent(scalar) if precision is None else math.floor(math.log(precision, cls.BASE))
        if max_exponent is not None:
            exponent = min(max_exponent, exponent)
        integer = cls._scaled(scalar, exponent)
        if abs(integer) > public_key.max_int:
            raise ValueError(f"Integer needs to be within +/- {public_key.max_int} but got {integer}")
        return cls(public_key, integer % public_key.n, exponent)

    @classmethod
    def _natural_exponent(cls, scalar: float) -> int:
        """The largest at which the number is an integer for sure, whatever its mantissa's bits are."""
        if isinstance(scalar, int):
            return 0
        if isinstance(scalar, float):
            return math.floor((math.frexp(scalar)[1] - cls.FLOAT_MANTISSA_BITS) / cls.LOG2_BASE)
        raise TypeError(f"Don't know the precision of type {type(scalar)}.")

    @classmethod
    def _scaled(cls, scalar: float, exponent: int) -> int:
        """scalar * BASE ** -exponent, rounded to the nearest integer, ties to even."""
        if isinstance(exponent, int) and exponent <= 0 and isinstance(scalar, int | float):
            numerator, denominator = scalar.as_integer_ratio()
            quotient, rest = divmod(numerator * cls.BASE**-exponent, denominator)
            if rest == 0:
                return quotient
        return round(Fraction(scalar) * Fraction(cls.BASE) ** -exponent)

    def decode(self) -> int | float:
        """The number: an int where the exponent is not negative, else the float next to it.

        Raises OverflowError if the integer grew beyond max_int or the number is too large for a float, and ValueError if
        the encoding is not below n.
        """
        n, max_int = self.public_key.n, self.public_key.max_int
        if self.encoding >= n:
            raise ValueError("Attempted to decode corrupted number")
        if self.encoding <= max_int:
            integer = self.encoding
        elif self.encoding >= n - max_int:
            integer = self.encoding - n
        else:
            raise OverflowError("Overflow detected in decrypted number")
        if self.exponent >= 0:
            return integer * self.BASE**self.exponent
        try:
            return integer / self.BASE**-self.exponent
        except OverflowError as error:
            raise OverflowError("decoded result too large for a float") from error

    def decrease_exponent_to(self, new_exp: int) -> Self:
        """The same number at a lower exponent. Raises ValueError for a higher one; an overflow goes unnoticed here."""
        if new_exp > self.exponent:
            raise ValueError(f"New exponent {new_exp} should be more negative than old exponent {self.exponent}")
        factor = self.BASE ** (self.exponent - new_exp)
        return type(self)(self.public_key, self.encoding * factor % self.public_key.n, new_exp)
