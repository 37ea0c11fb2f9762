#!/usr/bin/env python3
"""Reads the symbols of the server's program: it must know nothing that decrypts, no secret key and no key
generation. The same reading must find them in the owner's program, or it would prove nothing.

usage: link_set_test.py SERVER OWNER [NM]
"""

import re
import subprocess
import sys

# What may not be named in the server's program, and must be in the owner's.
FORBIDDEN = {
    "decryption": re.compile(r"decrypt", re.IGNORECASE),
    "a secret key": re.compile(r"secret_?key|private_?key", re.IGNORECASE),
    "a passphrase": re.compile(r"passphrase", re.IGNORECASE),
    "key generation": re.compile(r"key_?gen(erat|\b|_)|generate_\w*keys?\b", re.IGNORECASE),
}
# A stripped or foreign program names little; a server that trains names this much at the very least.
FEWEST_SYMBOLS = 200


def symbols(program, nm):
    """The demangled names, defined and undefined, static and dynamic, of a program."""
    names = set()
    for table in ([], ["--dynamic"]):
        output = subprocess.run([nm, "--demangle", *table, program], capture_output=True, text=True, check=True)
        for line in output.stdout.splitlines():
            match = re.match(r"^[0-9a-f ]{8,16} [A-Za-z] (.*)$", line)
            if match:
                names.add(match[1])
    return names


def found(names, pattern):
    return sorted(name for name in names if pattern.search(name))


def defects(server, owner):
    """What is wrong, one line each, given the names in the two programs."""
    for program, names in (("server", server), ("owner", owner)):
        own = sum("cloister::" in name for name in names)
        if own < FEWEST_SYMBOLS:
            yield f"the {program}'s program names only {own} of Cloister's symbols: is it stripped, or another program?"
    for what, pattern in FORBIDDEN.items():
        for name in found(server, pattern):
            yield f"the server's program knows {what}: {name}"
        if not found(owner, pattern):
            yield f"the owner's program shows no sign of {what}: the pattern {pattern.pattern} no longer sees it"


def main(arguments):
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    nm = arguments[3] if len(arguments) == 4 else "nm"
    server, owner = (symbols(program, nm) for program in arguments[1:3])
    wrong = list(defects(server, owner))
    print("\n".join(wrong) or f"{len(server)} names in the server's program, none of the owner's")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
