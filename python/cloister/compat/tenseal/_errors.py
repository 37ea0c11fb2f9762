"""Cloister's errors as the ones that programs written for TenSEAL expect."""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import cloister


@contextmanager
def as_tenseal(too_large: str = "encoded values are too large") -> Iterator[None]:
    """Within it, what the engine refuses arrives as TenSEAL says it, and all of it as a ValueError."""
    try:
        yield
    except cloister.OutOfRangeError as error:
        message = str(error)
        if "noise" in message:  # BFV's, of which TenSEAL says nothing
            raise ValueError(message) from error
        raise ValueError(too_large if "wrap around" in message else "scale out of bounds") from error
    except cloister.MismatchError as error:
        what = "secret key" if "secret key" in str(error) else "encrypted"
        raise ValueError(f"{what} is not valid for encryption parameters") from error
    except cloister.InternalError as error:
        raise ValueError(str(error)) from error


@contextmanager
def as_parsing(what: str, mismatch: type[Exception] = RuntimeError) -> Iterator[None]:
    """Within it, bytes that are no such thing are a ValueError, and those of other parameters `mismatch`."""
    try:
        yield
    except cloister.MismatchError as error:
        raise mismatch("ciphertext data is invalid") from error
    except (cloister.Error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"failed to parse {what}") from error


def as_float(value: Any, what: str) -> float:
    """A number; TypeError where it is none, or larger than any float."""
    if not isinstance(value, Real):
        raise TypeError(f"{what}: incompatible function arguments: a number is expected, not {type(value)}")
    try:
        return float(value)
    except OverflowError as error:
        raise TypeError(f"{what}: incompatible function arguments: the integer is larger than any float") from error
