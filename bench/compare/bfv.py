"""BFV, operation by operation: Cloister and SEAL at their own parameters by default of equal degree and plaintext
modulus, sampled in turn in one run."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench import machine
from bench.compare.environments import UnavailableError, environment
from bench.compare.operations import OURS, PEER, measure_rows, peer_table, wrong
from bench.compare.parameters import Row
from bench.compare.protocol import Side, SideError
from bench.figures import MIN_SAMPLES, sample_count

LOG2_DEGREES = (13, 14)
PLAINTEXT_MODULUS = 786433  # TenSEAL's users have it; 1 modulo 2N for both degrees

ROWS = (
    Row("multiply", "multiply, relinearize", 3, 8),
    Row("multiply_lazy", "multiply", None, None, "in three parts"),
    Row("rotate", "rotate rows by one", 3, 6),
    Row("multiply_plain", "multiply by plaintext", None, None, "which is transformed in each call"),
    Row("add", "add", None, None),
    Row("encode", "encode", None, None, "Python's list is read in SEAL's time"),
    Row("encrypt", "encrypt (secret key)", 1, 4, "both expand the uniform half from a seed"),
    Row("encrypt_public", "encrypt (public key)", 1, 4),
    Row("decrypt", "decrypt", 1, 4, "Cloister measures the noise in each, SEAL does not"),
)


def value_at(i: int) -> int:
    """What slot i of both operands holds; cloister's side has the same."""
    return (i * 7919 + 13) % PLAINTEXT_MODULUS


def compare(log2_degree: int, python: str, names: Sequence[str], samples: int) -> dict[str, Any]:
    """All rows at one ring degree."""
    print(f"Making parameters and keys at N = {1 << log2_degree}", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(Side(OURS, [str(machine.program("bfv_side")), str(log2_degree)])),
                 stack.enter_context(Side(PEER, [python, "-m", "bench.compare.seal_bfv_side", str(log2_degree)]))]
        infos = {side.name: side.ask("info") for side in sides}
        return {"log2_degree": log2_degree, "sides": infos, "results": measure_rows(sides, names, samples, ROWS)}


def print_results(compared: Mapping[str, Any]) -> None:
    print(f"\nN = {1 << compared['log2_degree']}, t = {PLAINTEXT_MODULUS}, one thread each:")
    for name, info in compared["sides"].items():
        print(f"  {name}: {info['log2_q']:.0f} + {info['log2_p']:.0f} bits of Q and P, a fresh noise budget of "
              f"{info['budget_bits']:.0f} bits; {info['library']} {info['version']}")
    print(peer_table(compared["results"], PEER))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="./run bench bfv", description=__doc__)
    parser.add_argument("--samples", type=sample_count, default=MIN_SAMPLES, help="of each side (default: %(default)s)")
    parser.add_argument("--log2-degrees", nargs="+", type=int, choices=LOG2_DEGREES, default=list(LOG2_DEGREES))
    parser.add_argument("--operations", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"only these of: {', '.join(names)}")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    try:
        python = environment("tenseal", "requirements.txt")
    except UnavailableError as error:
        raise SystemExit(f"SEAL cannot be compared with: {error}") from error
    try:
        compared = [compare(log2, str(python), options.operations, options.samples) for log2 in options.log2_degrees]
    except SideError as error:
        raise SystemExit(f"The comparison stopped: {error}") from error
    for one in compared:
        print_results(one)
    print(f"\n{options.samples} samples of each side in turn; every result decrypts to the integers that it should. "
          "Cloister returns new objects, whose allocation counts; SEAL writes into objects that are used again.\n" +
          "\n".join(f"  {row.title}: {row.note}." for row in ROWS if row.note))
    return machine.conclude("bfv.json", {"threads": 1, "degrees": compared},
                            [line for one in compared for line in wrong(one["results"])])


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
