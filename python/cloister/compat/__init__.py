"""Other libraries' interfaces on Cloister's engine, for programs that were written against them.

Change an import (``import cloister.compat.tenseal as ts``), or call ``install("tenseal")`` before the program's own
imports run.
"""

import importlib
import pkgutil
import sys

__all__ = ["install"]


def install(name: str) -> None:
    """Has ``import NAME`` and its submodules mean ``cloister.compat.NAME`` in this process.

    Raises ImportError where there is no such layer, or where the library itself was imported before.
    """
    ours = f"{__name__}.{name}"
    module = importlib.import_module(ours)
    loaded = sys.modules.get(name)
    if loaded is not None and loaded is not module:
        raise ImportError(f"{name} is imported already: call cloister.compat.install before")
    sys.modules[name] = module
    for found in pkgutil.walk_packages(module.__path__, f"{ours}."):
        if "._" not in found.name:
            sys.modules[name + found.name.removeprefix(ours)] = importlib.import_module(found.name)
