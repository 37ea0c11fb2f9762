#!/usr/bin/env python3
"""Plays the demos as a user would, and checks what they print, write and refuse.

usage: demo_test.py CLOISTER DATA_FOLDER [CASE...]   (cases: Chd Salary Refusals RealData)
"""

import html.parser
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, DATA = None, None  # set by main

STEPS = ["plan", "keygen", "encrypt", "train", "predict", "decrypt"]
SIZES = ["evaluation_keys", "dataset", "model", "predictions"]
SERVER_FILE = re.compile(r"plan\.json|evaluation\.keys|public\.key|model\.json|[a-z0-9-]+\.enc")


class Page(html.parser.HTMLParser):
    """What a page would load, and the policy that stands over it."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.policy, self.text = [], "", text
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = values["content"]
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            if name in values and not values[name].startswith("#"):
                self.loads.append(f"<{tag} {name}={values[name]}>")


class Demo(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="cloister-demo-")
        self.addCleanup(temporary.cleanup)
        self.base = Path(temporary.name)

    def play(self, *arguments, status=0):
        done = subprocess.run([PROGRAM, "demo", *arguments], cwd=self.base, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout[-2000:] + done.stderr[-4000:])
        return done

    def run_of(self, *arguments):
        """The object of a demo with --json, which is all that standard output has."""
        return json.loads(self.play(*arguments, "--json").stdout)

    def check_common(self, run, metric, steps=STEPS, sizes=SIZES):
        for key in ("rows_test", "features", "security_bits", "threads"):
            self.assertIsInstance(run[key], int, key)
            self.assertGreater(run[key], 0, key)
        self.assertIs(run["interactive"], False)
        self.assertGreaterEqual(run["security_bits"], 128)
        self.assertIsInstance(run["scheme"], str)
        self.assertIsInstance(run["parameters"], dict)
        for side in ("clear", "encrypted"):
            self.assertIsInstance(run[side][metric], float, side)
        for step in steps:
            self.assertGreater(run["seconds"][step], 0, step)
        for item in sizes:
            self.assertGreater(run["bytes"][item], 0, item)

    def check_weights(self, run, largest):
        self.assertLessEqual(run["weights_max_abs_error"], run["error_bound"])
        self.assertLessEqual(run["error_bound"], largest)

    def check_report(self, folder):
        page = Page((folder / "report.html").read_text(encoding="utf-8"))
        self.assertEqual(page.loads, [])
        self.assertIn("default-src 'none'", page.policy)
        self.assertNotRegex(page.text, r"url\(\s*['\"]?(https?:)?//|@import")
        return page.text

    def check_parties(self, folder):
        servers = [path for path in folder.rglob("server") if path.is_dir()]
        self.assertTrue(servers)
        for server in servers:
            for path in server.iterdir():
                self.assertRegex(path.name, SERVER_FILE)
        keys = list(folder.rglob("secret.key"))
        self.assertEqual(len(keys), len(servers))
        for path in [*keys, *folder.rglob("*.csv")]:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def check_chd(self, run, folder):
        self.assertEqual((run["task"], run["scheme"]), ("chd", "CKKS"))
        self.check_common(run, "auc")
        self.check_weights(run, 1e-3)
        # The plan's bound on the weights leaves no room for more than a row on the boundary.
        self.assertLessEqual(abs(run["encrypted"]["accuracy"] - run["clear"]["accuracy"]), 0.006)
        text = self.check_report(folder)
        for command in ("plan", "keygen", "encrypt", "train", "predict", "decrypt", "evaluate"):
            self.assertIn(f"cloister {command}", text)
        self.check_parties(folder)

    def check_salary(self, run, folder):
        self.assertEqual(run["task"], "salary")
        ckks, sums, predict = run["schemes"]
        self.assertEqual([s["scheme"] for s in run["schemes"]], ["CKKS", "Paillier", "Paillier"])
        self.assertEqual({s["rows_test"] for s in run["schemes"]}, {run["rows_test"]})
        self.check_common(ckks, "r2")
        self.check_common(sums, "r2", ["plan", "keygen", "encrypt", "train", "decrypt"], SIZES[:3])
        self.check_common(predict, "r2", ["plan", "keygen", "encrypt", "predict", "decrypt"])
        self.check_weights(ckks, 1e-3)
        self.check_weights(sums, 1e-6)
        self.assertLessEqual(predict["prediction_max_abs_error"], predict["prediction_error_bound"])
        self.assertLessEqual(abs(ckks["encrypted"]["r2"] - ckks["yardstick"]["r2"]), 1e-3)
        self.assertLessEqual(abs(ckks["train"]["encrypted"]["r2"] - ckks["train"]["yardstick"]["r2"]), 1e-3)
        for exact in (sums, predict):  # least squares, exact but for the fixed point
            self.assertLessEqual(abs(exact["encrypted"]["r2"] - ckks["yardstick"]["r2"]), 1e-6)
        self.check_report(folder)
        self.check_parties(folder)


def contents(folder):
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


class Chd(Demo):
    def test_synthetic_table_and_a_second_run(self):
        run = self.run_of("chd", "--threads", "2")
        folder = self.base / "cloister-demo-chd"
        self.check_chd(run, folder)
        self.assertIs(run["dataset"]["synthetic"], True)
        self.assertIn("synthetic", self.check_report(folder))
        self.assertEqual(run["threads"], 2)
        self.assertEqual(run["iterations"], 5)

        before = contents(folder)
        again = self.play("chd", "--json", status=6)
        self.assertEqual(json.loads(again.stdout)["error"]["code"], "ALREADY_EXISTS")
        self.assertEqual(contents(folder), before)

    def test_words_for_people(self):
        done = self.play("chd", "--iterations", "1", "--small-keys", "--out", "run one")
        for text in ("synthetic", "$ cloister plan", "$ cloister train", "report.html", "run one"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("\x1b", done.stdout)


class Salary(Demo):
    def test_synthetic_table(self):
        run = self.run_of("salary", "--out", "salary")
        self.check_salary(run, self.base / "salary")
        self.assertIs(run["dataset"]["synthetic"], True)


class Refusals(Demo):
    def error_of(self, done):
        error = json.loads(done.stdout)["error"]
        self.assertIn("cloister demo", done.stderr)
        return error["code"], error["message"]

    def test_no_such_table(self):
        code, message = self.error_of(self.play("chd", "--data", "no.csv", "--json", status=5))
        self.assertEqual(code, "NOT_FOUND")
        self.assertIn("no.csv", message)
        self.assertEqual(list(self.base.iterdir()), [])

    def test_a_step_that_fails_ends_the_demo_with_its_status(self):
        (self.base / "other.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
        code, message = self.error_of(self.play("chd", "--data", "other.csv", "--json", status=5))
        self.assertEqual(code, "NOT_FOUND")
        self.assertIn("TenYearCHD", message)
        self.assertFalse((self.base / "cloister-demo-chd" / "owner" / "secret.key").exists())

    def test_a_folder_in_use(self):
        (self.base / "mine").mkdir()
        (self.base / "mine" / "letter.txt").write_text("keep", encoding="utf-8")
        for task in ("chd", "salary"):
            code, message = self.error_of(self.play(task, "--out", "mine", "--json", status=6))
            self.assertEqual(code, "ALREADY_EXISTS")
            self.assertIn("--out", message)
        self.assertEqual([path.name for path in (self.base / "mine").iterdir()], ["letter.txt"])

    def test_wrong_arguments(self):
        for arguments in (["chd", "--preparation", "none"], ["chd", "--iterations", "0"], ["nobody"], []):
            self.play(*arguments, status=2)


class RealData(Demo):
    def table(self, name):
        path = Path(DATA) / name
        if not path.is_file():
            self.skipTest(f"{path} is absent; set CLOISTER_DATA_DIR to the folder of the public data files")
        return str(path.resolve())

    def test_chd_reference_preparation(self):
        run = self.run_of("chd", "--data", self.table("framingham.csv"))
        self.check_chd(run, self.base / "cloister-demo-chd")
        self.assertEqual((run["rows_train"], run["features"], run["rows_test"]), (780, 9, 334))
        self.assertIs(run["dataset"]["synthetic"], False)

    def test_chd_all_columns(self):
        run = self.run_of("chd", "--data", self.table("framingham.csv"), "--preparation", "all")
        self.check_chd(run, self.base / "cloister-demo-chd")
        self.assertEqual((run["rows_train"], run["features"], run["rows_test"]), (3656, 15, 3656))
        self.assertGreaterEqual(run["iterations"], 7)
        self.assertAlmostEqual(run["yardstick"]["auc"], 0.739, delta=0.0005)
        self.assertLessEqual(run["yardstick"]["auc"] - run["encrypted"]["auc"], 0.005)

    def test_salary(self):
        run = self.run_of("salary", "--data", self.table("employee_salary.csv"))
        self.check_salary(run, self.base / "cloister-demo-salary")
        self.assertEqual((run["rows_train"] + run["rows_test"], run["features"]), (1000, 4))


def main(arguments):
    global PROGRAM, DATA
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    PROGRAM = str(Path(arguments[1]).resolve())
    DATA = os.environ.get("CLOISTER_DATA_DIR", arguments[2])
    unittest.main(argv=[arguments[0], "-v", *arguments[3:]])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
