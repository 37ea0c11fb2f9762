"""What encrypted tensors share: a ciphertext an element, or an element of all of a batch."""

from typing import Any, Self

import numpy as np

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat.tenseal._context_data import ContextData
from cloister.compat.tenseal._errors import as_tenseal
from cloister.compat.tenseal.tensors._layout import power_of_two
from cloister.compat.tenseal.tensors.abstract_tensor import AbstractTensor, checked_axis, is_number
from cloister.compat.tenseal.tensors.plaintensor import PlainTensor, broadcast_to

_MOST_ELEMENTS = 1 << 24
_MOST_DIMENSIONS = 32
_INCOMPATIBLE = "Incompatible dimension of arrays, compile in DEBUG for more info"


class ElementTensor(AbstractTensor):
    """A tensor of numbers, encrypted under a context's key. With `batch`, the first dimension lies in the slots
    of the ciphertexts and is no part of `shape`."""

    _shape: tuple[int, ...]
    _batch: int | None = None
    #: Whether the slots beyond the batch may hold anything.
    _spilt: bool = False

    def _encrypt_tensor(self, context: Any, tensor: Any, batch: bool, scale: float | None = None) -> None:
        """What constructors do."""
        if not isinstance(context, enc_context.Context):
            raise TypeError("context must be a tenseal.Context")
        plain = tensor if isinstance(tensor, PlainTensor) else PlainTensor(tensor, dtype=self._dtype)
        plain.dtype = self._dtype
        values = plain.data
        if values.ndim == 0:
            raise ValueError("invalid dimension for batching")
        if values.size == 0:
            raise ValueError("Attempting to encrypt an empty tensor")
        self._encrypt(context.data, values, batch, scale)

    def _encrypt(
        self, context: ContextData, values: np.ndarray, batch: bool, scale: float | None = None
    ) -> Self:
        self._context = context
        self._scale = self._checked_scale(context, scale)
        self._batch = values.shape[0] if batch else None
        self._shape = values.shape[1:] if batch else values.shape
        if self._period > context.engine.slots:
            raise ValueError(
                "can't encrypt vectors of this size, please use a larger polynomial modulus degree."
            )
        elements = values.reshape(values.shape[0], -1).T if batch else values.reshape(-1, 1)
        with as_tenseal("encoded values are too large" if batch else "encoded value is too large"):
            self._rows = context.engine.encrypt(context.encryption_key(), self._table(self._reduced(elements)))
        return self

    @property
    def _period(self) -> int:
        return power_of_two(self._batch or 1)

    def _table(self, elements: np.ndarray) -> np.ndarray:
        """[elements][batch] filled up with zeros."""
        out = np.zeros((elements.shape[0], self._period), dtype=elements.dtype)
        out[:, : elements.shape[1]] = elements
        return out

    @property
    def shape(self) -> list[int]:
        """The size of each dimension, but for that of a batch."""
        return [] if self._unparsed is not None else list(self._shape)

    def decrypt(self, secret_key: "enc_context.SecretKey | None" = None) -> PlainTensor:
        """The numbers: with the context's secret key, or the one that is given. For the key's owner alone."""
        self._need_context()
        slots = self._slots(secret_key, self._period)
        if self._batch is None:
            return PlainTensor(slots.reshape(self._shape), dtype=self._dtype)
        values = slots[:, : self._batch].T.reshape(self._batch, *self._shape)
        return PlainTensor(values, dtype=self._dtype)

    def _header(self) -> dict[str, Any]:
        return {"shape": list(self._shape), "batch": self._batch, "spilt": self._spilt}

    def _take_header(self, fields: dict[str, Any], context: ContextData) -> int:
        shape, batch = fields["shape"], fields["batch"]
        if len(shape) > _MOST_DIMENSIONS or any(type(size) is not int or size < 1 for size in shape):
            raise ValueError("sizes out of range")
        if batch is not None and (type(batch) is not int or not 1 <= batch <= context.engine.slots):
            raise ValueError("sizes out of range")
        count = 1
        for size in shape:
            count *= size
            if count > _MOST_ELEMENTS:
                raise ValueError("sizes out of range")
        self._shape, self._batch, self._spilt = tuple(shape), batch, bool(fields["spilt"])
        return count

    def _checked_scale(self, context: ContextData, scale: float | None) -> float | None:
        return context.checked_scale(scale)

    def _reduced(self, values: np.ndarray) -> np.ndarray:
        """As the engine takes clear numbers of any size."""
        return self._numbers(values)

    def _indices(self) -> np.ndarray:
        return np.arange(len(self._rows)).reshape(self._shape)

    def _arranged(self, indices: np.ndarray) -> Self:
        """The elements of an array of indices."""
        made = self.copy()
        made._shape = indices.shape
        made._rows = self.data.take(indices.ravel().tolist())
        return made

    def _pair(self, other: Self, verb: str) -> tuple[Self, Self]:
        """Both repeated to one shape."""
        self._need_same_engine(other, verb)
        if self._batch and other._batch and self._batch != other._batch:
            raise ValueError("can't compute on tensors of different batches")
        if self._shape == other._shape:
            return self, other
        shape = self._common_shape(other._shape)
        first, second = (t._arranged(broadcast_to(t._indices(), shape)) for t in (self, other))
        return first, second

    def _common_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return np.broadcast_shapes(self._shape, shape)
        except ValueError as error:
            raise RuntimeError(_INCOMPATIBLE) from error

    def _with_plain(self, other: Any) -> tuple[Self, np.ndarray]:
        """Itself and clear numbers, repeated to one shape."""
        self._need_context()
        numbers = self._plain(other)
        shape = self._common_shape(numbers.shape)
        wide = self if shape == self._shape else self._arranged(broadcast_to(self._indices(), shape))
        return wide, self._reduced(broadcast_to(numbers, shape).ravel())

    @property
    def _is_full(self) -> bool:
        return self._batch is None or self._batch == self._period

    def _add_numbers(self, numbers: np.ndarray) -> Self:
        engine = self._need_context().engine
        with as_tenseal():
            if self._is_full:
                rows = engine.add_numbers(self._rows, numbers)
            else:
                table = self._table(np.repeat(numbers[:, None], self._batch or 1, axis=1))
                rows = engine.add_values(self._rows, table)
        return self._with_rows(rows, keeps_scale=True)

    def _ones(self) -> Self:
        shape = self._shape if self._batch is None else (self._batch, *self._shape)
        made = object.__new__(type(self))
        ones = self._numbers(np.ones(shape))
        return made._encrypt(self._need_context(), ones, self._batch is not None, self._scale)

    def _linear(self, other: Any, verb: str) -> Self:
        engine = self._need_context().engine
        sign = 1 if verb == "add" else -1
        if is_number(other):
            return self._add_numbers(sign * self._number(other))
        if not isinstance(other, type(self)):
            wide, numbers = self._with_plain(other)
            return wide._add_numbers(self._reduced(sign * numbers))
        a, b = self._pair(other, verb)
        apply = engine.add if verb == "add" else engine.sub
        with as_tenseal():
            made = a._with_rows(apply(a._rows, b._rows), keeps_scale=a._scale == b._scale)
        made._batch = a._batch or b._batch
        made._spilt = a._spilt or b._spilt or (a._batch != b._batch and not made._is_full)
        return made

    def add(self, other: Any) -> Self:
        """The sum with a tensor, clear numbers or one number; shapes are broadcast."""
        return self._linear(other, "add")

    def sub(self, other: Any) -> Self:
        """The difference, as `add`."""
        return self._linear(other, "sub")

    def mul(self, other: Any) -> Self:
        """The product, element by element, as `add`. One level."""
        context = self._need_context()
        engine = context.engine
        with as_tenseal():
            if is_number(other):
                return self._with_rows(engine.multiply_numbers(self._rows, self._number(other)))
            if not isinstance(other, type(self)):
                wide, numbers = self._with_plain(other)
                return wide._with_rows(engine.multiply_numbers(wide._rows, numbers))
            a, b = self._pair(other, "multiply")
            made = a._with_rows(engine.multiply(a._rows, b._rows, context.need_relinearization()))
        made._batch = a._batch or b._batch
        made._spilt = a._spilt and b._spilt if a._batch == b._batch else (a if a._batch else b)._spilt
        return made

    def sum(self, axis: int = 0) -> Self:
        """The sum along a dimension; of a batch, dimension 0 is the batch. No level."""
        axis = checked_axis(axis)
        context = self._need_context()
        if self._batch is not None:
            if axis == 0:
                return self.sum_batch()
            axis -= 1
        if axis >= len(self._shape):
            raise ValueError("invalid axis")
        inner = int(np.prod(self._shape[axis + 1 :], dtype=np.int64))
        with as_tenseal():
            rows = context.engine.sum_rows(self._rows, self._shape[axis], inner)
        made = self._with_rows(rows, keeps_scale=True)
        made._shape = self._shape[:axis] + self._shape[axis + 1 :]
        return made

    def sum_batch(self) -> Self:
        """The sum over the batch, a tensor without one. No level; Galois keys."""
        context = self._need_context()
        if self._batch is None:
            raise ValueError("unsupported operation")
        keys = context.need_galois()
        with as_tenseal():
            rows = self._rows
            if self._spilt:
                rows = context.engine.multiply_values(rows, self._table(self._numbers(np.ones((1, self._batch)))))
            made = self._with_rows(context.engine.sum_slots(rows, 1, self._period, keys), keeps_scale=True)
        made._batch, made._spilt = None, False
        return made

    def _product(self, other: Self | np.ndarray, inner: int, shape: tuple[int, ...]) -> Self:
        """The matrix product over `inner` elements, of the shape of the result."""
        context = self._need_context()
        with as_tenseal():
            if isinstance(other, np.ndarray):
                numbers = np.ascontiguousarray(self._reduced(other).reshape(inner, -1))
                made = self._with_rows(context.engine.contract_numbers(self._rows, numbers))
            else:
                self._need_same_engine(other, "multiply")
                keys = context.need_relinearization()
                made = self._with_rows(context.engine.contract(self._rows, other._rows, inner, keys))
        made._shape = shape
        return made

    def _factor(self, other: Any, operation: str) -> Self | np.ndarray:
        if is_number(other):
            raise TypeError(f"{operation}(): incompatible function arguments: a tensor is expected")
        return other if isinstance(other, type(self)) else self._plain(other)

    def dot(self, other: Any) -> Self:
        """The product of vectors and matrices, as NumPy's; of batched ones summed over the batch too, as TenSEAL's.
        One level."""
        self._need_context()
        factor = self._factor(other, "dot")
        left, right = len(self._shape), len(factor.shape)
        if not 1 <= left <= 2 or not 1 <= right <= 2:
            raise ValueError("don't support dot operations of more than 2 dimensions")
        if left != right and self._shape[-1] != factor.shape[0]:
            raise ValueError("can't perform dot: dimension mismatch")
        if self._batch is not None or (isinstance(factor, type(self)) and factor._batch is not None):
            return self._dot_of_batch(factor)
        if left == 2 and right == 2:
            return self.mm(factor)
        if left == right and 1 in (self._shape[0], factor.shape[0]):
            return self.mul(factor).sum()
        if self._shape[-1] != factor.shape[0]:
            raise RuntimeError(_INCOMPATIBLE)
        shape = (*self._shape[:-1], *tuple(factor.shape)[1:])
        return self._product(factor, self._shape[-1], shape)

    def _dot_of_batch(self, factor: Self | np.ndarray) -> Self:
        if len(self._shape) == 2 and len(factor.shape) == 2:
            return self.mm(factor)
        if len(self._shape) == 1 and len(factor.shape) == 2:
            return self.reshape([*self._shape, 1]).mul(factor).sum(0)
        return self.mul(factor).sum(len(self._shape) - 1)

    def mm(self, other: Any) -> Self:
        """The product of matrices, encrypted or clear. One level."""
        self._need_context()
        factor = self._factor(other, "mm")
        if len(self._shape) != 2:
            raise ValueError("this tensor isn't a matrix")
        if len(factor.shape) != 2:
            raise ValueError("operand tensor isn't a matrix")
        if self._shape[1] != factor.shape[0]:
            raise ValueError("can't multiply matrices")
        return self._product(factor, self._shape[1], (self._shape[0], factor.shape[1]))

    matmul = mm

    def reshape(self, shape: list[int]) -> Self:
        """Another tensor, of this shape, a batch left as it is."""
        self._need_context()
        if any(not hasattr(size, "__index__") or size < 0 for size in shape):
            raise TypeError("reshape(): incompatible function arguments: sizes are expected")
        if int(np.prod(shape, dtype=np.int64)) != len(self._rows):
            raise ValueError("invalid reshape input")
        made = self.copy()
        made._shape = tuple(int(size) for size in shape)
        return made

    def broadcast(self, shape: list[int]) -> Self:
        """Another tensor, repeated to this shape."""
        self._need_context()
        return self._arranged(broadcast_to(self._indices(), shape))

    def transpose(self) -> Self:
        """Another tensor, dimensions in reverse."""
        self._need_context()
        return self._arranged(self._indices().T)

    def dot_(self, other: Any) -> Self:
        """`dot`, in place."""
        return self._become(self.dot(other))

    def mm_(self, other: Any) -> Self:
        """`mm`, in place."""
        return self._become(self.mm(other))

    matmul_ = mm_

    def sum_batch_(self) -> Self:
        """`sum_batch`, in place."""
        return self._become(self.sum_batch())

    def reshape_(self, shape: list[int]) -> Self:
        """`reshape`, in place."""
        return self._become(self.reshape(shape))

    def broadcast_(self, shape: list[int]) -> Self:
        """`broadcast`, in place."""
        return self._become(self.broadcast(shape))

    def transpose_(self) -> Self:
        """`transpose`, in place."""
        return self._become(self.transpose())

    def __matmul__(self, other: Any) -> Self:
        return self.mm(other)

    def __imatmul__(self, other: Any) -> Self:
        return self.mm_(other)
