"""The heart-disease training, from rows in the clear to weights: Cloister's command line and TenSEAL, in turn."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import machine
from bench.cloister_cli import Folder, announce
from bench.compare.chd_data import ITERATIONS, PLAN
from bench.compare.environments import UnavailableError, environment
from bench.compare.protocol import Side, SideError
from bench.figures import MIN_SAMPLES, Summary, byte_count, number, table, verdict

OURS, PEER = "Cloister", "TenSEAL"
TARGET, STRETCH = 150, 300
THREADS = 2


class Ours:
    """The command line in a folder: plan and keys made once, encrypting and training sampled."""

    def __init__(self, path: Path, data: Path) -> None:
        self.folder = Folder(path)
        self.encrypt: list[float] = []
        self.train: list[float] = []
        self.plan = self.folder.run("plan", "--data", data, *PLAN, "--threads", THREADS).output
        self.keygen = self.folder.run("keygen", "--no-passphrase", "--threads", THREADS)

    def sample(self, keep: bool = True) -> None:
        self.folder.remove("server/train.enc", "server/model.enc")
        encrypt = self.folder.run("encrypt", "--train", "--threads", THREADS).seconds
        train = self.folder.run("train", "--threads", THREADS).seconds
        if keep:
            self.encrypt.append(encrypt)
            self.train.append(train)

    def totals(self) -> list[float]:
        return [e + t for e, t in zip(self.encrypt, self.train, strict=True)]

    def check(self) -> dict[str, Any]:
        """Decrypts the last model, and compares it with the same training in the clear."""
        self.folder.run("decrypt", "--model")
        metrics = self.folder.run("evaluate").output["metrics"]
        return {"accuracy": metrics["encrypted"]["accuracy"], "clear_accuracy": metrics["clear"]["accuracy"],
                "error": metrics["weights_max_abs_error"], "bound": metrics["error_bound"],
                "right": metrics["within_bound"]}

    def results(self) -> dict[str, Any]:
        samples = {"encrypt": self.encrypt, "train": self.train, "total": self.totals()}
        return {step: Summary.of(taken).as_json("s") | {"samples_s": taken} for step, taken in samples.items()} | {
            "parameters": self.plan["parameters"], "keygen_s": self.keygen.seconds,
            "row_bytes": self.folder.bytes_of("server/train.enc"),
            "key_bytes": self.folder.bytes_of("server/evaluation.keys"),
            "kernel_target": self.folder.kernel_target()} | self.check()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench compare --chd", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FILE",
                        help="the public table, framingham.csv (default: a synthetic one with the same columns)")
    parser.add_argument("--epochs", type=int, choices=range(1, ITERATIONS + 1), default=ITERATIONS, metavar="K",
                        help=f"TenSEAL's epochs that are measured, each of about a minute; fewer than {ITERATIONS} are "
                             "extrapolated")
    return parser.parse_args(arguments)


def synthetic_table(folder: Path) -> Path:
    """The one that the demo makes."""
    announce("Making a synthetic table, by playing the demo")
    Folder(folder).run("demo", "chd", "--out", "demo", "--iterations", 1, quiet=True)
    return folder / "demo/owner/chd-synthetic.csv"


def peer_total(encrypt: float, epochs: Sequence[float]) -> float:
    """Seconds of encrypting and all epochs; those that were not measured count as the mean of those that were."""
    return encrypt + ITERATIONS * sum(epochs) / len(epochs)


def measure(ours: Ours, peer: Side, epochs: int) -> tuple[float, list[float]]:
    """TenSEAL's steps with runs of Cloister before, between and after: at least ten."""
    announce("Warming up: one run of Cloister")
    ours.sample(keep=False)
    pauses = epochs + 2
    due = [MIN_SAMPLES // pauses + (i < MIN_SAMPLES % pauses) for i in range(pauses)]

    def run_ours() -> None:
        count = due.pop(0)
        announce(f"Cloister: encrypting and training, {count} times")
        for _ in range(count):
            ours.sample()

    run_ours()
    announce("TenSEAL: encrypting the rows")
    encrypt = peer.run_ns("encrypt", 1)[0] / 1e9
    taken = []
    for epoch in range(1, epochs + 1):
        run_ours()
        announce(f"TenSEAL: epoch {epoch} of {epochs}")
        taken.append(peer.run_ns("epoch", 1)[0] / 1e9)
    run_ours()
    return encrypt, taken


def print_result(r: Mapping[str, Any]) -> None:
    ours, peer = r["sides"][OURS], r["sides"][PEER]
    extrapolated = "" if r["epochs_measured"] == ITERATIONS else " (extrapolated)"
    print(f"{r['rows']} training rows of {r['features']} features, {ITERATIONS} iterations, {THREADS} threads each; "
          f"{r['data']} table; {ours['total']['samples']} runs of Cloister, between TenSEAL's steps.\n")

    def seconds(summary: Mapping[str, float]) -> str:
        return f"{number(summary['median_s'])} ({number(summary['lower_s'])}-{number(summary['upper_s'])})"

    def accuracy(side: Mapping[str, Any]) -> str:
        return f"{side['accuracy']:.3f} (clear {side['clear_accuracy']:.3f})"

    epochs = Summary.of(peer["epochs_s"])
    print(table(["seconds: median (quartiles)", OURS, PEER, "ratio"], [
        ["encrypting the rows", seconds(ours["encrypt"]), number(peer["encrypt_s"]),
         number(peer["encrypt_s"] / ours["encrypt"]["median_s"])],
        [f"training; TenSEAL: an epoch, {epochs.samples} measured", seconds(ours["train"]), str(epochs), ""],
        [f"total of {ITERATIONS} iterations{extrapolated}", seconds(ours["total"]), number(peer["total_s"]),
         number(r["ratio"])],
        ["bytes of the rows", byte_count(ours["row_bytes"]), byte_count(peer["row_bytes"]),
         number(peer["row_bytes"] / ours["row_bytes"])],
        ["bytes of the keys", byte_count(ours["key_bytes"]), byte_count(peer["context_bytes"]),
         number(peer["context_bytes"] / ours["key_bytes"])],
        ["accuracy on test rows", accuracy(ours), accuracy(peer), ""]]))
    print(f"\nRatio of the totals: {number(r['ratio'])}{extrapolated} (target {TARGET}, stretch {STRETCH}: "
          f"{verdict(r['ratio'], TARGET, STRETCH)}).")
    if extrapolated:
        print(f"Extrapolated: {r['epochs_measured']} of TenSEAL's epochs were measured, the others counted as their "
              f"mean; its accuracy is that after {r['epochs_measured']}.")
    circuit = peer["checks"]["circuit"]
    print(f"Weights against the same steps in the clear: {OURS}'s are off by {ours['error']:.1e}, where "
          f"{ours['bound']:.1e} is the bound; {PEER}'s by {number(peer['weights_error'])}:\nat this scale its "
          f"rotations are noisy, and its primes are not near it. At larger parameters its steps are right within "
          f"{circuit['error']:.1e}.")
    print("Cloister: processes from files to files, started and ended; accelerated steps, and no help from the owner. "
          "TenSEAL: in memory; gradient\nsteps, and the owner decrypts and encrypts the weights after each.")


def collect(ours: Ours, peer: Side, epochs: int) -> dict[str, Any]:
    """Measures and checks both sides; the results as JSON has them."""
    info = peer.ask("info")
    encrypt, taken = measure(ours, peer, epochs)
    checks = {"encrypt": peer.ask("check encrypt"), "circuit": peer.ask("check epoch")}
    sizes = peer.ask("sizes")
    total = peer_total(encrypt, taken)
    return {
        "rows": info["rows"], "features": info["features"], "threads": THREADS, "iterations": ITERATIONS,
        "epochs_measured": epochs, "ratio": total / Summary.of(ours.totals()).median,
        "target": TARGET, "stretch": STRETCH,
        "sides": {OURS: ours.results(),
                  PEER: info | sizes | {"encrypt_s": encrypt, "epochs_s": taken, "total_s": total, "checks": checks}}}


def in_folder(options: argparse.Namespace, python: Path) -> dict[str, Any]:
    """The comparison in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="cloister-bench-") as name:
        folder = Path(name)
        ours = Ours(folder, options.data.resolve() if options.data else synthetic_table(folder))
        command = [str(python), "-m", "bench.compare.tenseal_chd_side", str(folder / "owner/train.csv"),
                   str(folder / "owner/test.csv"), str(THREADS)]
        with Side(PEER, command, environment={}) as peer:
            results = collect(ours, peer, options.epochs)
    return machine.describe() | {"data": "the given" if options.data else "a synthetic"} | results


def run(options: argparse.Namespace) -> int:
    try:
        python = environment("tenseal", "requirements.txt")
    except UnavailableError as error:
        raise SystemExit(f"TenSEAL cannot be compared with: {error}") from error
    if options.data and not options.data.is_file():
        raise SystemExit(f"{options.data} is not there; without --data a synthetic table is used")
    try:
        result = in_folder(options, python)
    except SideError as error:
        raise SystemExit(f"The comparison stopped: {error}") from error
    print_result(result)
    print(f"\nWrote {machine.write_json('compare-chd.json', result).relative_to(machine.ROOT)}")
    checks = result["sides"][PEER]["checks"]
    right = result["sides"][OURS]["right"] and all(c["error"] <= c["bound"] for c in checks.values())
    if not right:
        announce(f"WRONG: a side's result is not what it should be; {PEER}'s checks: {checks}")
    return 0 if right else 1
