"""Encrypted tensors of real numbers, by CKKS: a ciphertext an element, or an element of all of a batch."""

from typing import Any

import numpy as np

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat.tenseal.tensors._element_tensor import ElementTensor
from cloister.compat.tenseal.tensors.abstract_tensor import scale_of


class CKKSTensor(ElementTensor):
    """A tensor of real numbers, encrypted under a context's key. With `batch`, the first dimension lies in the slots
    of the ciphertexts and is no part of `shape`."""

    _stream = "CKKS tensor stream"

    def __init__(
        self,
        context: "enc_context.Context | None" = None,
        tensor: Any = None,
        scale: float | None = None,
        batch: bool = False,
        data: "CKKSTensor | None" = None,
    ) -> None:
        if data is None:
            self._encrypt_tensor(context, tensor, batch, scale)
        elif isinstance(data, CKKSTensor):
            self._become(data)
        else:
            raise TypeError(f"value must be of type {CKKSTensor}")

    scale = scale_of

    def __getitem__(self, item: Any) -> "CKKSTensor":
        """A part; an index keeps its dimension, with size 1, as in TenSEAL. IndexError where it is outside."""
        self._need_context()
        items = item if isinstance(item, tuple) else (item,)
        if len(items) > len(self._shape):
            raise IndexError(f"there are {len(items)} indices for {len(self._shape)} dimensions")
        slices = tuple(_slice(i, size) for i, size in zip(items, self._shape, strict=False))
        return self._arranged(np.asarray(self._indices()[slices]))


def _slice(item: Any, size: int) -> slice:
    """An index as a slice of one, and a slice without its step."""
    if not hasattr(item, "__index__"):
        return slice(item.start, item.stop)
    if not -size <= item < size:
        raise IndexError(f"index {item} is outside a dimension of size {size}")
    return slice(item, item + 1 or None)
