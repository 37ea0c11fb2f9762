"""Numbers: powers, inverses, primes and base64, by the engine where operands are long."""

from __future__ import annotations

import base64
import binascii
import math
import operator
import secrets
from typing import cast

from cloister._core import paillier as _core

__all__ = [
    "HAVE_CRYPTO",
    "HAVE_GMP",
    "base64_to_int",
    "base64url_decode",
    "base64url_encode",
    "extended_euclidean_algorithm",
    "first_primes",
    "getprimeover",
    "improved_i_sqrt",
    "int_to_base64",
    "invert",
    "is_prime",
    "isqrt",
    "miller_rabin",
    "mulmod",
    "powmod",
]

HAVE_GMP = True
"""The engine's integers are GMP's."""
HAVE_CRYPTO = False

_LONG_BITS = 256
"""Moduli that are worth a call of the engine."""


def _primes_below(limit: int) -> list[int]:
    candidates = bytearray([1]) * limit
    for divisor in range(2, math.isqrt(limit) + 1):
        if candidates[divisor]:
            candidates[divisor * divisor :: divisor] = bytes(len(range(divisor * divisor, limit, divisor)))
    return [number for number in range(2, limit) if candidates[number]]


first_primes = _primes_below(17864)
"""The first 2,048."""


def _bytes(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "little")


def _int(data: bytes) -> int:
    return int.from_bytes(data, "little")


def powmod(a: int, b: int, c: int) -> int:
    """a ** b modulo c. Takes time that depends on the numbers."""
    if a == 1:
        return 1
    long = isinstance(a, int) and isinstance(b, int) and isinstance(c, int) and c.bit_length() > _LONG_BITS
    if long and c > 0 and b >= 0:
        return _int(_core.power(_bytes(a % c), _bytes(b), _bytes(c)))
    return pow(a, b, c)


def mulmod(a: int, b: int, c: int) -> int:
    """a * b modulo c."""
    if isinstance(a, str | bytes) or isinstance(b, str | bytes):
        raise TypeError("mulmod takes numbers")
    return a * b % c


def invert(a: int, b: int) -> int:
    """The x with a * x = 1 modulo b. Raises ZeroDivisionError where there is none."""
    modulus = abs(operator.index(b))
    if modulus > 1:
        inverse = cast("bytes | None", _core.invert(_bytes(operator.index(a) % modulus), _bytes(modulus)))
        if inverse is not None:
            return _int(inverse)
    raise ZeroDivisionError("invert() no inverse exists")


def extended_euclidean_algorithm(a: int, b: int) -> tuple[int, int, int]:
    """(r, s, t) where r = s * a + t * b is a greatest common divisor."""
    r, s, t = (a, b), (1, 0), (0, 1)
    while r[1] != 0:
        quotient = r[0] // r[1]
        r, s, t = ((x[1], x[0] - quotient * x[1]) for x in (r, s, t))
    return r[0], s[0], t[0]


def getprimeover(N: int) -> int:
    """A random prime of N bits, from the system's generator; 2 for one bit."""
    bits = operator.index(N)
    if bits < 0:
        raise ValueError("number of bits must be non-negative")
    if bits == 0:
        raise OverflowError("there is no prime of 0 bits")
    if bits <= 2:
        return 2 if bits == 1 else secrets.choice((2, 3))
    while True:
        candidate = secrets.randbits(bits) | 1 << (bits - 1) | 1
        if _core.is_probable_prime(_bytes(candidate)):
            return candidate


def isqrt(N: int) -> int:
    """The largest integer whose square is not above N."""
    return math.isqrt(N)


def improved_i_sqrt(n: int) -> int:
    """As isqrt; a negative number is an AssertionError."""
    assert n >= 0
    n.bit_length()
    return math.isqrt(n)


def base64url_encode(payload: bytes | str) -> str:
    """base64 for addresses, without the padding."""
    data = payload.encode() if isinstance(payload, str) else payload
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def base64url_decode(payload: str) -> bytes:
    """The bytes of base64 for addresses, padded or not. Raises ValueError for a length that no bytes have."""
    rest = len(payload) % 4
    if rest == 1:
        raise ValueError("Invalid base64 string")
    return base64.urlsafe_b64decode((payload + "=" * (-rest % 4)).encode())


def int_to_base64(source: int) -> str:
    """A positive integer's big-endian bytes, in base64 for addresses."""
    number = operator.index(source)
    assert number != 0
    if number < 0:
        raise binascii.Error("negative integers have no such form")
    return base64url_encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def base64_to_int(source: str) -> int:
    """The integer of such a text."""
    data = base64url_decode(source)
    if not data:
        raise ValueError("there is no integer in an empty text")
    return int.from_bytes(data, "big")


def miller_rabin(n: int, k: int) -> bool:
    """Whether n > 3 passes k rounds with random bases; a composite does with a chance below 4 ** -k."""
    assert n > 3
    if n % 2 == 0:
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(k):
        x = powmod(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = powmod(x, 2, n)
            if x == n - 1:
                break
        else:
            return False
    return True


def is_prime(n: int, mr_rounds: int = 25) -> bool:
    """Whether n is a prime, but for a chance below 4 ** -mr_rounds."""
    if n <= 1:
        return False
    for prime in first_primes:
        if n % prime == 0:
            return n == prime
    return n < first_primes[-1] ** 2 or miller_rabin(n, mr_rounds)
