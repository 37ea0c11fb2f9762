"""Cloister's errors as the ones that programs written for TenSEAL expect."""

from collections.abc import Iterator
from contextlib import contextmanager

import cloister


@contextmanager
def as_tenseal(out_of_range: str = "scale out of bounds") -> Iterator[None]:
    """Within it, what the engine refuses arrives as TenSEAL says it."""
    try:
        yield
    except cloister.OutOfRangeError as error:
        is_noise = "noise" in str(error)  # BFV's, of which TenSEAL says nothing
        raise ValueError(str(error) if is_noise else out_of_range) from error
    except cloister.MismatchError as error:
        raise ValueError("encrypted is not valid for encryption parameters") from error


@contextmanager
def as_parsing(what: str, mismatch: type[Exception] = RuntimeError) -> Iterator[None]:
    """Within it, bytes that are no such thing are a ValueError, and those of other parameters `mismatch`."""
    try:
        yield
    except cloister.MismatchError as error:
        raise mismatch("ciphertext data is invalid") from error
    except (cloister.Error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"failed to parse {what}") from error
