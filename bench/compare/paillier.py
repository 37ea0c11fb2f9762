"""Paillier, operation by operation: Cloister and python-paillier with the same key, sampled in turn in one run."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench import machine
from bench.compare.environments import UnavailableError, environment
from bench.compare.parameters import Row
from bench.compare.protocol import Side, SideError
from bench.figures import MIN_SAMPLES, Summary, number, sample_count, table, verdict

OURS, PEER = "Cloister", "python-paillier"
BITS = (2048, 3072)
TERMS = 1000
REPETITIONS = {OURS: 5, PEER: 1}  # of which a sample is the median

# Goals hold at 3072 bits.
ROWS = (
    Row("encrypt", "encrypt", 60, 120, "64 values a call; tables of the key's base h are made before"),
    Row("encrypt_owner", "encrypt, with the factors", None, None, "64 values a call; python-paillier has no such way"),
    Row("encrypt_one", "encrypt one value", None, None, "one value a call, an eighth of what the vectors can do"),
    Row("encrypt_online", "encrypt, noise at hand", 3000, 10000,
        "64 values a call, their noise from a pool filled before; python-paillier has none"),
    Row("decrypt", "decrypt", 5, 12, "64 ciphertexts a call"),
    Row("decrypt_one", "decrypt one value", None, None, "one ciphertext a call"),
    Row("times_float", "times a 64-bit float", 5, 10, "64 weights of 53 bits, half of them negative, a call"),
    Row("dot", f"dot product, {TERMS:,} terms", 25, 60, "one row, weights of 53 bits, half of them negative"),
)


def chance(i: int) -> int:
    """What both languages make operands of: a linear congruential generator's upper bits."""
    return ((i + 1) * 6364136223846793005 + 1442695040888963407) % 2**64


def value_at(i: int) -> float:
    """In [-512, 512), with ten fraction bits."""
    return (chance(i) >> 44) / 1024 - 512


def weight_at(i: int) -> float:
    """In (-1, 1), with all 53 bits of a double's mantissa."""
    magnitude = (chance(TERMS + i) >> 11 | 1) / 2**53
    return magnitude if i % 2 == 0 else -magnitude


def measure(name: str, sides: Sequence[Side], samples: int) -> dict[str, list[float]]:
    """Milliseconds a value of each sample of each side, in turn; who begins changes from sample to sample."""
    for side in sides:
        side.run_ns(name, 1)
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for i in range(samples):
        for side in sides if i % 2 == 0 else reversed(sides):
            taken[side.name].append(statistics.median(side.run_ns(name, REPETITIONS[side.name])) / 1e6)
    return taken


def result(row: Row, taken: Mapping[str, Sequence[float]], checked: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """A row of the results as JSON has it."""
    summaries = {name: Summary.of(samples) for name, samples in taken.items()}
    out: dict[str, Any] = {"operation": row.name, "title": row.title, "note": row.note,
                           "ratio": summaries[PEER].median / summaries[OURS].median, "sides": {}}
    for name, summary in summaries.items():
        check = checked[name]
        out["sides"][name] = summary.as_json("ms") | {"samples_ms": taken[name],
                                                      "right": check["error"] <= check["bound"]}
    return out


def compare(bits: int, python: str, names: Sequence[str], samples: int) -> dict[str, Any]:
    """All rows at one length of keys."""
    print(f"Making a key of {bits} bits and operands", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Side(OURS, [str(machine.program("paillier_side")), str(bits)]))
        key = ours.ask("info")
        peer = stack.enter_context(Side(PEER, [python, "-m", "bench.compare.phe_side", key.pop("p"), key.pop("q")]))
        infos = {OURS: key, PEER: peer.ask("info")}
        results = []
        for row in ROWS:
            if row.name in names:
                print(f"Measuring: {row.title}", file=sys.stderr)
                taken = measure(row.name, (ours, peer), samples)
                results.append(result(row, taken, {side.name: side.ask(f"check {row.name}") for side in (ours, peer)}))
    return {"bits": bits, "sides": infos, "results": results}


def print_results(compared: Mapping[str, Any]) -> None:
    bits = compared["bits"]

    def cells(row: Mapping[str, Any]) -> list[str]:
        goals = next(((r.target, r.stretch) for r in ROWS if r.name == row["operation"] and bits == 3072), (None, None))
        sides = [f"{number(s['median_ms'])} ({number(s['lower_ms'])}-{number(s['upper_ms'])})"
                 for s in (row["sides"][OURS], row["sides"][PEER])]
        return [row["title"], *sides, number(row["ratio"]), *("" if g is None else f"{g:g}" for g in goals),
                verdict(row["ratio"], *goals)]

    print(f"\n{bits} bits, one thread each:\n" + table(
        ["ms a value: median (quartiles)", OURS, PEER, "ratio", "target", "stretch", ""],
        [cells(row) for row in compared["results"]]))


def wrong(compared: Mapping[str, Any]) -> list[str]:
    """Every result that is not exactly what it should be."""
    return [f"{row['title']} at {compared['bits']} bits by {name}" for row in compared["results"]
            for name, side in row["sides"].items() if not side["right"]]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="./run bench paillier", description=__doc__)
    parser.add_argument("--samples", type=sample_count, default=MIN_SAMPLES, help="of each side (default: %(default)s)")
    parser.add_argument("--bits", nargs="+", type=int, choices=BITS, default=list(BITS), help="of n")
    parser.add_argument("--operations", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"only these of: {', '.join(names)}")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    try:
        python = environment("phe", "requirements-phe.txt")
    except UnavailableError as error:
        raise SystemExit(f"python-paillier cannot be compared with: {error}") from error
    try:
        compared = [compare(bits, str(python), options.operations, options.samples) for bits in options.bits]
    except SideError as error:
        raise SystemExit(f"The comparison stopped: {error}") from error
    for one in compared:
        print_results(one)
    print(f"\n{options.samples} samples of each side in turn, with the same key; every result decrypts to exactly the "
          "double that it should be.\n" + "\n".join(f"  {row.title}: {row.note}." for row in ROWS))
    return machine.conclude("paillier.json", {"threads": 1, "lengths": compared},
                            [line for one in compared for line in wrong(one)])


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
