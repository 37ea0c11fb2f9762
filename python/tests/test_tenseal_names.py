"""Every public name of TenSEAL is there."""

import importlib
import inspect
import subprocess
import sys
from typing import Any

import cloister.compat.tenseal as ours
import pytest
import tenseal as peer

MODULES = ["", ".enc_context", ".tensors", ".tensors.abstract_tensor", ".tensors.ckksvector", ".tensors.ckkstensor",
           ".tensors.plaintensor", ".tensors.bfvvector", ".tensors.bfvtensor", ".version"]
#: What its modules import from elsewhere, or is of SEAL and not of TenSEAL.
NOT_ITS_OWN = {
    "ABC": "Python's", "Enum": "Python's", "List": "Python's", "Union": "Python's", "multiprocessing": "Python's",
    "np": "NumPy", "ts": "a module's name for the package",
    "SEAL_PRIMITIVE": "a union of its binding's types, for annotations",
    "sealapi": "SEAL's own interface, another library's",
}


SELF_AND_ANY = ("args", "kwargs", "self")


def public(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")} - set(NOT_ITS_OWN)


@pytest.mark.parametrize("module", MODULES)
def test_modules_have_every_name(module: str) -> None:
    mine = importlib.import_module(ours.__name__ + module)
    theirs = importlib.import_module(peer.__name__ + module)
    # A module of classes has its own; what it imports from its neighbours is tested there.
    of_package = hasattr(theirs, "__path__")
    home = {n: getattr(getattr(theirs, n), "__module__", "") for n in public(theirs)}
    own = {n for n in home if of_package or home[n] == theirs.__name__}
    assert own - public(mine) == set()


@pytest.mark.parametrize("name", ["Context", "CKKSVector", "CKKSTensor", "BFVVector", "BFVTensor", "PlainTensor",
                                  "SCHEME_TYPE", "ENCRYPTION_TYPE"])
def test_classes_have_every_name(name: str) -> None:
    mine, theirs = getattr(ours, name), getattr(peer, name)
    assert public(theirs) - public(mine) == set()
    special = {n for n in vars(theirs) | vars(theirs.__mro__[1]) if n.startswith("__")}
    assert {n for n in special if callable(getattr(theirs, n)) and not hasattr(mine, n)} == set()


@pytest.mark.parametrize("name", sorted(set(peer.__all__) - {"__version__", "SCHEME_TYPE", "ENCRYPTION_TYPE"}))
def test_functions_take_the_same_arguments(name: str) -> None:
    mine, theirs = inspect.signature(getattr(ours, name)), inspect.signature(getattr(peer, name))
    assert list(mine.parameters) == list(theirs.parameters)
    assert [p.default for p in mine.parameters.values()] == [p.default for p in theirs.parameters.values()]


@pytest.mark.parametrize("name", ["Context", "CKKSVector", "CKKSTensor", "BFVVector", "BFVTensor", "PlainTensor"])
def test_methods_take_the_same_arguments(name: str) -> None:
    mine, theirs = getattr(ours, name), getattr(peer, name)
    for method in public(theirs) | {"__init__"}:
        function = inspect.getattr_static(theirs, method)
        if isinstance(function, property) or not callable(getattr(theirs, method)):
            continue
        wanted = [p for p in inspect.signature(getattr(theirs, method)).parameters if p not in SELF_AND_ANY]
        got = [p for p in inspect.signature(getattr(mine, method)).parameters if p != "self"]
        assert got[: len(wanted)] == wanted, method


def test_install_makes_the_name_mean_ours() -> None:
    program = (
        "import cloister.compat\n"
        "cloister.compat.install('tenseal')\n"
        "import tenseal as ts\n"
        "from tenseal.enc_context import Context\n"
        "from tenseal.tensors.ckksvector import CKKSVector\n"
        "from tenseal.tensors import CKKSTensor, PlainTensor\n"
        "assert ts.__name__ == 'cloister.compat.tenseal'\n"
        "assert ts.Context is Context and ts.CKKSVector is CKKSVector\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_install_comes_before_the_library() -> None:
    with pytest.raises(ImportError, match="imported already"):
        importlib.import_module("cloister.compat").install("tenseal")
