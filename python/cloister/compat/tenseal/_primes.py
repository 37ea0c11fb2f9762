"""Which primes of the engine stand for a list of TenSEAL's: the best that are secure."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloister import _core

MOST_PRIME_BITS = 60
_LEAST_SCALE_BITS = 20
#: What the first prime has above the scale, so that values above 1 have room when no level is left.
_LEAST_HEADROOM_BITS = 10
_MOST_HEADROOM_BITS = 20
#: What the scale may lose for more of it.
_MOST_LOSS_BITS = 5


@dataclass(frozen=True)
class Primes:
    """A chain of primes, and by which table it is secure."""

    levels: int
    scale_bits: int
    first_prime_bits: int
    digits: int
    table_of_2018: bool


def chosen_primes(log2_degree: int, sizes: list[int]) -> Primes | None:
    """The best chain for a list; None where none is secure. Lists within the table of 2024 stay within it."""
    tables = [False]
    if sum(sizes) > _core.engines.max_log2_modulus(log2_degree, False):
        tables.append(True)
    for levels, scale, first in _candidates(sizes):
        for table in tables:
            if levels * scale + 2 * first > _core.engines.max_log2_modulus(log2_degree, table) + 1:
                continue  # not even with the least special prime
            digits = _core.engines.fitting_digits(log2_degree, levels, scale, first, table)
            if digits is not None:
                return Primes(levels, scale, first, digits, table)
    return None


def _candidates(sizes: list[int]) -> Iterator[tuple[int, int, int]]:
    """Levels, the scale's bits and the first prime's, the best first.

    Where the first prime is larger than those between, there are as many levels as primes between, if need be with a
    smaller scale. Elsewhere TenSEAL, too, refuses the last of those products at a scale of the primes' size: there is
    one level fewer where the first prime cannot be made larger.
    """
    first, middle = sizes[0], sizes[1:-1]
    if middle:
        levels, largest = len(middle), max(middle)
        scale = min(max(largest, _LEAST_SCALE_BITS), MOST_PRIME_BITS - _LEAST_HEADROOM_BITS)
        roomy = max(first, scale + _LEAST_HEADROOM_BITS)
        if first > largest:
            headroom = min(max(first - scale, _LEAST_HEADROOM_BITS), _MOST_HEADROOM_BITS)
            yield from _shrinking(levels, scale, roomy, headroom, scale - _MOST_LOSS_BITS)
            yield from _shrinking(levels, scale, roomy)
        elif scale >= largest:
            yield levels, scale, roomy
        for fewer in range(levels - 1, 0, -1):
            yield from _shrinking(fewer, scale, MOST_PRIME_BITS)
    yield from _single(first)


def _shrinking(
    levels: int, scale: int, first: int, headroom: int = _LEAST_HEADROOM_BITS, least: int = _LEAST_SCALE_BITS
) -> Iterator[tuple[int, int, int]]:
    """Ever smaller scales, each with ever smaller first primes that leave the headroom."""
    for scale_bits in range(scale, max(least, _LEAST_SCALE_BITS) - 1, -1):
        for first_bits in range(first, scale_bits + headroom - 1, -1):
            yield levels, scale_bits, first_bits


def _single(first: int) -> Iterator[tuple[int, int, int]]:
    """Ever smaller single primes: much headroom above a scale of 30 bits, and what is left above one of 20."""
    enough = 30 + _MOST_HEADROOM_BITS
    for first_bits in range(max(first, enough), _LEAST_SCALE_BITS, -1):
        scale = max(first_bits - _MOST_HEADROOM_BITS, min(first_bits - _LEAST_HEADROOM_BITS, 30))
        yield 0, max(scale, _LEAST_SCALE_BITS), first_bits
