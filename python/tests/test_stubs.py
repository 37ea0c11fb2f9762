"""The stubs of the compiled module, which type checkers read, are what the module has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cloister

STUBS = Path(__file__).parents[1] / "cloister" / "_core"


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.pyi")}


def test_the_stubs_are_up_to_date(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-q", "-r", "-m", "cloister._core", "-O", str(tmp_path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(_texts(STUBS)) >= 3
    assert _texts(tmp_path / "_core") == _texts(STUBS), "run ./run build-python, which writes them"


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(cloister.__file__).parent / "py.typed").exists()
