"""Whole trainings, bootstraps included, from files to files: time, memory, and the model against the same algorithm
in the clear."""

from __future__ import annotations

import argparse
import csv
import math
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.cloister_cli import Folder, announce
from bench.figures import Summary, byte_count, number, table
from bench.scale import write_table


@dataclass(frozen=True)
class Case:
    """A table and what is made of it."""

    name: str
    rows: int  # 0: of a file
    features: int
    iterations: int
    options: tuple[str, ...] = ()


CASES = (
    Case("chd", 0, 15, 30, ("--missing", "drop-incomplete")),
    Case("wide", 1024, 196, 32),
    Case("idash", 1579, 18, 7),
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench training", description=__doc__,
        epilog="chd: the Framingham table with all columns, 30 iterations (--data). wide: a synthetic table of 1,024 x "
               "196, as of images of 14 x 14, 32 iterations. idash: one of 1,579 x 18, 7 iterations.")
    parser.add_argument("--cases", nargs="+", choices=[case.name for case in CASES], default=["wide", "idash"],
                        help="(default: wide idash)")
    parser.add_argument("--data", type=Path, help="framingham.csv, for chd")
    parser.add_argument("--target", default="TenYearCHD", help="of that file (default: %(default)s)")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N", help="(default: 1 2)")
    parser.add_argument("--samples", type=int, choices=range(1, 101), default=3, metavar="N",
                        help="trainings of each case; the median counts (default: %(default)s)")
    parser.add_argument("--plan", nargs=argparse.REMAINDER, default=[],
                        help="the last option: more options of `cloister plan`, such as --bootstrap-every 1")
    options = parser.parse_args(arguments)
    if "chd" in options.cases and options.data is None:
        parser.error("chd needs --data FILE, the Framingham table")
    return options


def write_images(path: Path, rows: int, seed: int = 1) -> None:
    """Two classes of smooth pictures of 14 x 14: a blob each, at a place that depends on the class, and noise."""
    chance = random.Random(seed)
    side = 14
    with open(path, "w", newline="", encoding="ascii") as file:
        out = csv.writer(file)
        out.writerow([*(f"x{j}" for j in range(side * side)), "y"])
        for _ in range(rows):
            y = chance.randrange(2)
            middle = (4 + 2 * y + chance.gauss(0, 2), 6 + chance.gauss(0, 2))
            row = [math.exp(-((i - middle[0]) ** 2 + (j - middle[1]) ** 2) / 12) + chance.gauss(0, 0.3)
                   for i in range(side) for j in range(side)]
            out.writerow([*(f"{value:.4f}" for value in row), y])


def table_of(case: Case, folder: Folder, options: argparse.Namespace) -> tuple[Path, str]:
    if case.rows == 0:
        return options.data.resolve(), options.target
    path = folder.path / "table.csv"
    if case.name == "wide":
        write_images(path, case.rows)
    else:
        write_table(path, case.rows, case.features, largest=0.5)
    return path, "y"


def measure(case: Case, folder: Folder, options: argparse.Namespace) -> list[dict[str, Any]]:
    path, target = table_of(case, folder, options)
    announce(f"{case.name}: planning, making keys, encrypting")
    most = max(options.threads)
    plan = folder.run("plan", "--data", path, "--target", target, "--model", "logistic", "--test-fraction", 0,
                      "--iterations", case.iterations, "--spectrum-cap", "auto", *case.options, *options.plan,
                      "--threads", most).output
    keygen = folder.run("keygen", "--no-passphrase", "--threads", most)
    encrypt = folder.run("encrypt", "--train", "--threads", most)
    seconds: dict[int, list[float]] = {threads: [] for threads in options.threads}
    peak = 0
    for _ in range(options.samples):
        for threads in options.threads:
            announce(f"{case.name}: training, {case.iterations} iterations, threads: {threads}")
            folder.remove("server/model.enc")
            train = folder.run("train", "--threads", threads, by="cloister-server")
            seconds[threads].append(train.seconds)
            peak = max(peak, train.peak_bytes)
    folder.run("decrypt", "--model")
    evaluation = folder.run("evaluate").output
    metrics = evaluation["metrics"]
    return [{"case": case.name, "rows": plan["rows_train"], "features": plan["features"],
             "iterations": case.iterations, "threads": threads, "parameters": plan["parameters"],
             "estimated_seconds": plan["estimates"]["seconds"]["train"],
             "keygen_seconds": keygen.seconds, "encrypt_seconds": encrypt.seconds,
             "train": Summary.of(seconds[threads]).as_json("seconds") | {"samples_seconds": seconds[threads]},
             "seconds_per_iteration": Summary.of(seconds[threads]).median / case.iterations,
             "key_bytes": folder.bytes_of("server/evaluation.keys"),
             "data_bytes": folder.bytes_of("server/train.enc"), "server_peak_bytes": peak,
             "metrics": metrics, "weights_error": metrics["weights_max_abs_error"],
             "error_bound": metrics["error_bound"], "right": metrics["within_bound"] and metrics["guaranteed"]}
            for threads in options.threads]


def view(results: Sequence[dict[str, Any]]) -> str:
    rows = [[r["case"], f"{r['rows']} x {r['features']}", str(r["iterations"]),
             str(r["parameters"].get("iterations_per_bootstrap", "-")), str(r["threads"]),
             number(r["train"]["median_seconds"]), number(r["seconds_per_iteration"]),
             byte_count(r["server_peak_bytes"]), byte_count(r["key_bytes"]), f"{r['weights_error']:.2g}",
             f"{r['error_bound']:.2g}"] for r in results]
    return table(["table", "size", "iterations", "a bootstrap every", "threads", "seconds", "an iteration", "memory",
                  "keys", "weights' error", "bound"], rows)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    results: list[dict[str, Any]] = []
    for case in CASES:
        if case.name not in options.cases:
            continue
        with tempfile.TemporaryDirectory(prefix="cloister-training-") as name:
            results += measure(case, Folder(Path(name)), options)
    if not results:
        announce("Nothing was measured.")
        return 1
    print(view(results))
    path = machine.write_json("training.json", machine.describe() | {"results": results})
    print(f"Wrote {path.relative_to(machine.ROOT)}")
    if not all(r["right"] for r in results):
        announce("WRONG: a model is further from the clear algorithm's than its bound, or its margins leave the "
                 "sigmoid's range")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
