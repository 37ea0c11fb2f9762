"""The one error table, as Python sees it."""

import cloister
import pytest

CODES = {
    "InvalidArgumentError": ("INVALID_ARGUMENT", ValueError),
    "MismatchError": ("FAILED_PRECONDITION", None),
    "OutOfRangeError": ("OUT_OF_RANGE", ValueError),
    "NotFoundError": ("NOT_FOUND", LookupError),
    "AlreadyExistsError": ("ALREADY_EXISTS", FileExistsError),
    "SecurityError": ("PERMISSION_DENIED", None),
    "ResourceError": ("RESOURCE_EXHAUSTED", MemoryError),
    "DecodeError": ("DATA_LOSS", None),
    "CancelledError": ("CANCELLED", InterruptedError),
    "UnimplementedError": ("UNIMPLEMENTED", NotImplementedError),
    "InternalError": ("INTERNAL", None),
}


@pytest.mark.parametrize("name", CODES)
def test_every_row_has_an_exception(name: str) -> None:
    code, builtin = CODES[name]
    kind = getattr(cloister, name)
    assert issubclass(kind, cloister.Error)
    assert kind.code == code
    if builtin is not None:
        assert issubclass(kind, builtin)
    with pytest.raises(cloister.Error, match="what mends it"):
        raise kind("what mends it")


def test_the_table_has_no_other_rows() -> None:
    assert dict(cloister._core.error_codes()) == {name: code for name, (code, _) in CODES.items()}
    kinds = {name for name in dir(cloister) if isinstance(getattr(cloister, name), type)}
    assert {n for n in kinds if issubclass(getattr(cloister, n), cloister.Error)} == {*CODES, "Error"}


def test_kernels_are_named() -> None:
    assert cloister.kernels() in {"scalar", "avx2", "avx512", "avx512ifma"}
