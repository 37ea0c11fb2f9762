#!/usr/bin/env python3
"""The command line as a user meets it: the whole spine on a small table, and every bad input with its exit
status and a message that says what to do. Parameters are real ones.

usage: cli_test.py CLOISTER [unittest arguments]
"""

import csv
import json
import shutil
import signal
import stat
import statistics
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from cli_tools import (CLOISTER, DAMAGED, ENVIRONMENT, EXISTS, INVALID, MISMATCH, NOT_FOUND, PASSPHRASE,  # noqa: E402
                       PERMISSION, RANGE, RESOURCE, SEALED, WORKSPACES, Case, contents, prepare_workspaces, replace,
                       run, write_table)


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
        for options, said in ((("--products", 2), "give --method newton"),
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


class BadTables(Case):
    HEADER = "age,pressure,target\n"

    def rows(self, count, target=lambda i: i % 2, age=lambda i: 40 + i * 7 % 13):
        return "".join(f"{age(i)},{100 + i * 5 % 17},{target(i)}\n" for i in range(count))

    def test_missing_target(self):
        self.table(self.HEADER + self.rows(40))
        self.plan_refused(NOT_FOUND, ["targte", '"target"'], "--target", "targte")
        self.plan_refused(INVALID, ["--target"])

    def test_text_where_a_number_is_due(self):
        words = [f"w{i}" for i in range(40)]
        self.table(self.HEADER + self.rows(40, age=lambda i: words[i]))
        self.plan_refused(INVALID, ["age", "line 2", "drop"], "--target", "target")
        self.table(self.HEADER + self.rows(40, target=lambda i: "high" if i == 7 else i))
        self.plan_refused(INVALID, ["target", "line 9", "number"], "--target", "target", "--model", "linear")

    def test_text_in_new_rows(self):
        WORKSPACES["first"].copy(self.folder)
        self.table("age,pressure,dose,group\n50,120,1,control\nold,120,1,control\n")
        self.refused(INVALID, ["age", "line 3", "number"], "encrypt", "--rows", "table.csv", "--name", "x", *SEALED)
        self.table("age,pressure,dose,group\n50,120,1,unknown\n")
        self.refused(INVALID, ["group", "line 2"], "encrypt", "--rows", "table.csv", "--name", "x", *SEALED)
        self.table("age,dose,group\n50,120,control\n")
        self.refused(NOT_FOUND, ["pressure"], "encrypt", "--rows", "table.csv", "--name", "x", *SEALED)

    def test_one_class_only(self):
        self.table(self.HEADER + self.rows(40, target=lambda i: 1))
        self.plan_refused(INVALID, ["two classes", "target"], "--target", "target")

    def test_fewer_rows_than_features(self):
        names = [f"c{i}" for i in range(12)]
        lines = [",".join(str((i * 7 + j * j * 3) % 11 + j) for j in range(12)) + f",{i % 2}" for i in range(8)]
        self.table(",".join(names) + ",target\n" + "\n".join(lines) + "\n")
        self.plan_refused(INVALID, ["rows", "features"], "--target", "target")

    def test_nan_is_missing(self):
        self.table(self.HEADER + self.rows(40, age=lambda i: "NaN" if i < 5 else 40 + i % 13))
        self.assertEqual(self.do("plan", "--data", "table.csv", "--target", "target")["rows_without_values"], 5)

    def test_nan_everywhere(self):
        self.table(self.HEADER + self.rows(40, age=lambda i: "nan"))
        self.plan_refused(INVALID, ["age", "drop"], "--target", "target")

    def test_infinity(self):
        self.table(self.HEADER + self.rows(40, age=lambda i: "inf" if i == 5 else 40 + i % 13))
        self.plan_refused(INVALID, ["age", "line 7"], "--target", "target")

    def test_no_table(self):
        self.plan_refused(NOT_FOUND, ["table.csv"], "--target", "target")
        self.table("")
        self.plan_refused(INVALID, ["table.csv"], "--target", "target")

    def test_a_row_of_another_length(self):
        self.table(self.HEADER + self.rows(40) + "1,2\n")
        self.plan_refused(INVALID, ["line 42"], "--target", "target")

    def test_a_job_that_does_not_fit(self):
        self.table(self.HEADER + self.rows(40))
        self.plan_refused(RANGE, ["nearest", "--iterations"], "--target", "target", "--iterations", 90,
                          "--bootstrap-every", 0)

    def test_names_cannot_move_the_cursor(self):
        self.table("a\x1b[31mge,pressure,target\n" + self.rows(40))
        status, text, said = run(self.folder, "plan", "--data", "table.csv", "--target", "target", json_output=False)
        self.assertNotIn("\x1b", text + said)
        self.assertIn(status, (0, INVALID))


class BadFiles(Case):
    """Damaged and foreign files at every stage: what reads them, and what it is to write."""

    STAGES = [("owner/plan.json", ("encrypt", *SEALED), ("server/train.enc", "server/rows.enc")),
              ("server/plan.json", ("train",), ("server/model.enc",)),
              ("owner/preparation.json", ("encrypt", *SEALED), ("server/train.enc", "server/rows.enc")),
              ("owner/secret.key", ("encrypt", *SEALED), ("server/train.enc", "server/rows.enc")),
              ("owner/secret.key", ("decrypt", *SEALED), ("owner/model.json", "owner/predictions.csv")),
              ("server/evaluation.keys", ("train",), ("server/model.enc",)),
              ("server/evaluation.keys", ("predict",), ("server/predictions.enc",)),
              ("server/train.enc", ("train",), ("server/model.enc",)),
              ("server/model.enc", ("predict",), ("server/predictions.enc",)),
              ("server/rows.enc", ("predict",), ("server/predictions.enc",)),
              ("server/model.enc", ("decrypt", "--model", *SEALED), ("owner/model.json",)),
              ("server/predictions.enc", ("decrypt", "--predictions", *SEALED), ("owner/predictions.csv",))]

    def at_every_stage(self, check, suffixes=(".json", ".key", ".keys", ".enc")):
        """Calls check(path of the file, step that reads it) in a fresh copy for each stage."""
        parent = self.folder
        for number, (name, step, results) in enumerate(self.STAGES):
            with self.subTest(file=name, step=step[0]):
                self.folder = parent / str(number)
                WORKSPACES["first"].copy(self.folder, without=results)
                if Path(name).suffix in suffixes:
                    check(self.folder / name, step)

    def test_truncated(self):
        def check(path, step):
            data = path.read_bytes()
            for length in (0, len(data) // 2, len(data) - 2):
                replace(path, data[:length])
                self.refused(DAMAGED, [path.name], *step)
        self.at_every_stage(check)

    def test_one_bit_flipped(self):
        def check(path, step):
            data = path.read_bytes()
            binding = data.find(b'"estimates"') if path.name == "plan.json" else len(data)  # estimates are not bound
            for at in (0, binding // 3, binding // 2, binding - 9):
                while data[at:at + 1].isspace():
                    at += 1
                damaged = bytearray(data)
                damaged[at] ^= 1
                replace(path, bytes(damaged))
                self.refused(DAMAGED, [path.name], *step)
        self.at_every_stage(check)

    def test_foreign(self):
        def check(path, step):
            replace(path, b"Not a file of Cloister.\n" * 1000)
            self.refused(DAMAGED, [path.name], *step)
        self.at_every_stage(check)

    def test_a_file_of_another_kind(self):
        def check(path, step):
            other = "server/rows.enc" if path.name != "rows.enc" else "server/train.enc"
            replace(path, (WORKSPACES["first"].folder / other).read_bytes())
            self.refused(MISMATCH, [path.name], *step)
        self.at_every_stage(check, (".key", ".keys", ".enc"))

    def test_missing(self):
        def check(path, step):
            path.unlink()
            self.refused(NOT_FOUND, [path.name], *step)
        self.at_every_stage(check)

    def test_of_another_plan(self):
        ids = [run(WORKSPACES[name].folder, "info", "server/plan.json")[1]["described"][0]["plan_id"]
               for name in ("first", "second")]
        self.assertNotEqual(*ids)

        def check(path, step):
            replace(path, (WORKSPACES["second"].folder / path.relative_to(self.folder)).read_bytes())
            self.refused(MISMATCH, [path.name, *ids], *step)
        self.at_every_stage(check, (".key", ".keys", ".enc"))

    def test_info_tells_and_refuses(self):
        WORKSPACES["first"].copy(self.folder)
        output = self.do("info", "server/plan.json", "server/evaluation.keys", "server/train.enc", "server/model.enc",
                         "owner/secret.key")
        self.assertEqual([d["type"] for d in output["described"]],
                         ["plan", "evaluation-keys", "dataset", "model", "secret-key"])
        self.assertEqual(len({d["plan_id"] for d in output["described"]}), 1)
        replace(self.folder / "server/model.enc", b"other")
        self.refused(DAMAGED, ["model.enc"], "info", "server/model.enc")


class Passphrases(Case):
    def test_wrong(self):
        WORKSPACES["first"].copy(self.folder)
        (self.folder / "wrong").write_text("wrong horse battery\n", encoding="utf-8")
        self.refused(PERMISSION, ["passphrase"], "decrypt", "--passphrase-file", "wrong")

    def test_no_terminal_to_ask_on(self):
        WORKSPACES["first"].copy(self.folder)
        self.refused(MISMATCH, ["--passphrase-file", "--passphrase-env"], "decrypt")

    def test_too_short_a_one_makes_no_key(self):
        WORKSPACES["first"].copy(self.folder, without=("owner/secret.key", "server/evaluation.keys"))
        self.refused(PERMISSION, ["passphrase"], "keygen", "--passphrase-env", "SECRET",
                     environment={**ENVIRONMENT, "SECRET": "short"})

    def test_from_a_file(self):
        WORKSPACES["first"].copy(self.folder)
        (self.folder / "right").write_text(PASSPHRASE + "\n", encoding="utf-8")
        self.do("decrypt", "--passphrase-file", "right")

    def test_one_source_alone(self):
        WORKSPACES["first"].copy(self.folder)
        self.refused(INVALID, [], "decrypt", "--passphrase-file", "f", "--passphrase-env", "SECRET")


class SecondRuns(Case):
    def test_nothing_is_overwritten(self):
        WORKSPACES["first"].copy(self.folder)
        plan = ("plan", "--data", "table.csv", "--target", "target")
        for step in (plan, (*plan, "--replace"), ("keygen", *SEALED), ("encrypt", *SEALED), ("train",), ("predict",)):
            with self.subTest(step=step):
                self.refused(EXISTS, ["is there"], *step)

    def test_half_a_key_is_no_reason_to_overwrite(self):
        for name in ("owner/secret.key", "server/evaluation.keys"):
            folder = self.folder
            self.folder = folder / Path(name).name
            WORKSPACES["first"].copy(self.folder, without=(name,))
            self.refused(EXISTS, ["is there"], "keygen", *SEALED)
            self.folder = folder

    def test_a_plan_without_keys_may_be_replaced(self):
        write_table(self.folder / "table.csv")
        plan = ("plan", "--data", "table.csv", "--target", "target")
        first = self.do(*plan, "--iterations", 1)["plan_id"]
        self.refused(EXISTS, ["--replace"], *plan)
        self.assertNotEqual(self.do(*plan, "--iterations", 2, "--replace")["plan_id"], first)

    def test_results_for_the_owner_are_made_anew(self):
        WORKSPACES["first"].copy(self.folder)
        for name in ("owner/model.json", "owner/predictions.csv"):
            replace(self.folder / name, b"old")
        self.do("decrypt", *SEALED)
        self.assertNotEqual((self.folder / "owner/model.json").read_bytes(), b"old")


class FullDisk(Case):
    """A limit on the size of files stands for a full disk: the write fails in the same place."""

    RESULTS = {"keygen": ("owner/secret.key", "server/evaluation.keys"),
               "encrypt": ("server/train.enc", "server/rows.enc"), "train": ("server/model.enc",),
               "predict": ("server/predictions.enc",), "decrypt": ("owner/model.json", "owner/predictions.csv")}

    def test_nothing_half_written(self):
        for verb, results in self.RESULTS.items():
            for limit in (100, 20_000, 60_000):
                if limit > 100 and verb == "decrypt":
                    continue  # its files are smaller
                with self.subTest(verb=verb, limit=limit):
                    folder = self.folder
                    self.folder = folder / f"{verb}-{limit}"
                    WORKSPACES["first"].copy(self.folder, without=results)
                    options = SEALED if verb in ("keygen", "encrypt", "decrypt") else ()
                    self.refused(RESOURCE, [], verb, *options, limit=limit)
                    self.folder = folder

    def test_plan(self):
        write_table(self.folder / "table.csv")
        self.refused(RESOURCE, [], "plan", "--data", "table.csv", "--target", "target", limit=3000)

    def test_a_real_one(self):
        WORKSPACES["first"].copy(self.folder, without=("server/model.enc",))
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no file system of a fixed size can be mounted here")
        try:
            for name in ("train.enc", "plan.json", "evaluation.keys"):
                (small / name).symlink_to(self.folder / "server" / name)
            self.refused(RESOURCE, ["small/model.enc"], "train", "--server", "small")
        finally:
            subprocess.run(["umount", small], check=True)


class Programs(Case):
    def test_every_verb_explains_itself(self):
        for verb in ("plan", "keygen", "encrypt", "train", "predict", "aggregate", "decrypt", "publish", "evaluate",
                     "report", "info"):
            with self.subTest(verb=verb):
                text = self.do(verb, "--help", json_output=False)
                self.assertIn("Example", text)
                self.assertIn("--json", text)
        self.assertIn("Exit status", self.do("--help", json_output=False))
        self.assertRegex(self.do("--version", json_output=False), r"^cloister \d+\.\d+\.\d+\n$")

    def test_words_that_are_no_command(self):
        self.refused(INVALID, ["--help"], "plann")
        self.refused(INVALID, ["--dta"], "plan", "--data", "x.csv", "--dta", "x")
        self.refused(INVALID, ["--help"])
        self.refused(INVALID, ["ridge"], "plan", "--data", "x.csv", "--target", "y", "--model", "ridge")

    def test_the_servers_verbs_run_in_the_servers_program(self):
        self.assertIn("cloister-server train", self.do("train", "--help", json_output=False))
        alone = self.folder / "cloister"
        shutil.copy(CLOISTER, alone)
        self.refused(NOT_FOUND, ["cloister-server"], "train", program=str(alone))

    def test_the_servers_program_has_no_verb_of_the_owner(self):
        server = str(Path(CLOISTER).parent / "cloister-server")
        for verb in ("keygen", "encrypt", "decrypt", "publish", "evaluate"):
            self.refused(INVALID, [], verb, program=server)

    def test_an_interrupted_run_leaves_nothing(self):
        WORKSPACES["first"].copy(self.folder, without=("server/model.enc",))
        before = contents(self.folder)
        server = subprocess.Popen([CLOISTER, "train", "--verbose"], cwd=self.folder, env=ENVIRONMENT, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = server.stderr.readline()  # the keys are loaded, and training begins
        server.send_signal(signal.SIGINT)
        _, said = server.communicate()
        self.assertEqual(server.returncode, 130, first + said)
        self.assertEqual(contents(self.folder), before)

    def test_kernels_that_are_not_there(self):
        WORKSPACES["first"].copy(self.folder, without=("server/model.enc",))
        self.refused(INVALID, ["scalar"], "train", environment={**ENVIRONMENT, "CLOISTER_TARGET": "abacus"})
        self.assertIn("scalar", self.do("info", "--cpu")["cpu"]["targets"])

    def test_what_the_machine_computes_with(self):
        best = {name: value for name, value in ENVIRONMENT.items() if name != "CLOISTER_TARGET"}
        cpu = self.do("info", "--cpu", environment=best)["cpu"]
        self.assertEqual(cpu["targets"], cpu["built"][-len(cpu["targets"]):])
        self.assertEqual(cpu["targets"][-1], "scalar")
        self.assertEqual(not cpu["missing"], cpu["targets"] == cpu["built"])
        self.assertEqual(cpu["chosen"], cpu["targets"][0])
        for target in cpu["targets"]:
            forced = self.do("info", "--cpu", environment={**best, "CLOISTER_TARGET": target})
            self.assertEqual(forced["cpu"]["chosen"], target)
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
        self.assertEqual([f for f in cpu["features"] + cpu["missing"] if f in flags], cpu["features"])

    def test_mapped_keys_train_the_same_model(self):
        WORKSPACES["first"].copy(self.folder, without=("server/model.enc",))
        due = (WORKSPACES["first"].folder / "server/model.enc").read_bytes()
        cache = self.folder / "server/evaluation.keys.expanded/keys"
        for mode in ("off", "auto", "on", "on"):  # few keys are not mapped unasked; made, and found
            self.do("train", "--map-keys", mode)
            model = self.folder / "server/model.enc"
            self.assertEqual(model.read_bytes(), due, mode)
            self.assertEqual(cache.exists(), mode == "on", mode)
            self.assertFalse((self.folder / "server/training.checkpoints").exists())
            model.unlink()
        self.assertEqual(self.do("info", cache)["described"][0]["type"], "expanded-keys")
        cache.write_bytes(cache.read_bytes()[:-1])
        status, _, said = run(self.folder, "train", "--map-keys", "on")
        self.assertEqual(status, 0, said)
        self.assertIn("made anew", said)
        self.refused(INVALID, ["--map-keys", "perhaps"], "train", "--map-keys", "perhaps")

    def test_the_same_weights_for_any_number_of_threads(self):
        models = []
        for threads in (1, 2):
            folder = self.folder / str(threads)
            WORKSPACES["first"].copy(folder, without=("server/model.enc",))
            self.do("train", "--server", folder / "server", "--threads", threads)
            models.append((folder / "server/model.enc").read_bytes())
        self.assertEqual(*models)


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


class FromPythonPaillier(Case):
    """What python-paillier's command line wrote once; tests/phe_test.py has it write more."""

    def setUp(self):
        super().setUp()
        self.answers = json.loads((Path(__file__).parent / "vectors/phe_kat.json").read_text(encoding="utf-8"))

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def test_keys_and_numbers_move_there_and_back(self):
        made = self.do("convert", "import-key", self.write("key.json", self.answers["secret_key"]), *SEALED)
        secret, public = (file["path"] for file in made["files"])
        alone = self.do("convert", "import-key", self.write("public.json", self.answers["public_key"]), "--keys", "other")
        self.assertEqual(alone["key_id"], made["key_id"])
        lines = "".join(number["text"] + "\n" for number in self.answers["numbers"])
        self.do("convert", "import", self.write("numbers.json", lines), "--key", public, "--integer-bits", 70, "--out",
                "numbers.enc")
        decrypted = self.do("decrypt", "--vectors", "numbers.enc", *SEALED)["vectors"][0]
        self.assertEqual(decrypted["values"], [float(number["plaintext"]) for number in self.answers["numbers"]])
        self.assertIn("3.25", self.do("decrypt", "--vectors", "numbers.enc", *SEALED, json_output=False))
        output = self.do("convert", "export", "numbers.enc", "--key", public, "--out", "list.json")
        written = json.loads((self.folder / "list.json").read_text(encoding="utf-8"))
        self.assertEqual({number["e"] for number in written}, {output["exponent"]})
        self.assertEqual(written[4], json.loads(self.answers["numbers"][4]["text"]))  # the least exponent
        self.do("convert", "export-key", secret, "--secret", "--out", "secret.json", *SEALED)
        again = json.loads((self.folder / "secret.json").read_text(encoding="utf-8"))
        first = json.loads(self.answers["secret_key"])
        self.assertEqual(({again["p"], again["q"]}, again["pub"]["n"]), ({first["p"], first["q"]}, first["pub"]["n"]))
        self.assertEqual(stat.S_IMODE((self.folder / "secret.json").stat().st_mode), 0o600)

    def test_keys_of_before_version_1_3(self):
        key = self.write("key.json", self.answers["old_secret_key"])
        made = self.do("convert", "import-key", key, "--no-passphrase")
        self.assertFalse(made["protected"])
        self.refused(EXISTS, [made["key_id"][:12]], "convert", "import-key", key, "--no-passphrase")
        damaged = self.answers["old_secret_key"].replace('"lambda"', '"lambada"')
        self.refused(DAMAGED, ['"lambda" is missing'], "convert", "import-key", self.write("bad.json", damaged),
                     "--keys", "other", "--no-passphrase")

    def test_secrets_leave_when_asked_by_name_alone(self):
        made = self.do("convert", "import-key", self.write("key.json", self.answers["secret_key"]), *SEALED)
        secret, public = (file["path"] for file in made["files"])
        self.refused(INVALID, ["--secret"], "convert", "export-key", secret, "--out", "out.json", *SEALED)
        self.refused(INVALID, ["--secret"], "convert", "export-key", public, "--secret", "--out", "out.json")
        self.refused(NOT_FOUND, ["--keys"], "decrypt", "--vectors", self.vector(public), "--keys", "nowhere")
        self.refused(MISMATCH, ["another kind of file"], "decrypt", "--vectors", public)

    def vector(self, public):
        self.do("convert", "import", self.write("number.json", self.answers["numbers"][0]["text"]), "--key", public,
                "--integer-bits", 2, "--out", "number.enc")
        return "number.enc"


if __name__ == "__main__":
    unittest.main(verbosity=2)
