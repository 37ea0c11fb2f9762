"""What encrypted integers have in place of real numbers."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from cloister.compat.tenseal._context_data import ContextData
from cloister.compat.tenseal._parameters import BfvParameters


class Integers:
    """Mixed into vectors and tensors: integers modulo the context's plain modulus."""

    _scheme: ClassVar[str] = "bfv"
    _dtype: ClassVar[str] = "int"
    _context: ContextData | None

    @classmethod
    def _numbers(cls, values: Any) -> np.ndarray:
        return np.asarray(values).astype(np.int64)

    def _modulus(self) -> int:
        parameters = None if self._context is None else self._context.parameters
        if not isinstance(parameters, BfvParameters):
            raise ValueError("missing context" if parameters is None else "unsupported scheme")
        return parameters.plain_modulus

    def _reduced(self, values: np.ndarray) -> np.ndarray:
        """To the numbers around 0 that the modulus has."""
        modulus = self._modulus()
        reduced = self._numbers(values) % modulus
        return np.where(reduced > modulus // 2, reduced - modulus, reduced)

    def _number(self, value: Any) -> np.ndarray:
        if not isinstance(value, Integral):
            raise TypeError("incompatible function arguments: an integer is expected")
        return self._reduced(np.array([int(value) % self._modulus()]))

    def _coefficients(self, coefficients: Any) -> np.ndarray:
        if not all(isinstance(value, Integral) for value in coefficients):
            raise TypeError("polyval(): incompatible function arguments: integers are expected")
        return self._reduced(np.array([int(value) % self._modulus() for value in coefficients]))

    @property
    def _level(self) -> int:
        return 0

    def _checked_scale(self, context: ContextData, scale: float | None) -> None:
        context.need_scheme("bfv")
