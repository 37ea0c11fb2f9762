"""Several owners' joint linear regression and statistics with Paillier, by the command line: seconds, bytes and memory
of every step, and the results against the same in the clear."""

from __future__ import annotations

import argparse
import math
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TextIO

from bench import machine
from bench.cloister_cli import Folder, Step, announce
from bench.figures import byte_count, number, table
from bench.scale import row_count

DECIMALS = 10_000  # cells are whole multiples of 1 / DECIMALS, so that their sums are known exactly
RANGE = 5  # of every column's histogram: -RANGE to RANGE
MOST_ERROR = 1e-9


@dataclass
class ClearSums:
    """Of one column, in exact whole numbers."""

    rows: int = 0
    total: int = 0
    squares: int = 0
    counts: list[int] = field(default_factory=list)

    def add(self, cell: int, bins: int) -> None:
        self.rows += 1
        self.total += cell
        self.squares += cell * cell
        self.counts[bin_of(cell, bins)] += 1

    def mean(self) -> float:
        return self.total / (self.rows * DECIMALS)

    def deviation(self) -> float:
        # An exact quotient of whole numbers, rounded once, and its root.
        return math.sqrt((self.rows * self.squares - self.total**2) / (self.rows * DECIMALS) ** 2)


def bin_of(cell: int, bins: int) -> int:
    """As Cloister counts: below the range, in its equal parts, above it; the upper end is within."""
    low, length = -RANGE * DECIMALS, 2 * RANGE * DECIMALS
    if cell < low:
        return 0
    if cell > low + length:
        return bins + 1
    return min((cell - low) * bins // length, bins - 1) + 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench owners", description=__doc__,
        epilog="The tables are synthetic and seeded. The clear regression is least squares by Householder's QR, in "
               "doubles, on all owners' unrounded rows (`cloister evaluate`); the clear statistics are exact.")
    parser.add_argument("--owners", type=int, choices=range(1, 101), default=10, metavar="N",
                        help="(default: %(default)s)")
    parser.add_argument("--rows", type=row_count, default=100_000, metavar="ROWS", help="of each owner (default: 100k)")
    parser.add_argument("--features", type=int, choices=range(1, 201), default=20, metavar="N",
                        help="columns beside the target (default: %(default)s)")
    parser.add_argument("--bins", type=int, choices=(5, 10, 20, 50, 100), default=20, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()),
                        help="where the files lie meanwhile (default: %(default)s)")
    return parser.parse_args(arguments)


def names(features: int) -> list[str]:
    return [*(f"x{j}" for j in range(features)), "y"]


def write_rows(files: Sequence[TextIO], rows: int, weights: Sequence[float], chance: random.Random,
               sums: Sequence[ClearSums], bins: int) -> None:
    """Normal columns, the odd ones leaning on the one before, and a target that depends on all; to each file."""
    for _ in range(rows):
        x: list[float] = []
        for j in range(len(weights)):
            x.append(chance.gauss(0, 1) if j % 2 == 0 else 0.6 * x[-1] + 0.8 * chance.gauss(0, 1))
        y = 0.5 + sum(a * b for a, b in zip(x, weights, strict=True)) + chance.gauss(0, 1)
        cells = [round(value * DECIMALS) for value in (*x, y)]
        for cell, clear in zip(cells, sums, strict=True):
            clear.add(cell, bins)
        line = ",".join(f"{cell / DECIMALS:.4f}" for cell in cells) + "\n"
        for file in files:
            file.write(line)


def make_tables(folder: Folder, options: argparse.Namespace) -> list[ClearSums]:
    """owner-1/table.csv and so on, and all rows in referee/train.csv, for the comparison alone. Written as they are
    made: this process stays small, since a child's peak memory is never below its parent's."""
    chance = random.Random(1)
    weights = [chance.uniform(-1, 1) / math.sqrt(options.features) for _ in range(options.features)]
    sums = [ClearSums(counts=[0] * (options.bins + 2)) for _ in names(options.features)]
    header = ",".join(names(options.features)) + "\n"
    referee = folder.path / "referee"
    referee.mkdir()
    with open(referee / "train.csv", "w", encoding="ascii") as everything:
        everything.write(header)
        for owner in range(1, options.owners + 1):
            announce(f"Making the table of owner {owner} of {options.owners}")
            home = folder.path / f"owner-{owner}"
            home.mkdir()
            with open(home / "table.csv", "w", encoding="ascii") as own:
                own.write(header)
                write_rows((own, everything), options.rows, weights, chance, sums, options.bins)
    return sums


@dataclass
class Job:
    """One job of all owners, of whom the first plans and holds the key; its measures by the name of the step."""

    name: str
    folder: Folder
    options: argparse.Namespace
    plan: tuple[str | int | float, ...]
    shared: str  # what the owners share beside plan and public key
    steps: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, step: str, taken: list[Step], size: int = 0) -> dict[str, Any]:
        outputs = [t.output for t in taken]
        self.steps.append({"step": step, "seconds": median(t.seconds for t in taken),
                           "most_seconds": max(t.seconds for t in taken),
                           "processor_seconds": median(t.processor_seconds for t in taken),
                           "bytes": size, "peak_bytes": max(t.peak_bytes for t in taken)})
        return outputs[0]

    def at(self, owner: int, *words: str | int | float) -> Step:
        return self.folder.run(*words, "--owner", self.home(owner), "--server", self.server(), "--threads",
                               self.options.threads)

    def home(self, owner: int) -> str:
        return f"owner-{owner}/{self.name}"

    def server(self) -> str:
        return f"server-{self.name}"

    def run(self) -> dict[str, Any]:
        """The steps from plan to decrypt; what decrypt printed."""
        f, owners = self.folder, range(1, self.options.owners + 1)
        announce(f"{self.name}: planning, making keys")
        plan = self.keep("plan", [self.at(1, "plan", "--data", "owner-1/table.csv", "--scheme", "paillier", "--rows",
                                          self.options.owners * self.options.rows, *self.plan)],
                         f.bytes_of(f"{self.server()}/plan.json"))
        self.keep("keygen", [self.at(1, "keygen", "--no-passphrase")], f.bytes_of(f"{self.server()}/public.key"))
        parts, taken = [], []
        for owner in owners:
            announce(f"{self.name}: owner {owner} encrypts")
            if owner > 1:
                (f.path / self.home(owner)).mkdir()
                for name in ("plan.json", self.shared):
                    shutil.copy(f.path / self.home(1) / name, f.path / self.home(owner) / name)
            taken.append(self.at(owner, "encrypt", "--data", f"owner-{owner}/table.csv", "--part", owner))
            parts.append(f"{self.server()}/sums-{owner}.enc")
        self.keep("encrypt, the holder of the key", taken[:1], f.bytes_of(parts[0]))
        if taken[1:]:
            self.keep("encrypt, another owner", taken[1:], f.bytes_of(parts[1]))
        self.keep("aggregate", [f.run("aggregate", *parts, "--server", self.server(), "--threads", self.options.threads,
                                      by="cloister-server")], f.bytes_of(f"{self.server()}/sums.enc"))
        decrypted = self.keep("decrypt", [self.at(1, "decrypt")])
        return {"plan": plan, "decrypted": decrypted}


def regression(folder: Folder, options: argparse.Namespace) -> dict[str, Any]:
    job = Job("regression", folder, options, ("--job", "aggregate", "--model", "linear", "--target", "y",
                                              "--test-fraction", 0, "--max-error", MOST_ERROR), "preparation.json")
    result = job.run()
    announce("regression: the clear fit")
    for name in ("plan.json", "preparation.json", "model.json"):
        shutil.copy(folder.path / job.home(1) / name, folder.path / "referee" / name)
    metrics = folder.run("evaluate", "--owner", "referee", "--server", job.server()).output["metrics"]
    error, bound = metrics["weights_max_abs_error"], result["decrypted"]["error_bound"]
    return {"job": job.name, "steps": job.steps, "parameters": result["plan"]["parameters"],
            "rows": result["decrypted"]["rows"], "error": error, "error_bound": bound,
            "right": result["decrypted"]["rows"] == options.owners * options.rows and error <= min(bound, MOST_ERROR)}


def statistics(folder: Folder, options: argparse.Namespace, clear: Sequence[ClearSums]) -> dict[str, Any]:
    ranges = [word for name in names(options.features) for word in ("--range", f"{name}={-RANGE}:{RANGE}")]
    job = Job("statistics", folder, options, ("--job", "statistics", "--bins", options.bins, *ranges), "columns.json")
    result = job.run()
    columns = result["decrypted"]["columns"]
    error = max(max(abs(c["mean"] - s.mean()), abs(c["deviation"] - s.deviation()))
                for c, s in zip(columns, clear, strict=True))
    bound = max(c["error_bound"] for c in columns)
    counted = [c["histogram"]["counts"] for c in columns] == [s.counts for s in clear]
    return {"job": job.name, "steps": job.steps, "parameters": result["plan"]["parameters"],
            "rows": result["decrypted"]["rows"], "error": error, "error_bound": bound, "counts_equal": counted,
            "right": result["decrypted"]["rows"] == clear[0].rows and error <= bound and counted}


def view(result: dict[str, Any]) -> str:
    return table(["step", "seconds", "at most", "of processors", "bytes", "peak memory"],
                 [[s["step"], number(s["seconds"]), number(s["most_seconds"]), number(s["processor_seconds"]),
                   byte_count(s["bytes"]) if s["bytes"] else "-", byte_count(s["peak_bytes"])]
                  for s in result["steps"]])


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="cloister-owners-", dir=options.folder) as name:
        folder = Folder(Path(name))
        clear = make_tables(folder, options)
        table_bytes = folder.bytes_of("owner-1/table.csv")
        results = [regression(folder, options), statistics(folder, options, clear)]
    print(f"{options.owners} owners of {options.rows:,} rows and {options.features} features each (a table of "
          f"{byte_count(table_bytes)}), {results[0]['parameters']['modulus_bits']} bits, threads: {options.threads}. "
          "A process is timed from its\nstart to its end; of the other owners' encryptions the median is given, and "
          "the most.\n")
    for result in results:
        print(f"{result['job']}, fraction bits: {result['parameters']['value_fraction_bits']}\n{view(result)}")
        print(f"The largest error is {result['error']:.2g}; the stated bound is {result['error_bound']:.2g}.\n")
    path = machine.write_json("owners.json", machine.describe() | {
        "owners": options.owners, "rows_each": options.rows, "features": options.features, "bins": options.bins,
        "threads": options.threads, "table_bytes": table_bytes, "results": results})
    print(f"Wrote {path.relative_to(machine.ROOT)}")
    if wrong := [r["job"] for r in results if not r["right"]]:
        announce(f"WRONG: {', '.join(wrong)} over the bound, or of other rows")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
