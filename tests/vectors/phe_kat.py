#!/usr/bin/env python3
"""Makes phe_kat.json: what python-paillier's command line writes, with throw-away keys of 2048 bits. Keys and
ciphertexts are random, so that every run makes other ones; the file in the tree was made once.

usage: phe_kat.py PHEUTIL OLD_PHEUTIL > phe_kat.json     the programs of phe 1.5.0 and of phe 1.2.3
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

PLAINTEXTS = ["3.25", "-7", "0", "0.1", "-1e-300", "123456789012345678", "1e20"]


def main(new, old):
    with tempfile.TemporaryDirectory() as folder:
        key, public = Path(folder) / "key.json", Path(folder) / "public.json"

        def run(program, *words):
            return subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout.strip()

        def genkey(program):
            run(program, "genpkey", "--keysize", 2048, key)
            return key.read_text(encoding="utf-8")

        def residue(text):
            n = json.loads(text)["pub"]["n"]
            return base64.urlsafe_b64decode(n + "=" * (-len(n) % 4))[-1] % 4

        old_secret = genkey(old)
        secret = genkey(new)
        while residue(secret) != 3:  # as no key of Cloister's own
            secret = genkey(new)
        run(new, "extract", key, public)
        numbers = [{"plaintext": p, "text": run(new, "encrypt", public, "--", p)} for p in PLAINTEXTS]

        def saved(index):
            path = Path(folder) / f"{index}.json"
            path.write_text(numbers[index]["text"], encoding="utf-8")
            return path

        first, second = saved(0), saved(1)
        made = {"3.25 + -7": run(new, "addenc", public, first, second),
                "3.25 * 0.5": run(new, "multiply", public, first, "0.5"),
                "-7 + 1.5": run(new, "add", public, second, "1.5")}
        numbers += [{"plaintext": str(eval(p)), "text": text} for p, text in made.items()]
        print(json.dumps({"provenance": "tests/vectors/phe_kat.py with phe 1.5.0, and phe 1.2.3 for old_secret_key",
                          "secret_key": secret, "public_key": public.read_text(encoding="utf-8"),
                          "old_secret_key": old_secret, "numbers": numbers}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
