"""Programs written for TenSEAL, run by it and by cloister.compat.tenseal in turn, in one process."""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import tenseal as peer

import cloister.compat.tenseal as ours
from bench import machine
from bench.figures import MIN_SAMPLES, Summary, byte_count, number, table

DEGREE, SIZES, SCALE = 8192, [60, 40, 40, 60], 2.0**40
DEEP_DEGREE, DEEP_SIZES = 16384, [60, 40, 40, 40, 40, 40, 60]
# Of BFV: a prime that is 1 modulo twice the degree.
PLAIN_MODULUS = 1032193
MIN_RATIO, GOAL_MEAN, GOAL_BYTES = 1.0, 6.0, 0.5
# What decrypted results of CKKS may be from the exact ones, in units of the largest of them; integers are exact.
MOST_ERROR = 1e-4
REPEAT_BELOW_S, MOST_REPETITIONS = 0.02, 20

Program = Callable[["Party"], Any]


@dataclass(frozen=True)
class Row:
    """An operation, and what its result is exactly: None where there is nothing to decrypt."""

    name: str
    run: Program
    exact: Callable[[], np.ndarray] | None


class Party:
    """One library, with contexts and operands of its own."""

    def __init__(self, ts: ModuleType, name: str, threads: int) -> None:
        self.ts, self.name, self.threads = ts, name, threads
        self.context = self.made(DEGREE, SIZES)
        self.deep = self.made(DEEP_DEGREE, DEEP_SIZES)
        self.vector, self.other = (ts.ckks_vector(self.context, x) for x in (X, Y))
        self.deep_vector = ts.ckks_vector(self.deep, X)
        self.features = ts.ckks_vector(self.context, FEATURES)
        self.left, self.right = (ts.ckks_tensor(self.context, x) for x in (LEFT, RIGHT))
        self.image, self.windows = ts.im2col_encoding(self.context, IMAGE.tolist(), 7, 7, 3)
        self.integer_context = ts.context(ts.SCHEME_TYPE.BFV, DEGREE, PLAIN_MODULUS, n_threads=threads)
        self.integer_context.generate_galois_keys()
        self.integers, self.other_integers = (ts.bfv_vector(self.integer_context, x) for x in (M, N))
        self.whole_left, self.whole_right = (ts.bfv_tensor(self.integer_context, x) for x in (WHOLE, WHOLE_CLEAR))
        self.integer_bytes = self.integers.serialize()
        self.context_bytes = self.context.serialize()
        self.vector_bytes = self.vector.serialize()

    def made(self, degree: int, sizes: list[int]) -> Any:
        context = self.ts.context(
            self.ts.SCHEME_TYPE.CKKS, degree, coeff_mod_bit_sizes=sizes, n_threads=self.threads
        )
        context.global_scale = SCALE
        context.generate_galois_keys()
        return context


_random = np.random.default_rng(1)
X, Y = (_random.uniform(-1, 1, 4096).tolist() for _ in range(2))
FEATURES = _random.uniform(-1, 1, 256).tolist()
WEIGHTS = _random.uniform(-1, 1, (256, 64)).tolist()
LEFT, RIGHT = (_random.uniform(-1, 1, (4, 4)).tolist() for _ in range(2))
CLEAR = _random.uniform(-1, 1, (4, 4)).tolist()
IMAGE = _random.uniform(0, 1, (28, 28))
KERNEL = _random.uniform(-1, 1, (7, 7)).tolist()
# Their dot product is below half of the modulus.
M, N = (_random.integers(-10, 11, 4096).tolist() for _ in range(2))
WHOLE, WHOLE_CLEAR = (_random.integers(-10, 11, (4, 4)).tolist() for _ in range(2))
SIGMOID = [0.5, 0.197, 0, -0.004]


def convolved() -> np.ndarray:
    views = np.lib.stride_tricks.sliding_window_view(IMAGE, (7, 7))[::3, ::3]
    return np.einsum("ijkl,kl->ij", views, np.array(KERNEL)).ravel()


def _sum_of(x: list[float], y: list[float]) -> np.ndarray:
    return np.array([np.dot(x, y)])


def _context_of(party: Party) -> Any:
    return party.ts.context_from(party.context_bytes, n_threads=party.threads)


CKKS_ROWS = (
    Row("encrypt a vector", lambda p: p.ts.ckks_vector(p.context, X), lambda: np.array(X)),
    Row("decrypt it", lambda p: p.vector.decrypt(), lambda: np.array(X)),
    Row("add vectors", lambda p: p.vector + p.other, lambda: np.add(X, Y)),
    Row("add clear vector", lambda p: p.vector + Y, lambda: np.add(X, Y)),
    Row("multiply vectors", lambda p: p.vector * p.other, lambda: np.multiply(X, Y)),
    Row("multiply by clear vector", lambda p: p.vector * Y, lambda: np.multiply(X, Y)),
    Row("dot, encrypted", lambda p: p.vector.dot(p.other), lambda: _sum_of(X, Y)),
    Row("dot, clear", lambda p: p.vector.dot(Y), lambda: _sum_of(X, Y)),
    Row("matmul 256 x 64", lambda p: p.features.matmul(WEIGHTS), lambda: np.dot(FEATURES, WEIGHTS)),
    Row("polyval, degree 3", lambda p: p.deep_vector.polyval(SIGMOID), lambda: np.polyval(SIGMOID[::-1], X)),
    Row("tensors: mm 4 x 4, encrypted", lambda p: p.left.mm(p.right), lambda: np.dot(LEFT, RIGHT)),
    Row("tensors: mm 4 x 4, clear", lambda p: p.left.mm(CLEAR), lambda: np.dot(LEFT, CLEAR)),
    Row("conv2d_im2col, 28 x 28 by 7 x 7", lambda p: p.image.conv2d_im2col(KERNEL, p.windows), convolved),
    Row("make a context and all keys", lambda p: p.made(DEGREE, SIZES), None),
    Row("generate Galois keys", lambda p: p.context.generate_galois_keys(), None),
    Row("serialize the public context", lambda p: p.context.serialize(), None),
    Row("load it", _context_of, None),
    Row("serialize a vector", lambda p: p.vector.serialize(), None),
    Row("load it again", lambda p: p.ts.ckks_vector_from(p.context, p.vector_bytes), lambda: np.array(X)),
)

BFV_ROWS = (
    Row("encrypt a vector", lambda p: p.ts.bfv_vector(p.integer_context, M), lambda: np.array(M)),
    Row("decrypt it", lambda p: p.integers.decrypt(), lambda: np.array(M)),
    Row("add vectors", lambda p: p.integers + p.other_integers, lambda: np.add(M, N)),
    Row("add clear vector", lambda p: p.integers + N, lambda: np.add(M, N)),
    Row("multiply vectors", lambda p: p.integers * p.other_integers, lambda: np.multiply(M, N)),
    Row("multiply by clear vector", lambda p: p.integers * N, lambda: np.multiply(M, N)),
    Row("dot, encrypted", lambda p: p.integers.dot(p.other_integers), lambda: _sum_of(M, N)),
    Row("tensors: mm 4 x 4, encrypted", lambda p: p.whole_left.mm(p.whole_right), lambda: np.dot(WHOLE, WHOLE_CLEAR)),
    Row("tensors: mm 4 x 4, clear", lambda p: p.whole_left.mm(WHOLE_CLEAR), lambda: np.dot(WHOLE, WHOLE_CLEAR)),
    Row("generate Galois keys", lambda p: p.integer_context.generate_galois_keys(), None),
    Row("serialize a vector", lambda p: p.integers.serialize(), None),
    Row("load it", lambda p: p.ts.bfv_vector_from(p.integer_context, p.integer_bytes), lambda: np.array(M)),
)


def error(row: Row, result: Any) -> float:
    """Of a result, in units of the largest exact number; NaN where there is nothing to compare."""
    if row.exact is None:
        return math.nan
    exact = row.exact()
    opened = result.decrypt() if hasattr(result, "decrypt") else result
    values = np.array(opened.tolist() if hasattr(opened, "tolist") else opened).reshape(exact.shape)
    return float(np.max(np.abs(values - exact)) / np.max(np.abs(exact)))


def seconds(program: Program, party: Party, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        program(party)
    return (time.perf_counter() - start) / count


def measure(row: Row, parties: Sequence[Party], most_error: float, samples: int) -> dict[str, Any]:
    """Milliseconds, in turn; who begins changes from sample to sample. Results are checked first, which warms up."""
    out: dict[str, Any] = {"operation": row.name, "sides": {}}
    for party in parties:
        off = error(row, row.run(party))
        if off > most_error:
            raise SystemExit(f"{row.name}: {party.name}'s result is off by {off:.2g}")
        out["sides"][party.name] = {"error": None if math.isnan(off) else off}
    fastest = min(seconds(row.run, party, 1) for party in parties)
    count = max(1, min(MOST_REPETITIONS, round(REPEAT_BELOW_S / fastest)))
    taken: dict[str, list[float]] = {party.name: [] for party in parties}
    for i in range(samples):
        for party in parties if i % 2 == 0 else reversed(parties):
            taken[party.name].append(1e3 * seconds(row.run, party, count))
    for name, values in taken.items():
        out["sides"][name] |= Summary.of(values).as_json("ms") | {"samples_ms": values}
    medians = [Summary.of(taken[party.name]).median for party in parties]
    out["ratio"] = medians[1] / medians[0]
    return out


def sizes(parties: Sequence[Party]) -> dict[str, dict[str, int]]:
    measured = {}
    for party in parties:
        public = party.context.copy()
        public.make_context_public()
        symmetric = {"public context": len(public.serialize()), "vector": len(party.vector_bytes),
                     "product": len((party.vector * party.other).serialize()),
                     "vector of integers": len(party.integer_bytes),
                     "product of integers": len((party.integers * party.other_integers).serialize())}
        measured[party.name] = symmetric
    return measured


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench tenseal", description=__doc__)
    parser.add_argument("--samples", type=int, default=MIN_SAMPLES, help="of each side (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of each side (default: %(default)s)")
    return parser.parse_args(arguments)


def report(scheme: str, results: Sequence[dict[str, Any]]) -> None:
    rows = []
    for row in results:
        cells = [
            f"{number(side['median_ms'])} ({number(side['lower_ms'])}-{number(side['upper_ms'])})"
            for side in row["sides"].values()
        ]
        rows.append([row["operation"], *cells, number(row["ratio"]), "" if row["ratio"] >= MIN_RATIO else "slower"])
    print(table([f"{scheme}, ms: median (quartiles)", *results[0]["sides"], "ratio", ""], rows))
    mean = math.exp(sum(math.log(row["ratio"]) for row in results) / len(results))
    print(f"Geometric mean of the ratios: {number(mean)} ({'met' if mean >= GOAL_MEAN else 'not met'}: "
          f"{GOAL_MEAN:g}).\n")


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    warnings.simplefilter("ignore", UserWarning)
    print(f"Making contexts of {options.threads} threads on both sides", file=sys.stderr)
    parties = [Party(ours, "Cloister", options.threads), Party(peer, "TenSEAL", options.threads)]
    results = {}
    for scheme, rows, most_error in (("CKKS", CKKS_ROWS, MOST_ERROR), ("BFV", BFV_ROWS, 0.0)):
        print(scheme, file=sys.stderr)
        results[scheme] = [measure(row, parties, most_error, options.samples) for row in rows]
        report(scheme, results[scheme])
    measured = sizes(parties)
    for what in measured["Cloister"]:
        mine, theirs = (measured[party.name][what] for party in parties)
        print(f"Bytes of a {what}: {byte_count(mine)} against {byte_count(theirs)}, {mine / theirs:.2f}.")
    written = machine.write_json("tenseal.json", {
        "machine": machine.describe(), "threads": options.threads, "tenseal": peer.__version__,
        "parameters": {"poly_modulus_degree": DEGREE, "coeff_mod_bit_sizes": SIZES,
                       "polyval": {"poly_modulus_degree": DEEP_DEGREE, "coeff_mod_bit_sizes": DEEP_SIZES}},
        "operations": results["CKKS"], "operations of BFV": results["BFV"], "bytes": measured})
    print(f"Results: {written}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
