"""Vectors of encrypted numbers at one exponent, computed by the engine on all of the machine's threads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from cloister.compat._pickling import carried, taken
from cloister.compat._progress import told
from cloister.compat.phe import arrays, engine
from cloister.compat.phe.paillier import EncryptedNumber, PaillierPublicKey

__all__ = ["EncryptedVector", "Packing"]


@dataclasses.dataclass(frozen=True)
class Packing:
    """Several values in a ciphertext: `value_bits` for each integer's magnitude (its value times 16^-exponent), a sign,
    and `guard_bits` for what sums and products add to it. An operation that could need more is refused.
    """

    value_bits: int
    guard_bits: int = 32

    def __post_init__(self) -> None:
        if self.value_bits < 1 or self.guard_bits < 0:
            raise ValueError("a packing has at least one bit for values and no fewer than none to guard")

    @property
    def slot_bits(self) -> int:
        """Bits of a value's place, with its sign."""
        return self.value_bits + self.guard_bits + 1

    @property
    def capacity(self) -> int:
        """The largest magnitude that a slot holds."""
        return (1 << (self.slot_bits - 1)) - 1

    def slots(self, public_key: PaillierPublicKey) -> int:
        """Values in a ciphertext. Raises ValueError if not even one has room."""
        count = (public_key.n.bit_length() - 3) // self.slot_bits
        if count < 1:
            raise ValueError(f"{self.slot_bits} bits a value are more than a plaintext of this key has")
        return count


class EncryptedVector:
    """Encrypted numbers in a row, at one public exponent: one a ciphertext, or packed.

    Takes +, - with vectors, arrays and numbers, * with numbers (and with arrays, unless packed), dot, @ with clear
    arrays, and sum. NumPy arrays may stand on either side. Clear ints and floats enter exactly. Results are those of
    exact arithmetic; where one grows too large, decryption raises OverflowError, or the operation does, of packed
    vectors.
    """

    __array_ufunc__ = None  # so that NumPy leaves `array + vector` to this class

    def __init__(
        self,
        public_key: PaillierPublicKey,
        ciphertext_bytes: bytes,
        exponent: int,
        size: int,
        packing: Packing | None = None,
        bound: int = 0,
    ) -> None:
        """Take ciphertexts as they come, little-endian, one after the other; `bound` limits the integers of packed
        values.

        Raises ValueError where their number is not what the size says, or one is no ciphertext of the key.
        """
        self._set(public_key, ciphertext_bytes, exponent, size, packing, bound)
        per = 1 if packing is None else packing.slots(public_key)
        if size < 1 or len(ciphertext_bytes) != -(-size // per) * public_key.engine.cipher_bytes:
            raise ValueError(f"{len(ciphertext_bytes)} bytes are not the ciphertexts of {size} values")
        if packing is not None and not 0 <= bound <= packing.capacity:
            raise ValueError("the bound is beyond what the packing holds")
        public_key.engine.check(ciphertext_bytes)

    def _set(
        self,
        public_key: PaillierPublicKey,
        data: bytes,
        exponent: int,
        size: int,
        packing: Packing | None,
        bound: int,
        obfuscated: bool = False,
    ) -> Self:
        self.public_key = public_key
        self.exponent = exponent
        self.size = size
        self.packing = packing
        self.bound = bound
        self._data = data
        self._is_obfuscated = obfuscated
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        state = self.__dict__ | {"_data": carried(self._data, protocol)}
        return (object.__new__, (type(self),), state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"_data": taken(state["_data"])})

    def _like(self, data: bytes, exponent: int, bound: int | None = None, size: int | None = None) -> EncryptedVector:
        """Of results, whose ciphertexts are valid because those of the operands are."""
        return EncryptedVector.__new__(EncryptedVector)._set(
            self.public_key,
            data,
            exponent,
            self.size if size is None else size,
            self.packing,
            self.bound if bound is None else self._checked(bound),
        )

    def _checked(self, bound: int) -> int:
        if self.packing is not None and bound > self.packing.capacity:
            raise OverflowError(
                f"the result could need {bound.bit_length()} bits, the packing has {self.packing.slot_bits - 1} "
                "for a magnitude; encrypt with more guard bits"
            )
        return bound

    # Into and out of vectors

    @classmethod
    def encrypt(
        cls,
        public_key: PaillierPublicKey,
        values: Any,
        precision: float | None = None,
        max_exponent: int | None = None,
        packing: Packing | None = None,
    ) -> EncryptedVector:
        """Encrypt a one-dimensional array of ints or floats.

        The exponent is 0 for ints and, for floats, the largest that keeps all of them exactly; so it tells something of
        the smallest. A `precision` (a step that is fine enough) fixes it in advance, as packing does need: 2**-32 gives
        -8. Raises ValueError for a value beyond max_int or the packing's value_bits, named by its index.
        """
        integers, exponent = arrays.to_integers(values, precision, max_exponent)
        if np.ndim(values) != 1:
            raise ValueError("a vector has one dimension")
        limit = public_key.max_int if packing is None else (1 << packing.value_bits) - 1
        for index, value in enumerate(integers):
            if abs(value) > limit:
                raise ValueError(f"value {index} at exponent {exponent} needs more than {limit.bit_length()} bits")
        data = public_key.engine.encrypt(_plaintexts(public_key, integers, packing))
        return cls.__new__(cls)._set(
            public_key, data, exponent, len(integers), packing, 0 if packing is None else limit, obfuscated=True
        )

    @classmethod
    def from_numbers(cls, numbers: Sequence[EncryptedNumber]) -> EncryptedVector:
        """A vector of encrypted numbers of one key, at the least of their exponents.

        Raises ValueError for none, for different keys, and for what is no ciphertext, and TypeError for other numbers.
        """
        numbers = list(numbers)
        if not numbers:
            raise ValueError("a vector needs one number at least")
        for number in numbers:
            if not isinstance(number, EncryptedNumber):
                raise TypeError(f"Expected an EncryptedNumber not: {type(number)}; encrypt_vector takes clear numbers")
        key = numbers[0].public_key
        if any(number.public_key != key for number in numbers):
            raise ValueError("the numbers were encrypted against different public keys!")
        exponent = min(number.exponent for number in numbers)
        ciphertexts = (number.ciphertext(be_secure=False) % key.nsquare for number in numbers)
        vector = cls(key, engine.join(ciphertexts, key.engine.cipher_bytes), exponent, len(numbers))
        raises = [1 << arrays.EXPONENT_BITS * (number.exponent - exponent) for number in numbers]
        return vector if max(raises) == 1 else vector._raised(raises, exponent)

    def to_numbers(self) -> list[EncryptedNumber]:
        """The entries as encrypted numbers. Raises ValueError if they are packed."""
        self._refuse_packed("its entries have no ciphertexts of their own")
        return [EncryptedNumber(self.public_key, ciphertext, self.exponent) for ciphertext in self.ciphertexts(False)]

    @property
    def ciphertext_bytes(self) -> bytes:
        """The ciphertexts as they are, obfuscated or not."""
        return self._data

    def ciphertexts(self, be_secure: bool = True) -> list[int]:
        """The ciphertexts, obfuscated first unless they are or be_secure is False."""
        if be_secure and not self._is_obfuscated:
            self.obfuscate()
        return engine.split(self._data, self.public_key.engine.cipher_bytes)

    def obfuscate(self) -> None:
        """Multiply every ciphertext by a random n-th residue: do so before results are passed on."""
        self._data = self.public_key.engine.rerandomize(self._data)
        self._is_obfuscated = True

    def decode(self, plaintexts: bytes) -> np.ndarray:
        """The values of decrypted plaintexts. Raises OverflowError if one grew too large."""
        n, max_int = self.public_key.n, self.public_key.max_int
        signed = []
        for plaintext in engine.split(plaintexts, self.public_key.engine.plain_bytes):
            if max_int < plaintext < n - max_int:
                raise OverflowError("Overflow detected in decrypted number")
            signed.append(plaintext if plaintext <= max_int else plaintext - n)
        if self.packing is not None:
            signed = _unpack(signed, self.packing, self.packing.slots(self.public_key))[: self.size]
            if any(abs(value) > self.bound for value in signed):
                raise OverflowError("Overflow detected in decrypted number")
        return arrays.from_integers(signed, self.exponent)

    # As a sequence

    def __len__(self) -> int:
        return self.size

    @property
    def shape(self) -> tuple[int]:
        """As of a NumPy array."""
        return (self.size,)

    def __getitem__(self, index: int | slice) -> Any:
        """An entry as an EncryptedNumber, or a slice as a vector. Raises ValueError if they are packed."""
        self._refuse_packed("its entries have no ciphertexts of their own")
        width = self.public_key.engine.cipher_bytes
        if isinstance(index, slice):
            chosen = range(self.size)[index]
            if not chosen:
                raise ValueError("an empty slice of an encrypted vector")
            data = b"".join(self._data[i * width : (i + 1) * width] for i in chosen)
            return self._like(data, self.exponent, size=len(chosen))
        at = range(self.size)[index] * width
        return EncryptedNumber(self.public_key, int.from_bytes(self._data[at : at + width], "little"), self.exponent)

    def __iter__(self) -> Iterator[EncryptedNumber]:
        return iter(self.to_numbers())

    def __repr__(self) -> str:
        packed = "" if self.packing is None else ", packed"
        return f"<EncryptedVector of {self.size} at exponent {self.exponent}{packed}, for {self.public_key!r}>"

    # Sums

    def decrease_exponent_to(self, new_exp: int) -> EncryptedVector:
        """The same values at a lower exponent. Raises ValueError for a higher one."""
        if new_exp > self.exponent:
            raise ValueError(f"New exponent {new_exp} should be more negative than old exponent {self.exponent}")
        if new_exp == self.exponent:
            return self
        factor = 1 << arrays.EXPONENT_BITS * (self.exponent - new_exp)
        return self._raised([factor] * self._count(), new_exp)

    def __add__(self, other: Any) -> EncryptedVector:
        if isinstance(other, EncryptedNumber):
            self._refuse_packed("one number is not added to its slots")
            other = EncryptedVector.from_numbers([other] * self.size)
        return self._add_vector(other) if isinstance(other, EncryptedVector) else self._add_clear(other)

    __radd__ = __add__

    def __neg__(self) -> EncryptedVector:
        return self._like(self.public_key.engine.invert(self._data), self.exponent)

    def __sub__(self, other: Any) -> EncryptedVector:
        if isinstance(other, EncryptedVector):
            return self + -other
        return self + (other * -1 if isinstance(other, EncryptedNumber) else _negated(other))

    def __rsub__(self, other: Any) -> EncryptedVector:
        return -self + other

    def _add_vector(self, other: EncryptedVector) -> EncryptedVector:
        if self.public_key != other.public_key:
            raise ValueError("Attempted to add vectors encrypted against different public keys!")
        if self.size != other.size or self.packing != other.packing:
            raise ValueError("vectors that are added have the same size and packing")
        exponent = min(self.exponent, other.exponent)
        a, b = self.decrease_exponent_to(exponent), other.decrease_exponent_to(exponent)
        self._checked(a.bound + b.bound)
        return self._like(self.public_key.engine.multiply(a._data, b._data), exponent, a.bound + b.bound)

    def _add_clear(self, other: Any) -> EncryptedVector:
        values = np.broadcast_to(_array(other), (self.size,))
        integers, exponent = arrays.to_integers(values, max_exponent=self.exponent)
        a = self.decrease_exponent_to(exponent)
        largest = (1 << max(abs(value).bit_length() for value in integers)) - 1
        if self.packing is None and largest.bit_length() >= self.public_key.n.bit_length() - 1:
            raise ValueError(f"the clear values at exponent {exponent} are beyond what a plaintext holds")
        bound = self._checked(a.bound + largest)
        data = self.public_key.engine.add_clear(a._data, _plaintexts(self.public_key, integers, self.packing))
        return self._like(data, exponent, bound)

    def sum(self, axis: int | None = None, dtype: None = None, out: None = None) -> EncryptedNumber:
        """The sum of all entries, as np.sum asks for it: of the one axis, in no other type and nowhere else.

        Raises ValueError if they are packed, and for other arguments.
        """
        if axis not in (None, 0, -1):
            raise ValueError(f"axis {axis} of a vector, which has axis 0 alone")
        if dtype is not None or out is not None:
            raise ValueError("the sum of a vector is a new EncryptedNumber; leave dtype and out away")
        self._refuse_packed("its slots cannot be added up; add packed vectors, or encrypt one value a ciphertext")
        return self._number(self.public_key.engine.dot(self._data, *arrays.power_bytes([1] * self.size)), self.exponent)

    # Products

    def __mul__(self, other: Any) -> EncryptedVector:
        if isinstance(other, EncryptedVector | EncryptedNumber):
            raise NotImplementedError("Paillier has no products of two encrypted numbers")
        weights, exponent = arrays.to_integers(_array(other))
        if len(weights) == 1:
            weights = weights * self._count()
        else:
            self._refuse_packed("the values of a ciphertext share one factor")
        if len(weights) != self._count():
            raise ValueError(f"{len(weights)} factors for {self.size} values")
        return self._raised(weights, self.exponent + exponent)

    __rmul__ = __mul__

    def __truediv__(self, scalar: float) -> EncryptedVector:
        return self * (1 / scalar)

    def _raised(self, weights: list[int], exponent: int) -> EncryptedVector:
        bound = self._checked(self.bound << max(abs(weight).bit_length() for weight in weights))
        data = self.public_key.engine.power(self._data, *arrays.power_bytes(weights))
        return self._like(data, exponent, bound)

    def dot(self, other: Any) -> Any:
        """The product with a clear vector, an EncryptedNumber, or with a clear matrix [size][k], a vector of k.

        One product of powers an entry of the result. Raises ValueError for other shapes and for packed vectors.
        """
        return self._dot(np.asarray(other).T)

    __matmul__ = dot

    def __rmatmul__(self, other: Any) -> Any:
        """A clear vector, or matrix [k][size], times this vector."""
        return self._dot(np.asarray(other))

    def _dot(self, weights: np.ndarray) -> Any:
        self._refuse_packed("the values of a ciphertext share one factor; combine packed columns")
        if weights.ndim not in (1, 2) or weights.shape[-1] != self.size:
            raise ValueError(f"weights of shape {weights.shape} do not fit a vector of {self.size}")
        integers, exponent = arrays.to_integers(weights)
        data = self.public_key.engine.dot(self._data, *arrays.power_bytes(integers))
        if weights.ndim == 1:
            return self._number(data, self.exponent + exponent)
        return self._like(data, self.exponent + exponent, size=weights.shape[0])

    @staticmethod
    def combine(vectors: Sequence[EncryptedVector], weights: Any) -> EncryptedVector:
        """The sum of vectors times one clear number each: a linear model on encrypted columns, packed or not.

        Raises ValueError where keys, sizes or packings differ, and OverflowError if packed values could outgrow their
        slots.
        """
        first = vectors[0]
        integers, exponent = arrays.to_integers(weights)
        if len(integers) != len(vectors):
            raise ValueError(f"{len(integers)} weights for {len(vectors)} vectors")
        if any(v.public_key != first.public_key or v.size != first.size or v.packing != first.packing for v in vectors):
            raise ValueError("vectors that are combined have the same key, size and packing")
        least = min(vector.exponent for vector in vectors)
        weights = [
            weight << arrays.EXPONENT_BITS * (vector.exponent - least)
            for weight, vector in zip(integers, vectors, strict=True)
        ]
        bound = first._checked(sum(v.bound << abs(w).bit_length() for v, w in zip(vectors, weights, strict=True)))
        computing, powers = first.public_key.engine, arrays.power_bytes(weights)
        step = max(1, engine.TERMS_AT_ONCE // len(vectors)) * computing.cipher_bytes
        steps = told(range(0, len(first._data), step), "bytes")
        parts = (b"".join(v._data[at : at + step] for v in vectors) for at in steps)
        data = b"".join(computing.combine(part, *powers) for part in parts)
        return first._like(data, least + exponent, bound)

    def _number(self, data: bytes, exponent: int) -> EncryptedNumber:
        return EncryptedNumber(self.public_key, int.from_bytes(data, "little"), exponent)

    def _count(self) -> int:
        """Ciphertexts."""
        return len(self._data) // self.public_key.engine.cipher_bytes

    def _refuse_packed(self, why: str) -> None:
        if self.packing is not None:
            raise ValueError(f"the vector is packed: {why}")


def _array(other: Any) -> np.ndarray:
    array = np.asarray(other)
    if array.ndim > 1:
        raise ValueError("a vector takes numbers and one-dimensional arrays")
    return array


def _negated(other: Any) -> np.ndarray:
    """In Python's ints where they are: those of NumPy may not have the negative."""
    array = _array(other)
    return -array if array.dtype.kind == "f" else -array.astype(object)


def _plaintexts(public_key: PaillierPublicKey, integers: list[int], packing: Packing | None) -> bytes:
    """Encodings modulo n, of one integer each or of as many as the packing has slots."""
    if packing is not None:
        slots, bits = packing.slots(public_key), packing.slot_bits
        integers = [_packed(integers[at : at + slots], bits) for at in range(0, len(integers), slots)]
    return engine.join((value % public_key.n for value in integers), public_key.engine.plain_bytes)


def _packed(integers: list[int], bits: int) -> int:
    total = 0
    for value in reversed(integers):
        total = (total << bits) + value
    return total


def _unpack(signed: list[int], packing: Packing, slots: int) -> list[int]:
    base, half = 1 << packing.slot_bits, 1 << (packing.slot_bits - 1)
    out = []
    for plaintext in signed:
        for _ in range(slots):
            digit = (plaintext + half & base - 1) - half
            out.append(digit)
            plaintext = plaintext - digit >> packing.slot_bits
        if plaintext != 0:
            raise OverflowError("Overflow detected in decrypted number")
    return out
