"""The package keeps to its own types, so that those who check theirs can rely on them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
from pathlib import Path

import cloister
import numpy as np


def run(folder: Path) -> float:
    ridge = cloister.EncryptedRidge(ridge=0.5, mode="clear")
    ridge.fit([[1.0], [2.0]], [1.0, 2.0])
    logistic = cloister.EncryptedLogisticRegression(method="newton", iterations=3)
    linear = cloister.EncryptedLinearRegression()
    model = cloister.LinearModel("linear", [1.0, 2.0])
    named = cloister.LinearModel("logistic", np.array([1.0, 2.0]), 0.5, ["age", "pulse"])
    model.save(folder / "model.json")
    weights = (model if model == named else logistic.to_model()).weights + linear.to_model().weights
    return float(weights[0] + model.predict([[1.0, 2.0]])[0]) + len(cloister.__version__)
"""

WRONG = """
import cloister

cloister.EncryptedRidge(rigde=0.5)
cloister.EncryptedTree()
cloister.LinearModel("tree", [1.0])
cloister.LinearModel("linear", None)
"""


def _mypy(cache: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", str(cache), *map(str, files)], cwd=ROOT,
                          capture_output=True, text=True, check=False)


def test_types_hold(tmp_path: Path) -> None:
    done = _mypy(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_programs_that_use_the_package_are_checked(tmp_path: Path) -> None:
    program, wrong = tmp_path / "program.py", tmp_path / "wrong.py"
    program.write_text(PROGRAM, encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    done = _mypy(tmp_path / "cache", program)
    assert done.returncode == 0, done.stdout + done.stderr
    done = _mypy(tmp_path / "cache", wrong)
    found = re.findall(r"wrong.py:(\d+): error: .*\[([\w-]+)\]", done.stdout)
    assert found == [("4", "call-arg"), ("5", "attr-defined"), ("6", "arg-type"), ("7", "arg-type")], done.stdout
