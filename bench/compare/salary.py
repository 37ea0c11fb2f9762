"""The prediction of salaries with a clear linear model: 1,000 rows of 4 features encrypted, predicted, re-randomized
and decrypted by Cloister and by python-paillier with the same key, sampled in turn in one run."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from typing import Any

from bench import machine
from bench.compare.environments import UnavailableError, environment
from bench.compare.paillier import OURS, PEER, chance, result
from bench.compare.parameters import Row
from bench.compare.protocol import Side, SideError
from bench.figures import MIN_SAMPLES, byte_count, number, sample_count, table, verdict

ROWS, FEATURES = 1000, 4
INTERCEPT = 0.25
PEER_ROWS = 20  # of a sample, unless more are asked for: a row takes as long as any other
# python-paillier keeps doubles whole, so that only the sum of five is rounded, at magnitudes below 16.
PEER_BOUND = 2.0**-46
TARGET = 30

STEPS = {"encrypt": "encrypt 4 values", "predict": "predict and re-randomize", "decrypt": "decrypt", "all": "all"}
PACKINGS = {"packed": "packed by columns", "single": "one value a ciphertext"}


def _unit(i: int) -> float:
    return (chance(i) >> 11) / 2**53


def value_at(i: int) -> float:
    """As standardized columns are, in [-4, 4)."""
    return _unit(i) * 8 - 4


def row_at(i: int) -> list[float]:
    return [value_at(i * FEATURES + j) for j in range(FEATURES)]


def weight_at(j: int) -> float:
    return value_at(ROWS * FEATURES + j) / 8


def margin_at(i: int) -> float:
    return INTERCEPT + sum(x * weight_at(j) for j, x in enumerate(row_at(i)))


def measure(name: str, sides: Sequence[Side], samples: int) -> dict[str, list[float]]:
    """Milliseconds a row of each sample of each side, in turn; who begins changes from sample to sample."""
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for i in range(samples):
        for side in sides if i % 2 == 0 else reversed(sides):
            taken[side.name].append(side.run_ns(name, 1)[0] / 1e6)
    return taken


def compare(python: str, peer_rows: int, samples: int) -> dict[str, Any]:
    print("Making a key and a table", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Side(OURS, [str(machine.program("salary_side"))]))
        info = ours.ask("info")
        peer = stack.enter_context(Side(PEER, [python, "-m", "bench.compare.salary_phe_side", info.pop("p"),
                                               info.pop("q"), str(peer_rows)]))
        results = []
        for packing, form in PACKINGS.items():
            for step, title in STEPS.items():
                print(f"Measuring: {title}, {form}", file=sys.stderr)
                row = Row(f"{step}_{packing}", f"{title}, {form}", TARGET if step == "all" else None, None, form)
                taken = measure(row.name, (ours, peer), samples)
                results.append(result(row, taken, {s.name: s.ask(f"check {row.name}") for s in (ours, peer)}))
        return {"sides": {OURS: info, PEER: peer.ask("info")}, "results": results,
                "bytes_a_row": {OURS: ours.ask("sizes"), PEER: peer.ask("sizes")}}


def print_results(compared: dict[str, Any]) -> None:
    def cells(row: dict[str, Any]) -> list[str]:
        target = TARGET if row["operation"].startswith("all_") else None
        sides = [f"{number(s['median_ms'])} ({number(s['lower_ms'])}-{number(s['upper_ms'])})"
                 for s in (row["sides"][OURS], row["sides"][PEER])]
        return [row["title"], *sides, number(row["ratio"]), "" if target is None else str(target),
                verdict(row["ratio"], target, None)]

    info = compared["sides"][OURS]
    print(f"\n{info['bits']} bits, {ROWS:,} x {FEATURES}, one thread each:\n" + table(
        ["ms a row: median (quartiles)", OURS, PEER, "ratio", "target", ""], [cells(r) for r in compared["results"]]))
    sizes = compared["bytes_a_row"]
    lines = [[form, *(byte_count(sizes[OURS][packing][what]) for what in ("rows", "predictions"))]
             for packing, form in PACKINGS.items()]
    lines.append([PEER, *(byte_count(sizes[PEER][what]) for what in ("rows", "predictions"))])
    print("\n" + table(["bytes a row", "values", "prediction"], lines))
    print(f"\nPacked: {info['slots']} rows' values of a column in a ciphertext. {PEER} works on "
          f"{compared['sides'][PEER]['rows']} rows a sample and has no packing. Errors are within what each promises.")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench salary", description=__doc__)
    parser.add_argument("--samples", type=sample_count, default=MIN_SAMPLES, help="of each side (default: %(default)s)")
    parser.add_argument("--peer-rows", type=int, default=PEER_ROWS, choices=range(1, ROWS + 1), metavar="ROWS",
                        help="rows that python-paillier works on in a sample (default: %(default)s)")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    try:
        python = environment("phe", "requirements-phe.txt")
    except UnavailableError as error:
        raise SystemExit(f"python-paillier cannot be compared with: {error}") from error
    try:
        compared = compare(str(python), options.peer_rows, options.samples)
    except SideError as error:
        raise SystemExit(f"The comparison stopped: {error}") from error
    print_results(compared)
    return machine.conclude("salary.json", {"threads": 1} | compared,
                            [f"{row['title']} by {name}" for row in compared["results"]
                             for name, side in row["sides"].items() if not side["right"]])


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
