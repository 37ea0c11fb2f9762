"""The stub of the compiled module, which type checkers read, is what the module has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cloister

STUB = Path(__file__).parents[1] / "cloister" / "_core.pyi"


def test_the_stub_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "_core.pyi"
    done = subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "cloister._core", "-o", str(made)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert made.read_text(encoding="utf-8") == STUB.read_text(encoding="utf-8"), "run ./run build-python, which writes it"


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(cloister.__file__).parent / "py.typed").exists()
