"""Machine learning on data that stays encrypted."""

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
from cloister.plan import Plan

_ESTIMATORS = ("EncryptedLinearRegression", "EncryptedLogisticRegression", "EncryptedRidge")


def __getattr__(name: str) -> object:
    """The estimators need scikit-learn, which is imported where one is first asked for."""
    if name in _ESTIMATORS:
        from cloister import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module 'cloister' has no attribute {name!r}")


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
    "ResourceError",
    "SecurityError",
    "Server",
    "UnimplementedError",
    "kernels",
]
