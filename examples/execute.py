"""Runs the notebooks anew, each in a fresh kernel, and saves their outputs: python examples/execute.py [NOTEBOOK...]"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
SECONDS_PER_CELL = 300


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a run from top to bottom. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    kernel = NotebookClient(notebook, timeout=SECONDS_PER_CELL, kernel_name="python3", record_timing=False,
                            resources={"metadata": {"path": str(HERE)}})
    return kernel.execute()


def without_machine(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same without what only says which machine it ran on, so that a new run changes little."""
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}})
    return notebook


def main() -> None:
    """Of all notebooks, or of those named."""
    for path in [Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb")):
        print(path.name, flush=True)
        nbformat.write(without_machine(executed(path)), path)


if __name__ == "__main__":
    main()
