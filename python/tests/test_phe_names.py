"""Every public name of python-paillier is there, with its arguments; and install() puts ours in its place."""

import importlib
import inspect
import subprocess
import sys
import types
from typing import Any

import pytest
from cloister import compat

MODULES = ("phe", "phe.paillier", "phe.encoding", "phe.util", "phe.command_line", "phe.__about__")
PRIVATE = {"EncryptedNumber": ("_add_encrypted", "_add_encoded", "_add_scalar", "_raw_add", "_raw_mul")}

# What its modules import, and what its command line is made of.
LEFT_OUT = {
    "phe.paillier": set(),
    "phe.util": {"hexlify", "unhexlify", "urlsafe_b64decode", "urlsafe_b64encode"},
    "phe.__about__": {"absolute_import", "division", "print_function"},
    "phe.command_line": "its functions are click's objects; the commands are tested by running them",
}


def public_names(module: types.ModuleType) -> set[str]:
    return {name for name in dir(module) if not name.startswith("_") and not isinstance(getattr(module, name), types.ModuleType)}


def ours_of(name: str) -> types.ModuleType:
    return importlib.import_module(f"cloister.compat.{name}")


@pytest.mark.parametrize("name", [name for name in MODULES if name != "phe.command_line"])
def test_every_public_name_is_there(name: str) -> None:
    theirs, ours = importlib.import_module(name), ours_of(name)
    assert public_names(theirs) - public_names(ours) == set(LEFT_OUT.get(name, ()))
    for dunder in ("__title__", "__summary__", "__uri__", "__version__", "__author__", "__email__", "__license__", "__copyright__"):
        if hasattr(theirs, dunder):
            assert isinstance(getattr(ours, dunder), str)


def members(kind: type) -> set[str]:
    own = {name for name in dir(kind) if not name.startswith("_")}
    dunders = {name for name in vars(kind) if name.startswith("__") and callable(getattr(kind, name))}
    return own | dunders | set(PRIVATE.get(kind.__name__, ()))


@pytest.mark.parametrize("name", ["PaillierPublicKey", "PaillierPrivateKey", "PaillierPrivateKeyring", "EncryptedNumber",
                                  "EncodedNumber"])
def test_every_member_takes_the_same_arguments(name: str) -> None:
    theirs, ours = getattr(importlib.import_module("phe"), name), getattr(ours_of("phe"), name)
    for member in sorted(members(theirs)):
        assert hasattr(ours, member), member
        mine, its = getattr(ours, member), getattr(theirs, member)
        if not callable(its):
            assert mine == its
        elif not member.startswith("__") or member == "__init__":
            assert arguments(mine) == arguments(its), member


def test_every_function_takes_the_same_arguments() -> None:
    for module in ("phe.paillier", "phe.util"):
        for name, function in vars(importlib.import_module(module)).items():
            if inspect.isfunction(function) and name not in LEFT_OUT[module]:
                assert arguments(getattr(ours_of(module), name)) == arguments(function), name


def arguments(function: Any) -> list[tuple[str, Any]]:
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_install_takes_its_place() -> None:
    done = run("""
import cloister.compat
cloister.compat.install("phe")
cloister.compat.install("phe")
import phe, phe.encoding, phe.util
from phe import paillier
from phe.paillier import EncryptedNumber
from phe.command_line import main
assert phe.__name__ == "cloister.compat.phe" and paillier is phe.paillier and phe.encoding.EncodedNumber is phe.EncodedNumber
assert EncryptedNumber is phe.EncryptedNumber and phe.util.HAVE_GMP
""")
    assert done.returncode == 0, done.stderr


def test_install_comes_before_the_import() -> None:
    done = run("import phe, cloister.compat; cloister.compat.install('phe')")
    assert "ImportError: phe is imported already" in done.stderr


@pytest.mark.parametrize("name", ["os", "phe.paillier", "", "..phe"])
def test_install_knows_what_there_is(name: str) -> None:
    with pytest.raises(ImportError):
        compat.install(name)
