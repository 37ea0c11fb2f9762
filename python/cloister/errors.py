"""What Cloister cannot do: one exception for each code of the core's table of errors, with the text of what mends it."""

from __future__ import annotations


class Error(Exception):
    """The base of all."""

    code: str = "UNKNOWN"  #: gRPC's canonical name, as the command line's `--json` and the service have it


class InvalidArgumentError(Error, ValueError):
    """A value that was passed is wrong, whatever the state."""

    code = "INVALID_ARGUMENT"


class MismatchError(Error):
    """Two things do not belong together, or a step is missing."""

    code = "FAILED_PRECONDITION"


class OutOfRangeError(Error, ValueError):
    """A level, a precision or a bound is used up."""

    code = "OUT_OF_RANGE"


class NotFoundError(Error, LookupError):
    """A file, key or column is missing."""

    code = "NOT_FOUND"


class AlreadyExistsError(Error, FileExistsError):
    """Something would be overwritten."""

    code = "ALREADY_EXISTS"


class SecurityError(Error):
    """A wrong passphrase, or a request that security forbids."""

    code = "PERMISSION_DENIED"


class ResourceError(Error, MemoryError):
    """Memory, disk or a stated limit is used up."""

    code = "RESOURCE_EXHAUSTED"


class DecodeError(Error):
    """Bytes are damaged or foreign."""

    code = "DATA_LOSS"


class CancelledError(Error, InterruptedError):
    """The caller asked to stop."""

    code = "CANCELLED"


class UnimplementedError(Error, NotImplementedError):
    """Valid, and not supported by this build."""

    code = "UNIMPLEMENTED"


class InternalError(Error):
    """A defect of Cloister."""

    code = "INTERNAL"
