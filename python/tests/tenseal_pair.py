"""Both libraries with the same parameters, for the tests that compare them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import cloister.compat.tenseal as ours
import numpy as np
import tenseal as peer

SIZES = (60, 40, 40, 60)
SCALE = 2.0**40
#: What a value of size 1 may be off by after a few operations at this scale, in either library: noise of some
#: 2^13 in slots of a scale of 2^40, times a few operations.
FLOOR = 2.0**-22


@dataclass(frozen=True)
class Side:
    """A library and a context of it."""

    ts: ModuleType
    context: Any

    def vector(self, values: Any) -> Any:
        return self.ts.ckks_vector(self.context, values)

    def tensor(self, values: Any, batch: bool = False) -> Any:
        return self.ts.ckks_tensor(self.context, values, batch=batch)


@cache
def sides(degree: int = 8192, sizes: tuple[int, ...] = SIZES, scale: float = SCALE) -> tuple[Side, Side]:
    """Ours first, with Galois keys."""
    made = []
    for ts in (ours, peer):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            context = ts.context(ts.SCHEME_TYPE.CKKS, degree, coeff_mod_bit_sizes=list(sizes), n_threads=2)
        context.global_scale = scale
        context.generate_galois_keys()
        made.append(Side(ts, context))
    return made[0], made[1]


def opened(result: Any) -> np.ndarray:
    """The numbers of a result, encrypted or not."""
    if hasattr(result, "decrypt"):
        result = result.decrypt()
    return np.array(result.tolist() if hasattr(result, "tolist") else result, dtype=float)


def agree(mine: Any, theirs: Any, exact: np.ndarray, size: float | None = None) -> None:
    """The same shapes, and ours at most twice as far from the exact values, or within the floor for values of a
    size."""
    a, b = opened(mine), opened(theirs)
    assert a.shape == b.shape == np.shape(exact)
    assert list(mine.shape) == list(theirs.shape)
    largest = max(1.0, float(np.max(np.abs(exact), initial=0)), size or 0)
    off = float(np.max(np.abs(a - exact), initial=0))
    assert off <= max(2 * float(np.max(np.abs(b - exact), initial=0)), FLOOR * largest), (off, largest)


def outcome(program: Callable[[Side], Any], side: Side) -> tuple[str, Any]:
    """What a program gives: ("value", it) or ("raises", the exception)."""
    try:
        return "value", program(side)
    except Exception as error:  # noqa: BLE001 - the comparison is of any
        return "raises", error
