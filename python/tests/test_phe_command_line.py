"""pheutil's files, written by either command line and read by the other."""

import json
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import phe as theirs
import pytest
from click.testing import CliRunner
from phe.command_line import cli

from cloister.compat.phe import command_line

KEYSIZE = 512  # python-paillier's primes take long; the warning of such a key is silenced below
pytestmark = pytest.mark.filterwarnings("ignore::cloister.compat.phe.InsecureKeyWarning")


def mine(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert command_line.main(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def its(arguments: Sequence[str]) -> str:
    done = CliRunner().invoke(cli, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """A private and a public key's file by each side."""
    folder = tmp_path_factory.mktemp("keys")
    paths = {side: (str(folder / f"{side}.json"), str(folder / f"{side}.pub.json")) for side in ("mine", "its")}
    assert command_line.main(["genpkey", "--keysize", str(KEYSIZE), paths["mine"][0]]) == 0
    its(["genpkey", "--keysize", str(KEYSIZE), paths["its"][0]])
    its(["extract", *paths["mine"]])
    assert command_line.main(["extract", *paths["its"]]) == 0
    return paths


def test_key_files_have_the_same_members(keys: dict[str, tuple[str, str]]) -> None:
    a, b = (json.loads(Path(keys[side][0]).read_text()) for side in ("mine", "its"))
    assert list(a) == list(b) and list(a["pub"]) == list(b["pub"])
    for name in ("kty", "key_ops"):
        assert a[name] == b[name]
    for name in ("kty", "alg", "key_ops"):
        assert a["pub"][name] == b["pub"][name]
    for private, public in keys.values():
        assert json.loads(Path(private).read_text())["pub"] == json.loads(Path(public).read_text())
    assert stat.S_IMODE(Path(keys["mine"][0]).stat().st_mode) == 0o600


@pytest.mark.parametrize("owner", ["mine", "its"])
@pytest.mark.parametrize("value", ["3.25", "-2", "0", "1e-20", "123456789.125"])
def test_numbers_go_both_ways(keys: dict[str, tuple[str, str]], owner: str, value: str, tmp_path: Path,
                              capsys: pytest.CaptureFixture[str]) -> None:
    private, public = keys[owner]
    a, b, c = (str(tmp_path / f"{name}.json") for name in "abc")
    mine(["encrypt", public, "--output", a, "--", value], capsys)
    its(["encrypt", public, "--output", b, "--", value])
    assert json.loads(Path(a).read_text())["e"] == json.loads(Path(b).read_text())["e"]
    for path in (a, b):
        assert mine(["decrypt", private, path], capsys) == its(["decrypt", private, path]) == f"{float(value)}\n"
    for command, operands in (("add", [a, "--", "-1.5"]), ("multiply", [b, "--", "0.3"]), ("addenc", [a, b])):
        made, expected = mine([command, public, *operands], capsys), its([command, public, *operands])
        assert json.loads(made)["e"] == json.loads(expected)["e"] and list(json.loads(made)) == ["v", "e"]
        Path(c).write_text(made)
        opened = its(["decrypt", private, c])
        Path(c).write_text(expected)
        assert opened == mine(["decrypt", private, c], capsys)


def test_standard_input_and_output_are_dashes(keys: dict[str, tuple[str, str]]) -> None:
    private, public = keys["mine"]

    def run(*arguments: str, text: str | None = None) -> str:
        done = subprocess.run([sys.executable, "-W", "ignore", "-m", "cloister.compat.pheutil", *arguments], input=text,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert json.loads(run("extract", private, "-")) == json.loads(Path(public).read_text())
    assert run("decrypt", private, "-", text=run("encrypt", public, "7.5")) == "7.5\n"
    assert json.loads(run("genpkey", "--keysize", "64", "--id", "a note", "-"))["kid"] == "a note"


def test_ciphertexts_leave_obfuscated(keys: dict[str, tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    public = keys["mine"][1]
    path = str(tmp_path / "a.json")
    mine(["encrypt", public, "2", "--output", path], capsys)
    assert mine(["multiply", public, path, "3"], capsys) != mine(["multiply", public, path, "3"], capsys)


def refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert command_line.main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize("change", [
    {"n": None}, {"n": 5}, {"n": ""}, {"n": "!"}, {"n": "AQ"}, {"n": "Ag"}, {"n": "A" * 3000}, {"kty": "RSA"}, {"alg": "X"}, {"n": "é"}])
def test_hostile_public_keys_are_refused(keys: dict[str, tuple[str, str]], change: dict[str, object], tmp_path: Path,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(json.loads(Path(keys["mine"][1]).read_text()) | change))
    assert "Error: " in refused(["encrypt", str(path), "1"], capsys)


@pytest.mark.parametrize("text", [
    "", "{", "[]", "1", "[" * 60000, '{"v": "12"}', '{"v": 12, "e": 0}', '{"v": "-12", "e": 0}', '{"v": "0", "e": 0}',
    '{"v": "12", "e": "0"}', '{"v": "12", "e": 1.5}', '{"v": "12", "e": true}', '{"v": "12", "e": 99999999}', '{"v": "1e3", "e": 0}',
    '{"v": "' + "9" * 5000 + '", "e": 0}', '{"v": "' + "9" * 70000 + '", "e": 0}', '{"v": "\u0661", "e": 0}'], ids=lambda text: text[:24])
def test_hostile_numbers_are_refused(keys: dict[str, tuple[str, str]], text: str, tmp_path: Path,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "number.json"
    path.write_text(text, encoding="utf-8")
    assert "Error: " in refused(["decrypt", keys["mine"][0], str(path)], capsys)
    assert "Error: " in refused(["add", keys["mine"][1], str(path), "1"], capsys)


def test_other_misuse_is_refused(keys: dict[str, tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    private, public = keys["mine"]
    number = str(tmp_path / "a.json")
    mine(["encrypt", public, "2", "--output", number], capsys)
    assert "Invalid private key" in refused(["decrypt", public, number], capsys)
    assert "no number" in refused(["encrypt", public, "two"], capsys)
    assert "Infinity" in refused(["encrypt", public, "inf"], capsys)
    assert "No such file" in refused(["encrypt", str(tmp_path / "none.json"), "1"], capsys)
    assert "does not replace" in refused(["genpkey", "--keysize", "64", private], capsys)
    assert "bits" in refused(["genpkey", "--keysize", "1000000", "-"], capsys)
    swapped = json.loads(Path(private).read_text()) | {"p": "Bw"}
    (tmp_path / "bad.json").write_text(json.dumps(swapped))
    assert "Invalid private key" in refused(["decrypt", str(tmp_path / "bad.json"), number], capsys)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    assert "not text" in refused(["decrypt", private, str(tmp_path / "bytes.json")], capsys)
    for arguments in ([], ["nothing"], ["encrypt", public]):
        with pytest.raises(SystemExit) as stopped:
            command_line.main(arguments)
        assert stopped.value.code == 2


def test_long_keys_go_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the engine, by the default size."""
    private, public, number = (str(tmp_path / name) for name in ("k.json", "p.json", "a.json"))
    mine(["genpkey", private], capsys)
    mine(["extract", private, public], capsys)
    its(["encrypt", public, "1.5", "--output", number])
    Path(number).write_text(mine(["multiply", public, number, "--", "-3"], capsys))
    assert its(["decrypt", private, number]) == mine(["decrypt", private, number], capsys) == "-4.5\n"
    n = theirs.util.base64_to_int(json.loads(Path(public).read_text())["n"])
    assert n.bit_length() == 2048
