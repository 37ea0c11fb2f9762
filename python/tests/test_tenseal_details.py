"""Small things of TenSEAL's interface: numbers of NumPy, tensors of no dimensions, copies, bytes of other types."""

import copy
from collections.abc import Callable
from typing import Any

import cloister.compat.tenseal as ours
import numpy as np
import pytest
from tenseal_pair import SCALE, Side, agree, opened, sides

V = [1.0, 2.0, 3.0]
SMALL_INTEGERS = [np.uint8(3), np.uint64(3), np.int8(-128), np.int16(-32768), np.uint32(7)]


@pytest.mark.parametrize("number", SMALL_INTEGERS, ids=repr)
def test_integers_of_numpy_are_subtracted(number: Any) -> None:
    exact = np.array(V) - float(number)
    mine, theirs = sides()
    # TenSEAL's vectors take no number of NumPy.
    assert np.allclose(opened(mine.vector(V) - number), exact, atol=1e-6)
    agree(mine.tensor(V) - number, theirs.tensor(V) - number, exact)
    context = ours.context(ours.SCHEME_TYPE.BFV, 4096, 1032193)
    assert (ours.bfv_vector(context, [1, 2, 3]) - number).decrypt() == exact.tolist()
    assert (ours.bfv_tensor(context, [1, 2, 3]) - number).decrypt().tolist() == exact.tolist()


EXACT: dict[str, tuple[Callable[[Side], Any], Any]] = {
    "a sum, transposed": (lambda s: s.tensor(V).sum().transpose(), 6.0),
    "a sum, repeated to no dimensions": (lambda s: s.tensor(V).sum().broadcast([]), 6.0),
    "a sum, reshaped to no dimensions": (lambda s: s.tensor(V).sum().reshape([]), 6.0),
    "all of a sum": (lambda s: s.tensor(V).sum()[()], 6.0),
    "one element, reshaped to no dimensions": (lambda s: s.tensor([5.0]).reshape([]), 5.0),
    "a clear number, transposed in place": (lambda s: s.ts.plain_tensor(5.0).transpose_(), 5.0),
    "a clear number, repeated to no dimensions": (lambda s: s.ts.plain_tensor(5.0).broadcast([]), 5.0),
    "dot with one clear number": (lambda s: s.tensor(V).dot([2.0]), 12.0),
    "dot with one number": (lambda s: s.tensor(V).dot(s.tensor([2.0])), 12.0),
    "dot of one number": (lambda s: s.tensor([2.0]).dot(V), 12.0),
    "dot of one number with one": (lambda s: s.tensor([2.0]).dot([3.0]), 6.0),
}


@pytest.mark.parametrize("name", EXACT)
def test_no_dimensions_and_single_numbers(name: str) -> None:
    program, exact = EXACT[name]
    mine, theirs = (program(side) for side in sides())
    agree(mine, theirs, np.array(exact))


def test_tensors_of_no_dimensions_travel() -> None:
    mine, _ = sides()
    back = ours.ckks_tensor_from(mine.context, mine.tensor(V).sum().serialize())
    assert back.shape == []
    assert back.decrypt().tolist() == pytest.approx(6, abs=1e-6)


@pytest.mark.parametrize("twin", [lambda x: x.copy(), copy.copy, copy.deepcopy])
def test_lazy_tensors_are_copied(twin: Callable[[Any], Any]) -> None:
    for side in sides():
        for tensor, load in [
            (side.vector(V), side.ts.lazy_ckks_vector_from),
            (side.tensor(V), side.ts.lazy_ckks_tensor_from),
        ]:
            lazy = load(tensor.serialize())
            for linked in (twin(lazy), lazy):
                linked.link_context(side.context)
                assert np.allclose(opened(linked), V, atol=1e-6)


@pytest.mark.parametrize("scale", [np.int64(2**40), np.float32(2.0**40), 2**40])
def test_global_scales_are_numbers_of_any_kind(scale: Any) -> None:
    for side in sides():
        context = side.context.copy()
        context.global_scale = 1.0
        context.global_scale = scale
        assert context.global_scale == SCALE
        side.context.global_scale = SCALE  # TenSEAL's copies share their settings


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_are_taken_from_any_buffer(kind: Callable[[bytes], Any]) -> None:
    mine, theirs = sides()
    assert ours.context_from(kind(mine.context.serialize())).global_scale == SCALE
    # TenSEAL takes contexts from a bytearray, and nothing else of these.
    assert theirs.ts.context_from(bytearray(theirs.context.serialize())).global_scale == SCALE
    assert ours.ckks_vector_from(mine.context, kind(mine.vector(V).serialize())).decrypt() == pytest.approx(V, abs=1e-6)
    lazy = ours.lazy_ckks_tensor_from(kind(mine.tensor(V).serialize()))
    lazy.link_context(mine.context)
    assert lazy.decrypt().tolist() == pytest.approx(V, abs=1e-6)
    assert ours.plain_tensor_from(kind(ours.plain_tensor(V).serialize())).tolist() == V


def test_values_up_to_the_modulus_come_back() -> None:
    """Of three primes, far beyond the first: both libraries know a double of them."""
    for bits in (40, 59, 63, 80, 95):
        values = [2.0**bits, -(2.0 ** (bits - 3))]
        for side in sides():
            np.testing.assert_allclose(side.vector(values).decrypt(), values, rtol=1e-6)


def test_numbers_beyond_the_modulus_are_refused() -> None:
    vector = sides()[0].vector([1.0, 2.0])
    for number in (1e300, -(2.0**120), float("inf"), float("nan")):
        with pytest.raises(ValueError):
            vector + number
    assert (vector + 2.0**60).decrypt() == pytest.approx([2.0**60 + 1, 2.0**60 + 2])
