"""Machine learning on data that stays encrypted."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from cloister._core import kernels
from cloister.errors import (
    AlreadyExistsError,
    CancelledError,
    DecodeError,
    Error,
    InternalError,
    InvalidArgumentError,
    MismatchError,
    NotFoundError,
    OutOfRangeError,
    ResourceError,
    SecurityError,
    UnimplementedError,
)
from cloister.model import LinearModel
from cloister.parties import Owner, Server
from cloister.plan import Plan, PlanRequest

__version__ = "0.1.0"

_ESTIMATORS = ("EncryptedLinearRegression", "EncryptedLogisticRegression", "EncryptedRidge")

if TYPE_CHECKING:
    from cloister.estimators import EncryptedLinearRegression, EncryptedLogisticRegression, EncryptedRidge
else:

    def __getattr__(name: str) -> object:
        """The estimators need scikit-learn, which is imported where one is first asked for."""
        if name not in _ESTIMATORS:
            raise AttributeError(f"module 'cloister' has no attribute {name!r}")
        try:
            from cloister import estimators
        except ImportError as error:
            mend = f"cloister.{name} needs scikit-learn: {error}; pip install 'cloister[sklearn]'"
            raise ImportError(mend) from error
        return getattr(estimators, name)


__all__ = [
    "AlreadyExistsError",
    "CancelledError",
    "DecodeError",
    "EncryptedLinearRegression",
    "EncryptedLogisticRegression",
    "EncryptedRidge",
    "Error",
    "InternalError",
    "InvalidArgumentError",
    "LinearModel",
    "MismatchError",
    "NotFoundError",
    "OutOfRangeError",
    "Owner",
    "Plan",
    "PlanRequest",
    "ResourceError",
    "SecurityError",
    "Server",
    "UnimplementedError",
    "kernels",
]

if find_spec("sklearn") is None:  # `from cloister import *` takes what there is
    __all__ = [name for name in __all__ if name not in _ESTIMATORS]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__} - {"TYPE_CHECKING", "find_spec"})
