"""What encrypted vectors and tensors share: operators, contexts and bytes."""

import json
import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat._pickling import carried, taken
from cloister.compat.tenseal._context_data import ContextData
from cloister.compat.tenseal._errors import as_float, as_parsing, as_tenseal
from cloister.compat.tenseal.tensors.plaintensor import PlainTensor

_MAGIC = b"CLTT\x01"
_MOST_HEADER_BYTES = 1 << 16
_BYTES = (bytes, bytearray, memoryview)


class AbstractTensor(ABC):
    """An encrypted tensor: ciphertexts, which are never changed, and what they stand for."""

    #: What bytes that are no such tensor are said to be no parse of.
    _stream: ClassVar[str]
    #: The scheme of its contexts, and what its clear numbers are.
    _scheme: ClassVar[str] = "ckks"
    _dtype: ClassVar[str] = "float"
    _rows: Any
    _context: ContextData | None
    #: What waits for a context.
    _unparsed: bytes | None = None
    #: The scale it was encrypted with, until the first product.
    _scale: float | None = None

    @property
    def data(self) -> Any:
        """The ciphertexts."""
        self._need_context()
        return self._rows

    def copy(self) -> Self:
        """Another tensor; ciphertexts are shared, for they are never changed."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def _become(self, other: Self) -> Self:
        self.__dict__.update(other.__dict__)
        return self

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (_unpickled, (type(self), carried(self.serialize(), protocol)))

    def _need_context(self) -> ContextData:
        if self._context is None:
            raise ValueError("missing context")
        return self._context

    def context(self) -> "enc_context.Context":
        """The context that is linked."""
        return enc_context.Context._wrap(self._need_context())

    def link_context(self, ctx: "enc_context.Context") -> None:
        """Links a context, whose keys operations then use."""
        data = ctx.data
        data.need_scheme(self._scheme)
        if self._unparsed is not None:
            self._parse(data, self._unparsed)
            self._unparsed = None
        elif self._need_context().parameters != data.parameters:
            raise ValueError("encrypted is not valid for encryption parameters")
        self._context = data

    @property
    @abstractmethod
    def shape(self) -> list[int]:
        """The size of each dimension."""

    def ciphertext(self) -> list[Any]:
        """Each ciphertext."""
        if self._unparsed is not None:
            return []
        return [self._rows.take([i]) for i in range(len(self._rows))]

    @classmethod
    def load(cls, context: "enc_context.Context", data: bytes) -> Self:
        """From the bytes of `serialize`, linked to a context."""
        if not isinstance(context, enc_context.Context) or not isinstance(data, _BYTES):
            raise TypeError(f"Invalid input types context: {type(context)} and vector: {type(data)}")
        made = cls.lazy_load(data)
        made.link_context(context)
        return made

    @classmethod
    def lazy_load(cls, data: bytes) -> Self:
        """From the bytes of `serialize`; `link_context` makes it of use."""
        if not isinstance(data, _BYTES):
            raise TypeError(f"Invalid input types vector: {type(data)}")
        made = object.__new__(cls)
        made._context = None
        made._unparsed = taken(data)
        return made

    @abstractmethod
    def _header(self) -> dict[str, Any]:
        """What bytes say of it besides ciphertexts."""

    @abstractmethod
    def _take_header(self, fields: dict[str, Any], context: ContextData) -> int:
        """The inverse, of fields that may be hostile; how many ciphertexts it has."""

    def serialize(self) -> bytes:
        """As bytes: half of TenSEAL's, where it was not computed on yet."""
        if self._unparsed is not None:
            return self._unparsed
        fields = {"kind": type(self).__name__, "scale": self._scale, **self._header()}
        header = json.dumps(fields).encode()
        with as_tenseal():
            body = self._need_context().engine.ciphertexts_to_bytes(self._rows)
        return _MAGIC + struct.pack("<I", len(header)) + header + body

    def _parse(self, context: ContextData, data: bytes) -> None:
        with as_parsing(self._stream):
            start = len(_MAGIC) + 4
            if not data.startswith(_MAGIC) or len(data) < start:
                raise ValueError("not a tensor")
            (length,) = struct.unpack_from("<I", data, len(_MAGIC))
            if length > min(_MOST_HEADER_BYTES, len(data) - start):
                raise ValueError("the header is too long")
            fields = json.loads(data[start : start + length])
            if fields["kind"] != type(self).__name__:
                raise ValueError("another kind of tensor")
            self._scale = None if fields["scale"] is None else float(fields["scale"])
            count = self._take_header(fields, context)
            self._rows = context.engine.ciphertexts_from(data[start + length :])
            if len(self._rows) != count:
                raise ValueError("another number of ciphertexts")

    def _slots(self, secret_key: "enc_context.SecretKey | None", count: int) -> np.ndarray:
        """Decrypts the first slots of each ciphertext."""
        context = self._need_context()
        if secret_key is not None and not isinstance(secret_key, enc_context.SecretKey):
            raise TypeError(f"incorrect type: {type(secret_key)} != SecretKey")
        key = context.decryption_key(None if secret_key is None else secret_key.data)
        with as_tenseal():
            return context.engine.decrypt(key, self._rows, count).reshape(len(self._rows), count)

    @classmethod
    def _plain(cls, other: Any) -> np.ndarray:
        """The numbers of a tensor-like operand."""
        if isinstance(other, PlainTensor):
            return cls._numbers(other.data)
        try:
            return cls._numbers(PlainTensor(other, dtype=cls._dtype).data)
        except TypeError:
            raise TypeError(f"can't operate with object of type {type(other)}") from None

    @classmethod
    def _numbers(cls, values: Any) -> np.ndarray:
        """As the engine takes clear numbers."""
        return np.asarray(values, dtype=np.float64)

    @classmethod
    def _number(cls, value: Any) -> np.ndarray:
        """One clear number, as an array of one."""
        return cls._numbers([as_float(value, "a clear number")])

    def _need_same_engine(self, other: "AbstractTensor", verb: str) -> None:
        if self._need_context().parameters != other._need_context().parameters:
            raise ValueError(f"can't {verb} vectors that have different contexts")

    @abstractmethod
    def add(self, other: Any) -> Self:
        """The sum with a tensor of the same kind, clear numbers or one number."""

    @abstractmethod
    def sub(self, other: Any) -> Self:
        """The difference."""

    @abstractmethod
    def mul(self, other: Any) -> Self:
        """The product, element by element. One level."""

    @abstractmethod
    def sum(self, axis: int = 0) -> Self:
        """The sum along a dimension."""

    @abstractmethod
    def _add_numbers(self, numbers: np.ndarray) -> Self:
        """One number, or one for each ciphertext, added to every value."""

    def _with_rows(self, rows: Any, keeps_scale: bool = False) -> Self:
        made = self.copy()
        made._rows = rows
        if not keeps_scale:
            made._scale = None
        return made

    def neg(self) -> Self:
        """The negative."""
        with as_tenseal():
            return self._with_rows(self._need_context().engine.negate(self._rows), keeps_scale=True)

    def square(self) -> Self:
        """The product with itself. One level."""
        return self.pow(2)

    def pow(self, power: int) -> Self:
        """A power, 0 included. ceil(log2(power)) levels."""
        if not hasattr(power, "__index__") or power < 0:
            raise TypeError("pow(): incompatible function arguments: an integer of at least 0 is expected")
        context = self._need_context()
        if power == 0:
            return self._ones()
        if power == 1:
            return self.copy()
        keys = context.need_relinearization()
        with as_tenseal():
            return self._with_rows(context.engine.power(self._rows, int(power), keys))

    @abstractmethod
    def _ones(self) -> Self:
        """An encryption of ones, of the same shape."""

    def polyval(self, coefficients: list[float]) -> Self:
        """coefficients[0] + coefficients[1] self + ... coefficients[n] self^n. ceil(log2(n + 1)) levels."""
        context = self._need_context()
        if not isinstance(coefficients, (Sequence, np.ndarray)):
            raise TypeError(f"polyval(): incompatible function arguments: a list is expected, not {type(coefficients)}")
        if len(coefficients) == 0:
            raise ValueError("the coefficients vector need to have at least one element")
        numbers = self._coefficients(coefficients)
        degree = int(np.max(np.nonzero(numbers)[0], initial=0))
        with as_tenseal():
            if degree > 1:
                keys = context.need_relinearization()
                rows = context.engine.polynomial(self._rows, numbers[1:], keys)
            else:
                rows = context.engine.multiply_numbers(self._rows, numbers[1:2] if degree else self._number(0))
        out = self._with_rows(rows)
        return out._add_numbers(numbers[:1]) if numbers[0] != 0 else out

    def _coefficients(self, coefficients: Any) -> np.ndarray:
        return self._numbers([as_float(value, "polyval()") for value in coefficients])

    def add_(self, other: Any) -> Self:
        """The sum, in place."""
        return self._become(self.add(other))

    def sub_(self, other: Any) -> Self:
        """The difference, in place."""
        return self._become(self.sub(other))

    def mul_(self, other: Any) -> Self:
        """The product, in place."""
        return self._become(self.mul(other))

    def neg_(self) -> Self:
        """The negative, in place."""
        return self._become(self.neg())

    def square_(self) -> Self:
        """The square, in place."""
        return self._become(self.square())

    def pow_(self, power: int) -> Self:
        """The power, in place."""
        return self._become(self.pow(power))

    def polyval_(self, coefficients: list[float]) -> Self:
        """The polynomial, in place."""
        return self._become(self.polyval(coefficients))

    def sum_(self, axis: int = 0) -> Self:
        """The sum, in place."""
        return self._become(self.sum(axis))

    def __add__(self, other: Any) -> Self:
        return self.add(other)

    def __radd__(self, other: Any) -> Self:
        return self.add(other)

    def __iadd__(self, other: Any) -> Self:
        return self.add_(other)

    def __sub__(self, other: Any) -> Self:
        return self.sub(other)

    def __rsub__(self, other: Any) -> Self:
        return self.neg().add(other)

    def __isub__(self, other: Any) -> Self:
        return self.sub_(other)

    def __mul__(self, other: Any) -> Self:
        return self.mul(other)

    def __rmul__(self, other: Any) -> Self:
        return self.mul(other)

    def __imul__(self, other: Any) -> Self:
        return self.mul_(other)

    def __pow__(self, power: int) -> Self:
        return self.pow(power)

    def __ipow__(self, power: int) -> Self:
        return self.pow_(power)

    def __neg__(self) -> Self:
        return self.neg()


def is_number(value: Any) -> bool:
    """Whether an operand is one clear number."""
    return isinstance(value, Real)


def checked_axis(axis: int) -> int:
    """An axis as TenSEAL takes it: TypeError for negative ones."""
    if not hasattr(axis, "__index__") or axis < 0:
        raise TypeError("sum(): incompatible function arguments: an axis of at least 0 is expected")
    return int(axis)


def scale_of(self: AbstractTensor) -> float:
    """The scale of the ciphertexts."""
    self._need_context()
    return self._scale if self._scale is not None else self._rows.scales[0]


def _unpickled(kind: type[AbstractTensor], data: Any) -> AbstractTensor:
    return kind.lazy_load(taken(data))
