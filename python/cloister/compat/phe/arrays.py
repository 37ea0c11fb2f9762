"""Arrays of numbers as integers at one common exponent of 16, and back."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from cloister.compat.phe.encoding import EncodedNumber

__all__ = ["EXPONENT_BITS", "from_integers", "power_bytes", "to_integers"]

EXPONENT_BITS = int(EncodedNumber.LOG2_BASE)


def to_integers(values: Any, precision: float | None = None,
                max_exponent: int | None = None) -> tuple[list[int], int]:
    """The integers m and the exponent e of values m * 16^e, flattened.

    Exact by default: integers at exponent 0, floats at the largest exponent at which all are integers by their mantissas of 53
    bits. With a precision each is rounded to the nearest, ties to even. Raises TypeError for what are no numbers and ValueError
    for those that are not finite.
    """
    array = np.asarray(values)
    whole = array.dtype.kind in "iub" or (
        array.dtype.kind == "O" and all(isinstance(v, int) for v in array.flat))
    if not whole and array.dtype.kind != "f":
        raise TypeError(f"Don't know the precision of type {array.dtype}.")
    if array.size == 0:
        raise ValueError("there are no values")
    if precision is not None:
        exponent = math.floor(math.log(precision, EncodedNumber.BASE))
    else:
        exponent = 0 if whole else _exact_exponent(array)
    if max_exponent is not None:
        exponent = min(exponent, max_exponent)
    shift = -EXPONENT_BITS * exponent
    if whole:
        return [_shifted(v, shift) for v in map(int, array.ravel().tolist())], exponent
    mantissas, powers = np.frexp(array.astype(np.float64).ravel())
    if not np.isfinite(mantissas).all():
        raise ValueError("a value is not finite")
    bits = EncodedNumber.FLOAT_MANTISSA_BITS
    integers = np.ldexp(mantissas, bits).astype(np.int64).tolist()
    return list(map(_shifted, integers, (powers.astype(np.int64) + (shift - bits)).tolist())), exponent


def _exact_exponent(array: np.ndarray) -> int:
    powers = np.frexp(array.astype(np.float64))[1][array != 0]
    least = int(powers.min()) if powers.size else 0
    return (least - EncodedNumber.FLOAT_MANTISSA_BITS) // EXPONENT_BITS


def _shifted(value: int, bits: int) -> int:
    return value << bits if bits >= 0 else round(Fraction(value, 1 << -bits))


def from_integers(integers: list[int], exponent: int) -> np.ndarray:
    """The values: int64, Python's ints where one is longer, or float64, each rounded once.

    Raises OverflowError for what no float holds.
    """
    if exponent < 0:
        unit = 1 << -EXPONENT_BITS * exponent
        return np.array([value / unit for value in integers], dtype=np.float64)
    whole = [value << EXPONENT_BITS * exponent for value in integers]
    fits = all(-(1 << 63) <= value < 1 << 63 for value in whole)
    return np.array(whole, dtype=np.int64 if fits else object)


def power_bytes(integers: list[int]) -> tuple[bytes, bytes]:
    """Exponents as the engine takes them: magnitudes of whole limbs, all of one length, and a byte of sign each."""
    width = max(1, -(-max(abs(value).bit_length() for value in integers) // 64)) * 8
    return b"".join(abs(value).to_bytes(width, "little") for value in integers), bytes(v < 0 for v in integers)
