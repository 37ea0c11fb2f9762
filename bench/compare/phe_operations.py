"""One program by python-paillier's interface, on python-paillier with gmpy2 and on Cloister: the same key and Python,
sampled in turn in one run."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench import machine
from bench.compare.paillier import OURS, PEER, TERMS, result, wrong
from bench.compare.parameters import Row
from bench.compare.protocol import Side, SideError
from bench.figures import MIN_SAMPLES, number, table

BITS = (2048, 3072)
FEW, MANY = 4, 64  # operations of a sample: of those that take long, and of others and vectors
ROWS = (
    Row("encrypt", "encrypt", None, None, f"one a call, {MANY} of them or {FEW}"),
    Row("encrypt_vector", "encrypt, as a vector", None, None, f"{MANY} values a call; a loop over {FEW} else"),
    Row("decrypt", "decrypt", None, None, f"{FEW} numbers, one a call"),
    Row("decrypt_vector", "decrypt, as a vector", None, None, f"{MANY} values a call; a loop over {FEW}"),
    Row("add", "add two", None, None, f"{MANY} pairs"),
    Row("add_vector", "add two vectors", None, None, f"{MANY} pairs a call; a loop"),
    Row("add_float", "add a float", None, None, f"{MANY} numbers, of exponents that differ"),
    Row("add_float_vector", "add floats to a vector", None, None, f"{MANY} floats a call; a loop"),
    Row("times_float", "times a float", None, None, f"{MANY} numbers, weights of 53 bits, half of them negative"),
    Row("times_vector", "vector times floats", None, None, f"{MANY} weights a call; a loop"),
    Row("dot_list", f"dot product, {TERMS:,} terms, list", None, None, "sum(x * w for x, w in zip(...)) on both sides"),
    Row("dot_vector", f"dot product, {TERMS:,} terms, vector", None, None, "vector @ array; a sum over a list"),
)


def measure(name: str, sides: Sequence[Side], samples: int) -> dict[str, list[float]]:
    """Milliseconds an operation of each sample of each side, in turn; who begins changes from sample to sample."""
    for side in sides:
        side.run_ns(name, 1)
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for i in range(samples):
        for side in sides if i % 2 == 0 else reversed(sides):
            taken[side.name].append(side.run_ns(name, 1)[0] / 1e6)
    return taken


def factors(python: str, bits: int) -> list[str]:
    """Of a fresh key, in hexadecimal."""
    program = f"import phe; key = phe.generate_paillier_keypair(n_length={bits})[1]; print(f'{{key.p:x}} {{key.q:x}}')"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"python-paillier cannot be compared with: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.split()


def compare(bits: int, python: str, names: Sequence[str], samples: int) -> dict[str, Any]:
    """All rows at one length of keys."""
    print(f"Making a key of {bits} bits and operands", file=sys.stderr)
    key = factors(python, bits)
    module = "bench.compare.phe_operations_side"
    packages = machine.ONE_THREAD | {"PYTHONPATH": f"{machine.ROOT}:{machine.BUILD / 'python'}"}
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(Side(name, [python, "-m", module, library, *key], packages))
                 for name, library in ((OURS, "cloister"), (PEER, "phe"))]
        infos = {side.name: side.ask("info") for side in sides}
        results = []
        for row in ROWS:
            if row.name in names:
                print(f"Measuring: {row.title}", file=sys.stderr)
                taken = measure(row.name, sides, samples)
                results.append(result(row, taken, {side.name: side.ask(f"check {row.name}") for side in sides}))
    return {"bits": bits, "sides": infos, "results": results}


def print_results(compared: Mapping[str, Any]) -> None:
    def cells(row: Mapping[str, Any]) -> list[str]:
        sides = [f"{number(s['median_ms'])} ({number(s['lower_ms'])}-{number(s['upper_ms'])})"
                 for s in (row["sides"][OURS], row["sides"][PEER])]
        return [row["title"], *sides, number(row["ratio"])]

    print(f"\n{compared['bits']} bits, one thread each:\n" + table(
        ["ms an operation: median (quartiles)", OURS, PEER, "ratio"], [cells(row) for row in compared["results"]]))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    def enough(text: str) -> int:
        if (count := int(text)) < MIN_SAMPLES:
            raise argparse.ArgumentTypeError(f"at least {MIN_SAMPLES} samples make a median with a spread")
        return count

    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="./run bench phe", description=__doc__)
    parser.add_argument("--samples", type=enough, default=MIN_SAMPLES, help="of each side (default: %(default)s)")
    parser.add_argument("--bits", nargs="+", type=int, choices=BITS, default=[3072], help="of n (default: 3072)")
    parser.add_argument("--operations", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"only these of: {', '.join(names)}")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    python = str(machine.BUILD / "python-env" / "bin" / "python")
    try:
        compared = [compare(bits, python, options.operations, options.samples) for bits in options.bits]
    except SideError as error:
        raise SystemExit(f"The comparison stopped: {error}") from error
    for one in compared:
        print_results(one)
    print(f"\n{options.samples} samples of each side in turn, with the same key; every result decrypts to exactly the "
          "double that it should be.\n" + "\n".join(f"  {row.title}: {row.note}." for row in ROWS))
    return machine.conclude("phe.json", {"threads": 1, "lengths": compared},
                            [line for one in compared for line in wrong(one)])


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
