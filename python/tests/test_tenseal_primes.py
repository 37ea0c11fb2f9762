"""Lists of sizes of primes: what TenSEAL takes, ours takes, and values above 1 survive all products let through."""

import warnings
from typing import Any

import cloister.compat.tenseal as ours
import numpy as np
import pytest
import tenseal as peer
from tenseal_pair import outcome

VALUES = [3.0, -20.0, 0.5]
FACTORS = [1.0, -1.0, 0.5]
#: Degree, sizes, the scale in TenSEAL (that of the primes between), and the products that ours lets through.
PRODUCTS: list[tuple[int, list[int], float, int]] = [
    (8192, [50] * 4, 2.0**50, 1),
    (8192, [], 2.0**43, 2),
    (8192, [26] * 8, 2.0**26, 5),
    (8192, [40] * 4, 2.0**40, 2),
    (8192, [60, 40, 40, 60], 2.0**40, 2),
    (8192, [60, 49, 49, 60], 2.0**49, 2),
    (8192, [60, 40, 40, 40, 38], 2.0**40, 3),
    (8192, [60] * 3, 2.0**60, 0),
    (8192, [26, 30, 45, 21, 31], 2.0**45, 2),
    (4096, [], 2.0**36, 0),
    (4096, [36, 36, 37], 2.0**36, 0),
    (4096, [37, 36, 36], 2.0**36, 1),
    (4096, [30] * 3, 2.0**30, 0),
    (4096, [25] * 3, 2.0**25, 1),
    (4096, [20] * 3, 2.0**20, 1),
    (4096, [18] * 3, 2.0**18, 1),
    (4096, [40, 20, 20, 20], 2.0**20, 2),
    (16384, [60] * 7, 2.0**60, 4),
    (16384, [], 2.0**48, 6),
    (16384, [45, 40, 26, 26, 60, 40, 20, 35], 2.0**60, 5),
    (16384, [35, 40, 35, 40, 35, 35, 60, 31], 2.0**60, 5),
]
#: Lists that leave no product, and a scale at which TenSEAL, too, has room for values of 5000.
SINGLE: list[tuple[int, list[int], float]] = [
    (8192, [60, 60], 2.0**40),
    (8192, [40, 40], 2.0**25),
    (4096, [40, 40], 2.0**25),
    (4096, [54, 54], 2.0**40),
    (4096, [60, 35], 2.0**40),
    (4096, [36, 36, 37], 2.0**36),
]


def context(ts: Any, degree: int, sizes: list[int], scale: float) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        made = ts.context(ts.SCHEME_TYPE.CKKS, degree, coeff_mod_bit_sizes=sizes, n_threads=1)
    made.global_scale = scale
    return made


def products(vector: Any) -> int:
    """How many clear products are let through."""
    for count in range(100):
        kind, result = outcome(lambda _: vector * FACTORS, None)  # type: ignore[arg-type]
        if kind == "raises":
            assert isinstance(result, ValueError)
            assert str(result) == "scale out of bounds"
            return count
        vector = result
    raise AssertionError("products do not end")


def off_by(made: Any) -> float:
    """What values of size 20 may be off by: noise of some 2^13 in slots at each of the products, at the scale, and
    the scale's own rounding of the factors."""
    parameters = made.data.parameters
    return 20 * (parameters.levels + 1) * 2.0 ** (13 - parameters.scale_bits)


@pytest.mark.parametrize(("degree", "sizes", "scale", "levels"), PRODUCTS)
def test_values_survive_every_product(degree: int, sizes: list[int], scale: float, levels: int) -> None:
    made = context(ours, degree, sizes, scale)
    vector, exact = ours.ckks_vector(made, VALUES), np.array(VALUES)
    for _ in range(levels):
        vector, exact = vector * FACTORS, exact * FACTORS
        assert np.max(np.abs(np.array(vector.decrypt()) - exact)) <= off_by(made)
    with pytest.raises(ValueError, match="scale out of bounds"):
        vector * FACTORS
    with pytest.raises(ValueError, match="scale out of bounds"):
        vector * vector
    theirs = context(peer, degree, sizes, scale)
    # As many as TenSEAL, or one more where the first prime could be made larger.
    assert levels - products(peer.ckks_vector(theirs, VALUES)) in (0, 1)


@pytest.mark.parametrize(("degree", "sizes", "scale"), SINGLE)
def test_a_single_prime_leaves_room_for_thousands(degree: int, sizes: list[int], scale: float) -> None:
    exact = np.array([5000.0, -5000.0])
    for ts in (ours, peer):
        made = context(ts, degree, sizes, scale)
        # Noise of at most 2^13 in slots.
        least = 2.0 ** made.data.parameters.scale_bits if ts is ours else scale
        assert np.max(np.abs(np.array(ts.ckks_vector(made, exact.tolist()).decrypt()) - exact)) <= 2.0**13 / least


@pytest.mark.parametrize("sizes", [[20, 20], [18, 18], [16, 16]])
def test_the_least_contexts_are_made(sizes: list[int]) -> None:
    for ts in (ours, peer):
        made = context(ts, 2048, sizes, 2.0**10)
        assert ts.context_from(made.serialize()).global_scale == 2.0**10
    small = ours.ckks_vector(context(ours, 2048, sizes, 2.0**10), [3.0, -0.5])
    assert small.decrypt() == pytest.approx([3, -0.5], abs=2.0 ** (12 - 20))
    with pytest.raises(ValueError, match="encoded values are too large"):
        ours.ckks_vector(context(ours, 2048, sizes, 2.0**10), [20.0])


def test_scales_are_bounded_by_the_list() -> None:
    for ts in (ours, peer):
        made = context(ts, 8192, [60, 60, 60], 2.0**60)
        assert ts.ckks_vector(made, [1.5]).decrypt() == pytest.approx([1.5], abs=1e-6)
        for scale in (2.0**119, 2.0**200, 0.0):
            with pytest.raises(ValueError, match="scale out of bounds"):
                ts.ckks_vector(made, [1.5], scale)


def test_lists_within_todays_table_stay_within_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for degree, sizes in [(4096, [40, 30, 36]), (4096, [60, 35]), (8192, [60, 40, 40, 40, 34]), (2048, [20, 20])]:
            ours.context(ours.SCHEME_TYPE.CKKS, degree, coeff_mod_bit_sizes=sizes, n_threads=1)
