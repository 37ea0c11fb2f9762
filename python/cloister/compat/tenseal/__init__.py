"""TenSEAL's interface on Cloister's engine: ``import cloister.compat.tenseal as ts``.

Encrypted vectors and tensors of real numbers and of integers, as in TenSEAL 0.3.16. What differs: docs/from-tenseal.md.
"""

from typing import Any

import numpy as np

from cloister.compat.tenseal.enc_context import ENCRYPTION_TYPE, SCHEME_TYPE, Context
from cloister.compat.tenseal.tensors import BFVTensor, BFVVector, CKKSTensor, CKKSVector, PlainTensor
from cloister.compat.tenseal.tensors._layout import Layout, power_of_two
from cloister.compat.tenseal.version import __version__


def _matrix(context: Context, tensor: Any) -> np.ndarray:
    if not isinstance(context, Context):
        raise TypeError("context must be of type tenseal.Context")
    plain = tensor if isinstance(tensor, PlainTensor) else PlainTensor(tensor)
    if len(plain.shape) != 2:
        raise ValueError("tensor must be a matrix")
    return plain.data.astype(np.float64, copy=False)


def _columns(context: Context, columns: np.ndarray) -> CKKSVector:
    """Columns one after another, as many as a power of two, the last ones zeros."""
    count, rows = columns.shape
    padded = np.zeros((power_of_two(count), rows))
    padded[:count] = columns
    layout = Layout.of(padded.size, context.data.engine.slots, len(padded))
    return CKKSVector._encrypted(context.data, padded.ravel(), layout)


def im2col_encoding(
    context: Context, tensor: Any, kernel_n_rows: int, kernel_n_cols: int, stride: int
) -> tuple[CKKSVector, int]:
    """An image as `CKKSVector.conv2d_im2col` takes it, for kernels of a size, and the number of their windows."""
    image = _matrix(context, tensor)
    if min(kernel_n_rows, kernel_n_cols, stride) < 1:
        raise ValueError("the kernel's sizes and the stride must be positive")
    if kernel_n_rows > image.shape[0] or kernel_n_cols > image.shape[1]:
        raise ValueError("the kernel is larger than the image")
    windows = np.lib.stride_tricks.sliding_window_view(image, (kernel_n_rows, kernel_n_cols))
    windows = windows[::stride, ::stride].reshape(-1, kernel_n_rows * kernel_n_cols)
    return _columns(context, windows.T), windows.shape[0]


def enc_matmul_encoding(context: Context, tensor: Any) -> CKKSVector:
    """A matrix as `CKKSVector.enc_matmul_plain` takes it."""
    return _columns(context, _matrix(context, tensor).T)


def context(*args: Any, **kwargs: Any) -> Context:
    """A `Context`."""
    return Context(*args, **kwargs)


def context_from(data: bytes, n_threads: int | None = None) -> Context:
    """A context from the bytes of `Context.serialize`."""
    return Context.load(data, n_threads)


def plain_tensor(*args: Any, **kwargs: Any) -> PlainTensor:
    """A `PlainTensor`."""
    return PlainTensor(*args, **kwargs)


def plain_tensor_from(data: bytes, dtype: str = "float") -> PlainTensor:
    """A tensor from the bytes of `PlainTensor.serialize`."""
    return PlainTensor.load(data, dtype)


def bfv_vector(*args: Any, **kwargs: Any) -> BFVVector:
    """A `BFVVector`."""
    return BFVVector(*args, **kwargs)


def bfv_vector_from(context: Context, data: bytes) -> BFVVector:
    """A vector from the bytes of `BFVVector.serialize`."""
    return BFVVector.load(context, data)


def lazy_bfv_vector_from(data: bytes) -> BFVVector:
    """The same, to be linked to a context before it is used."""
    return BFVVector.lazy_load(data)


def bfv_tensor(*args: Any, **kwargs: Any) -> BFVTensor:
    """A `BFVTensor`."""
    return BFVTensor(*args, **kwargs)


def bfv_tensor_from(context: Context, data: bytes) -> BFVTensor:
    """A tensor from the bytes of `BFVTensor.serialize`."""
    return BFVTensor.load(context, data)


def lazy_bfv_tensor_from(data: bytes) -> BFVTensor:
    """The same, to be linked to a context before it is used."""
    return BFVTensor.lazy_load(data)


def ckks_vector(*args: Any, **kwargs: Any) -> CKKSVector:
    """A `CKKSVector`."""
    return CKKSVector(*args, **kwargs)


def ckks_vector_from(context: Context, data: bytes) -> CKKSVector:
    """A vector from the bytes of `CKKSVector.serialize`."""
    return CKKSVector.load(context, data)


def lazy_ckks_vector_from(data: bytes) -> CKKSVector:
    """The same, to be linked to a context before it is used."""
    return CKKSVector.lazy_load(data)


def ckks_tensor(*args: Any, **kwargs: Any) -> CKKSTensor:
    """A `CKKSTensor`."""
    return CKKSTensor(*args, **kwargs)


def ckks_tensor_from(context: Context, data: bytes) -> CKKSTensor:
    """A tensor from the bytes of `CKKSTensor.serialize`."""
    return CKKSTensor.load(context, data)


def lazy_ckks_tensor_from(data: bytes) -> CKKSTensor:
    """The same, to be linked to a context before it is used."""
    return CKKSTensor.lazy_load(data)


__all__ = [
    "ENCRYPTION_TYPE",
    "SCHEME_TYPE",
    "BFVTensor",
    "BFVVector",
    "CKKSTensor",
    "CKKSVector",
    "Context",
    "PlainTensor",
    "__version__",
    "bfv_tensor",
    "bfv_tensor_from",
    "bfv_vector",
    "bfv_vector_from",
    "ckks_tensor",
    "ckks_tensor_from",
    "ckks_vector",
    "ckks_vector_from",
    "context",
    "context_from",
    "enc_matmul_encoding",
    "im2col_encoding",
    "lazy_bfv_tensor_from",
    "lazy_bfv_vector_from",
    "lazy_ckks_tensor_from",
    "lazy_ckks_vector_from",
    "plain_tensor",
    "plain_tensor_from",
]
