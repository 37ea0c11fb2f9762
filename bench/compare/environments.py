"""Virtual environments under build/, each with one pinned package to compare with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from bench.machine import BUILD

HERE = Path(__file__).resolve().parent


class UnavailableError(RuntimeError):
    """A package cannot be installed or does not load; the text says why, and what helps."""


def pinned(requirements: Path) -> str:
    """The one requirement of a file."""
    lines = [line.strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    return " ".join(line for line in lines if line and not line.startswith("#"))


def _line(text: str, index: int) -> str:
    """One of those that a program left when it failed: a traceback's last, or another program's first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[index] if lines else "it said nothing"


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{what}: {_line(done.stderr or done.stdout, -1)}")


def environment(module: str, requirements: str, python: str = sys.executable) -> Path:
    """The interpreter of an environment in which `module` loads; it is made where it is not there yet."""
    found = shutil.which(python)
    if found is None:
        raise UnavailableError(f"there is no {python}")
    file = HERE / requirements
    version = subprocess.run([found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                             capture_output=True, text=True, check=False)
    if version.returncode:
        raise UnavailableError(f"{python} does not start: {_line(version.stderr, 0)}")
    folder = BUILD / "compare" / f"{module}-python{version.stdout.strip()}"
    inside, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pinned(file):
        print(f"Installing {pinned(file)} for Python {version.stdout.strip()} in {folder.relative_to(BUILD.parent)}",
              file=sys.stderr)
        _run([found, "-m", "venv", "--clear", str(folder)], "no virtual environment")
        _run([str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
              "-r", str(file)], f"pip could not install {pinned(file)} (is there a network?)")
        stamp.write_text(pinned(file), encoding="utf-8")
    _run([str(inside), "-c", f"import {module}"], f"{pinned(file)} does not load in Python {version.stdout.strip()}")
    return inside
