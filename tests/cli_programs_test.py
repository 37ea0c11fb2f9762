#!/usr/bin/env python3
"""The command line's programs: their help, the server's own, threads, kernels, and what moves from python-paillier.

usage: cli_programs_test.py CLOISTER [unittest arguments]
"""

import json
import shutil
import signal
import stat
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from cli_tools import (CLOISTER, DAMAGED, ENVIRONMENT, EXISTS, INVALID, MISMATCH, NOT_FOUND, SEALED, WORKSPACES,  # noqa: E402
                       Case, contents, prepare_workspaces, run)


def setUpModule():
    prepare_workspaces()


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
