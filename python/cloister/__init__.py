"""Machine learning on data that stays encrypted."""

from cloister._core import (
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
    kernels,
)

__all__ = [
    "AlreadyExistsError",
    "CancelledError",
    "DecodeError",
    "Error",
    "InternalError",
    "InvalidArgumentError",
    "MismatchError",
    "NotFoundError",
    "OutOfRangeError",
    "ResourceError",
    "SecurityError",
    "UnimplementedError",
    "kernels",
]
