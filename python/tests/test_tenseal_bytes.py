"""Contexts and tensors as bytes: which keys travel, what is refused, and that a secret key never goes along."""

import copy
import itertools
import pickle
import random
from typing import Any

import cloister.compat.tenseal as ours
import numpy as np
import pytest
from tenseal_pair import SCALE, Side, sides

FLAGS = list(itertools.product([False, True], repeat=4))
V = [1.0, -2.0, 3.0]


def keys_of(context: Any) -> tuple[bool, ...]:
    return (
        context.has_public_key(),
        context.has_secret_key(),
        context.has_galois_keys(),
        context.has_relin_keys(),
        context.is_private(),
        context.is_public(),
        context.auto_relin,
        context.auto_rescale,
        context.auto_mod_switch,
    )


@pytest.mark.parametrize("flags", FLAGS)
def test_the_same_keys_travel(flags: tuple[bool, ...]) -> None:
    loaded = [s.ts.context_from(s.context.serialize(*flags)) for s in sides()]
    assert keys_of(loaded[0]) == keys_of(loaded[1])
    assert loaded[0].global_scale == SCALE


@pytest.mark.parametrize("flags", FLAGS)
def test_what_travels_is_of_use(flags: tuple[bool, ...]) -> None:
    mine, _ = sides()
    public, secret, galois, relin = flags
    context = ours.context_from(mine.context.serialize(*flags))
    vector = ours.ckks_vector_from(context, mine.vector(V).serialize())
    if relin:
        vector = vector * vector
    if galois:
        vector = vector.sum()
    exact = np.square(V) if relin else np.array(V)
    exact = np.array([exact.sum()]) if galois else exact
    if not secret:
        with pytest.raises(ValueError, match="secret_key"):
            vector.decrypt()
    own = vector.decrypt() if secret else vector.decrypt(mine.context.secret_key())
    assert own == pytest.approx(exact.tolist(), abs=1e-6)
    if public:
        fresh = ours.ckks_vector(context, V)
        assert fresh.decrypt(mine.context.secret_key()) == pytest.approx(V, abs=1e-6)
    else:
        with pytest.raises(ValueError, match="doesn't support encryption"):
            ours.ckks_vector(context, V)


def secret_of(context: Any) -> bytes:
    data = context.data
    # Past the parameters' id: two bits a coefficient.
    return data.engine.secret_key_to_bytes(data.secret)[32:]


def test_pickles_hold_no_secret_key() -> None:
    mine, _ = sides()
    secret = secret_of(mine.context)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(mine.context, protocol=protocol)
        assert secret[:64] not in data
        assert pickle.loads(data).is_public()
    for tensor in (mine.vector(V), mine.tensor([V, V], batch=True)):
        data = pickle.dumps(tensor, protocol=5)
        assert secret[:64] not in data
        back = pickle.loads(data)
        with pytest.raises(ValueError, match="missing context"):
            back.decrypt()
        back.link_context(mine.context)
        assert np.allclose(ours_opened(back), ours_opened(tensor), atol=1e-6)
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(mine.context.secret_key())
    assert secret[:64] in mine.context.serialize(save_secret_key=True)


def test_ciphertexts_travel_out_of_band_where_a_pickler_takes_buffers() -> None:
    mine, _ = sides()
    for thing in (mine.context, mine.vector(V), mine.tensor([V, V], batch=True)):
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
        assert len(data) < 1000 < buffers[0].raw().nbytes
        back = pickle.loads(data, buffers=[bytearray(b.raw()) for b in buffers])
        assert type(back) is type(thing)
        if thing is not mine.context:
            back.link_context(mine.context)
            assert np.allclose(ours_opened(back), ours_opened(thing), atol=1e-6)


def ours_opened(tensor: Any) -> np.ndarray:
    result = tensor.decrypt()
    return np.array(result.tolist() if hasattr(result, "tolist") else result)


def test_copies_keep_keys_and_have_settings_of_their_own() -> None:
    mine, _ = sides()
    for twin in (mine.context.copy(), copy.copy(mine.context), copy.deepcopy(mine.context)):
        assert keys_of(twin) == keys_of(mine.context)
        twin.make_context_public()
        twin.global_scale = 2.0**30
        assert mine.context.is_private()
        assert mine.context.global_scale == SCALE
        assert keys_of(twin)[:4] == (True, False, True, True)
    vector = mine.vector(V)
    for other in (vector.copy(), copy.copy(vector), copy.deepcopy(vector)):
        other += 1
        assert vector.decrypt() == pytest.approx(V, abs=1e-6)
        assert other.decrypt() == pytest.approx(np.add(V, 1).tolist(), abs=1e-6)


def test_bytes_are_half_of_tenseals() -> None:
    mine, theirs = sides()
    sizes = []
    for side in (mine, theirs):
        public = side.context.copy()
        public.make_context_public()
        sizes.append((len(public.serialize()), len(side.vector(V).serialize())))
    assert 2 * sizes[0][0] <= sizes[1][0]
    assert 2 * sizes[0][1] <= sizes[1][1]


def test_tensors_come_back() -> None:
    mine, _ = sides()
    array = np.linspace(-1, 1, 12).reshape(2, 3, 2)
    image, windows = ours.im2col_encoding(mine.context, np.ones((4, 4)), 3, 3, 1)
    for tensor in (mine.tensor(array), mine.tensor(array, batch=True), mine.vector(V) * 2, image):
        back = type(tensor).load(mine.context, tensor.serialize())
        assert back.shape == tensor.shape
        assert np.allclose(ours_opened(back), ours_opened(tensor), atol=1e-6)
    again = ours.ckks_vector_from(mine.context, image.serialize())
    assert again.conv2d_im2col(np.eye(3), windows).decrypt() == pytest.approx([3] * windows, abs=1e-6)
    lazy = ours.lazy_ckks_tensor_from(mine.tensor(array).serialize())
    assert lazy.shape == []
    lazy.link_context(mine.context)
    assert lazy.shape == [2, 3, 2]


def damaged(data: bytes, generator: random.Random) -> bytes:
    """Cut short, or with one bit turned."""
    if generator.random() < 0.3:
        return data[: generator.randrange(len(data))]
    at = generator.randrange(min(len(data), 600))
    return data[:at] + bytes([data[at] ^ (1 << generator.randrange(8))]) + data[at + 1 :]


def test_damaged_bytes_are_refused_or_harmless() -> None:
    generator = random.Random(5)
    small = Side(ours, ours.context(ours.SCHEME_TYPE.CKKS, 4096, coeff_mod_bit_sizes=[40, 20, 40]))
    small.context.global_scale = 2.0**20
    vector = small.vector(V).serialize()
    context = small.context.serialize(save_relin_keys=False)
    for _ in range(100):
        for load in (
            lambda: ours.ckks_vector_from(small.context, damaged(vector, generator)).decrypt(),
            lambda: ours.context_from(damaged(context, generator)),
        ):
            try:
                load()
            except (ValueError, RuntimeError) as error:
                assert "parse" in str(error) or "invalid" in str(error)
