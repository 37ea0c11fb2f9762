#!/usr/bin/env python3
"""Reads the symbols of the object files that are compiled for instructions that the CPU may lack. A function that
they define must be in their target's namespace: of others, such as inline ones of shared headers, the linker would
keep one copy for the whole program, and that could be theirs.

usage: kernel_symbols_test.py NM (TARGET OBJECT...)...     prints one line a defect; exit status 1 if there is any
"""

import re
import subprocess
import sys
from pathlib import Path

DEFINED_FUNCTION = re.compile(r"^[0-9a-f]+ [TWi] (.*)$")


def functions(nm_output):
    """The names of functions that other object files see, in what `nm --demangle` prints."""
    return [match[1] for match in map(DEFINED_FUNCTION.match, nm_output.splitlines()) if match]


def strangers(target, names):
    """Those that lie outside the target's namespace."""
    return [name for name in names if f"cloister::{target}::" not in name]


def groups(arguments):
    """(target, objects) of each group of arguments; an object is a path that ends in .o."""
    found = []
    for argument in arguments:
        if not argument.endswith(".o"):
            found.append((argument, []))
        elif found:
            found[-1][1].append(argument)
    return found


def main(arguments):
    targets = groups(arguments[2:])
    if not targets or not all(objects for _, objects in targets):
        print(__doc__, file=sys.stderr)
        return 2
    read, defects = 0, []
    for target, objects in targets:
        for path in objects:
            output = subprocess.run([arguments[1], "--demangle", path], capture_output=True, text=True, check=True)
            names = functions(output.stdout)
            read += len(names)
            defects += [f"{target}: {Path(path).name} defines {name}" for name in strangers(target, names)]
        if not read:
            defects.append(f"{target}: no function is defined at all")
    print("\n".join(defects) or f"{read} functions, each in its target's namespace")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
