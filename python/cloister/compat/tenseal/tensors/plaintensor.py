"""N-dimensional tensors of clear numbers, which encrypted ones compute with."""

import json
from typing import Any

import numpy as np

from cloister.compat._pickling import taken

_TYPES = {"float": np.float64, "int": np.int64}


def _checked_dtype(dtype: str) -> str:
    if dtype not in _TYPES:
        raise ValueError("wrong dtype, must be either 'float' or 'int'")
    return dtype


class PlainTensor:
    """A tensor of floats or of integers, by `dtype`."""

    def __init__(self, tensor: Any, shape: list[int] | None = None, dtype: str = "float") -> None:
        self._dtype = _checked_dtype(dtype)
        try:
            array = np.array(tensor, dtype=_TYPES[dtype])
        except Exception as error:
            raise TypeError("input isn't a well structured tensor") from error
        self._data = self._shaped(array, array.shape if shape is None else shape)

    @staticmethod
    def _shaped(array: np.ndarray, shape: Any, refusal: str = "tensor with mismatched shape") -> np.ndarray:
        if int(np.prod(shape, dtype=np.int64)) != array.size or any(size < 0 for size in shape):
            raise ValueError(refusal)
        return array.reshape(tuple(shape))

    @property
    def data(self) -> np.ndarray:
        """The array of all numbers."""
        return self._data

    @data.setter
    def data(self, value: np.ndarray) -> None:
        if not isinstance(value, np.ndarray):
            raise TypeError("wrong data type")
        self._data = np.asarray(value, dtype=_TYPES[self._dtype], order="C")

    @property
    def raw(self) -> list[Any]:
        """All numbers, row by row."""
        return self._data.ravel().tolist()

    @property
    def dtype(self) -> str:
        """'float' or 'int'; setting it converts."""
        return self._dtype

    @dtype.setter
    def dtype(self, value: str) -> None:
        self._dtype = _checked_dtype(value)
        self._data = self._data.astype(_TYPES[value])

    def at(self, index: list[int]) -> Any:
        """The number at an index of every dimension."""
        if len(index) != self._data.ndim:
            raise ValueError("tensor cannot be viewed in the requested format")
        if any(not 0 <= i < size for i, size in zip(index, self._data.shape, strict=True)):
            raise ValueError("invalid dimension index")
        return self._data[tuple(index)].item()

    @property
    def shape(self) -> list[int]:
        """The size of each dimension."""
        return list(self._data.shape)

    def strides(self) -> list[int]:
        """How many numbers lie between neighbours of each dimension."""
        shape = self._data.shape
        return [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape))]

    def empty(self) -> bool:
        """Whether there are no numbers."""
        return self._data.size == 0

    def size(self) -> int:
        """Of the first dimension."""
        return len(self)

    def __len__(self) -> int:
        return self._data.shape[0] if self._data.ndim else 0

    def tolist(self) -> Any:
        """Nested lists."""
        return self._data.tolist()

    def batch(self, dim: int) -> list[list[Any]]:
        """Along dimension `dim`, the numbers of each place of the others."""
        if not 0 <= dim < self._data.ndim:
            raise ValueError("invalid dimension for batching")
        return np.moveaxis(self._data, dim, -1).reshape(-1, self._data.shape[dim]).tolist()

    def _made(self, array: np.ndarray) -> "PlainTensor":
        return PlainTensor(array, dtype=self._dtype)

    def reshape(self, shape: list[int]) -> "PlainTensor":
        """Another tensor, of this shape."""
        return self._made(self._shaped(self._data, shape))

    def reshape_(self, shape: list[int]) -> "PlainTensor":
        """Gives it this shape."""
        self._data = self._shaped(self._data, shape, "invalid reshape input")
        return self

    def broadcast(self, shape: list[int]) -> "PlainTensor":
        """Another tensor, repeated to this shape."""
        return self._made(broadcast_to(self._data, shape))

    def broadcast_(self, shape: list[int]) -> "PlainTensor":
        """Repeats it to this shape."""
        self._data = broadcast_to(self._data, shape)
        return self

    def transpose(self) -> "PlainTensor":
        """Another tensor, dimensions in reverse."""
        return self._made(self._data.T)

    def transpose_(self) -> "PlainTensor":
        """Reverses the dimensions."""
        self._data = np.asarray(self._data.T, order="C")
        return self

    @classmethod
    def load(cls, data: bytes, dtype: str = "float") -> "PlainTensor":
        """From the bytes of `serialize`."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"Invalid input types: vector: {type(data)}")
        _checked_dtype(dtype)
        try:
            values = json.loads(taken(data))
        except (ValueError, RecursionError) as error:
            raise ValueError("failed to parse plain tensor") from error
        return cls(values, dtype=dtype)

    def serialize(self) -> bytes:
        """As JSON."""
        return json.dumps(self.tolist(), separators=(",", ":")).encode()


def broadcast_to(array: np.ndarray, shape: Any) -> np.ndarray:
    """An array repeated to a shape; RuntimeError where it has more dimensions or other sizes, as TenSEAL."""
    if len(shape) < array.ndim or np.prod(shape, dtype=np.int64) < array.size:
        raise RuntimeError("Broadcast shape has fewer elements than original expression.")
    try:
        return np.array(np.broadcast_to(array, tuple(shape)), order="C")
    except ValueError as error:
        raise RuntimeError("Incompatible dimension of arrays, compile in DEBUG for more info") from error
