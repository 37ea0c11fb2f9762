"""Where the numbers of a vector lie in slots."""

import sys
from dataclasses import dataclass

import numpy as np

_TOO_LONG = (
    "WARNING: The input does not fit in a single ciphertext, and some operations will be disabled.\n"
    "The following operations are disabled in this setup: matmul, matmul_plain, enc_matmul_plain, conv2d_im2col.\n"
    "If you need to use those operations, try increasing the poly_modulus parameter, to fit your input."
)


def power_of_two(count: int) -> int:
    """The least one that is not below `count`."""
    return 1 << max(count - 1, 0).bit_length()


@dataclass(frozen=True)
class Layout:
    """`groups` runs of `width` numbers, each filled up with zeros to a power of two, and so are the runs; that block
    repeats through the slots. What does not fit lies in several ciphertexts, one after another."""

    groups: int
    width: int
    slots: int

    @classmethod
    def of(cls, size: int, slots: int, groups: int = 1) -> "Layout":
        """Of vectors of `size` numbers, of which there is at least one."""
        if power_of_two(groups) * power_of_two(size // groups) > slots:
            groups = 1
            if size > slots:
                print(_TOO_LONG, file=sys.stderr)
        return cls(groups, size // groups, slots)

    @property
    def size(self) -> int:
        return self.groups * self.width

    @property
    def stride(self) -> int:
        """From one run to the next."""
        return min(power_of_two(self.width), self.slots)

    @property
    def period(self) -> int:
        """Of the block."""
        return self.stride * power_of_two(self.groups) if self.rows == 1 else self.slots

    @property
    def rows(self) -> int:
        """Ciphertexts."""
        return -(-self.width // self.slots)

    @property
    def is_full(self) -> bool:
        """Whether nothing is filled up with zeros."""
        return self.rows * self.period == self.size

    def table(self, values: np.ndarray) -> np.ndarray:
        """[rows][period] of values [size]."""
        if self.is_full:
            return np.ascontiguousarray(values.reshape(self.rows, -1))
        if self.rows > 1:
            out = np.zeros(self.rows * self.slots, dtype=values.dtype)
            out[: self.size] = values
        else:
            out = np.zeros((power_of_two(self.groups), self.stride), dtype=values.dtype)
            out[: self.groups, : self.width] = values.reshape(self.groups, self.width)
        return out.reshape(self.rows, -1)

    def places(self) -> np.ndarray:
        """The slot of each number."""
        return (np.arange(self.groups)[:, None] * self.stride + np.arange(self.width)).ravel()

    def values(self, table: np.ndarray) -> np.ndarray:
        """The inverse of `table`."""
        if self.rows > 1 or self.groups == 1:
            return table.ravel()[: self.size]
        return table.ravel()[self.places()]
