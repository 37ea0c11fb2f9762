"""Other libraries' interfaces on Cloister's engine, for programs that were written against them.

Change an import (``import cloister.compat.tenseal as ts``, ``from cloister.compat import phe``), or call
``install("tenseal")`` before the program's own imports run. ``show_progress()`` has their long calls show a bar.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

from cloister.compat._progress import show_progress

__all__ = ["install", "show_progress"]


def install(name: str) -> None:
    """Has ``import NAME`` and its submodules mean ``cloister.compat.NAME`` in this process.

    Raises ImportError where there is no such layer, or where the library itself was imported before.
    """
    if not name.isidentifier():
        raise ImportError(f"there is no interface {name!r} in {__name__}")
    ours = f"{__name__}.{name}"
    module = importlib.import_module(ours)
    if sys.modules.get(name, module) is not module:
        raise ImportError(f"{name} is imported already; call cloister.compat.install({name!r}) before")
    for found in pkgutil.walk_packages(module.__path__, f"{ours}."):
        if "._" not in found.name or found.name.endswith(".__about__"):
            sys.modules[name + found.name.removeprefix(ours)] = importlib.import_module(found.name)
    sys.modules[name] = module
