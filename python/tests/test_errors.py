"""The one error table, as Python sees it, and what the messages about a plan's request say."""

import inspect
import re
from pathlib import Path
from typing import Any

import cloister
import numpy as np
import pytest
from cloister.plan import PlanRequest

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


REQUEST: dict[str, Any] = {"model": "linear", "rows": 200, "features": 3, "iterations": 1}


@pytest.mark.parametrize(("given", "said"), [
    ({"iterations": 2.5}, "iterations is 2.5; give a whole number"),
    ({"iterations": "5"}, "iterations is '5'; give a whole number"),
    ({"iterations": None}, "iterations is None; give a whole number"),
    ({"iterations": [0] * 99}, "iterations is of type list; give a whole number"),
    ({"iterations": np.array([1, 2])}, "iterations is array([1, 2]); give a whole number"),
    ({"rows": 300.0}, "rows is 300.0; give a whole number"),
    ({"rows": -3}, "rows is -3; give a whole number from 0 to 18446744073709551615"),
    ({"features": True}, "features is True; give a whole number"),
    ({"threads": 1.5}, "threads is 1.5; give a whole number"),
    ({"ridge": None}, "ridge is None; give a number"),
    ({"spectrum_cap": "2"}, "spectrum_cap is '2'; give a number"),
    ({"small_keys": 1}, "small_keys is 1; give True or False"),
    ({"model": 3}, "model is 3; give one of linear, logistic"),
    ({"model": "tree"}, "model is 'tree'; give one of linear, logistic"),
    ({"ridge": -1}, "plan: ridge is -1; give 0 or more"),
    ({"sigmoid_degree": 4}, "plan: sigmoid_degree is 4; give 3, 5 or 7"),
    ({"sigmoid_degree": 9}, "plan: sigmoid_degree is 9; give 3, 5 or 7"),
])
def test_a_wrong_value_is_named_with_what_is_needed(given: dict[str, Any], said: str) -> None:
    with pytest.raises(cloister.InvalidArgumentError, match=f"^{re.escape(said)}$"):
        cloister.Plan.make(**{**REQUEST, **given})


def test_numpys_numbers_and_none_are_taken() -> None:
    plan = cloister.Plan.make(**{**REQUEST, "rows": np.int64(200), "features": np.uint8(3), "ridge": np.float32(0.5),
                                 "spectrum_cap": None, "iterations_per_bootstrap": None})
    assert plan == cloister.Plan.make(**REQUEST, ridge=0.5)


def test_an_unknown_name_is_answered_with_the_known_ones_the_nearest_first() -> None:
    with pytest.raises(cloister.InvalidArgumentError, match="^a plan has no 'row'; it has rows, ") as raised:
        cloister.Plan.make(**REQUEST, row=3)
    assert set(str(raised.value).partition("; it has ")[2].split(", ")) == set(PlanRequest.__annotations__)


def test_help_lists_every_name() -> None:
    text = inspect.getdoc(cloister.Plan.make) or ""
    assert sorted(re.findall(r"^    (\w+): ", text, re.MULTILINE)) == sorted(PlanRequest.__annotations__)
    assert "cloister plan" not in text


def test_advice_names_the_requests_fields() -> None:
    with pytest.raises(cloister.OutOfRangeError, match=r"1e-12 .* a larger max_error \(--max-error\)$"):
        cloister.Plan.make(**REQUEST, max_error=1e-12)
    with pytest.raises(cloister.InvalidArgumentError, match="0 rows for 3 features; give the most rows that all"):
        cloister.Plan.make(model="linear", scheme="paillier", job="aggregate", features=3)


def test_what_is_no_plan_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"columns": []}')
    with pytest.raises(cloister.DecodeError, match="not a plan of Cloister") as raised:
        cloister.Plan.load(tmp_path / "other.json")
    assert "exception" not in str(raised.value)


def test_refused_values_are_named_by_their_place(tmp_path: Path) -> None:
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", unprotected=True)
    owner.plan(**{**REQUEST, "rows": 40})
    (tmp_path / "owner" / "secret.key").touch()  # what is refused is so before it is read
    features = np.random.default_rng(5).uniform(-1, 1, (40, 3))
    target = features @ [0.5, -0.3, 0.2]
    with pytest.raises(cloister.InvalidArgumentError, match=r"target of row 0 .* bound of 16; standardize the target"):
        owner.encrypt_training(features, 1e4 + target)
    with pytest.raises(cloister.InvalidArgumentError, match=r"target of row 3 .* is not a number; drop or impute"):
        owner.encrypt_training(features, np.where(np.arange(40) == 3, np.nan, target))
    features[7, 2] = np.nan
    for encrypt in (lambda: owner.encrypt_training(features, target), lambda: owner.encrypt(features)):
        with pytest.raises(cloister.InvalidArgumentError, match=r"column 2 of row 7 .* is not a number; drop or"):
            encrypt()
