#!/usr/bin/env python3
"""Trainings with bootstrapping that are killed at any moment, and go on to the same model, byte for byte.

What is compared is the whole of model.enc: its container holds no time and no number that is drawn.

usage: resume_test.py CLOISTER [unittest arguments]
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from cli_tools import CLOISTER, ENVIRONMENT, MISMATCH, Case, replace, run, write_table  # noqa: E402

SEED = 20
# How often each training is killed before it may end: twenty kills in all.
KILLS = [1] * 13 + [2] * 2 + [3]
# Four bootstraps, after iterations 2 to 5; the cheapest keys of one digit.
PLAN = ("--drop", "group", "--iterations", 6, "--bootstrap-every", 1, "--max-error", 0.1, "--test-fraction", 0,
        "--log2-degree", 16, "--digits", 1, "--rotation-keys", "binary", "--threads", 2)
TRAIN = ("train", "--map-keys", "on", "--threads", 2)
GOES_ON = re.compile(r"goes on after iteration (\d+), from server/training\.checkpoints/(checkpoint-\d{10}\.enc)")

JOB = None  # set by setUpModule


def checkpoints_in(folder):
    return sorted(p.name for p in (folder / "server/training.checkpoints").glob("checkpoint-*.enc"))


def start(folder):
    return subprocess.Popen([CLOISTER, *map(str, TRAIN)], cwd=folder, env=ENVIRONMENT, text=True, start_new_session=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kill(training):
    training.kill()
    training.communicate()


def kill_once(training, there):
    """Kills a training as soon as `there` says so; it must not end before."""
    while not there():
        if training.poll() is not None:
            raise RuntimeError(f"it ended too soon: {training.communicate()[1]}")
        time.sleep(0.01)
    kill(training)


class Job:
    """The files to train with, the model of a training that nothing interrupts, and how long that takes."""

    def __init__(self, parent):
        self.folder = folder = parent / "job"
        folder.mkdir()
        write_table(folder / "table.csv")
        for step in (("plan", "--data", "table.csv", "--target", "target", *PLAN), ("keygen", "--no-passphrase"),
                     ("encrypt",)):
            self.do(*step)
        # The first training makes the file of expanded keys. It is killed at that, for what is left then.
        expanded = folder / "server/evaluation.keys.expanded"
        kill_once(start(folder), lambda: list(expanded.glob(".cloister-*.partial")))
        self.do(*TRAIN)
        self.expanded = sorted(p.name for p in expanded.iterdir())
        self.model = (folder / "server/model.enc").read_bytes()
        (folder / "server/model.enc").unlink()
        begin = time.monotonic()
        self.do(*TRAIN)
        self.seconds = time.monotonic() - begin
        self.model_again = (folder / "server/model.enc").read_bytes()
        (folder / "server/model.enc").unlink()
        self.files = self.names(folder)
        self.stopped = parent / "stopped"  # a training that was killed with two checkpoints
        self.copy(self.stopped)
        kill_once(start(self.stopped), lambda: len(checkpoints_in(self.stopped)) == 2)

    def do(self, *step):
        status, output, said = run(self.folder, *step)
        if status != 0:
            raise RuntimeError(f"{step}: {said}")
        return output

    @staticmethod
    def names(folder):
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))

    def copy(self, to, without=()):
        """By hard links: who changes a file must put another under its name."""
        shutil.copytree(self.folder, to, copy_function=os.link, dirs_exist_ok=True)
        for name in without:
            (Path(to) / name).unlink()


def setUpModule():
    global JOB
    parent = tempfile.mkdtemp(prefix="cloister-resume-")
    unittest.addModuleCleanup(shutil.rmtree, parent, ignore_errors=True)
    JOB = Job(Path(parent))


class Resuming(Case):
    def check_finished(self, folder):
        model = folder / "server/model.enc"
        self.assertTrue(model.read_bytes() == JOB.model, "another model than of the training without interruption")
        model.unlink()
        self.assertEqual(JOB.names(folder), JOB.files)  # no checkpoints, and nothing else either

    def finish(self, folder):
        """Trains to the end; what it says of checkpoints must be so, and the model must be the one that is due."""
        there = checkpoints_in(folder)
        status, _, said = run(folder, *TRAIN)
        self.assertEqual(status, 0, said)
        self.check_finished(folder)
        found = GOES_ON.findall(said)
        if there:
            number = int(there[-1][len("checkpoint-"):-len(".enc")])
            self.assertEqual(found, [(str(number + 1), there[-1])], said)  # the first is of two iterations
            self.assertEqual(len(said.splitlines()), 1, said)
        else:
            self.assertEqual(said, "")
        return said


class Kills(Resuming):
    def setUp(self):
        super().setUp()
        self.counts = {"before the first checkpoint": 0, "between checkpoints": 0, "after its end": 0}

    def kill_at(self, moment):
        """Starts a training and kills it; whether it had ended by itself, and the model is there."""
        training = start(self.folder)
        try:
            _, said = training.communicate(timeout=moment)
            self.assertEqual(training.returncode, 0, said)
        except subprocess.TimeoutExpired:
            kill(training)
        ended = training.returncode == 0 or (self.folder / "server/model.enc").exists()
        there = checkpoints_in(self.folder)
        if ended:
            where = "after its end"
            if training.returncode != 0:  # hit between the model's name and the checkpoints' removal
                shutil.rmtree(self.folder / "server/training.checkpoints", ignore_errors=True)
        else:
            where = "between checkpoints" if there else "before the first checkpoint"
            self.assertLessEqual(len(there), 3)  # the oldest goes when the new one has its name
        self.counts[where] += 1
        print(f"killed at {moment:5.2f} s: {where} {[int(n[11:21]) for n in there]}", flush=True)
        return ended

    def test_killed_at_any_moment(self):
        JOB.copy(self.folder)
        self.assertEqual(JOB.names(self.folder), JOB.files)
        chance = random.Random(SEED)
        # Uniform over the duration, and one in each twentieth of it, so that no part goes untried.
        kills = sum(KILLS)
        moments = [JOB.seconds * (i + chance.random()) / kills for i in range(kills)]
        chance.shuffle(moments)
        print(f"seed {SEED}; {JOB.seconds:.2f} s without interruption", flush=True)
        begin = time.monotonic()
        for count in KILLS:
            ended = False
            for _ in range(count):
                ended = self.kill_at(moments.pop())
                if ended:
                    self.check_finished(self.folder)
            if not ended:
                self.finish(self.folder)
        print(f"{kills} kills in {len(KILLS)} trainings and {time.monotonic() - begin:.0f} s: "
              + ", ".join(f"{n} {where}" for where, n in self.counts.items()), flush=True)
        self.assertEqual(sum(self.counts.values()), 20)
        self.assertGreater(self.counts["before the first checkpoint"], 0)
        self.assertGreater(self.counts["between checkpoints"], 0)

    def test_without_any(self):
        self.assertTrue(JOB.model == JOB.model_again)
        self.assertEqual(JOB.expanded, ["keys"])  # although a kill left half a file there

    def test_interrupted_from_the_keyboard(self):
        JOB.copy(self.folder)
        training = start(self.folder)
        while not checkpoints_in(self.folder):
            self.assertIsNone(training.poll())
            time.sleep(0.01)
        status, _, said = run(self.folder, *TRAIN)  # a second one keeps off
        self.assertEqual(status, MISMATCH, said)
        self.assertIn("another training is at work", said)
        training.send_signal(signal.SIGINT)
        _, said = training.communicate()
        self.assertEqual(training.returncode, 130, said)
        self.assertIn("a training with checkpoints goes on from the last", said)
        self.finish(self.folder)


class Damage(Resuming):
    def setUp(self):
        super().setUp()
        shutil.copytree(JOB.stopped, self.folder, copy_function=os.link, dirs_exist_ok=True)
        self.older, self.newer = sorted((self.folder / "server/training.checkpoints").glob("*.enc"))

    def flip(self, path):
        data = bytearray(path.read_bytes())
        at = random.Random(SEED).randrange(len(data))
        data[at] ^= 1 << at % 8
        replace(path, bytes(data))

    def truncate(self, path):
        replace(path, path.read_bytes()[:random.Random(SEED).randrange(path.stat().st_size)])

    def trained(self):
        status, _, said = run(self.folder, *TRAIN)
        self.assertEqual(status, 0, said)
        self.check_finished(self.folder)
        return said

    def passes_over_the_newer(self):
        said = self.trained()
        self.assertRegex(said, rf"damaged and is not used: .*{self.newer.name}.*the one before it")
        self.assertEqual(GOES_ON.findall(said), [("2", self.older.name)])

    def test_a_byte_of_the_newest(self):
        self.flip(self.newer)
        self.passes_over_the_newer()

    def test_the_newest_cut_short(self):
        self.truncate(self.newer)
        self.passes_over_the_newer()

    def test_all_of_them(self):
        self.flip(self.older)
        self.truncate(self.newer)
        said = self.trained()
        for name in (self.older.name, self.newer.name):
            self.assertRegex(said, rf"damaged and is not used: .*{name}")
        self.assertIn("the training begins anew", said)
        self.assertEqual(GOES_ON.findall(said), [])


class OfAnother(Resuming):
    """Checkpoints of another training are refused, and every file stays."""

    def refuses_the_checkpoints(self, what, *options):
        shutil.copytree(JOB.stopped / "server/training.checkpoints", self.folder / "server/training.checkpoints",
                        ignore=shutil.ignore_patterns("lock", ".*"))
        self.refused(MISMATCH, ["server/training.checkpoints/checkpoint-", f"another {what} ", "move the folder"],
                     "train", *options)
        self.assertEqual(len(checkpoints_in(self.folder)), 2)

    def test_plan(self):
        write_table(self.folder / "table.csv")
        self.do("plan", "--data", "table.csv", "--target", "target", "--iterations", 2)
        self.do("keygen", "--no-passphrase")
        self.do("encrypt")
        self.refuses_the_checkpoints("plan")

    def test_rows(self):
        JOB.copy(self.folder, without=("server/train.enc",))
        self.do("encrypt")  # the same rows, and not the same ciphertexts
        self.refuses_the_checkpoints("table of rows", "--map-keys", "on")

    def test_keys(self):
        for side in ("owner", "server"):
            (self.folder / side).mkdir()
            os.link(JOB.folder / side / "plan.json", self.folder / side / "plan.json")
        self.do("keygen", "--no-passphrase")
        os.link(JOB.folder / "server/train.enc", self.folder / "server/train.enc")
        self.refuses_the_checkpoints("set of evaluation keys", "--map-keys", "off")


if __name__ == "__main__":
    unittest.main(verbosity=2)
