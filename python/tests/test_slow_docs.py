"""The documentation: its site builds without a warning, has what the package exports, and a broken link fails it; the
programs of its page on python-paillier run, and give what stands beside them."""

from __future__ import annotations

import ast
import html
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cloister
import pytest

ROOT = Path(__file__).parents[2]
MKDOCS = ROOT / "build" / "docs-env" / "bin" / "mkdocs"

builds = pytest.mark.skipif(not MKDOCS.exists(), reason="build/docs-env is not there; ./run docs makes it")


def _build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MKDOCS, "build", "--strict", "--site-dir", site], cwd=root, capture_output=True, text=True,
                          check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})


def _text(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


@builds
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


@builds
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


def _run_block(block: str, names: dict[str, Any]) -> int:
    """Runs a program, and compares expressions with the values in the comments behind them. Returns their number."""
    compared = 0
    for statement in ast.parse(block).body:
        source = ast.get_source_segment(block, statement)
        assert source is not None
        comment = block.splitlines()[statement.end_lineno - 1][statement.end_col_offset:].strip().removeprefix("# ")
        if isinstance(statement, ast.Expr):
            value = eval(source, names)
            if re.match(r"array\(|-?\d", comment):
                assert repr(value) == comment, source
                compared += 1
        else:
            exec(source, names)
    return compared


def test_programs_for_python_paillier_run() -> None:
    page = (ROOT / "docs" / "from-phe-in-python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    assert [_run_block(block, names) for block in blocks] == [1, 1, 2]
    # What the page says of its packing.
    packing, public_key = names["packing"], names["public_key"]
    assert (f"{packing.slots(public_key)} times fewer bytes and encryptions for values of {packing.value_bits} bits "
            f"with {packing.guard_bits} guard bits at {public_key.n.bit_length()} bits") in page
    few = names["phe"].Packing(value_bits=40, guard_bits=8)
    columns = [public_key.encrypt_vector(c, precision=2**-24, packing=few) for c in names["table"].T]
    whole = names["phe"].EncryptedVector.combine(columns, [2, -1, 8])
    assert (names["private_key"].decrypt_vector(whole) == names["table"] @ [2, -1, 8]).all()
    with pytest.raises(OverflowError, match="could need 99 bits"):
        names["phe"].EncryptedVector.combine(columns, [0.5, -0.25, 2.0])
