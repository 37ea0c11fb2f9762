"""Operation by operation: Cloister and its peers sampled in turn, in one run, on equal parameters."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench import machine
from bench.compare.environments import UnavailableError, environment
from bench.compare.parameters import KEY_ROW, LEVELS, ROWS, SECURE_MODULUS_BITS, Row
from bench.compare.protocol import Side, SideError
from bench.figures import MIN_SAMPLES, Summary, byte_count, number, sample_count, table, verdict

OURS, PEER = "Cloister", "SEAL"
WARM_UPS = 2
SAMPLE_NS = 10_000_000  # what the fastest side's sample is to last at least,
# within this many repetitions: after its turn a side finds its data where the other side's had been, and the
# median of seven is of caches that hold its own again, as where operations follow each other.
MIN_REPETITIONS, MAX_REPETITIONS = 7, 10


def repetitions(fastest_ns: float) -> int:
    """How often a side repeats an operation for a sample: the same for all sides."""
    return max(MIN_REPETITIONS, min(MAX_REPETITIONS, round(SAMPLE_NS / max(fastest_ns, 1))))


def measure(name: str, sides: Sequence[Side], samples: int) -> dict[str, list[float]]:
    """Milliseconds of each sample of each side. A sample is the median of its repetitions; sides take turns, and
    who begins changes from sample to sample."""
    warm = [min(side.run_ns(name, WARM_UPS)) for side in sides]
    count = repetitions(min(warm))
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for i in range(samples):
        for side in sides if i % 2 == 0 else reversed(sides):
            taken[side.name].append(statistics.median(side.run_ns(name, count)) / 1e6)
    return taken


def check(name: str, sides: Sequence[Side]) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for side in sides:
        reply = side.ask(f"check {name}")
        out[side.name] = reply | {"right": reply["error"] <= reply["bound"]}  # false for a NaN
    return out


def result(row: Row, taken: Mapping[str, list[float]], checked: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the results as JSON has it."""
    ours = Summary.of(taken[OURS])
    out: dict[str, Any] = {"operation": row.name, "title": row.title, "note": row.note, "sides": {}}
    for name, samples in taken.items():
        summary = Summary.of(samples)
        out["sides"][name] = summary.as_json("ms") | {"samples_ms": samples, "check": checked[name]}
        if name != OURS:
            out["sides"][name]["ratio"] = summary.median / ours.median
    if row.target is not None:
        out |= {"target": row.target, "stretch": row.stretch}
    return out


def _cell(side: Mapping[str, Any]) -> str:
    return f"{number(side['median_ms'])} ({number(side['lower_ms'])}-{number(side['upper_ms'])})"


def peer_table(results: Sequence[Mapping[str, Any]], peer: str) -> str:
    """All that was measured of Cloister and one peer. Goals were set for SEAL alone."""
    header = ["ms: median (quartiles)", OURS, peer, "ratio"]
    common = [row for row in results if peer in row["sides"]]
    rows = [[row["title"], _cell(row["sides"][OURS]), _cell(row["sides"][peer]), number(row["sides"][peer]["ratio"])]
            for row in common]
    if peer == PEER:
        header += ["target", "stretch", ""]
        for cells, row in zip(rows, common, strict=True):
            goals = row.get("target"), row.get("stretch")
            cells += ["" if goal is None else f"{goal:g}" for goal in goals]
            cells.append(verdict(row["sides"][peer]["ratio"], *goals))
    return table(header, rows)


def key_line(sizes: Mapping[str, Any]) -> str:
    ours, theirs = sizes[OURS]["rotation_key_bytes"], sizes[PEER]["rotation_key_bytes"]
    ratio = theirs / ours
    packed = sizes[PEER]["rotation_key_compressed_bytes"]
    return (f"{KEY_ROW.title}, seeded: {OURS} {byte_count(ours)}, SEAL {byte_count(theirs)}: 1/{number(ratio)} "
            f"(target 1/{KEY_ROW.target:g}, stretch 1/{KEY_ROW.stretch:g}: "
            f"{verdict(ratio, KEY_ROW.target, KEY_ROW.stretch)}).\n"
            f"  Neither is compressed. As sealapi saves it, compressed, SEAL's has {byte_count(packed)}: "
            f"1/{number(packed / ours)}.")


def side_line(name: str, info: Mapping[str, Any]) -> str:
    p = info["parameters"]
    bits = f"{sum(p['q_bits'])} + {sum(p['p_bits'])} bits of Q and P, {p['digits']} digits"
    over = "" if p["log2_qp"] <= SECURE_MODULUS_BITS else f", over the {SECURE_MODULUS_BITS} of 128-bit security"
    build = {"Cloister": lambda: f"{info['kernel_target']} kernels, {info['compiler']}",
             "SEAL": lambda: f"{info['version']} of {info['package']}, {'with' if info['hexl'] else 'without'} HEXL",
             "OpenFHE": lambda: f"{info['version']}, {p['technique']}"}[name]()
    return f"  {name}: {bits}{over}; {build}"


def start_openfhe(stack: contextlib.ExitStack, python: Sequence[str]) -> Side | None:
    """OpenFHE's side in the first interpreter that its package loads in; without one, it says so."""
    reasons = []
    for candidate in python:
        try:
            inside = environment("openfhe", "requirements-openfhe.txt", candidate)
            side = stack.enter_context(Side("OpenFHE", [str(inside), "-m", "bench.compare.openfhe_side"]))
            side.ask("info")
            return side
        except (UnavailableError, SideError) as error:
            reasons.append(f"  with {candidate}: {error}")
    print("OpenFHE is left out, as its package does not load here:\n" + "\n".join(reasons) +
          "\n  An interpreter that it is built for can be named with --openfhe-python PATH.", file=sys.stderr)
    return None


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        prog="./run bench compare", description=__doc__,
        epilog="--chd compares a whole training instead; see ./run bench compare --chd --help.")
    parser.add_argument("--samples", type=sample_count, default=MIN_SAMPLES, help="of each side (default: %(default)s)")
    parser.add_argument("--operations", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"only these of: {', '.join(names)}")
    parser.add_argument("--no-openfhe", action="store_true", help="compare with SEAL alone")
    parser.add_argument("--openfhe-python", metavar="PATH",
                        help="interpreter for OpenFHE's package (default: python3, then python3.10)")
    return parser.parse_args(arguments)


def start(stack: contextlib.ExitStack, options: argparse.Namespace) -> list[Side]:
    """Cloister's side first."""
    try:
        seal_python = environment("tenseal", "requirements.txt")
    except UnavailableError as error:
        raise SystemExit(f"TenSEAL cannot be compared with: {error}") from error
    print("Making parameters and keys", file=sys.stderr)
    sides = [stack.enter_context(Side(OURS, [str(machine.program("cloister_side"))])),
             stack.enter_context(Side(PEER, [str(seal_python), "-m", "bench.compare.seal_side"]))]
    if not options.no_openfhe:
        python = [options.openfhe_python] if options.openfhe_python else [sys.executable, "python3.10"]
        if openfhe := start_openfhe(stack, python):
            sides.append(openfhe)
    return sides


def measure_rows(sides: Sequence[Side], names: Sequence[str], samples: int,
                 rows: Sequence[Row] = ROWS) -> list[dict[str, Any]]:
    """The rows asked for that Cloister and another side can do."""
    can = {side.name: side.ask("operations")["operations"] for side in sides}
    results = []
    for row in rows:
        able = [side for side in sides if row.name in can[side.name]]
        if row.name in names and len(able) > 1:
            print(f"Measuring: {row.title}", file=sys.stderr)
            taken = measure(row.name, able, samples)
            results.append(result(row, taken, check(row.name, able)))
    return results


def wrong(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every result that its check does not pass."""
    return [f"{row['title']} by {name}: off by {side['check']['error']:.3g}, over {side['check']['bound']:.3g}"
            for row in results for name, side in row["sides"].items() if not side["check"]["right"]]


def print_results(infos: Mapping[str, Any], sizes: Mapping[str, Any], results: Sequence[Mapping[str, Any]],
                  samples: int) -> None:
    print(f"N = {infos[OURS]['parameters']['ring_degree']}, {LEVELS} levels, one thread each, {samples} samples of "
          "each side in turn; fresh operands at the top level; results checked.")
    print("\n".join(side_line(name, info) for name, info in infos.items()))
    for peer in infos:
        if peer != OURS and any(peer in row["sides"] for row in results):
            print("\n" + peer_table(results, peer))
    print("\n" + key_line(sizes))
    print("\nWhat is timed:\n  Cloister returns new objects, whose allocation counts, as do those of OpenFHE; SEAL "
          "writes into objects that are used again.")
    print("\n".join(f"  {row['title']}: {row['note']}." for row in results if row["note"]))


def run(options: argparse.Namespace) -> int:
    try:
        with contextlib.ExitStack() as stack:
            sides = start(stack, options)
            infos = {side.name: side.ask("info") for side in sides}
            sizes = {side.name: side.ask("sizes") for side in sides if side.name in (OURS, PEER)}
            results = measure_rows(sides, options.operations, options.samples)
    except SideError as error:
        raise SystemExit(f"The comparison stopped: {error}") from error
    print_results(infos, sizes, results, options.samples)
    path = machine.write_json("compare.json", machine.describe() | {
        "threads": 1, "sides": infos, "sizes": sizes, "results": results})
    print(f"\nWrote {path.relative_to(machine.ROOT)}")
    for line in (failures := wrong(results)):
        print(f"WRONG: {line}", file=sys.stderr)
    return 1 if failures else 0
