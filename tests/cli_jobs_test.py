#!/usr/bin/env python3
"""The command line as a user meets it: whole jobs on small tables, from plan to metrics, on real parameters.

usage: cli_jobs_test.py CLOISTER [unittest arguments]
"""

import csv
import json
import shutil
import stat
import statistics
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from cli_tools import (DAMAGED, INVALID, MISMATCH, NOT_FOUND, PERMISSION, RANGE, SEALED, WORKSPACES, Case,  # noqa: E402
                       prepare_workspaces, write_table)


def setUpModule():
    prepare_workspaces()


class Spine(Case):
    def test_from_a_table_to_metrics(self):
        write_table(self.folder / "table.csv")
        plan = self.do("plan", "--data", "table.csv", "--target", "target", "--iterations", 2)
        self.assertEqual((plan["scheme"], plan["model"], plan["job"]), ("ckks", "logistic", "train"))
        self.assertEqual((plan["rows_train"], plan["rows_test"], plan["features"]), (140, 60, 4))
        self.assertGreaterEqual(plan["security_bits"], 128)
        self.assertFalse(plan["interactive"])
        self.assertEqual(plan["feature_names"][-1], "group=treated")
        ids = {plan["plan_id"]}
        for step in (("keygen", *SEALED), ("encrypt", *SEALED), ("train",), ("predict",), ("decrypt", *SEALED),
                     ("evaluate",)):
            output = self.do(*step)
            self.assertEqual(output["verb"], step[0])
            self.assertGreater(output["seconds"], 0)
            self.assertEqual(output["bytes"], sum(f["bytes"] for f in output["files"]))
            for file in output["files"]:
                self.assertEqual((self.folder / file["path"]).stat().st_size, file["bytes"])
            ids.add(output["plan_id"])
        self.assertEqual(len(ids), 1)
        metrics = output["metrics"]
        self.assertLessEqual(metrics["weights_max_abs_error"], metrics["error_bound"])
        self.assertTrue(metrics["within_bound"] and metrics["guaranteed"])
        self.assertLessEqual(metrics["prediction_max_abs_error"], metrics["prediction_error_bound"])
        # Predictions that near can change the class of a row on the border alone.
        self.assertAlmostEqual(metrics["encrypted"]["accuracy"], metrics["clear"]["accuracy"], delta=1 / 60)
        self.assertGreater(metrics["encrypted"]["auc"], 0.8)
        self.assertEqual(metrics["predicted_by"], "server")
        self.assertEqual(len(metrics["plots"]["prediction_errors"]), 60)
        self.do("report")
        self.assertIn("<html", (self.folder / "owner/report.html").read_text(encoding="utf-8"))

    def test_as_text(self):
        write_table(self.folder / "table.csv")
        text = self.do("plan", "--data", "table.csv", "--target", "target", "--iterations", 1, json_output=False)
        for words in ("ring degree", "128 bits", "what it means", "Next: `cloister keygen`", "age", "error bound"):
            self.assertIn(words, text)
        self.assertIn("unprotected", self.do("keygen", "--no-passphrase", json_output=False))
        for verb, words in (("encrypt", "Encrypted 140 rows to train on"), ("train", "without the owner's help"),
                            ("predict", "Only the owner can read"), ("decrypt", "pressure"),
                            ("evaluate", "in the clear"), ("report", "browser")):
            self.assertIn(words, self.do(verb, json_output=False))

    def test_new_rows_under_a_name(self):
        WORKSPACES["first"].copy(self.folder)
        self.table("age,pressure,dose,group\n50,120,1,control\n70,150,0,treated\n60,,1,treated\n40,110,3,control\n")
        output = self.do("encrypt", "--rows", "table.csv", "--name", "may", *SEALED)
        self.assertEqual((output["rows_predict"], output["rows_without_values"]), (3, 1))
        self.do("predict", "--name", "may")
        self.do("decrypt", "--predictions", "--name", "may", *SEALED)
        with open(self.folder / "owner/predictions-may.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["line"] for row in rows], ["2", "3", "5"])
        self.assertEqual([row["class"] for row in rows][1:], ["1", "0"])

    def test_private_files_are_for_their_owner_alone(self):
        for path in sorted((WORKSPACES["first"].folder / "owner").iterdir()):
            if path.name != "plan.json":
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_the_server_folder_holds_nothing_in_the_clear(self):
        folder = WORKSPACES["first"].folder / "server"
        self.assertEqual({p.name for p in folder.iterdir()},
                         {"plan.json", "evaluation.keys", "train.enc", "rows.enc", "model.enc", "predictions.enc"})
        for word in (b"pressure", b"treated", b"target"):
            for path in folder.iterdir():
                self.assertNotIn(word, path.read_bytes()[:100_000])

    def test_newton(self):
        write_table(self.folder / "table.csv", rows=60)
        table = ("--data", "table.csv", "--target", "target", "--drop", "group", "--ridge", 0.1)
        text = self.do("plan", *table, "--tolerance", 0.3, "--log2-degree", 16, json_output=False)
        self.assertRegex(text, r"To the same accuracy, at most 0\.3 of the way to the fit left:")
        self.assertRegex(text, r"  Nesterov: \d+ iterations?, about ")
        self.assertRegex(text, r"  Newton: \d+ iterations? of \d products?, about ")
        plan = self.do("plan", *table, "--method", "newton", "--iterations", 2, "--products", 1, "--replace")
        self.assertEqual((plan["method"], plan["iterations"], plan["products"]), ("newton", 2, 1))
        self.assertEqual(plan["plan"]["request"]["method"], "newton")
        for step in (("keygen", "--no-passphrase"), ("encrypt",), ("train",), ("predict",), ("decrypt",)):
            self.do(*step)
        metrics = self.do("evaluate")["metrics"]
        self.assertLessEqual(metrics["weights_max_abs_error"], metrics["error_bound"])
        self.assertTrue(metrics["guaranteed"])
        for options, said in ((("--products", 2), "--method newton"),
                              (("--method", "newton", "--batches", 2), "all rows at once"),
                              (("--method", "newton", "--scheme", "paillier"), "logistic trainings with ckks")):
            self.refused(INVALID, [said], "plan", *table, *options, "--owner", "o", "--server", "s")

    def test_linear_regression(self):
        write_table(self.folder / "table.csv", rows=300, classify=False)
        plan = self.do("plan", "--data", "table.csv", "--target", "target", "--max-error", "1e-2")
        self.assertEqual(plan["model"], "linear")
        for step in (("keygen", "--no-passphrase"), ("encrypt",), ("train",), ("predict",), ("decrypt",)):
            self.do(*step)
        metrics = self.do("evaluate")["metrics"]
        self.assertLessEqual(metrics["weights_max_abs_error"], metrics["error_bound"])
        self.assertAlmostEqual(metrics["encrypted"]["r2"], metrics["clear"]["r2"], delta=0.05)
        self.assertGreater(metrics["yardstick"]["r2"], 0.9)

    def test_two_owners_add_their_sums(self):
        write_table(self.folder / "table.csv", rows=300, classify=False)
        plan = self.do("plan", "--data", "table.csv", "--target", "target", "--scheme", "paillier", "--job", "aggregate")
        self.do("keygen", "--no-passphrase")
        self.assertNotIn("iterations", plan)
        self.assertLess(plan["error_bound"], 1e-6)
        with open(self.folder / "owner/train.csv", encoding="utf-8") as file:
            header, *lines = file.read().splitlines()
        (self.folder / "north.csv").write_text("\n".join([header, *lines[:80]]) + "\n", encoding="utf-8")
        (self.folder / "south.csv").write_text("\n".join([header, *lines[80:]]) + "\n", encoding="utf-8")
        # The second owner has the plan, the preparation and the public key.
        (self.folder / "other").mkdir()
        for name in ("plan.json", "preparation.json"):
            shutil.copy(self.folder / "owner" / name, self.folder / "other" / name)
        self.do("encrypt", "--part", "north", "--data", "north.csv")
        self.do("encrypt", "--part", "south", "--data", "south.csv", "--owner", "other")
        self.do("aggregate", "server/sums-north.enc", "server/sums-south.enc")
        self.assertEqual(self.do("decrypt")["rows"], 210)
        metrics = self.do("evaluate")["metrics"]
        self.assertLessEqual(metrics["weights_max_abs_error"], metrics["error_bound"])
        self.assertLessEqual(metrics["weights_max_abs_error"], 1e-6)
        self.refused(INVALID, ["once"], "aggregate", "server/sums-north.enc", "server/sums-north.enc", "--server",
                     self.second_server())

    def test_three_owners_share_statistics(self):
        tables = {}
        for seed, name in enumerate(("north", "south", "west"), 1):
            write_table(self.folder / f"{name}.csv", rows=60, seed=seed, classify=False)
            with open(self.folder / f"{name}.csv", encoding="utf-8") as file:
                tables[name] = list(csv.DictReader(file))
            with open(self.folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
                out = csv.DictWriter(file, [*tables[name][0], "patient"])  # a text of its own in every row
                out.writeheader()
                out.writerows(row | {"patient": f"{name} {i}"} for i, row in enumerate(tables[name]))
        plan = self.do("plan", "--data", "north.csv", "--scheme", "paillier", "--job", "statistics", "--rows", 180,
                       "--drop", "pressure", "--bins", 4, "--range", "age=20:80", "--range", "dose=0:5")
        self.assertEqual((plan["job"], plan["features"], plan["bins"], plan["rows"]), ("statistics", 3, 4, 60))
        self.assertEqual((plan["skipped"], plan["ranges_from_data"]), (["group", "patient"], ["target"]))
        self.assertNotIn("model", plan)
        for leak in ("age", "dose", "target", "80"):  # names and ranges are the owners' alone
            self.assertNotIn(f'"{leak}"', (self.folder / "server/plan.json").read_text(encoding="utf-8"))
        self.do("keygen", *SEALED)
        for name in ("south", "west"):  # they have no secret key
            (self.folder / name).mkdir()
            for file in ("plan.json", "columns.json"):
                shutil.copy(self.folder / "owner" / file, self.folder / name / file)
            self.assertEqual(self.do("encrypt", "--data", f"{name}.csv", "--part", name, "--owner", name)["rows"], 60)
        self.refused(INVALID, ["--part"], "encrypt", "--data", "north.csv", *SEALED)
        self.refused(INVALID, ["--data"], "encrypt", "--part", "north", *SEALED)
        self.do("encrypt", "--data", "north.csv", "--part", "north", *SEALED)
        self.refused(NOT_FOUND, ["aggregate"], "decrypt", *SEALED)
        self.do("aggregate", *(f"server/sums-{name}.enc" for name in tables))
        output = self.do("decrypt", *SEALED)
        self.assertEqual(output["rows"], 180)
        rows = [row for part in tables.values() for row in part]
        for i, name in enumerate(("age", "dose", "target")):
            column, values = output["columns"][i], [float(row[name]) for row in rows]
            self.assertEqual(column["name"], name)
            self.assertAlmostEqual(column["mean"], statistics.fmean(values), delta=2 * column["error_bound"])
            self.assertAlmostEqual(column["deviation"], statistics.pstdev(values), delta=2 * column["error_bound"])
            self.assertLess(column["error_bound"], 1e-9)
            self.assertEqual(sum(column["histogram"]["counts"]), 180)
            self.assertEqual(output["correlations"][i][i], 1)
        ages = output["columns"][0]["histogram"]
        self.assertEqual(ages["edges"], [20, 35, 50, 65, 80])
        self.assertEqual(ages["counts"][1], sum(20 <= float(row["age"]) < 35 for row in rows))
        with open(self.folder / "owner/histograms.csv", encoding="utf-8") as file:
            bins = list(csv.DictReader(file))
        self.assertEqual([int(b["rows"]) for b in bins if b["column"] == "age"], ages["counts"])
        self.assertEqual((bins[0]["from"], bins[0]["to"], bins[5]["from"], bins[5]["to"]), ("NA", "20", "80", "NA"))
        with open(self.folder / "owner/statistics.csv", encoding="utf-8") as file:
            self.assertEqual([row["column"] for row in csv.DictReader(file)], ["age", "dose", "target"])
        for name in ("statistics.json", "statistics.csv", "histograms.csv", "columns.json"):
            self.assertEqual(stat.S_IMODE((self.folder / "owner" / name).stat().st_mode), 0o600)
        self.refused(MISMATCH, ["statistics"], "evaluate")
        self.refused(MISMATCH, ["columns"], "encrypt", "--data", "north.csv", "--part", "again", "--owner",
                     self.owner_with_other_columns(), *SEALED)
        for damaged in ("", "{", "[]", '{"format": "cloister columns 1"}'):
            (self.folder / "stray/columns.json").write_text(damaged, encoding="utf-8")
            self.refused(DAMAGED, ["columns.json"], "encrypt", "--data", "north.csv", "--part", "again", "--owner",
                         "stray", *SEALED)

    def owner_with_other_columns(self):
        """The same plan, and one end of a range changed."""
        (self.folder / "stray").mkdir()
        shutil.copy(self.folder / "owner/plan.json", self.folder / "stray/plan.json")
        columns = json.loads((self.folder / "owner/columns.json").read_text(encoding="utf-8"))
        columns["columns"][0]["high"] = 81
        (self.folder / "stray/columns.json").write_text(json.dumps(columns), encoding="utf-8")
        return "stray"

    def test_statistics_that_make_no_sense_are_refused(self):
        write_table(self.folder / "table.csv")
        plan = ("plan", "--data", "table.csv", "--scheme", "paillier", "--job", "statistics")
        for options, words in ((("--target", "target"), ["target"]), (("--ridge", 1), ["penalty"]),
                               (("--range", "age"), ["NAME=LOW:HIGH"]), (("--range", "age=1:x"), ["NAME=LOW:HIGH"]),
                               (("--range", "age=3:2"), ["age", "smaller one first"]),
                               (("--range", "nobody=1:2"), ["nobody"]), (("--keep", "group"), ["group"]),
                               (("--range", "age=1:2", "--range", "age=1:3"), ["twice"]),
                               (("--drop", "age,pressure,dose,target"), ["column"]),
                               (("--scheme", "ckks"), ["Paillier"])):
            with self.subTest(options=options):
                words_of = [*plan, *options] if "--scheme" not in options else [*plan[:3], *options, *plan[5:]]
                self.refused(INVALID, words, *words_of)
        self.refused(INVALID, ["--range"], "plan", "--data", "table.csv", "--target", "target", "--range", "age=1:2")

    def second_server(self):
        (self.folder / "elsewhere").mkdir()
        for name in ("plan.json", "public.key"):
            shutil.copy(self.folder / "server" / name, self.folder / "elsewhere" / name)
        return "elsewhere"

    def test_a_clear_model_predicts_encrypted_rows(self):
        for scheme in ("paillier", "ckks"):
            with self.subTest(scheme=scheme):
                folder = self.folder / scheme
                folder.mkdir()
                WORKSPACES["first"].copy(folder / "trained")
                files = ("--owner", f"{scheme}/owner", "--server", f"{scheme}/server")
                self.do("plan", "--data", f"{scheme}/trained/owner/test.csv", "--preparation",
                        f"{scheme}/trained/owner/preparation.json", "--job", "predict", "--scheme", scheme, *files)
                self.do("keygen", "--no-passphrase", *files)
                self.do("encrypt", *files)
                shutil.copy(folder / "trained/owner/model.json", folder / "server/model.json")
                self.do("predict", "--server", f"{scheme}/server")
                bound = self.do("decrypt", *files)["prediction_error_bound"]
                metrics = self.do("evaluate", *files)["metrics"]
                self.assertLessEqual(metrics["prediction_max_abs_error"], bound)


class Publishing(Case):
    def test_refused_where_the_noise_leaves_too_little(self):
        WORKSPACES["second"].copy(self.folder)
        self.refused(RANGE, ["--max-error"], "publish", "--model", "--max-error", "1e-9", *SEALED)
        self.refused(INVALID, ["--predictions"], "publish", *SEALED)

    def test_counted_before_it_is_shown(self):
        write_table(self.folder / "table.csv")
        self.do("plan", "--data", "table.csv", "--target", "target", "--iterations", 1, "--max-error", "1e-7")
        for step in (("keygen", "--no-passphrase"), ("encrypt",), ("train",), ("decrypt",)):
            self.do(*step)
        output = self.do("publish", "--model", "--max-error", 1, "--out", "model.json")
        self.assertEqual(output["releases"], {"used": 1, "allowed": 1, "statistical_bits": 30})
        exact = json.loads((self.folder / "owner/model.json").read_text(encoding="utf-8"))
        released = json.loads((self.folder / "model.json").read_text(encoding="utf-8"))
        for a, b in zip(exact["weights"], released["weights"]):
            self.assertLessEqual(abs(a - b), output["error"])
        self.refused(PERMISSION, ["0 of 1"], "publish", "--model", "--max-error", 1, "--out",
                     "again.json")


if __name__ == "__main__":
    unittest.main(verbosity=2)
