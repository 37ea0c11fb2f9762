"""The documentation's site: it builds without a warning, has what the package exports, and a broken link fails it."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import cloister
import pytest

ROOT = Path(__file__).parents[2]
MKDOCS = ROOT / "build" / "docs-env" / "bin" / "mkdocs"

pytestmark = pytest.mark.skipif(not MKDOCS.exists(), reason="build/docs-env is not there; ./run docs makes it")


def _build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MKDOCS, "build", "--strict", "--site-dir", site], cwd=root, capture_output=True, text=True,
                          check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})


def _text(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_the_site_builds_and_has_every_exported_name(tmp_path: Path) -> None:
    done = _build(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    reference = _text(tmp_path / "site" / "python-api.html")
    assert [name for name in cloister.__all__ if not re.search(rf"\b{name}\b", reference)] == []
    # Docstrings came along: one of each class.
    for words in ("Logistic regression of two classes", "Least squares on encrypted rows", "Holds the data and the secret key",
                  "Computes on what is encrypted", "A plan, which owner and server share", "w . x + b, with the sigmoid"):
        assert words in reference, words


def test_the_table_of_errors_is_the_packages() -> None:
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(\w+Error)` \| `(\w+)` \| (?:`(\w+)`)? *\|", page, re.MULTILINE)}
    errors = {name: kind for name in cloister.__all__
              if isinstance(kind := getattr(cloister, name), type) and issubclass(kind, cloister.Error) and name != "Error"}
    assert set(rows) == set(errors)
    for name, kind in errors.items():
        code, builtin = rows[name]
        assert kind.code == code
        bases = [base.__name__ for base in kind.__bases__ if base is not cloister.Error]
        assert bases == ([builtin] if builtin else []), name


@pytest.mark.parametrize(("link", "complaint"), [
    ("[x](nowhere.md)", "links to nowhere.md, which is not there"),
    ("[x](../src/nowhere.cpp)", "links to ../src/nowhere.cpp, which is not there"),
    ("[x](performance.md#nowhere)", "does not contain an anchor '#nowhere'"),
])
def test_a_broken_link_fails(tmp_path: Path, link: str, complaint: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build*", ".git", "vectors", "*.cpp", "*.h", "*.pyc"))
    with (copy / "docs" / "for-operators.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{link}\n")
    done = _build(copy, tmp_path / "site")
    assert done.returncode != 0
    assert complaint in done.stderr + done.stdout
