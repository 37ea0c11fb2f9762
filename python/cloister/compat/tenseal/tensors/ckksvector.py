"""Encrypted vectors of real numbers, by CKKS: many numbers a ciphertext."""

from typing import Any, Self

import numpy as np

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat.tenseal._errors import as_tenseal
from cloister.compat.tenseal.tensors._layout import Layout, power_of_two
from cloister.compat.tenseal.tensors._packed_vector import PackedVector
from cloister.compat.tenseal.tensors.abstract_tensor import scale_of


class CKKSVector(PackedVector):
    """A vector of real numbers, encrypted under a context's key."""

    _stream = "CKKS stream"

    def __init__(
        self,
        context: "enc_context.Context | None" = None,
        vector: Any = None,
        scale: float | None = None,
        data: "CKKSVector | None" = None,
    ) -> None:
        if data is None:
            self._encrypt_vector(context, vector, scale)
        elif isinstance(data, CKKSVector):
            self._become(data)
        else:
            raise TypeError(f"value must be of type {CKKSVector}")

    scale = scale_of

    def _need_one_row(self, operation: str) -> None:
        if self._layout.rows > 1:
            raise ValueError(f"can't execute {operation} on chunked vectors")

    def mm(self, other: Any) -> Self:
        """The product with a clear matrix [size][n]. One level; Galois keys; about 2 sqrt(d) rotations, d the
        smaller dimension."""
        numbers = self._plain(other)
        if numbers.ndim != 2:
            raise ValueError("can only operate with a matrix")
        context, layout = self._need_context(), self._layout
        keys = context.need_galois()
        self._need_one_row("matmul_plain")
        if numbers.shape[0] != layout.size or numbers.shape[1] == 0:
            raise ValueError("matrix shape doesn't match with vector size")
        result = Layout(1, numbers.shape[1], layout.slots)
        if result.rows > 1:
            raise ValueError("output size is bigger than slot count")
        matrix = np.zeros((layout.period, result.period))
        matrix[layout.places(), : numbers.shape[1]] = numbers
        with as_tenseal():
            made = self._with_rows(context.engine.matrix(self._rows, matrix, keys))
        made._layout, made._spilt = result, False
        return made

    matmul = mm

    def enc_matmul_plain(self, other: Any, row_size: int) -> Self:
        """The product of a matrix that `enc_matmul_encoding` made, of `row_size` rows, with a clear vector. One
        level; Galois keys."""
        numbers = self._plain(other)
        if numbers.ndim != 1:
            raise ValueError("can only operate with a vector")
        return self._columns(numbers, row_size)

    def conv2d_im2col(self, other: Any, windows_nb: int) -> Self:
        """The convolution of an image that `im2col_encoding` made, of so many windows, with a kernel. One level;
        Galois keys."""
        kernel = self._plain(other)
        if kernel.ndim != 2:
            raise ValueError("can only operate with a matrix")
        if kernel.size == 0:
            raise ValueError("tensor with empty columns")
        return self._columns(kernel.ravel(), windows_nb)

    def _columns(self, numbers: np.ndarray, width: int) -> Self:
        """The sum over groups of `width` numbers, each times a number."""
        context = self._need_context()
        keys = context.need_galois()
        if numbers.size == 0:
            raise ValueError("Plain vector can't be empty")
        if width == 0:
            raise ValueError("Windows number can't be zero")
        self._need_one_row("enc_matmul_plain")
        groups = power_of_two(numbers.size)
        if groups * width != self._layout.size:
            raise ValueError("Matrix shape doesn't match with vector size")
        factors = np.zeros(groups)
        factors[: numbers.size] = numbers
        grouped = self._grouped(groups, width)
        layout = grouped._layout
        with as_tenseal():
            product = context.engine.multiply_values(grouped._rows, layout.table(np.repeat(factors, width)))
            made = self._with_rows(context.engine.sum_slots(product, layout.stride, groups, keys))
        made._layout, made._spilt = Layout(1, width, layout.slots), False
        return made

    def _grouped(self, groups: int, width: int) -> Self:
        """The same numbers in so many groups: a level where they lie otherwise."""
        layout = Layout(groups, width, self._layout.slots)
        if self._layout == layout or (self._layout.is_full and layout.is_full):
            made = self.copy()
            made._layout = layout
            return made
        context = self._need_context()
        if layout.period > layout.slots:
            raise ValueError("Matrix shape doesn't match with vector size")
        flat = self._flat()
        masks = np.zeros((groups, layout.period))
        for group, mask in enumerate(masks):
            mask[group * layout.stride : group * layout.stride + width] = 1
        steps = [group * (width - layout.stride) for group in range(groups)]
        with as_tenseal():
            rows = context.engine.gather(flat._rows.take([0] * groups), steps, masks, context.need_galois())
        made = flat._with_rows(rows)
        made._layout, made._spilt = layout, False
        return made

    def mm_(self, other: Any) -> Self:
        """`mm`, in place."""
        return self._become(self.mm(other))

    matmul_ = mm_

    def enc_matmul_plain_(self, other: Any, row_size: int) -> Self:
        """`enc_matmul_plain`, in place."""
        return self._become(self.enc_matmul_plain(other, row_size))

    def conv2d_im2col_(self, other: Any, windows_nb: int) -> Self:
        """`conv2d_im2col`, in place."""
        return self._become(self.conv2d_im2col(other, windows_nb))

    def __matmul__(self, other: Any) -> Self:
        return self.mm(other)

    def __imatmul__(self, other: Any) -> Self:
        return self.mm_(other)
