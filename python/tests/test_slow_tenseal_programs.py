"""Random programs, by TenSEAL and by ours, against exact arithmetic."""

import os
from typing import Any

import numpy as np
import pytest
from tenseal_pair import agree, opened, sides

OPERATIONS = 20
SEEDS = [int(os.environ["TENSEAL_SEED"])] if "TENSEAL_SEED" in os.environ else range(3)
MOST = 8.0  # beyond it, values are brought back by no operation but decryption, and are encrypted anew


class Trio:
    """One vector: exact, ours and TenSEAL's, and the levels that are left to it."""

    def __init__(self, exact: np.ndarray, pair: tuple[Any, Any], levels: int = 2) -> None:
        self.exact, self.pair, self.levels = exact, pair, levels


def fresh(values: np.ndarray) -> Trio:
    return Trio(values, tuple(side.vector(values.tolist()) for side in sides()))


def step(random: np.random.Generator, size: int, state: Trio) -> tuple[str, Trio]:
    """One operation that its size and level allow."""
    values = random.uniform(-1, 1, state.exact.size)
    number = float(random.uniform(-2, 2))
    free = {
        "add": lambda a, o: a + o,
        "radd number": lambda a, o: number + a,
        "rsub": lambda a, o: values.tolist() - a,
        "sub number": lambda a, o: a - number,
        "iadd": lambda a, o: a.copy().add_(values.tolist()),
        "neg": lambda a, o: -a,
        "sum": lambda a, o: a.sum(),
        "copy": lambda a, o: a.copy(),
    }
    costly = {
        "mul": lambda a, o: a * o,
        "mul clear": lambda a, o: values.tolist() * a,
        "mul number": lambda a, o: a * number,
        "imul": lambda a, o: a.copy().mul_(values.tolist()),
        "square": lambda a, o: a.square(),
        "dot": lambda a, o: a.dot(o),
        "dot clear": lambda a, o: a.dot(values.tolist()),
        "mm": lambda a, o: a.mm(matrix.tolist()),
        "polyval": lambda a, o: a.polyval([0.5, number]),
    }
    matrix = random.uniform(-1, 1, (state.exact.size, int(random.integers(1, size + 3))))
    exact = {
        "add": lambda x, y: x + y,
        "radd number": lambda x, y: x + number,
        "rsub": lambda x, y: values - x,
        "sub number": lambda x, y: x - number,
        "iadd": lambda x, y: x + values,
        "neg": lambda x, y: -x,
        "sum": lambda x, y: np.array([x.sum()]),
        "copy": lambda x, y: x,
        "mul": lambda x, y: x * y,
        "mul clear": lambda x, y: x * values,
        "mul number": lambda x, y: x * number,
        "imul": lambda x, y: x * values,
        "square": lambda x, y: x * x,
        "dot": lambda x, y: np.array([x @ y]),
        "dot clear": lambda x, y: np.array([x @ values]),
        "mm": lambda x, y: x @ matrix,
        "polyval": lambda x, y: 0.5 + number * x,
    }
    choices = list(free) + (list(costly) if state.levels > 0 else [])
    name = str(random.choice(choices))
    other = fresh(random.uniform(-1, 1, state.exact.size))
    apply = free.get(name) or costly[name]
    # TenSEAL lowers the level of operands: each program's are copies.
    pair = tuple(apply(a.copy(), o) for a, o in zip(state.pair, other.pair, strict=True))
    return name, Trio(exact[name](state.exact, other.exact), pair, state.levels - (name in costly))


@pytest.mark.parametrize("seed", SEEDS)
def test_vectors_agree(seed: int) -> None:
    """Every result as in `agree`, and as a whole at least as near to the exact values as TenSEAL's."""
    print(f"TENSEAL_SEED={seed}")
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 13))
    state, largest, names = fresh(random.uniform(-1, 1, size)), 1.0, []
    off: list[list[float]] = []
    for _ in range(OPERATIONS):
        name, state = step(random, size, state)
        names.append(name)
        print(name, state.exact.size)
        largest = max(largest, float(np.max(np.abs(state.exact))))
        agree(*state.pair, state.exact, largest)
        off.append([float(np.linalg.norm(opened(side) - state.exact)) for side in state.pair])
        if largest > MOST or state.exact.size == 1:
            state, largest = fresh(random.uniform(-1, 1, int(random.integers(1, 13)))), 1.0
    assert len(names) == OPERATIONS
    mine, theirs = np.linalg.norm(off, axis=0)
    assert mine <= theirs


def test_a_number_in_every_slot_is_cut_before_sums() -> None:
    exact = np.array([1.0, 2.0, 3.0])
    results = [(v + v.sum()).sum() for v in (side.vector(exact.tolist()) for side in sides())]
    agree(*results, np.array([24.0]))


def test_vectors_of_one_number_spread() -> None:
    values, one = np.array([1.0, -2.0, 3.0]), np.array([10.0])
    programs = [
        (lambda v, s: v + s, values + one),
        (lambda v, s: s + v, values + one),
        (lambda v, s: v - s, values - one),
        (lambda v, s: s - v, one - values),
        (lambda v, s: v * s, values * one),
        (lambda v, s: s * v, values * one),
        (lambda v, s: v.dot(s), np.array([values.sum() * 10])),
        (lambda v, s: v.sum() * v, values.sum() * values),
        (lambda v, s: (v * v.copy()).sum() + v.copy(), (values @ values) + values),
        (lambda v, s: v.mm(np.eye(3)[:, :2].tolist()).mm([[1, 1], [1, -1]]), np.array([-1.0, 3.0])),
    ]
    for program, exact in programs:
        agree(*(program(side.vector(values.tolist()), side.vector(one.tolist())) for side in sides()), exact)


def test_long_vectors_agree() -> None:
    values = np.linspace(-1, 1, 5000)
    a, b = (s.vector(values.tolist()) for s in sides())
    assert len(a.ciphertext()) == len(b.ciphertext()) == 2
    agree(a + a, b.copy() + b.copy(), 2 * values)
    agree(a.dot(a), b.copy().dot(b.copy()), np.array([values @ values]))
    agree(a.polyval([1, 2, 3]), b.copy().polyval([1, 2, 3]), 1 + 2 * values + 3 * values**2)


def test_programs_of_little_precision_agree() -> None:
    pair = sides(8192, (31, 26, 26, 26, 26, 26, 26, 31), 2.0**26)
    values = np.linspace(-1, 1, 20)
    results = [(x * x.copy()) * 0.5 for x in (side.vector(values.tolist()) for side in pair)]
    exact = values**2 * 0.5
    off = [np.max(np.abs(np.array(r.decrypt()) - exact)) for r in results]
    assert off[0] <= max(2 * off[1], 2.0**-8)
