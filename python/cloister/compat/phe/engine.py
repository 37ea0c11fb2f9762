"""What computes with a key's ciphertexts: Cloister's engine, or Python's integers for keys that it does not take.

Numbers are little-endian bytes of a fixed length, many of them one after the other.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
import warnings
import weakref
from collections.abc import Callable, Iterable
from typing import Protocol

import cloister
from cloister._core import paillier as _core
from cloister.compat._progress import told
from cloister.compat.phe import util

__all__ = [
    "Decryptor",
    "Engine",
    "InsecureKeyWarning",
    "SlowKeyWarning",
    "engine_of",
    "epoch",
    "set_threads",
    "warn_of_key",
]

MIN_BITS = 2048
"""Below this, factoring is within reach."""
_STEP_BITS, _MAX_BITS = 128, 8192


class InsecureKeyWarning(UserWarning):
    """A key is so short that it can be factored: it is good for tests alone."""


class SlowKeyWarning(UserWarning):
    """A key's length is none of the engine's, so that Python's integers do the work."""


def warn_of_key(bits: int) -> None:
    """Warn, at the caller's caller, of a key that is insecure or slow."""
    level = 3
    if bits < MIN_BITS:
        warnings.warn(
            f"a Paillier key of {bits} bits is insecure, and slow besides; use 3072, at least {MIN_BITS}",
            InsecureKeyWarning,
            stacklevel=level,
        )
    elif bits % _STEP_BITS or bits > _MAX_BITS:
        warnings.warn(
            f"a Paillier key of {bits} bits is slow; use a multiple of {_STEP_BITS} up to {_MAX_BITS}",
            SlowKeyWarning,
            stacklevel=level,
        )


class Engine(Protocol):
    """Operations on many ciphertexts of one key; those of this module release the GIL where they take long."""

    plain_bytes: int
    cipher_bytes: int

    def encrypt(self, plaintexts: bytes) -> bytes: ...
    def encrypt_with(self, plaintexts: bytes, factors: bytes) -> bytes: ...
    def rerandomize(self, ciphertexts: bytes) -> bytes: ...
    def add_clear(self, ciphertexts: bytes, plaintexts: bytes) -> bytes: ...
    def multiply(self, a: bytes, b: bytes) -> bytes: ...
    def invert(self, ciphertexts: bytes) -> bytes: ...
    def power(self, bases: bytes, exponents: bytes, negative: bytes) -> bytes: ...
    def combine(self, columns: bytes, exponents: bytes, negative: bytes) -> bytes: ...
    def dot(self, terms: bytes, exponents: bytes, negative: bytes) -> bytes: ...
    def check(self, ciphertexts: bytes) -> None: ...
    def decryptor(self, p: int, q: int) -> Decryptor: ...


class Decryptor(Protocol):
    """The holder of a key's factors."""

    def decrypt(self, ciphertexts: bytes) -> bytes: ...


def split(data: bytes, width: int) -> list[int]:
    """The numbers of `width` bytes each."""
    return [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]


def join(numbers: Iterable[int], width: int) -> bytes:
    """Numbers as `width` bytes each."""
    return b"".join(number.to_bytes(width, "little") for number in numbers)


AT_ONCE, TERMS_AT_ONCE = 512, 16384
"""Ciphertexts and terms that a call of the engine takes, so that Ctrl-C is heard within a fraction of a second."""


def _in_parts(call: Callable[..., bytes], *arrays: bytes, count: int) -> bytes:
    """A call that treats `count` entries of each array one by one, in steps."""
    if count <= AT_ONCE:
        return call(*arrays)
    widths = [len(array) // count for array in arrays]
    starts = told(range(0, count, AT_ONCE), "ciphertexts")
    parts = ([a[at * w : (at + AT_ONCE) * w] for a, w in zip(arrays, widths, strict=True)] for at in starts)
    return b"".join(call(*part) for part in parts)


class CoreEngine:
    """Cloister's engine, for lengths from 2,048 bits on. Calls are safe from many threads and run side by side."""

    def __init__(self, n: int, threads: int) -> None:
        self.plain_bytes = n.bit_length() // 8
        self.cipher_bytes = 2 * self.plain_bytes
        self._key = key = _core.PublicKey(n.to_bytes(self.plain_bytes, "little"), threads)
        self.add_clear = key.add_clear
        self.multiply = key.multiply
        self.invert = key.invert
        self.combine = key.combine
        self.check = key.check

    def encrypt(self, plaintexts: bytes) -> bytes:
        return _in_parts(self._key.encrypt, plaintexts, count=len(plaintexts) // self.plain_bytes)

    def encrypt_with(self, plaintexts: bytes, factors: bytes) -> bytes:
        return _in_parts(self._key.encrypt_with, plaintexts, factors, count=len(plaintexts) // self.plain_bytes)

    def rerandomize(self, ciphertexts: bytes) -> bytes:
        return _in_parts(self._key.rerandomize, ciphertexts, count=len(ciphertexts) // self.cipher_bytes)

    def power(self, bases: bytes, exponents: bytes, negative: bytes) -> bytes:
        return _in_parts(self._key.power, bases, exponents, negative, count=len(negative))

    def dot(self, terms: bytes, exponents: bytes, negative: bytes) -> bytes:
        size, width = len(terms) // self.cipher_bytes, len(exponents) // len(negative)
        step = max(1, TERMS_AT_ONCE // size) * size  # of whole rows
        starts = range(0, len(negative), step)
        parts = (
            (exponents[at * width : (at + step) * width], negative[at : at + step])
            for at in (starts if size > TERMS_AT_ONCE else told(starts, "terms"))
        )
        return b"".join(self._rows(terms, *part) for part in parts)

    def _rows(self, terms: bytes, exponents: bytes, negative: bytes) -> bytes:
        """Some rows, or one that is so long that it is computed in pieces."""
        size, width = len(terms) // self.cipher_bytes, len(exponents) // len(negative)
        if size <= TERMS_AT_ONCE:
            return self._key.dot(terms, exponents, negative)
        total = None
        for at in told(range(0, size, TERMS_AT_ONCE), "terms"):
            end = at + TERMS_AT_ONCE
            piece = terms[at * self.cipher_bytes : end * self.cipher_bytes]
            product = self._key.dot(piece, exponents[at * width : end * width], negative[at:end])
            total = product if total is None else self._key.multiply(total, product)
        assert total is not None
        return total

    def decryptor(self, p: int, q: int) -> Decryptor:
        width = self.plain_bytes // 2
        try:
            return _CoreDecryptor(
                self, _core.SecretKey(self._key, p.to_bytes(width, "little"), q.to_bytes(width, "little"))
            )
        except (OverflowError, cloister.InvalidArgumentError) as error:
            warnings.warn(f"this private key is decrypted with slowly: {error}", SlowKeyWarning, stacklevel=4)
            return _PlainDecryptor(self, p, q)


class _CoreDecryptor:
    """The engine's, in steps."""

    def __init__(self, engine: CoreEngine, key: _core.SecretKey) -> None:
        self._engine, self._key = engine, key

    def decrypt(self, ciphertexts: bytes) -> bytes:
        return _in_parts(self._key.decrypt, ciphertexts, count=len(ciphertexts) // self._engine.cipher_bytes)


class PlainEngine:
    """Python's integers, for keys of any length: what tests with short keys run on."""

    def __init__(self, n: int) -> None:
        self._n, self._square = n, n * n
        self.plain_bytes = -(-n.bit_length() // 8)
        self.cipher_bytes = 2 * self.plain_bytes

    def _ciphers(self, numbers: Iterable[int]) -> bytes:
        return join((number % self._square for number in numbers), self.cipher_bytes)

    def _split(self, data: bytes) -> list[int]:
        return split(data, self.cipher_bytes)

    def _noise(self) -> int:
        return util.powmod(secrets.randbelow(self._n - 1) + 1, self._n, self._square)

    def encrypt(self, plaintexts: bytes) -> bytes:
        return self._ciphers((1 + m * self._n) * self._noise() for m in split(plaintexts, self.plain_bytes))

    def encrypt_with(self, plaintexts: bytes, factors: bytes) -> bytes:
        pairs = zip(split(plaintexts, self.plain_bytes), self._split(factors), strict=True)
        return self._ciphers((1 + m * self._n) * util.powmod(r, self._n, self._square) for m, r in pairs)

    def rerandomize(self, ciphertexts: bytes) -> bytes:
        return self._ciphers(c * self._noise() for c in self._split(ciphertexts))

    def add_clear(self, ciphertexts: bytes, plaintexts: bytes) -> bytes:
        pairs = zip(self._split(ciphertexts), split(plaintexts, self.plain_bytes), strict=True)
        return self._ciphers(c * (1 + m * self._n) for c, m in pairs)

    def multiply(self, a: bytes, b: bytes) -> bytes:
        return self._ciphers(x * y for x, y in zip(self._split(a), self._split(b), strict=True))

    def invert(self, ciphertexts: bytes) -> bytes:
        return self._ciphers(util.invert(c, self._square) for c in self._split(ciphertexts))

    def _power(self, base: int, exponent: int, negative: int) -> int:
        return util.powmod(util.invert(base, self._square) if negative else base, exponent, self._square)

    def power(self, bases: bytes, exponents: bytes, negative: bytes) -> bytes:
        powers = split(exponents, len(exponents) // len(negative))
        return self._ciphers(map(self._power, self._split(bases), powers, negative))

    def combine(self, columns: bytes, exponents: bytes, negative: bytes) -> bytes:
        powers = split(exponents, len(exponents) // len(negative))
        entries = self._split(columns)
        rows = len(entries) // len(powers)
        return b"".join(self._product(entries[row::rows], powers, negative) for row in range(rows))

    def dot(self, terms: bytes, exponents: bytes, negative: bytes) -> bytes:
        bases = self._split(terms)
        powers = split(exponents, len(exponents) // len(negative))
        return b"".join(
            self._product(bases, powers[at : at + len(bases)], negative[at : at + len(bases)])
            for at in range(0, len(powers), len(bases))
        )

    def _product(self, bases: list[int], powers: list[int], negative: bytes) -> bytes:
        product = 1
        for factor in map(self._power, bases, powers, negative):
            product = product * factor % self._square
        return self._ciphers([product])

    def check(self, ciphertexts: bytes) -> None:
        for index, number in enumerate(self._split(ciphertexts)):
            if not 0 < number < self._square:
                raise cloister.InvalidArgumentError(f"ciphertext {index} is not in (0, n^2)")

    def decryptor(self, p: int, q: int) -> Decryptor:
        return _PlainDecryptor(self, p, q)


class _PlainDecryptor:
    """By the remainder theorem, modulo the squares of the factors."""

    def __init__(self, engine: Engine, p: int, q: int) -> None:
        self._engine, self._factors = engine, (p, q)
        self._inverses = [util.invert(-other % prime, prime) for prime, other in ((p, q), (q, p))]
        self._p_inverse = util.invert(p, q)

    def _decrypt(self, ciphertext: int) -> int:
        p, q = self._factors
        m_p, m_q = (
            (util.powmod(ciphertext, prime - 1, prime * prime) - 1) // prime * inverse % prime
            for prime, inverse in zip(self._factors, self._inverses, strict=True)
        )
        return m_p + (m_q - m_p) * self._p_inverse % q * p

    def decrypt(self, ciphertexts: bytes) -> bytes:
        return join(map(self._decrypt, split(ciphertexts, self._engine.cipher_bytes)), self._engine.plain_bytes)


_engines: weakref.WeakValueDictionary[int, CoreEngine | PlainEngine] = weakref.WeakValueDictionary()
_threads = 0  # all of the machine's


@functools.lru_cache(maxsize=8)
def _recent(n: int) -> Engine:
    """The engines of the last few keys stay, also where the objects of a key come and go."""
    engine = _engines.get(n)
    if engine is None:
        engine = _engines[n] = _make(n)
    return engine


def _make(n: int) -> CoreEngine | PlainEngine:
    if MIN_BITS <= n.bit_length() <= _MAX_BITS and n.bit_length() % _STEP_BITS == 0:
        try:
            return CoreEngine(n, _threads)
        except cloister.InvalidArgumentError:  # no product of two large primes
            pass
    if n < 2:
        raise ValueError(f"no Paillier key has the modulus {n}")
    return PlainEngine(n)


def engine_of(n: int) -> Engine:
    """The engine of a key, which keys of the same n share. The first call of a long key takes a fraction of a
    second."""
    return _recent(n)


def set_threads(threads: int) -> None:
    """How many threads work on a vector from now on: 0 for all of the machine's, as it is at first."""
    global _threads
    if threads < 0:
        raise ValueError(f"{threads} threads are fewer than none")
    _threads = threads
    _start_anew()


def epoch() -> int:
    """It changes where engines are to be asked for anew."""
    return _epoch


def _start_anew() -> None:
    global _epoch
    _epoch += 1
    _engines.clear()
    _recent.cache_clear()


def _forget() -> None:
    """A child process must not give out the noise that its parent holds, and has none of its threads."""
    global _threads
    _threads = 1
    _of_parent.append([*_engines.values()])
    _start_anew()


_epoch = 0
_of_parent: list[list[CoreEngine | PlainEngine]] = []  # another thread may have been within one of them

if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)
