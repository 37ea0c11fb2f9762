"""What `import cloister` gives, with scikit-learn and without."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import cloister
import pytest

ROOT = Path(__file__).parents[2]
ESTIMATORS = {"EncryptedLinearRegression", "EncryptedLogisticRegression", "EncryptedRidge"}


def _without_scikit_learn(program: str) -> str:
    program = f"import sys; sys.modules['sklearn'] = None\n{program}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_version_is_everywhere_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cmake = re.search(r"project\(cloister VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert cmake is not None
    assert cloister.__version__ == project["version"] == cmake[1]


def test_names_complete() -> None:
    assert {*cloister.__all__, "__version__"} <= set(dir(cloister))
    assert ESTIMATORS <= set(cloister.__all__)
    assert all(hasattr(cloister, name) for name in dir(cloister))
    with pytest.raises(AttributeError, match="EncryptedTree"):
        cloister.EncryptedTree  # noqa: B018


def test_without_scikit_learn_estimators_say_what_to_install() -> None:
    output = _without_scikit_learn("""
import cloister
for name in ("EncryptedLinearRegression", "EncryptedLogisticRegression", "EncryptedRidge"):
    try:
        getattr(cloister, name)
    except ImportError as error:
        print(error)
""").splitlines()
    assert len(output) == 3
    for line in output:
        assert re.fullmatch(r"cloister.Encrypted\w+ needs scikit-learn: .*; pip install 'cloister\[sklearn\]'", line)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert "sklearn" in extras


def test_without_scikit_learn_all_else_is_there() -> None:
    names = _without_scikit_learn("""
from cloister import *
import cloister
assert all(hasattr(cloister, name) for name in dir(cloister))
assert LinearModel("linear", [1.0, 2.0]).predict([[1.0, 1.0]]) == 3
print(*cloister.__all__)
""").split()
    assert set(names) == set(cloister.__all__) - ESTIMATORS


def test_scikit_learn_is_asked_for_as_new_as_it_is_used() -> None:
    """The estimators use sklearn.utils.validation.validate_data, of 1.6."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (requirement,) = project["optional-dependencies"]["sklearn"]
    least = re.fullmatch(r"scikit-learn>=(\d+)\.(\d+)", requirement)
    assert least is not None and (int(least[1]), int(least[2])) >= (1, 6)
