"""The notebooks of examples/, from top to bottom in fresh kernels.

Cells with the tag `check` hold assertions and print a sentence that must be the saved one. What others show may differ
(times, ciphertexts), but there must be something saved wherever something comes out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))
from execute import executed  # noqa: E402
from tables import data_folder  # noqa: E402

NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
NOWHERE = "/nonexistent"


def _is_check(cell: nbformat.NotebookNode) -> bool:
    return "check" in cell.metadata.get("tags", [])


def _shown(cell: nbformat.NotebookNode) -> str:
    return "".join(out.get("text", "") for out in cell.outputs if out.output_type == "stream")


def _agrees(path: Path) -> None:
    saved = nbformat.read(path, as_version=4)
    fresh = executed(path)
    for before, after in zip(saved.cells, fresh.cells, strict=True):
        if before.cell_type != "code":
            continue
        assert bool(before.outputs) == bool(after.outputs), before.source
        assert not [out for out in after.outputs if out.get("name") == "stderr"], before.source
        if _is_check(before):
            assert _shown(after) == _shown(before) != "", before.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_as_it_is_saved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On made-up tables, so that every machine runs the same."""
    monkeypatch.setenv("CLOISTER_DATA_DIR", NOWHERE)
    _agrees(path)


@pytest.mark.skipif(not (data_folder() / "framingham.csv").exists(), reason="framingham.csv is not at hand")
def test_heart_disease_runs_on_the_public_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOISTER_DATA_DIR", str(data_folder()))
    _agrees(EXAMPLES / "heart_disease.ipynb")


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {"getting_started", "heart_disease", "moving_from_tenseal", "salaries",
                                                 "several_owners", "what_the_server_sees"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_saved_whole_small_and_checked(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 150_000
    checks = [cell for cell in notebook.cells if _is_check(cell)]
    assert checks and all(re.search(r"^\s*assert ", cell.source, re.MULTILINE) for cell in checks)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [out for cell in code for out in cell.outputs]
    assert not [out for out in outputs if out.output_type == "error"]
    text = [out.get("text", "") for out in outputs]
    text += [data for out in outputs for kind, data in out.get("data", {}).items() if kind != "image/png"]
    assert not re.search(r"/(?:tmp|home|root|usr|var)/", "\n".join(text))  # of the machine that saved it
