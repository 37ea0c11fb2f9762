"""Runs the package's tests under the address sanitizer: no wrong access, and nothing that the bindings leak.

The module in PYTHONPATH is one that was built with it (./run asan-python); interpreter, NumPy and the peers are not, and
leave at the end what they never give back. So a leak counts where the bindings are among those who allocated it. That the
check can fail is tried first, by what is leaked on purpose. Arguments are pytest's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent
#: They start programs that are not Python's, or say nothing about memory.
LEFT_OUT = ("test_slow_docs.py", "test_slow_notebooks.py", "test_slow_types.py", "test_slow_wheel.py")
#: In a frame of the bindings, or of what they are made with.
OURS = re.compile(r"cloister::|/nanobind/|/cloister/_core\.")

LEAKS = """
import ctypes
import numpy as np
from cloister._core import engines
engine = engines.ckks(log2_degree=13, levels=1, scale_bits=40, first_prime_bits=60, digits=1, table_of_2018=False,
                      threads=1, progress=None)
key = engine.secret_key()
rows = engine.encrypt(key, np.ones((1, 8)))
for lost in (rows, engine.ciphertexts_to_bytes(rows)):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(lost))
"""


def runtime(name: str) -> str:
    found = subprocess.run([os.environ.get("CXX", "g++"), f"-print-file-name={name}"], capture_output=True, text=True,
                           check=True)
    return found.stdout.strip()


def paragraphs(folder: Path) -> list[str]:
    """Of every process: a wrong access, or a leak with the frames that allocated it."""
    return [text for path in sorted(folder.iterdir()) for text in path.read_text(errors="replace").split("\n\n")]


def held_against(text: str) -> bool:
    """Whether a paragraph tells of a wrong access, or of what the bindings leaked."""
    if re.match(r"\w+ leak of", text):
        return OURS.search(text) is not None
    return "ERROR: AddressSanitizer" in text or "runtime error:" in text or "nanobind: leaked" in text


def found_by(command: list[str], folder: Path) -> tuple[int, list[str]]:
    """A command's exit code, and what is held against the bindings. Objects of their classes stay reachable
    from nanobind's tables, which names them itself at the end, on standard error."""
    folder.mkdir()
    environment = os.environ | {
        # The interpreter is not linked with it; it has to be there first, as has the thrower of exceptions.
        "LD_PRELOAD": f"{runtime('libasan.so')} {runtime('libstdc++.so')}",
        "PYTHONMALLOC": "malloc",
        # The exit code is the tests': reports are judged here.
        # Python has no frame pointers; whose call it was stands some frames above.
        "ASAN_OPTIONS": "detect_leaks=1:exitcode=0:allocator_may_return_null=1:fast_unwind_on_malloc=0:"
                        f"malloc_context_size=20:log_path={folder}/report",
        "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={folder}/report",
    }
    with (folder / "stderr").open("w") as errors:
        code = subprocess.run(command, env=environment, stderr=errors, check=False).returncode
    return code, [text for text in paragraphs(folder) if held_against(text)]


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        _, control = found_by([sys.executable, "-c", LEAKS], Path(folder) / "control")
        if not any("nanobind: leaked" in text for text in control) or not any("leak of" in text for text in control):
            print("What was leaked on purpose was not found: is the module built with the sanitizer?", *control, sep="\n")
            return 1
        print("A ciphertext and bytes that were leaked on purpose are found.", flush=True)
        left_out = [f"--ignore={TESTS / name}" for name in LEFT_OUT]
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out,
                   *(arguments or [str(TESTS)])]
        code, found = found_by(command, Path(folder) / "tests")
    print(*found, sep="\n\n")
    print(f"{len(found)} reports of wrong accesses, and of what the bindings leaked.")
    return 1 if found else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
