"""Keys, and encrypted numbers with the operations that python-paillier gives them."""

from __future__ import annotations

import operator
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cloister._core import paillier as _core
from cloister.compat.phe import engine as _engine
from cloister.compat.phe.combination import Combination, power
from cloister.compat.phe.encoding import EncodedNumber
from cloister.compat.phe.util import getprimeover, invert, isqrt, mulmod, powmod

if TYPE_CHECKING:
    from cloister.compat.phe.vectors import EncryptedVector, Packing

__all__ = [
    "DEFAULT_KEYSIZE",
    "EncodedNumber",
    "EncryptedNumber",
    "PaillierPrivateKey",
    "PaillierPrivateKeyring",
    "PaillierPublicKey",
    "generate_paillier_keypair",
    "getprimeover",
    "invert",
    "isqrt",
    "mulmod",
    "powmod",
]

DEFAULT_KEYSIZE = 3072
"""Bits of n: 128 bits of security."""


def generate_paillier_keypair(
    private_keyring: PaillierPrivateKeyring | None = None, n_length: int = DEFAULT_KEYSIZE
) -> tuple[PaillierPublicKey, PaillierPrivateKey]:
    """A new key of an even number of bits, put on the keyring if there is one.

    From 2,048 bits on, in steps of 128, the primes are the engine's; shorter keys are insecure, and their use warns.
    """
    half, rest = divmod(n_length, 2)
    if n_length == 0:
        raise TypeError("a key needs bits")
    if half < 3 or rest:
        raise ValueError(f"a key's bits are even and at least 6, not {n_length}")
    if n_length >= _engine.MIN_BITS and n_length % 128 == 0:
        p, q = (int.from_bytes(factor, "little") for factor in _core.generate_factors(n_length))
    else:
        p, q = getprimeover(half), getprimeover(half)
        while p == q or (p * q).bit_length() != n_length:
            p, q = getprimeover(half), getprimeover(half)
    public_key = PaillierPublicKey(p * q)
    private_key = PaillierPrivateKey(public_key, p, q)
    if private_keyring is not None:
        private_keyring.add(private_key)
    return public_key, private_key


class PaillierPublicKey:
    """A public key: its modulus n, with g = n + 1. Pickles as n alone."""

    def __init__(self, n: int) -> None:
        self.g = n + 1
        self.n = n
        self.nsquare = n * n
        self.max_int = n // 3 - 1
        if isinstance(n, int):
            _engine.warn_of_key(n.bit_length())

    @property
    def engine(self) -> _engine.Engine:
        """What computes with this key's ciphertexts; a child process gets its own."""
        held = self.__dict__.get("_held")
        if held is None or held[0] != _engine.epoch():
            held = self._held = (_engine.epoch(), _engine.engine_of(self.n))
        return held[1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_held"}

    def __repr__(self) -> str:
        return f"<PaillierPublicKey {hex(hash(self))[2:][:10]}>"

    def __eq__(self, other: object) -> bool:
        return self.n == other.n  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.n)

    def get_random_lt_n(self) -> int:
        """A random number in [1, n), from the system's generator."""
        return secrets.randbelow(self.n - 1) + 1

    def raw_encrypt(self, plaintext: int, r_value: int | None = None) -> int:
        """The ciphertext (1 + plaintext * n) * r ** n modulo n^2.

        Without an r (or with 0) the engine takes a random n-th residue, a power of a base of its own. An r of 1 hides
        nothing. Raises TypeError unless the plaintext is an int.
        """
        if not isinstance(plaintext, int):
            raise TypeError(f"Expected int type plaintext but got: {type(plaintext)}")
        plain = plaintext % self.n
        if r_value == 1:
            return (1 + plain * self.n) % self.nsquare
        engine = self.engine
        message = plain.to_bytes(engine.plain_bytes, "little")
        if not r_value:
            return int.from_bytes(engine.encrypt(message), "little")
        if not isinstance(r_value, int):
            raise TypeError(f"r_value is to be an int, not {type(r_value)}")
        factor = r_value % self.nsquare
        if factor == 0:
            return 0
        data = engine.encrypt_with(message, factor.to_bytes(engine.cipher_bytes, "little"))
        return int.from_bytes(data, "little")

    def encrypt(
        self, value: float | EncodedNumber, precision: float | None = None, r_value: int | None = None
    ) -> EncryptedNumber:
        """Encode a number, unless it is encoded already, and encrypt it.

        Without an r_value the result is obfuscated; with one it is (1 + m n) r^n, and obfuscated where its ciphertext
        is first taken. Raises as EncodedNumber.encode.
        """
        encoded = value if isinstance(value, EncodedNumber) else EncodedNumber.encode(self, value, precision)
        return self.encrypt_encoded(encoded, r_value)

    def encrypt_encoded(self, encoding: EncodedNumber, r_value: int | None) -> EncryptedNumber:
        """Encrypt an encoded number; r_value as for encrypt."""
        fresh = r_value is None
        number = EncryptedNumber(
            self, self.raw_encrypt(encoding.encoding, None if fresh else r_value or 1), encoding.exponent
        )
        number._EncryptedNumber__is_obfuscated = fresh  # type: ignore[attr-defined]
        return number

    def encrypt_vector(
        self,
        values: Any,
        precision: float | None = None,
        max_exponent: int | None = None,
        packing: Packing | None = None,
    ) -> EncryptedVector:
        """Encrypt a one-dimensional array on all of the machine's threads: see EncryptedVector.encrypt."""
        from cloister.compat.phe.vectors import EncryptedVector

        return EncryptedVector.encrypt(self, values, precision, max_exponent, packing)


class PaillierPrivateKey:
    """A key's factors. It is not pickled unless asked by name: dump_secret and load_secret are for that.

    The factors are Python's integers, as python-paillier's are: Python can neither lock nor wipe them. Decryption
    itself is the engine's, constant in time and checked for faults.
    """

    def __init__(self, public_key: PaillierPublicKey, p: int, q: int) -> None:
        if p * q != public_key.n:
            raise ValueError("given public key does not match the given p and q.")
        if p == q:
            raise ValueError("p and q have to be different")
        self.public_key = public_key
        self.p, self.q = sorted((p, q))
        self.psquare = self.p * self.p
        self.qsquare = self.q * self.q
        self.p_inverse = invert(self.p, self.q)
        self.hp = self.h_function(self.p, self.psquare)
        self.hq = self.h_function(self.q, self.qsquare)

    @staticmethod
    def from_totient(public_key: PaillierPublicKey, totient: int) -> PaillierPrivateKey:
        """The private key of which (p - 1) * (q - 1) is known. Raises ValueError if it is not that of n."""
        p_plus_q = public_key.n - totient + 1
        p_minus_q = isqrt(p_plus_q * p_plus_q - 4 * public_key.n)
        q = (p_plus_q - p_minus_q) // 2
        p = p_plus_q - q
        if p * q != public_key.n:
            raise ValueError("given public key and totient do not match.")
        return PaillierPrivateKey(public_key, p, q)

    @property
    def _decryptor(self) -> _engine.Decryptor:
        held = self.__dict__.get("_held")
        if held is None or held[0] != _engine.epoch():
            held = self._held = (_engine.epoch(), self.public_key.engine.decryptor(self.p, self.q))
        return held[1]

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            "a private key is not pickled or copied by accident; dump_secret() gives its bytes, in the clear, and "
            "PaillierPrivateKey.load_secret(bytes) takes them"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def dump_secret(self) -> bytes:
        """The factors, in the clear: whoever stores them encrypts them."""
        width = (max(self.p.bit_length(), self.q.bit_length()) + 7) // 8
        return self.p.to_bytes(width, "big") + self.q.to_bytes(width, "big")

    @classmethod
    def load_secret(cls, data: bytes) -> Self:
        """The key that dump_secret wrote. Raises ValueError for what cannot be one."""
        width = len(data) // 2
        p, q = int.from_bytes(data[:width], "big"), int.from_bytes(data[width:], "big")
        if len(data) % 2 or width > 8192 or p < 2 or q < 2:
            raise ValueError("these bytes are no private key")
        return cls(PaillierPublicKey(p * q), p, q)

    def __repr__(self) -> str:
        return f"<PaillierPrivateKey for {self.public_key!r}>"

    def __eq__(self, other: object) -> bool:
        return self.p == other.p and self.q == other.q  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.p, self.q))

    def decrypt(self, encrypted_number: EncryptedNumber) -> int | float:
        """The number that was encrypted: an int where its exponent is not negative, else a float.

        Raises TypeError for what is no EncryptedNumber, ValueError for one of another key, and OverflowError as
        EncodedNumber.decode.
        """
        return self.decrypt_encoded(encrypted_number).decode()

    def decrypt_encoded(
        self, encrypted_number: EncryptedNumber, Encoding: type[EncodedNumber] | None = None
    ) -> EncodedNumber:
        """The encoded number, in a class of one's own if need be."""
        if not isinstance(encrypted_number, EncryptedNumber):
            raise TypeError(f"Expected encrypted_number to be an EncryptedNumber not: {type(encrypted_number)}")
        if self.public_key != encrypted_number.public_key:
            raise ValueError("encrypted_number was encrypted against a different key!")
        encoding = self.raw_decrypt(encrypted_number.ciphertext(be_secure=False))
        return (Encoding or EncodedNumber)(encrypted_number.public_key, encoding, encrypted_number.exponent)

    def raw_decrypt(self, ciphertext: int) -> int:
        """The plaintext in [0, n). Raises TypeError unless the ciphertext is an int.

        Of keys that run on the engine, what is no ciphertext (it shares a factor with n) raises cloister.DecodeError.
        """
        if not isinstance(ciphertext, int):
            raise TypeError(f"Expected ciphertext to be an int, not: {type(ciphertext)}")
        width = self.public_key.engine.cipher_bytes
        data = (ciphertext % self.public_key.nsquare).to_bytes(width, "little")
        return int.from_bytes(self._decryptor.decrypt(data), "little")

    def decrypt_vector(self, vector: EncryptedVector) -> np.ndarray:
        """The values of a vector: int64 where its exponent is not negative (Python's ints where they are longer), else
        float64, each rounded once. Raises as decrypt.
        """
        from cloister.compat.phe.vectors import EncryptedVector

        if not isinstance(vector, EncryptedVector):
            raise TypeError(
                f"Expected vector to be an EncryptedVector not: {type(vector)}; make one of a list of encrypted "
                "numbers with EncryptedVector.from_numbers, and decrypt a single number with decrypt"
            )
        if vector.public_key != self.public_key:
            raise ValueError("the vector was encrypted against a different key!")
        return vector.decode(self._decryptor.decrypt(vector.ciphertext_bytes))

    def h_function(self, x: int, xsquare: int) -> int:
        """L(g^(x - 1) mod x^2)^-1 mod x for g = n + 1, whose powers are 1 + n (x - 1) there."""
        return invert(self.l_function((1 + self.public_key.n * (x - 1)) % xsquare, x), x)

    def l_function(self, x: int, p: int) -> int:
        """L(x) = (x - 1) / p."""
        return (x - 1) // p

    def crt(self, mp: int, mq: int) -> int:
        """The number modulo n that leaves mp modulo p and mq modulo q."""
        return mp + mulmod(mq - mp, self.p_inverse, self.q) * self.p


class PaillierPrivateKeyring(Mapping[PaillierPublicKey, PaillierPrivateKey]):
    """Private keys by their public keys, for ciphertexts of several."""

    def __init__(self, private_keys: Iterable[PaillierPrivateKey] | None = None) -> None:
        self.__keyring = {key.public_key: key for key in (() if private_keys is None else private_keys)}

    def __getitem__(self, key: PaillierPublicKey) -> PaillierPrivateKey:
        return self.__keyring[key]

    def __len__(self) -> int:
        return len(self.__keyring)

    def __iter__(self) -> Iterator[PaillierPublicKey]:
        return iter(self.__keyring)

    def __delitem__(self, public_key: PaillierPublicKey) -> None:
        del self.__keyring[public_key]

    def add(self, private_key: PaillierPrivateKey) -> None:
        """Put a key on the ring. Raises TypeError for what is none."""
        if not isinstance(private_key, PaillierPrivateKey):
            raise TypeError(f"private_key should be of type PaillierPrivateKey, not {type(private_key)}")
        self.__keyring[private_key.public_key] = private_key

    def decrypt(self, encrypted_number: EncryptedNumber) -> int | float:
        """Decrypt with the key that fits. Raises KeyError if none does."""
        return self.__keyring[encrypted_number.public_key].decrypt(encrypted_number)


class EncryptedNumber:
    """An encrypted int or float. Sums, and products with clear numbers, give others; exponents are public.

    A product waits until its ciphertext is asked for, so that a sum of products is computed at once (combination.py).
    Results of operations can be traced back to their operands: `ciphertext()` obfuscates them where they leave. Raises
    TypeError for a ciphertext that is no integer.
    """

    def __init__(self, public_key: PaillierPublicKey, ciphertext: int, exponent: int = 0) -> None:
        if not isinstance(public_key, PaillierPublicKey):
            raise TypeError("public_key should be a PaillierPublicKey")
        self.public_key = public_key
        self.__ciphertext: int | Combination = operator.index(ciphertext)
        self.exponent = exponent
        self.__is_obfuscated = False

    def __result(self, ciphertext: int | Combination, exponent: int) -> EncryptedNumber:
        number = EncryptedNumber(self.public_key, 0, exponent)
        number.__ciphertext = ciphertext
        return number

    def __value(self) -> int:
        """The ciphertext, computed if it waits."""
        if isinstance(self.__ciphertext, Combination):
            self.__ciphertext = self.__ciphertext.value(self.public_key.n, self.public_key.engine)
        return self.__ciphertext

    def __operand(self) -> int | Combination:
        """The ciphertext for an operation, computed if another has used it or it is large."""
        held = self.__ciphertext
        if isinstance(held, Combination):
            if held.taken or held.full:
                return self.__value()
            held.taken = True
        return held

    def __getstate__(self) -> dict[str, Any]:
        self.__value()
        return self.__dict__

    def ciphertext(self, be_secure: bool = True) -> int:
        """The ciphertext, obfuscated first unless it is or be_secure is False. Never share one that is not."""
        if be_secure and not self.__is_obfuscated:
            self.obfuscate()
        return self.__value()

    def obfuscate(self) -> None:
        """Multiply the ciphertext by a random n-th residue, so that it cannot be linked to what it was made from."""
        engine = self.public_key.engine
        self.__ciphertext = self.__number(engine.rerandomize(self.__bytes(self.__value(), engine)))
        self.__is_obfuscated = True

    def decrease_exponent_to(self, new_exp: int) -> EncryptedNumber:
        """The same number at a lower exponent. Raises ValueError for a higher one; an overflow may go unnoticed."""
        if new_exp > self.exponent:
            raise ValueError(f"New exponent {new_exp} should be more negative than old exponent {self.exponent}")
        multiplied = self * EncodedNumber.BASE ** (self.exponent - new_exp)
        multiplied.exponent = new_exp
        return multiplied

    def __add__(self, other: Any) -> EncryptedNumber:
        if isinstance(other, EncryptedNumber):
            return self._add_encrypted(other)
        if isinstance(other, EncodedNumber):
            return self._add_encoded(other)
        if hasattr(type(other), "ciphertext_bytes"):  # a vector
            return NotImplemented
        return self._add_scalar(other)

    def __radd__(self, other: Any) -> EncryptedNumber:
        return self.__add__(other)

    def __sub__(self, other: Any) -> EncryptedNumber:
        return self + other * -1

    def __rsub__(self, other: Any) -> EncryptedNumber:
        return other + self * -1

    def __mul__(self, other: Any) -> EncryptedNumber:
        if isinstance(other, EncryptedNumber):
            raise NotImplementedError("Paillier has no products of two encrypted numbers")
        encoded = other if isinstance(other, EncodedNumber) else EncodedNumber.encode(self.public_key, other)
        factor, operand = self.__signed(encoded.encoding), self.__operand()
        if isinstance(operand, int):
            operand = Combination.of(operand)
        return self.__result(operand.times(factor), self.exponent + encoded.exponent)

    def __rmul__(self, other: Any) -> EncryptedNumber:
        return self.__mul__(other)

    def __truediv__(self, scalar: float) -> EncryptedNumber:
        return self * (1 / scalar)

    def _add_scalar(self, scalar: float) -> EncryptedNumber:
        return self._add_encoded(EncodedNumber.encode(self.public_key, scalar, max_exponent=self.exponent))

    def _add_encoded(self, encoded: EncodedNumber) -> EncryptedNumber:
        if self.public_key != encoded.public_key:
            raise ValueError("Attempted to add numbers encoded against different public keys!")
        a, b = self, encoded
        if a.exponent > b.exponent:
            a = a.decrease_exponent_to(b.exponent)
        elif a.exponent < b.exponent:
            b = b.decrease_exponent_to(a.exponent)
        operand, clear = a.__operand(), b.encoding % self.public_key.n
        if isinstance(operand, Combination):
            return self.__result(operand.plus_clear(clear), a.exponent)
        engine = self.public_key.engine
        total = engine.add_clear(self.__bytes(operand, engine), clear.to_bytes(engine.plain_bytes, "little"))
        return self.__result(self.__number(total), a.exponent)

    def _add_encrypted(self, other: EncryptedNumber) -> EncryptedNumber:
        if self.public_key != other.public_key:
            raise ValueError("Attempted to add numbers encrypted against different public keys!")
        a, b = self, other
        if a.exponent > b.exponent:
            a = a.decrease_exponent_to(b.exponent)
        elif a.exponent < b.exponent:
            b = b.decrease_exponent_to(a.exponent)
        x, y = a.__operand(), b.__operand()
        if isinstance(x, int) and isinstance(y, int):
            return self.__result(self._raw_add(x, y), a.exponent)
        x, y = (Combination.of(c) if isinstance(c, int) else c for c in (x, y))
        return self.__result(x.plus(y), a.exponent)

    def _raw_add(self, e_a: int, e_b: int) -> int:
        engine = self.public_key.engine
        return self.__number(engine.multiply(self.__bytes(e_a, engine), self.__bytes(e_b, engine)))

    def _raw_mul(self, plaintext: int) -> int:
        square = self.public_key.nsquare
        return power(self.__value() % square, self.__signed(plaintext), square, self.public_key.engine)

    def __signed(self, plaintext: int) -> int:
        """A factor as the integer that it stands for: negative ones are short powers of the inverse."""
        if not isinstance(plaintext, int):
            raise TypeError(f"Expected ciphertext to be int, not {type(plaintext)}")
        n = self.public_key.n
        if not 0 <= plaintext < n:
            raise ValueError(f"Scalar out of bounds: {plaintext}")
        return plaintext if plaintext < n - self.public_key.max_int else plaintext - n

    def __bytes(self, ciphertext: int, engine: _engine.Engine) -> bytes:
        if not 0 <= ciphertext < self.public_key.nsquare:
            ciphertext %= self.public_key.nsquare
        return ciphertext.to_bytes(engine.cipher_bytes, "little")

    @staticmethod
    def __number(data: bytes) -> int:
        return int.from_bytes(data, "little")
