"""How training grows with the rows: time, bytes and the server's memory, from files to files, on one thread."""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import random
import resource
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import machine
from bench.cloister_cli import Folder, announce
from bench.figures import Summary, byte_count, number, table

FEATURES = 16
MANY_ROWS = 1_000_000  # from here on one full iteration is enough to tell
SPARE_BYTES = 1_000_000_000  # of disk that is left free


def row_count(text: str) -> int:
    """A number of rows: 10000, 10k or 1M."""
    factor = {"k": 1000, "M": 1_000_000}.get(text[-1:], 1)
    count = int(text[:-1] if factor > 1 else text) * factor
    if count < 100:
        raise argparse.ArgumentTypeError("a table to train on has at least 100 rows")
    return count


def iteration_count(text: str) -> int:
    if (count := int(text)) < 2:
        raise argparse.ArgumentTypeError("the first iteration is no measure; it takes 2 at least")
    return count


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench scale", description=__doc__,
        epilog="The first iteration starts from weights of zero, so that it is no more than a sum of the rows; those "
               "after it are full ones. With 1M rows and more, one full iteration is measured (2 in all), else two.")
    parser.add_argument("--rows", nargs="+", type=row_count, default=[1000, 10_000, 100_000], metavar="ROWS",
                        help="sizes, such as 1k 10k 1M (default: 1k 10k 100k)")
    parser.add_argument("--iterations", type=iteration_count, metavar="N",
                        help="of every training (default: 3; 2 from 1M rows on)")
    parser.add_argument("--samples", type=int, choices=range(1, 101), default=1, metavar="N",
                        help="trainings of each size; the median counts (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=60,
                        help="leave out sizes that would take longer, by the plan's estimate (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()),
                        help="where the files lie meanwhile (default: %(default)s)")
    return parser.parse_args(arguments)


def write_table(path: Path, rows: int, features: int = FEATURES, largest: float = 1, seed: int = 1) -> None:
    """Normal columns, and a class that depends on all of them, by weights of up to `largest`. Row by row: this process
    stays small, since a child's peak memory is never below its parent's."""
    chance = random.Random(seed)
    weights = [chance.uniform(-largest, largest) for _ in range(features)]
    with open(path, "w", newline="", encoding="ascii") as file:
        out = csv.writer(file)
        out.writerow([*(f"x{j}" for j in range(features)), "y"])
        for _ in range(rows):
            x = [chance.gauss(0, 1) for _ in range(features)]
            z = sum(a * b for a, b in zip(x, weights, strict=True))
            out.writerow([*(f"{value:.4f}" for value in x), int(chance.random() < 1 / (1 + math.exp(-z)))])


def obstacle(estimates: Mapping[str, Any], samples: int, minutes: float, free_bytes: int) -> str | None:
    """Why a size is left out, if it is: by the plan's own estimates."""
    need = sum(estimates["bytes"].values()) + SPARE_BYTES
    if need > free_bytes:
        return (f"it needs {byte_count(need)} of disk and {byte_count(free_bytes)} are free; name a roomier one with "
                "--folder")
    seconds = samples * estimates["seconds"]["train"]
    if seconds > 60 * minutes:
        return f"training would take about {number(seconds / 60)} minutes; allow it with --minutes"
    return None


def measure(folder: Folder, rows: int, options: argparse.Namespace) -> dict[str, Any] | None:
    iterations = options.iterations or (2 if rows >= MANY_ROWS else 3)
    announce(f"{rows:,} rows: making the table")
    write_table(folder.path / "table.csv", rows)
    one = ("--threads", 1)
    plan = folder.run("plan", "--data", "table.csv", "--target", "y", "--model", "logistic", "--test-fraction", 0,
                      "--iterations", iterations, *one).output
    reason = obstacle(plan["estimates"], options.samples, options.minutes, shutil.disk_usage(folder.path).free)
    if reason:
        announce(f"{rows:,} rows are left out: {reason}")
        return None
    announce(f"{rows:,} rows: making keys and encrypting")
    keygen = folder.run("keygen", "--no-passphrase", *one)
    encrypt = folder.run("encrypt", "--train", *one)
    seconds, peak = [], 0
    for _ in range(options.samples):
        announce(f"{rows:,} rows: training, {iterations} iterations")
        folder.remove("server/model.enc")
        train = folder.run("train", *one, by="cloister-server")
        seconds.append(train.seconds)
        peak = max(peak, train.peak_bytes)
    folder.run("decrypt", "--model")
    metrics = folder.run("evaluate").output["metrics"]
    return {"rows": rows, "features": FEATURES, "iterations": iterations, "full_iterations": iterations - 1,
            "parameters": plan["parameters"], "keygen_seconds": keygen.seconds, "encrypt_seconds": encrypt.seconds,
            "train": Summary.of(seconds).as_json("seconds") | {"samples_seconds": seconds},
            "seconds_per_iteration_per_row": Summary.of(seconds).median / ((iterations - 1) * rows),
            "data_bytes": folder.bytes_of("server/train.enc"), "key_bytes": folder.bytes_of("server/evaluation.keys"),
            "server_peak_bytes": peak, "weights_error": metrics["weights_max_abs_error"],
            "error_bound": metrics["error_bound"], "right": metrics["within_bound"]}


def growth(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """How much more each size takes than the one before it."""
    def factor(a: float, b: float) -> str:
        return f"{number(b / a)} times"

    return [f"  {a['rows']:,} to {b['rows']:,} rows, {factor(a['rows'], b['rows'])}: "
            f"an iteration {factor(_iteration(a), _iteration(b))} the time, "
            f"{factor(a['data_bytes'], b['data_bytes'])} the data, {factor(a['key_bytes'], b['key_bytes'])} the keys, "
            f"{factor(a['server_peak_bytes'], b['server_peak_bytes'])} the server's memory"
            for a, b in itertools.pairwise(results)]


def _iteration(r: Mapping[str, Any]) -> float:
    return r["train"]["median_seconds"] / r["full_iterations"]


def print_results(results: Sequence[Mapping[str, Any]], samples: int) -> None:
    print(f"Logistic regression, {FEATURES} features, one thread; trainings of each size: {samples}. An iteration is a "
          "full one: the first of\neach training starts from zero and counts as none. Loading and storing count.\n")
    print(table(
        ["rows", "iterations", "N", "encrypt s", "train s", "s an iteration", "us a row of it", "data", "bytes a row",
         "keys", "server's peak"],
        [[f"{r['rows']:,}", str(r["iterations"]), str(r["parameters"]["ring_degree"]), number(r["encrypt_seconds"]),
          number(r["train"]["median_seconds"]), number(_iteration(r)),
          number(1e6 * r["seconds_per_iteration_per_row"]), byte_count(r["data_bytes"]),
          number(r["data_bytes"] / r["rows"]), byte_count(r["key_bytes"]), byte_count(r["server_peak_bytes"])]
         for r in results], left=0))
    if len(results) > 1:
        print("\nGrowth:\n" + "\n".join(growth(results)))


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    results = []
    for rows in sorted(set(options.rows)):
        with tempfile.TemporaryDirectory(prefix="cloister-bench-", dir=options.folder) as name:
            if found := measure(Folder(Path(name)), rows, options):
                results.append(found)
    if not results:
        announce("Nothing was measured.")
        return 1
    print_results(results, options.samples)
    own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"\nA peak is the process's maximum resident set; the least that can show is this driver's, "
          f"{byte_count(own_peak)}.")
    path = machine.write_json("scale.json", machine.describe() | {
        "kernel_target": Folder(options.folder).kernel_target(), "threads": 1, "least_peak_bytes": own_peak,
        "results": results})
    print(f"Wrote {path.relative_to(machine.ROOT)}")
    if wrong := [r for r in results if not r["right"]]:
        announce(f"WRONG: weights over their error bound at {', '.join(str(r['rows']) for r in wrong)} rows")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
