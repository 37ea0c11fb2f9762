"""From TenSEAL's parameters to the engines'."""

import warnings
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import cloister
from cloister import _core
from cloister.compat._progress import tell

# What SEAL takes for a list that is empty.
_DEFAULT_SIZES = {
    1024: [27],
    2048: [54],
    4096: [36, 36, 37],
    8192: [43, 43, 44, 44, 44],
    16384: [48, 48, 48, 49, 49, 49, 49, 49, 49],
    32768: [55] * 15 + [56],
}
_HEADROOM_BITS = 10
_MOST_PRIME_BITS = 60
_LEAST_SCALE_BITS = 20


@dataclass(frozen=True)
class CkksParameters:
    """What an engine of CKKS is made from."""

    log2_degree: int
    levels: int
    scale_bits: int
    first_prime_bits: int
    digits: int
    table_of_2018: bool

    def engine(self, threads: int) -> Any:
        """A new one."""
        return _core.engines.ckks(
            self.log2_degree,
            self.levels,
            self.scale_bits,
            self.first_prime_bits,
            self.digits,
            self.table_of_2018,
            threads,
            tell,
        )


@dataclass(frozen=True)
class BfvParameters:
    """What an engine of BFV is made from."""

    log2_degree: int
    plain_modulus: int

    def engine(self, threads: int) -> Any:
        """A new one. ValueError where a ciphertext does not hold as many numbers as its degree."""
        try:
            return _core.engines.bfv(self.log2_degree, self.plain_modulus, threads, tell)
        except cloister.InvalidArgumentError as error:
            raise ValueError("encryption parameters are not valid for batching") from error


Parameters = CkksParameters | BfvParameters


def bit_sizes(poly_modulus_degree: int, sizes: list[int]) -> list[int]:
    """The list that is meant. Raises what TenSEAL raises where it makes no parameters."""
    degree = poly_modulus_degree
    if degree < 2 or degree & (degree - 1):
        raise ValueError("poly_modulus_degree is invalid")
    if degree not in _DEFAULT_SIZES:
        raise ValueError("encryption parameters are not set correctly")
    sizes = sizes or _DEFAULT_SIZES[degree]
    if any(size < 2 or size > _MOST_PRIME_BITS for size in sizes):
        raise ValueError("bit_sizes is invalid")
    if any(size < degree.bit_length() + 1 for size in sizes):
        raise RuntimeError("failed to find enough qualifying primes")
    if sum(sizes) > _core.engines.max_log2_modulus(degree.bit_length() - 1, True):
        raise ValueError("encryption parameters are not set correctly")
    if len(sizes) == 1:
        raise RuntimeError("keyswitching is not supported by the context")
    return sizes


def _candidates(sizes: list[int]) -> Iterator[tuple[int, int, bool]]:
    """First prime and scale, in bits, and whether by the table of 2018: the best first."""
    middle = sizes[1:-1]
    first = sizes[0]
    scale = min(max(middle) if middle else first - _HEADROOM_BITS, _MOST_PRIME_BITS - 1)
    scale = max(scale, _LEAST_SCALE_BITS)
    roomy = max(first, min(_MOST_PRIME_BITS, scale + _HEADROOM_BITS))
    yield roomy, scale, False
    fallbacks = sorted(product(range(4), range(3)), key=lambda less: (sum(less), less))
    for less_first, less_scale in fallbacks:
        for table_of_2018 in (False, True):
            bits, scale_bits = first - less_first, scale - less_scale
            if bits > scale_bits >= _LEAST_SCALE_BITS:
                yield bits, scale_bits, table_of_2018


def ckks_parameters(poly_modulus_degree: int, coeff_mod_bit_sizes: list[int]) -> CkksParameters:
    """The engine's parameters for TenSEAL's: as many levels, a scale as large as the primes between the first and
    the last, and special primes of the engine's own. Warns where they are above the table of 2024, and raises
    ValueError above that of 2018."""
    sizes = bit_sizes(poly_modulus_degree, coeff_mod_bit_sizes)
    log2_degree = poly_modulus_degree.bit_length() - 1
    levels = len(sizes) - 2
    for first, scale, table_of_2018 in _candidates(sizes):
        digits = _core.engines.fitting_digits(log2_degree, levels, scale, first, table_of_2018)
        if digits is not None:
            return CkksParameters(log2_degree, levels, scale, first, digits, table_of_2018)
    raise ValueError("encryption parameters are not set correctly")


def bfv_parameters(poly_modulus_degree: int, plain_modulus: int, coeff_mod_bit_sizes: list[int]) -> BfvParameters:
    """The engine's parameters for TenSEAL's: as much modulus as security allows, whatever the list of sizes."""
    bit_sizes(poly_modulus_degree, coeff_mod_bit_sizes)
    if plain_modulus == 1 or plain_modulus >= 1 << _MOST_PRIME_BITS:
        raise ValueError("value can be at most 61-bit and cannot be 1")
    if plain_modulus == 0:
        raise ValueError("encryption parameters are not set correctly")
    return BfvParameters(poly_modulus_degree.bit_length() - 1, plain_modulus)


_engines: "weakref.WeakSet[Any]" = weakref.WeakSet()
_parameters_of: "weakref.WeakKeyDictionary[Any, Parameters]" = weakref.WeakKeyDictionary()


def engine_of(parameters: Parameters, threads: int) -> Any:
    """An engine; those of equal parameters share their tables, so that contexts may be exchanged."""
    twins = [engine for engine in _engines if _parameters_of[engine] == parameters]
    for engine in twins:
        if engine.threads == threads:
            return engine
    made = twins[0].with_threads(threads) if twins else parameters.engine(threads)
    _engines.add(made)
    _parameters_of[made] = parameters
    return made


def warn_above_2024(parameters: CkksParameters, engine: Any) -> None:
    """Names the numbers where parameters are above today's table."""
    limit = _core.engines.max_log2_modulus(parameters.log2_degree, False)
    if engine.log2_qp > limit:
        warnings.warn(
            f"log2(QP) = {engine.log2_qp:.2f} at degree {1 << parameters.log2_degree}: the standard of 2018 "
            f"allows {_core.engines.max_log2_modulus(parameters.log2_degree, True):.0f} for 128-bit security, the "
            f"guidelines of 2024 allow {limit:.0f}; take a larger degree or fewer and smaller primes",
            UserWarning,
            stacklevel=5,
        )
