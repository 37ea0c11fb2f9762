"""What keys show and give away, and what warns."""

import copy
import pickle

import phe as theirs
import pytest
from phe_pairs import pair, pair_of

from cloister.compat import phe as ours
from cloister.compat.phe import engine


@pytest.mark.parametrize("bits", [256, 2048])
def test_a_private_key_leaves_by_name_only(bits: int) -> None:
    key = pair(bits).private
    assert key.public_key.encrypt(1) and key.decrypt(key.public_key.encrypt(1)) == 1  # what it holds besides
    for attempt in (
        pickle.dumps,
        lambda k: pickle.dumps([k], protocol=5),
        lambda k: pickle.dumps(ours.PaillierPrivateKeyring([k])),
    ):
        with pytest.raises(TypeError, match="dump_secret"):
            attempt(key)
    assert copy.deepcopy(key) == key and copy.copy(key) == key
    for text in (repr(key), str(key), repr(ours.PaillierPrivateKeyring([key]))):
        assert str(key.p) not in text and str(key.q) not in text and hex(key.p)[2:] not in text
    with pytest.warns(ours.InsecureKeyWarning) if bits < 2048 else _quiet():
        assert ours.PaillierPrivateKey.load_secret(key.dump_secret()) == key


def _quiet() -> object:
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x00\x00", b"\x01\x05", b"\x05\x07\x01"])
def test_what_is_no_dumped_key_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no private key"):
        ours.PaillierPrivateKey.load_secret(data)


@pytest.mark.parametrize("bits", [256, 2048])
def test_public_keys_and_numbers_are_pickled(bits: int) -> None:
    key = pair(bits)
    number = key.public.encrypt(2.5)
    again = pickle.loads(pickle.dumps(number))
    assert again.public_key == key.public and key.private.decrypt(again) == 2.5
    assert key.private.decrypt(again + 1) == 3.5
    vector = pickle.loads(pickle.dumps(key.public.encrypt_vector([1, 2])))
    assert key.private.decrypt_vector(vector).tolist() == [1, 2]
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(vector, protocol=5, buffer_callback=buffers.append)
    assert len(buffers) == 1
    again = pickle.loads(data, buffers=[bytearray(b.raw()) for b in buffers])
    assert key.private.decrypt_vector(again).tolist() == [1, 2]
    assert len(pickle.dumps(key.public)) < 2000  # n and what follows from it, no tables


def test_short_keys_warn_with_their_bits_and_long_ones_do_not() -> None:
    n = pair(256).public.n
    with pytest.warns(ours.InsecureKeyWarning, match="256 bits is insecure"):
        ours.PaillierPublicKey(n)
    with pytest.warns(ours.InsecureKeyWarning, match="64 bits"):
        ours.generate_paillier_keypair(n_length=64)
    with pytest.warns(ours.SlowKeyWarning, match="2066 bits"):
        ours.PaillierPublicKey((1 << 2065) + 3)
    ours.PaillierPublicKey(pair(2048).public.n)


@pytest.mark.parametrize("n_length", [17, 4, 2, 1, -3])
def test_lengths_that_no_two_primes_have_are_refused(n_length: int) -> None:
    """Where python-paillier would look for them for ever."""
    with pytest.raises(ValueError, match="even and at least 6"):
        ours.generate_paillier_keypair(n_length=n_length)


def test_generated_keys_have_their_length_and_are_the_engines() -> None:
    ring = ours.PaillierPrivateKeyring()
    public, private = ours.generate_paillier_keypair(ring, 2048)
    assert public.n.bit_length() == 2048 and ring[public] is private
    assert isinstance(public.engine, engine.CoreEngine)
    peer = theirs.PaillierPrivateKey(theirs.PaillierPublicKey(public.n), private.p, private.q)
    assert peer.raw_decrypt(public.raw_encrypt(12345)) == 12345
    for bits in (6, 8, 16, 128):
        with pytest.warns(ours.InsecureKeyWarning):
            assert ours.generate_paillier_keypair(n_length=bits)[0].n.bit_length() == bits


def test_keys_of_one_modulus_share_an_engine() -> None:
    n = pair(2048).public.n
    assert ours.PaillierPublicKey(n).engine is ours.PaillierPublicKey(n).engine


def test_a_modulus_of_small_factors_still_computes() -> None:
    """No secure key, and python-paillier takes it."""
    p, q = 3, (1 << 2047) // 3 | 1
    while not theirs.util.is_prime(q):
        q += 2
    key = pair_of(p, q)
    assert isinstance(key.public.engine, engine.PlainEngine)
    assert key.public.raw_encrypt(5, 7) == key.their_public.raw_encrypt(5, 7)


def test_factors_that_are_too_close_decrypt_with_a_warning() -> None:
    p = (1 << 1024) - 105
    q = p - 2
    while not theirs.util.is_prime(q):
        q -= 2
    assert theirs.util.is_prime(p)
    key = pair_of(p, q)
    assert isinstance(key.public.engine, engine.CoreEngine)
    with pytest.warns(ours.SlowKeyWarning, match="too close"):
        assert key.private.decrypt(key.public.encrypt(-2.5)) == -2.5
