#!/usr/bin/env python3
"""Cloister and python-paillier on the same keys and ciphertexts: each decrypts what the other encrypted and
computed, and finds exactly the numbers that Python's fractions say. python-paillier is installed from the Python
package index; without it this test fails.

usage: phe_test.py CLOISTER PHE_TOOL [unittest arguments]
"""

import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

try:
    from phe import EncodedNumber, EncryptedNumber, PaillierPrivateKey, PaillierPublicKey
except ImportError:
    from bench.compare.environments import UnavailableError, environment

    if sys.argv[-1] == "--installed":
        sys.exit("python-paillier was installed and does not load")
    try:
        python = environment("phe", "requirements-phe.txt")
    except UnavailableError as error:
        sys.exit(f"this test needs python-paillier from the Python package index: {error}")
    os.execv(python, [str(python), "-B", *sys.argv, "--installed"])
if sys.argv[-1] == "--installed":
    sys.argv.pop()

from cli_tools import DAMAGED, EXISTS, INVALID, MISMATCH, NOT_FOUND, PERMISSION, RANGE, SEALED, Case  # noqa: E402

TOOL = str(Path(sys.argv.pop(1)).resolve())
PHEUTIL = [sys.executable, "-c", "from phe.command_line import cli; cli()"]
SEED = 20261130
WORKPLACE = {}


def pheutil(*words):
    done = subprocess.run([*PHEUTIL, *map(str, words)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def integer(text):
    """Of base64url."""
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def setUpModule():
    folder = Path(tempfile.mkdtemp(prefix="cloister-phe-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    secret, public = folder / "key.json", folder / "public.json"
    pheutil("genpkey", "--keysize", 2048, secret)
    pheutil("extract", secret, public)
    key = json.loads(secret.read_text(encoding="utf-8"))
    public_key = PaillierPublicKey(integer(key["pub"]["n"]))
    tool = subprocess.Popen([TOOL, str(public)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    unittest.addModuleCleanup(tool.wait)
    unittest.addModuleCleanup(tool.stdout.close)
    unittest.addModuleCleanup(tool.stdin.close)
    WORKPLACE.update(secret=secret, public=public, public_key=public_key, tool=tool,
                     private_key=PaillierPrivateKey(public_key, integer(key["p"]), integer(key["q"])))


def as_json(number):
    return {"v": str(number.ciphertext()), "e": number.exponent}


def ours(op, a=None, **operands):
    """What Cloister makes of encrypted numbers, of whichever library."""
    request = {"op": op, **operands}
    if a is not None:
        request["a"] = a
    tool = WORKPLACE["tool"]
    tool.stdin.write(json.dumps(request) + "\n")
    tool.stdin.flush()
    line = tool.stdout.readline()
    if not line:
        raise RuntimeError("phe_tool stopped; its last words are above")
    return json.loads(line)


def theirs(number):
    return EncryptedNumber(WORKPLACE["public_key"], int(number["v"]), number["e"])


def plaintext(number):
    """The integer and the exponent that python-paillier decrypts, without any rounding."""
    n = WORKPLACE["public_key"].n
    encoded = WORKPLACE["private_key"].decrypt_encoded(theirs(number))
    return (encoded.encoding if encoded.encoding <= n // 3 else encoded.encoding - n), encoded.exponent


def value(number):
    mantissa, exponent = plaintext(number)
    return mantissa * Fraction(16) ** exponent


def bits(values):
    """Of a bound of these values."""
    return max(1, max(int(abs(v)).bit_length() for v in values))


class Registers:
    """The same numbers three times: exact, as python-paillier computed them, as Cloister did."""

    def __init__(self, chance, values):
        public_key = WORKPLACE["public_key"]
        self.chance = chance
        self.exact = [Fraction(v) for v in values]
        self.phe = [public_key.encrypt(v) for v in values]
        self.mine = [as_json(number) for number in self.phe]

    def pick(self):
        return self.chance.randrange(len(self.exact))

    def append(self, exact, phe, mine):
        self.exact.append(exact)
        self.phe.append(phe)
        self.mine.append(mine)

    def weight(self):
        """A clear number, and the format in which both libraries have it exactly."""
        kind = self.chance.randrange(4)
        if kind == 0:
            return self.chance.choice([0, 1, -1, 3, -12345, 2 ** 40]), [0, 41]
        if kind == 1:
            return self.chance.choice([-1, 1]) * self.chance.uniform(0.5, 1), [56, 1]
        if kind == 2:
            return self.chance.choice([-1, 1]) * self.chance.randrange(1, 1000) / 2 ** 62, [62, 0]
        return float(self.chance.randrange(-1000, 1000)), [52, 10]

    def step(self):
        """One operation on random registers by all three; its name."""
        i, j = self.pick(), self.pick()
        name = self.chance.choice(["add", "subtract", "negate", "multiply", "multiply", "dot", "sum", "rerandomize"])
        bound = {"integer_bits": bits(self.exact)}
        a, b = [self.mine[i]], [self.mine[j]]
        if name == "add":
            self.append(self.exact[i] + self.exact[j], self.phe[i] + self.phe[j], ours(name, a, b=b, **bound)[0])
        elif name == "subtract":
            self.append(self.exact[i] - self.exact[j], self.phe[i] - self.phe[j], ours(name, a, b=b, **bound)[0])
        elif name == "negate":
            self.append(-self.exact[i], self.phe[i] * -1, ours(name, a, **bound)[0])
        elif name == "rerandomize":
            self.append(self.exact[i], self.phe[i] + 0, ours(name, a, **bound)[0])
        elif name == "sum":
            self.append(sum(self.exact), sum(self.phe[1:], self.phe[0]), ours(name, self.mine, **bound)[0])
        elif name == "multiply":
            w, form = self.weight()
            self.append(self.exact[i] * Fraction(w), self.phe[i] * w,
                        ours(name, a, weights=[w], format=form, **bound)[0])
        else:
            weights = [self.chance.randrange(-2 ** 20, 2 ** 20) / 2 ** 20 for _ in self.exact]
            self.append(sum(x * Fraction(w) for x, w in zip(self.exact, weights)),
                        sum((x * w for x, w in zip(self.phe[1:], weights[1:])), self.phe[0] * weights[0]),
                        ours(name, self.mine, weights=weights, format=[20, 1], **bound)[0])
        return name


class Computing(Case):
    def check(self, chance, values, steps):
        registers = Registers(chance, values)
        for _ in range(steps):
            name = registers.step()
            mine, phe, exact = registers.mine[-1], registers.phe[-1], registers.exact[-1]
            self.assertEqual(value(mine), exact, name)
            self.assertEqual(value(as_json(phe)), exact, name)
        self.decrypted_by_cloister([as_json(number) for number in registers.phe], registers.exact)

    def decrypted_by_cloister(self, numbers, exact):
        (self.folder / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
        if not (self.folder / "keys").exists():
            self.do("convert", "import-key", WORKPLACE["secret"], "--no-passphrase")
        public = next((self.folder / "keys").glob("*.public.key"))
        (self.folder / "numbers.enc").unlink(missing_ok=True)
        self.do("convert", "import", "numbers.json", "--key", public, "--integer-bits", bits(exact), "--out",
                "numbers.enc")
        got = self.do("decrypt", "--vectors", "numbers.enc")["vectors"][0]
        self.assertEqual([Fraction(int(m), 2 ** got["fraction_bits"]) for m in got["integers"]], exact)
        self.assertEqual(got["values"], [float(v) for v in exact])

    def test_programs_of_ordinary_numbers(self):
        chance = random.Random(SEED)
        for _ in range(3):
            values = [0, 1, -1, chance.randrange(-10 ** 9, 10 ** 9), chance.uniform(-1e3, 1e3), chance.gauss(0, 1e-3)]
            self.check(chance, values, 8)

    def test_programs_of_tiny_numbers(self):
        chance = random.Random(SEED + 1)
        self.check(chance, [1e-60, -chance.uniform(1e-60, 1e-50), 2.0 ** -180, 0.0, 5], 6)

    def test_programs_of_huge_numbers(self):
        chance = random.Random(SEED + 2)
        self.check(chance, [10 ** 60, -1e70, 2 ** 240 + 1, chance.uniform(-1, 1) * 1e50, -3], 6)

    def test_the_ends_of_what_doubles_hold(self):
        for v in (5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308):
            number = as_json(WORKPLACE["public_key"].encrypt(v))
            self.decrypted_by_cloister([number], [Fraction(v)])
            [back] = ours("negate", [number], integer_bits=bits([Fraction(v)]))
            self.assertEqual(value(back), -Fraction(v))
            self.assertEqual(WORKPLACE["private_key"].decrypt(theirs(back)), -v)

    def test_integers_and_exponents_are_the_same_where_formats_are(self):
        public_key = WORKPLACE["public_key"]
        x, y = public_key.encrypt(-1.7), public_key.encrypt(42.1)
        w = 0.8
        digits = -4 * EncodedNumber.encode(public_key, w).exponent
        for mine, phe in ((ours("add", [as_json(x)], b=[as_json(y)], integer_bits=7), x + y),
                          (ours("subtract", [as_json(x)], b=[as_json(y)], integer_bits=7), x - y),
                          (ours("multiply", [as_json(x)], weights=[w], format=[digits, 1], integer_bits=7), x * w),
                          (ours("multiply", [as_json(x)], weights=[-3], format=[0, 2], integer_bits=7), x * -3),
                          (ours("add_clear", [as_json(x)], values=[5], format=[0, 3], integer_bits=7), x + 5),
                          (ours("dot", [as_json(x), as_json(y)], weights=[w, -w], format=[digits, 1], integer_bits=7),
                           x * w + y * -w)):
            self.assertEqual(plaintext(mine[0]), plaintext(as_json(phe)))

    def test_what_cloister_encrypts(self):
        chance = random.Random(SEED + 3)
        for form in ([0, 20], [3, 10], [24, 8], [52, 9]):
            values = [0.0, 1.0, -1.0, *(chance.randrange(-2 ** sum(form), 2 ** sum(form)) / 2 ** form[0]
                                        for _ in range(3))]
            numbers = ours("encrypt", values=values, format=form)
            self.assertEqual([value(number) for number in numbers], [Fraction(v) for v in values])
            self.assertEqual({number["e"] for number in numbers}, {-form[0] // 4})
            x, y = theirs(numbers[4]), theirs(numbers[5])
            exact = [Fraction(values[4]) * 3 - Fraction(values[5]), Fraction(values[5]) * Fraction(0.1)]
            self.decrypted_by_cloister([as_json(x * 3 - y), as_json(y * 0.1)], exact)


class Files(Case):
    def test_keys_there_and_back(self):
        made = self.do("convert", "import-key", WORKPLACE["secret"], *SEALED)
        self.assertEqual((made["modulus_bits"], made["protected"]), (2048, True))
        secret, public = (self.folder / file["path"] for file in made["files"])
        self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
        alone = self.do("convert", "import-key", WORKPLACE["public"], "--keys", "public")
        self.assertEqual(alone["key_id"], made["key_id"])
        self.do("convert", "export-key", public, "--out", "public.json")
        self.do("convert", "export-key", secret, "--secret", "--out", "secret.json", *SEALED)
        self.assertEqual((self.folder / "secret.json").stat().st_mode & 0o777, 0o600)
        text = pheutil("encrypt", self.folder / "public.json", "--", "-2.75")
        (self.folder / "number.json").write_text(text, encoding="utf-8")
        self.assertEqual(float(pheutil("decrypt", self.folder / "secret.json", self.folder / "number.json")), -2.75)
        self.do("convert", "import", "number.json", "--key", public, "--integer-bits", 2, "--out", "number.enc")
        self.do("convert", "export", "number.enc", "--key", public, "--out", "again.json")
        self.assertEqual((self.folder / "again.json").read_text(encoding="utf-8").strip(), text)
        self.assertEqual(float(pheutil("decrypt", WORKPLACE["secret"], self.folder / "again.json")), -2.75)

    def test_the_key_of_each_vector_is_found(self):
        answers = json.loads((ROOT / "tests/vectors/phe_kat.json").read_text(encoding="utf-8"))
        (self.folder / "old.json").write_text(answers["secret_key"], encoding="utf-8")
        (self.folder / "old_number.json").write_text(answers["numbers"][0]["text"], encoding="utf-8")
        self.do("convert", "import-key", "old.json", *SEALED)
        [old] = (self.folder / "keys").glob("*.public.key")
        self.do("convert", "import", "old_number.json", "--key", old, "--integer-bits", 4, "--out", "old.enc")
        new = self.do("convert", "import-key", WORKPLACE["secret"], *SEALED)["files"][1]["path"]
        number = as_json(WORKPLACE["public_key"].encrypt(7))
        (self.folder / "new.json").write_text(json.dumps(number), encoding="utf-8")
        self.do("convert", "import", "new.json", "--key", new, "--integer-bits", 4, "--out", "new.enc")
        output = self.do("decrypt", "--vectors", "old.enc", "new.enc", "old.enc", *SEALED)
        self.assertEqual([v["values"] for v in output["vectors"]], [[3.25], [7], [3.25]])
        self.assertEqual(self.do("info", "new.enc")["described"][0]["key_id"], output["vectors"][1]["key_id"][:12])
        self.refused(MISMATCH, ["another key"], "convert", "export", "old.enc", "--key", new, "--out", "x.json")
        [secret] = (self.folder / "keys").glob(f"{old.name[:12]}.secret.key")
        secret.unlink()
        self.refused(NOT_FOUND, [old.name[:12]], "decrypt", "--vectors", "new.enc", "old.enc", *SEALED)

    def test_refusals_say_what_to_do(self):
        self.do("convert", "import-key", WORKPLACE["secret"], *SEALED)
        [secret] = (self.folder / "keys").glob("*.secret.key")
        [public] = (self.folder / "keys").glob("*.public.key")
        self.refused(EXISTS, [secret.name], "convert", "import-key", WORKPLACE["secret"], *SEALED)
        self.refused(EXISTS, [public.name], "convert", "import-key", WORKPLACE["public"])
        self.refused(INVALID, ["--secret"], "convert", "export-key", secret, "--out", "x.json", *SEALED)
        self.refused(INVALID, ["--secret"], "convert", "export-key", public, "--secret", "--out", "x.json")
        self.refused(PERMISSION, ["passphrase"], "convert", "export-key", secret, "--secret", "--out", "x.json",
                     "--passphrase-file", self.file("wrong", "not the passphrase\n"))
        self.refused(PERMISSION, ["1024 bits"], "convert", "import-key", self.file("small", pheutil(
            "genpkey", "--keysize", 1024, "-")), "--keys", "other", "--no-passphrase")
        importing = ("--key", public, "--integer-bits", 10, "--out", "x.enc")
        self.refused(DAMAGED, ["line 1", "not JSON"], "convert", "import", self.file("a", "{"), *importing)
        self.refused(DAMAGED, ["line 1", "is zero"], "convert", "import", self.file("a", '{"v": "0", "e": 1}'), *importing)
        self.refused(INVALID, ["no encrypted number"], "convert", "import", self.file("a", "[]"), *importing)
        self.refused(RANGE, ["bound"], "convert", "import", self.file("a", '{"v": "1", "e": 9}'), *importing)
        self.refused(INVALID, ["subcommand"], "convert")

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


if __name__ == "__main__":
    unittest.main(verbosity=2)
