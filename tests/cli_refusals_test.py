#!/usr/bin/env python3
"""What the command line refuses: every bad table, file, passphrase and disk, with its exit status and a message that says
what to do; and nothing is lost.

usage: cli_refusals_test.py CLOISTER [unittest arguments]
"""

import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from cli_tools import (DAMAGED, ENVIRONMENT, EXISTS, INVALID, MISMATCH, NOT_FOUND, PASSPHRASE, PERMISSION,  # noqa: E402
                       RANGE, RESOURCE, SEALED, WORKSPACES, Case, prepare_workspaces, replace, run, write_table)


def setUpModule():
    prepare_workspaces()


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


if __name__ == "__main__":
    unittest.main(verbosity=2)
