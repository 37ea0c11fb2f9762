"""Other libraries' interfaces on Cloister's engine: change the import and keep the program.

``from cloister.compat import phe`` takes python-paillier's place. ``install("phe")`` makes ``import phe`` mean the
same, for programs whose imports are not to be changed.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

__all__ = ["install"]


def install(name: str) -> None:
    """Make ``import name`` and imports of its submodules give Cloister's modules, in this process from now on.

    Raises ImportError if there is no such interface, or if the other library was imported before.
    """
    package = importlib.import_module(f"{__name__}.{name}") if name.isidentifier() else None
    if package is None:
        raise ImportError(f"there is no interface {name!r} in {__name__}")
    if sys.modules.get(name, package) is not package:
        raise ImportError(f"{name} is imported already; call cloister.compat.install({name!r}) before")
    for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not module.name.startswith("_") or module.name == "__about__":
            sys.modules[f"{name}.{module.name}"] = importlib.import_module(f"{package.__name__}.{module.name}")
    sys.modules[name] = package
