"""BFV's vectors and tensors, by TenSEAL and by ours: exactly the same integers."""

import os
import pickle
from collections.abc import Callable
from functools import cache
from typing import Any

import cloister.compat.tenseal as ours
import numpy as np
import pytest
import tenseal as peer
from tenseal_pair import Side, outcome

MODULUS = 1032193
OPERATIONS = 20
SEEDS = [int(os.environ["TENSEAL_SEED"])] if "TENSEAL_SEED" in os.environ else range(4)


@cache
def sides() -> tuple[Side, Side]:
    made = []
    for ts in (ours, peer):
        context = ts.context(ts.SCHEME_TYPE.BFV, 8192, MODULUS, n_threads=2)
        context.generate_galois_keys()
        made.append(Side(ts, context))
    return made[0], made[1]


def vectors(values: Any) -> list[Any]:
    return [side.ts.bfv_vector(side.context, values) for side in sides()]


def tensors(values: Any, batch: bool = False) -> list[Any]:
    return [side.ts.bfv_tensor(side.context, values, batch) for side in sides()]


def centred(values: np.ndarray) -> np.ndarray:
    reduced = np.asarray(values) % MODULUS
    return np.where(reduced > MODULUS // 2, reduced - MODULUS, reduced)


def opened(result: Any) -> np.ndarray:
    result = result.decrypt()
    return np.array(result.tolist() if hasattr(result, "tolist") else result)


def same(pair: list[Any], exact: np.ndarray) -> None:
    mine, theirs = (opened(result) for result in pair)
    assert mine.shape == theirs.shape == np.shape(exact)
    assert np.array_equal(mine, centred(exact))
    assert np.array_equal(theirs, centred(exact))


@pytest.mark.parametrize("seed", SEEDS)
def test_vectors_agree(seed: int) -> None:
    print(f"TENSEAL_SEED={seed}")
    random = np.random.default_rng(seed)
    products = 0
    size = int(random.integers(1, 30))
    exact = random.integers(-MODULUS, MODULUS, size)
    pair = vectors(exact.tolist())
    for _ in range(OPERATIONS):
        values = random.integers(-1000, 1000, size)
        number = int(random.integers(-1000, 1000))
        others = vectors(values.tolist())
        steps: dict[str, tuple[Callable[[Any, Any], Any], np.ndarray, int]] = {
            "add": (lambda a, o: a + o, exact + values, 0),
            "sub": (lambda a, o: a - o, exact - values, 0),
            "add clear": (lambda a, o: values.tolist() + a, exact + values, 0),
            "sub clear": (lambda a, o: a - values.tolist(), exact - values, 0),
            "add number": (lambda a, o: number + a, exact + number, 0),
            "iadd": (lambda a, o: a.add_(values.tolist()), exact + values, 0),
            "mul": (lambda a, o: a * o, exact * values, 1),
            "mul clear": (lambda a, o: a * values.tolist(), exact * values, 1),
            "sum": (lambda a, o: a.sum(), np.array([exact.sum()]), 0),
            "dot": (lambda a, o: a.dot(o), np.array([exact @ values]), 1),
            "polyval": (lambda a, o: a.polyval([3, number]), 3 + number * exact, 1),
        }
        name = str(random.choice([n for n in steps if products == 0 or steps[n][2] == 0]))
        print(name, exact.size)
        apply, exact, cost = steps[name]
        pair = [apply(a, o) for a, o in zip(pair, others, strict=True)]
        exact, products = centred(exact), products + cost
        same(pair, exact)
        if exact.size == 1 and size > 1:
            products, exact = 0, random.integers(-MODULUS, MODULUS, size)
            pair = vectors(exact.tolist())


@pytest.mark.parametrize("batch", [False, True])
def test_tensors_agree(batch: bool) -> None:
    random = np.random.default_rng(1)
    x, y = random.integers(-500, 500, (2, 2, 3))
    row = random.integers(-500, 500, 3)
    programs = [
        (lambda a, b: a + b, x + y),
        (lambda a, b: a - b, x - y),
        (lambda a, b: a * b, x * y),
        (lambda a, b: a + row.tolist(), x + row),
        (lambda a, b: a * row.tolist(), x * row),
        (lambda a, b: 5 - a, 5 - x),
        (lambda a, b: a * 7, x * 7),
        (lambda a, b: a.square(), x * x),
        (lambda a, b: a.neg(), -x),
        (lambda a, b: a.polyval([1, 2, 3]), 1 + 2 * x + 3 * x * x),
        (lambda a, b: a.sum(0), x.sum(0)),
        (lambda a, b: a.sum(1), x.sum(1)),
    ]
    for program, exact in programs:
        same([program(a, b) for a, b in zip(tensors(x, batch), tensors(y, batch), strict=True)], exact)
    # TenSEAL's power 0 forgets the batch.
    assert opened(tensors(x, batch)[0] ** 0).tolist() == np.ones((2, 3)).tolist()
    if batch:
        same([a.sum_batch() for a in tensors(x, True)], x.sum(0))


def test_tensor_algebra_agrees() -> None:
    random = np.random.default_rng(2)
    a, b, v = random.integers(-9, 9, (2, 3)), random.integers(-9, 9, (3, 2)), random.integers(-9, 9, 3)
    programs = [
        (lambda s: s.ts.bfv_tensor(s.context, a).mm(b.tolist()), a @ b),
        (lambda s: s.ts.bfv_tensor(s.context, a) @ s.ts.bfv_tensor(s.context, b), a @ b),
        (lambda s: s.ts.bfv_tensor(s.context, a).dot(v.tolist()), a @ v),
        (lambda s: s.ts.bfv_tensor(s.context, a).transpose(), a.T),
        (lambda s: s.ts.bfv_tensor(s.context, a).reshape([3, 2]), a.reshape(3, 2)),
        (lambda s: s.ts.bfv_tensor(s.context, v).broadcast([2, 3]), np.broadcast_to(v, (2, 3))),
    ]
    for program, exact in programs:
        same([program(side) for side in sides()], exact)


def test_vectors_of_many_numbers_agree() -> None:
    values = np.arange(9000)
    same([v + v.copy() for v in vectors(values.tolist())], 2 * values)
    same([side.ts.BFVVector.pack_vectors([v, v]) for side, v in zip(sides(), vectors([1, -2, 3]), strict=True)],
         np.array([1, -2, 3, 1, -2, 3]))
    # TenSEAL: "step count too large".
    long = ours.bfv_vector(sides()[0].context, values[:8000].tolist())
    assert long.sum().decrypt() == centred(np.array([values[:8000].sum()])).tolist()


def test_refused_alike() -> None:
    programs: list[Callable[[Side], Any]] = [
        lambda s: s.ts.bfv_vector(s.context, []),
        lambda s: s.ts.bfv_vector(s.context, [[1]]),
        lambda s: s.ts.bfv_vector(s.context, [1, 2]) + [1],
        lambda s: s.ts.bfv_vector(s.context, [1, 2]) + s.ts.bfv_vector(s.context, [1, 2, 3]),
        lambda s: s.ts.bfv_vector(s.context, [1, 2]) + 1.5,
        lambda s: s.ts.bfv_vector(s.context, [1, 2]).polyval([]),
        lambda s: s.ts.bfv_vector(s.context, [1, 2]).polyval([1.5]),
        lambda s: s.ts.bfv_vector_from(s.context, b"abc"),
        lambda s: s.ts.bfv_tensor(s.context, [1, 2]).sum_batch(),
        lambda s: s.ts.bfv_tensor(s.context, [1, 2])[0],
        lambda s: s.ts.ckks_vector(s.context, [1.0], 2.0**20),
        lambda s: s.ts.context(s.ts.SCHEME_TYPE.BFV, 4096, 0),
        lambda s: s.ts.context(s.ts.SCHEME_TYPE.BFV, 4096, -5),
        lambda s: s.ts.bfv_vector(s.ts.context(s.ts.SCHEME_TYPE.BFV, 4096, 1024), [1]),
    ]
    for program in programs:
        (mine, a), (theirs, b) = (outcome(program, side) for side in sides())
        assert mine == theirs == "raises", (a, b)
        assert isinstance(a, type(b)), (a, b)
        if "incompatible" not in str(b) and "tenseal." not in str(b) and "object" not in str(b):
            assert str(a) == str(b)


def test_what_tenseal_gets_wrong() -> None:
    vector = ours.bfv_vector(sides()[0].context, [1, -2, 3])
    assert vector.neg().decrypt() == [-1, 2, -3]
    assert (1 - vector).decrypt() == [0, 3, -2]
    assert (vector - 1).decrypt() == [0, -3, 2]
    assert (vector**2).decrypt() == [1, 4, 9]
    assert (vector - vector).decrypt() == [0, 0, 0]
    assert (vector + ours.bfv_vector(sides()[0].context, [10])).decrypt() == [11, 8, 13]
    # Integers far below 0, which it reads as others.
    low = -3 * MODULUS - 5
    assert ours.bfv_vector(sides()[0].context, [low]).decrypt() == [-5]
    assert (vector + low).decrypt() == [-4, -7, -2]
    assert peer.bfv_vector(sides()[1].context, [low]).decrypt() != [-5]
    small = ours.context(ours.SCHEME_TYPE.BFV, 4096, MODULUS)
    with pytest.raises(ValueError, match="noise budget"):
        ours.bfv_vector(small, [3]) ** 4


@pytest.mark.parametrize("secret", [False, True])
def test_bytes_come_back(secret: bool) -> None:
    context, v = sides()[0].context, [5, -6, 7]
    loaded = ours.context_from(context.serialize(save_secret_key=secret))
    assert (loaded.is_private(), loaded.has_galois_keys(), loaded.has_relin_keys()) == (secret, True, True)
    for tensor in (ours.bfv_vector(context, v), ours.bfv_tensor(context, [v, v], batch=True)):
        back = type(tensor).load(loaded, tensor.serialize())
        assert np.array_equal(np.array(opened_by(back * back, context)), np.square(opened(tensor)))
        lazy = pickle.loads(pickle.dumps(tensor, protocol=5))
        lazy.link_context(context)
        assert np.array_equal(opened(lazy), opened(tensor))


def opened_by(tensor: Any, context: Any) -> Any:
    result = tensor.decrypt(context.secret_key())
    return result.tolist() if hasattr(result, "tolist") else result
