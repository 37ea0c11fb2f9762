"""What the tests of the command line share: a table, a way to run verbs, and jobs done once to copy from.

A test program that imports this takes the path of `cloister` as its first argument.
"""

import csv
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

if len(sys.argv) < 2:
    sys.exit("name the program cloister as the first argument")
CLOISTER = str(Path(sys.argv.pop(1)).resolve())
PASSPHRASE = "correct horse battery"
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "SECRET": PASSPHRASE}
SEALED = ("--passphrase-env", "SECRET")

# base/error.h's table.
INVALID, MISMATCH, RANGE, NOT_FOUND, EXISTS, PERMISSION, RESOURCE, DAMAGED = 2, 3, 4, 5, 6, 7, 8, 9
NAMES = {INVALID: "INVALID_ARGUMENT", MISMATCH: "FAILED_PRECONDITION", RANGE: "OUT_OF_RANGE", NOT_FOUND: "NOT_FOUND",
         EXISTS: "ALREADY_EXISTS", PERMISSION: "PERMISSION_DENIED", RESOURCE: "RESOURCE_EXHAUSTED", DAMAGED: "DATA_LOSS"}


def write_table(path, rows=200, seed=1, classify=True):
    """Three columns of numbers, one of two categories, and a target that depends on them."""
    chance = random.Random(seed)
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["age", "pressure", "dose", "group", "target"])
        for _ in range(rows):
            age, pressure, dose = chance.gauss(50, 10), chance.gauss(120, 15), chance.uniform(0, 5)
            group = chance.choice(["control", "treated"])
            score = (age - 50) / 10 + (pressure - 120) / 30 - dose / 5 + (group == "treated")
            noise = chance.gauss(0, 1)
            target = int(score + noise > 0) if classify else round(1000 + 100 * score + 20 * noise, 3)
            out.writerow([f"{age:.3f}", f"{pressure:.3f}", f"{dose:.3f}", group, target])


def run(folder, *arguments, json_output=True, limit=None, program=None, environment=None):
    """Runs a verb; its exit status, its JSON object or text, and what it said on standard error."""
    words = [program or CLOISTER, *map(str, arguments)] + (["--json"] if json_output else [])
    limits = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment or ENVIRONMENT,
                          preexec_fn=limits, start_new_session=True, stdin=subprocess.DEVNULL, check=False)
    output = json.loads(done.stdout) if json_output and done.stdout else done.stdout
    return done.returncode, output, done.stderr


def contents(folder):
    """Every file below a folder with a digest of its bytes."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(Path(folder).rglob("*")) if p.is_file()}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cloister-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def do(self, *arguments, **options):
        status, output, said = run(self.folder, *arguments, **options)
        self.assertEqual(status, 0, said)
        return output

    def refused(self, status, words, *arguments, **options):
        """The verb must end with this status, say these words, and leave every file as it was."""
        before = contents(self.folder)
        got, output, said = run(self.folder, *arguments, **options)
        self.assertEqual(got, status, said)
        self.assertEqual(output["error"]["code"], NAMES[status])
        self.assertEqual(len(said.strip().splitlines()), 1, said)
        for word in words:
            self.assertIn(word, output["error"]["message"])
            self.assertIn(word, said)
        self.assertEqual(contents(self.folder), before)

    def table(self, text):
        path = self.folder / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    def plan_refused(self, status, words, *arguments):
        self.refused(status, words, "plan", "--data", "table.csv", *arguments)


class Workspace:
    """A job done once: copies of it, by hard links, are what the tests damage."""

    def __init__(self, parent, name, *plan):
        self.folder = Path(parent) / name
        self.folder.mkdir()
        write_table(self.folder / "table.csv")
        self.plan_arguments = plan
        for step in (("plan", "--data", "table.csv", "--target", "target", "--threads", 1, *plan),
                     ("keygen", *SEALED), ("encrypt", *SEALED), ("train",), ("predict",), ("decrypt", *SEALED)):
            status, _, said = run(self.folder, *step)
            if status != 0:
                raise RuntimeError(f"{step}: {said}")

    def copy(self, to, without=()):
        shutil.copytree(self.folder, to, copy_function=os.link, dirs_exist_ok=True)
        for name in without:
            (Path(to) / name).unlink()


WORKSPACES = {}


def replace(path, data):
    """Puts bytes under a name without touching the file that other names share."""
    path.unlink()
    path.write_bytes(data)


def prepare_workspaces():
    """For setUpModule."""
    parent = tempfile.mkdtemp(prefix="cloister-cli-")
    unittest.addModuleCleanup(shutil.rmtree, parent, ignore_errors=True)
    WORKSPACES["first"] = Workspace(parent, "first", "--iterations", 2)
    WORKSPACES["second"] = Workspace(parent, "second", "--iterations", 1)
