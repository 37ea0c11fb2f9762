"""From TenSEAL's parameters to the engines'."""

import warnings
import weakref
from dataclasses import asdict, dataclass
from typing import Any

import cloister
from cloister import _core
from cloister.compat._progress import tell
from cloister.compat.tenseal._primes import MOST_PRIME_BITS, chosen_primes

# What SEAL takes for a list that is empty.
_DEFAULT_SIZES = {
    1024: [27],
    2048: [54],
    4096: [36, 36, 37],
    8192: [43, 43, 44, 44, 44],
    16384: [48, 48, 48, 49, 49, 49, 49, 49, 49],
    32768: [55] * 15 + [56],
}
_MOST_DEGREE = 1 << 17  # SEAL's, though no list is secure there


@dataclass(frozen=True)
class CkksParameters:
    """What an engine of CKKS is made from."""

    log2_degree: int
    levels: int
    scale_bits: int
    first_prime_bits: int
    digits: int
    table_of_2018: bool
    #: Of TenSEAL's list without its last prime: what scales must be below.
    modulus_bits: int

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
    if not sizes and degree not in _DEFAULT_SIZES:
        raise ValueError("non-standard poly_modulus_degree")
    if degree < 2 or degree & (degree - 1) or degree > _MOST_DEGREE:
        raise ValueError("poly_modulus_degree is invalid")
    if degree not in _DEFAULT_SIZES:
        raise ValueError("encryption parameters are not set correctly")
    sizes = sizes or _DEFAULT_SIZES[degree]
    if any(size < 2 or size > MOST_PRIME_BITS for size in sizes):
        raise ValueError("bit_sizes is invalid")
    if any(size < degree.bit_length() + 1 for size in sizes):
        raise RuntimeError("failed to find enough qualifying primes")
    if sum(sizes) > _core.engines.max_log2_modulus(degree.bit_length() - 1, True):
        raise ValueError("encryption parameters are not set correctly")
    if len(sizes) == 1:
        raise RuntimeError("keyswitching is not supported by the context")
    return sizes


def ckks_parameters(poly_modulus_degree: int, coeff_mod_bit_sizes: list[int]) -> CkksParameters:
    """The engine's parameters for TenSEAL's. Warns where they are above the table of 2024, and raises ValueError above
    that of 2018."""
    sizes = bit_sizes(poly_modulus_degree, coeff_mod_bit_sizes)
    log2_degree = poly_modulus_degree.bit_length() - 1
    primes = chosen_primes(log2_degree, sizes)
    if primes is None:
        raise ValueError("encryption parameters are not set correctly")
    return CkksParameters(log2_degree, **asdict(primes), modulus_bits=sum(sizes[:-1]))


def bfv_parameters(poly_modulus_degree: int, plain_modulus: int, coeff_mod_bit_sizes: list[int]) -> BfvParameters:
    """The engine's parameters for TenSEAL's: as much modulus as security allows, whatever the list of sizes."""
    bit_sizes(poly_modulus_degree, coeff_mod_bit_sizes)
    if plain_modulus == 1 or plain_modulus >= 1 << MOST_PRIME_BITS:
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
