"""Keys and encrypted numbers, against python-paillier's: for a given r the same ciphertexts, number by number."""

import random
from typing import Any

import cloister
import numpy as np
import phe as theirs
import pytest
from phe_pairs import Pair, outcome, pair, seed, state

from cloister.compat import phe as ours

BITS = (128, 512, 2048)
"""Python's integers, the same with longer numbers, and the engine."""


def operands(chance: random.Random, key: Pair, made: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """What an encrypted number may meet: on our side, and on theirs."""
    kind = chance.randrange(6)
    if kind < 2:
        return chance.choice(made)
    if kind == 2:
        value: Any = chance.randrange(-(2**40), 2**40)
    elif kind == 3:
        value = chance.uniform(-1000, 1000)
    elif kind == 4:
        value = chance.choice([0, 1, -1, 0.0, 0.5, -0.25, 1e-12, "1", None, 2**3000])
    else:
        encoding, exponent = chance.randrange(key.public.n), chance.randrange(-20, 3)
        return ours.EncodedNumber(key.public, encoding, exponent), theirs.EncodedNumber(key.their_public, encoding, exponent)
    return value, value


OPERATIONS = {
    "add": lambda a, b: a + b,
    "add reversed": lambda a, b: b + a,
    "subtract": lambda a, b: a - b,
    "subtract reversed": lambda a, b: b - a,
    "multiply": lambda a, b: a * b,
    "multiply reversed": lambda a, b: b * a,
    "divide": lambda a, b: a / b,
    "lower": lambda a, b: a.decrease_exponent_to(a.exponent - 3),
    "raise": lambda a, b: a.decrease_exponent_to(a.exponent + 1),
    "sum": lambda a, b: sum([a, a, b]),
    "equal": lambda a, b: a == b,
}


@pytest.mark.parametrize("bits", BITS)
def test_random_programs_give_their_ciphertexts(bits: int) -> None:
    key = pair(bits)
    chance = random.Random(seed())
    made = [key.encrypted(value, chance.randrange(1, key.public.n)) for value in (3, -1.5, 0, 1e-3) if bits > 128 or value != 1e-3]
    for step in range(60 if bits == 2048 else 300):
        name = chance.choice(list(OPERATIONS))
        a, b = chance.choice(made), operands(chance, key, made)
        mine = outcome(lambda: OPERATIONS[name](a[0], b[0]))
        its = outcome(lambda: OPERATIONS[name](a[1], b[1]))
        assert mine == its, (step, name)
        if mine[0] == "EncryptedNumber" and abs(mine[1][1]) < 60:
            made.append((OPERATIONS[name](a[0], b[0]), OPERATIONS[name](a[1], b[1])))
            assert outcome(lambda: key.private.decrypt(made[-1][0])) == outcome(lambda: key.their_private.decrypt(made[-1][1]))


@pytest.mark.parametrize("bits", BITS)
def test_encryptions_with_r_are_theirs(bits: int) -> None:
    key = pair(bits)
    chance = random.Random(seed())
    for plaintext in (0, 5, -5, key.public.n - 1, key.public.n + 7, chance.randrange(key.public.n), True):
        for r in (1, 7, -7, chance.randrange(key.public.n)):
            assert key.public.raw_encrypt(plaintext, r) == key.their_public.raw_encrypt(plaintext, r)
    for wrong in (5.0, "5", None):
        assert outcome(lambda: key.public.raw_encrypt(wrong)) == outcome(lambda: key.their_public.raw_encrypt(wrong))
    for r in (7.0, "a"):
        assert outcome(lambda: key.public.raw_encrypt(5, r)) == outcome(lambda: key.their_public.raw_encrypt(5, r))
    encoded = ours.EncodedNumber(key.public, 5, -2), theirs.EncodedNumber(key.their_public, 5, -2)
    assert state(key.public.encrypt(encoded[0], r_value=3)) == state(key.their_public.encrypt(encoded[1], r_value=3))
    assert state(key.public.encrypt_encoded(encoded[0], 0)) == state(key.their_public.encrypt_encoded(encoded[1], 0))
    assert state(key.public.encrypt(2.5, 0.1, 3)) == state(key.their_public.encrypt(2.5, 0.1, 3))


@pytest.mark.parametrize("bits", BITS)
def test_each_decrypts_what_the_other_encrypts(bits: int) -> None:
    key = pair(bits)
    for value in (0, 5, -5, key.public.max_int, -key.public.max_int, 2.5, -1e-3)[: 5 if bits == 128 else 7]:
        mine, its = key.public.encrypt(value), key.their_public.encrypt(value)
        assert key.their_private.raw_decrypt(mine.ciphertext()) == key.private.raw_decrypt(its.ciphertext())
        decoded = key.private.decrypt(ours.EncryptedNumber(key.public, its.ciphertext(), its.exponent))
        assert decoded == value and type(decoded) is type(value)
        mine.obfuscate()
        assert key.their_private.decrypt(theirs.EncryptedNumber(key.their_public, mine.ciphertext(), mine.exponent)) == value


@pytest.mark.parametrize("bits", BITS)
def test_obfuscation_happens_once_and_where_it_should(bits: int) -> None:
    key = pair(bits)
    fresh = key.public.encrypt(3)
    assert fresh.ciphertext() == fresh.ciphertext(be_secure=False)
    given = key.public.encrypt(3, r_value=5)
    before = given.ciphertext(be_secure=False)
    assert given.ciphertext() != before
    assert given.ciphertext() == given.ciphertext(be_secure=False)
    total = fresh + 1
    before = total.ciphertext(be_secure=False)
    assert total.ciphertext() != before and key.private.decrypt(total) == 4
    assert len({key.public.encrypt(3).ciphertext() for _ in range(40)}) == 40


@pytest.mark.parametrize("bits", BITS)
def test_private_keys_are_theirs(bits: int) -> None:
    key = pair(bits)
    for name in ("p", "q", "psquare", "qsquare", "p_inverse", "hp", "hq"):
        assert getattr(key.private, name) == getattr(key.their_private, name)
    for name in ("n", "g", "nsquare", "max_int"):
        assert getattr(key.public, name) == getattr(key.their_public, name)
    p, q = key.private.p, key.private.q
    assert key.private.crt(5, 6) == key.their_private.crt(5, 6)
    assert key.private.l_function(p * 7 + 1, p) == 7
    assert key.private.h_function(p, p * p) == key.their_private.h_function(p, p * p)
    assert ours.PaillierPrivateKey(key.public, q, p) == key.private
    assert ours.PaillierPrivateKey.from_totient(key.public, (p - 1) * (q - 1)) == key.private
    for totient in ((p - 1) * (q - 1) + 1, 4, "a"):
        assert outcome(lambda: ours.PaillierPrivateKey.from_totient(key.public, totient)) == outcome(
            lambda: theirs.PaillierPrivateKey.from_totient(key.their_public, totient))
    for factors in ((3, 5), (1, key.public.n), (p + 2, q)):
        assert outcome(lambda: ours.PaillierPrivateKey(key.public, *factors)) == outcome(
            lambda: theirs.PaillierPrivateKey(key.their_public, *factors))
    assert repr(key.public) == repr(key.their_public) and repr(key.private) == repr(key.their_private)
    assert hash(key.public) == hash(key.their_public) and hash(key.private) == hash(key.their_private)


@pytest.mark.parametrize("bits", BITS)
def test_misuse_raises_as_theirs(bits: int) -> None:
    key, other = pair(bits), pair(256)
    sides = [(ours, key.public, key.private, other.public), (theirs, key.their_public, key.their_private, other.their_public)]
    cases = [
        lambda m, k, s, o: s.decrypt(5),
        lambda m, k, s, o: s.decrypt_encoded("a"),
        lambda m, k, s, o: s.decrypt(o.encrypt(5)),
        lambda m, k, s, o: s.decrypt_encoded(k.encrypt(5), Encoding=dict),
        lambda m, k, s, o: s.raw_decrypt(5.0),
        lambda m, k, s, o: s.raw_decrypt(k.encrypt(5)),
        lambda m, k, s, o: s.raw_decrypt(1),
        lambda m, k, s, o: s.raw_decrypt(k.nsquare + 1),
        lambda m, k, s, o: k.encrypt(5) + o.encrypt(5),
        lambda m, k, s, o: k.encrypt(5) - o.encrypt(5),
        lambda m, k, s, o: k.encrypt(5) + m.EncodedNumber(o, 5, 0),
        lambda m, k, s, o: k.encrypt(5) * k.encrypt(5),
        lambda m, k, s, o: k.encrypt(5) / 0,
        lambda m, k, s, o: 5 / k.encrypt(5),
        lambda m, k, s, o: -k.encrypt(5),
        lambda m, k, s, o: k.encrypt(5) ** 2,
        lambda m, k, s, o: k.encrypt(5) < 3,
        lambda m, k, s, o: k.encrypt(k.max_int + 1),
        lambda m, k, s, o: k.encrypt(float("nan")),
        lambda m, k, s, o: k.encrypt_encoded(m.EncodedNumber(k, 5, 0)),
        lambda m, k, s, o: k.encrypt_encoded(5, 3),
        lambda m, k, s, o: m.EncryptedNumber(5, 5),
        lambda m, k, s, o: m.EncryptedNumber(k, 0) * -1,
        lambda m, k, s, o: m.EncryptedNumber(k, k.n) * -1,
        lambda m, k, s, o: m.EncryptedNumber(k, -3)._raw_mul(2),
        lambda m, k, s, o: m.EncryptedNumber(k, k.nsquare + 4) + 0,
        lambda m, k, s, o: m.EncryptedNumber(k, 9)._raw_mul(-1),
        lambda m, k, s, o: m.EncryptedNumber(k, 9)._raw_mul(k.n),
        lambda m, k, s, o: m.EncryptedNumber(k, 9)._raw_mul(2.0),
        lambda m, k, s, o: m.EncryptedNumber(k, 9)._raw_mul(k.n - 1),
        lambda m, k, s, o: m.EncryptedNumber(k, 9)._raw_add(5, 6),
        lambda m, k, s, o: s.decrypt(m.EncryptedNumber(k, k.encrypt(k.max_int).ciphertext()) + 1),
        lambda m, k, s, o: k == 3,
        lambda m, k, s, o: s == 3,
        lambda m, k, s, o: m.PaillierPrivateKeyring([3]),
        lambda m, k, s, o: m.PaillierPrivateKeyring(3),
        lambda m, k, s, o: m.PaillierPrivateKeyring([s])["a"],
        lambda m, k, s, o: m.PaillierPrivateKeyring([s])[o],
        lambda m, k, s, o: m.PaillierPrivateKeyring([s]).decrypt(o.encrypt(3)),
        lambda m, k, s, o: m.PaillierPrivateKeyring([s]).decrypt(3),
        lambda m, k, s, o: m.PaillierPrivateKeyring([s]).add(k),
        lambda m, k, s, o: m.PaillierPrivateKeyring([s]).__delitem__(o),
        lambda m, k, s, o: hash(m.PaillierPrivateKeyring([s])),
        lambda m, k, s, o: m.generate_paillier_keypair(n_length="a"),
        lambda m, k, s, o: m.generate_paillier_keypair(n_length=100.0),
        lambda m, k, s, o: m.generate_paillier_keypair(n_length=-4),
    ]
    for index, case in enumerate(cases):
        mine, its = (outcome(lambda: case(*side)) for side in sides)
        assert mine == its, index


def test_keyrings_hold_keys_of_several() -> None:
    a, b = pair(128), pair(256)
    ring = ours.PaillierPrivateKeyring([a.private])
    assert ring.decrypt(a.public.encrypt(-3)) == -3
    ring.add(b.private)
    assert ring.decrypt(b.public.encrypt(2.5)) == 2.5
    assert list(ring) == [a.public, b.public] and len(ring) == 2 and ring[b.public] is b.private
    assert ring == ours.PaillierPrivateKeyring([b.private, a.private])
    del ring[a.public]
    assert a.public not in ring and ring.get(a.public) is None


def test_numpy_arrays_of_numbers_work_as_theirs() -> None:
    key = pair(512)
    x, w = [1.5, -2.0, 3.25], np.array([0.5, 0.25, -4.0])
    mine = np.array([key.public.encrypt(v, r_value=3) for v in x])
    its = np.array([key.their_public.encrypt(v, r_value=3) for v in x])
    for call in (lambda a: np.dot(a, w), lambda a: a.sum(), lambda a: np.mean(a), lambda a: (w * a)[1], lambda a: (a + w)[2],
                 lambda a: w @ a, lambda a: np.float64(2.5) * a[0], lambda a: np.float64(2.5) + a[0]):
        assert outcome(lambda: call(mine)) == outcome(lambda: call(its))
    assert key.private.decrypt(np.dot(mine, w)) == float(np.dot(x, w))


def test_ciphertexts_are_integers() -> None:
    """As python-paillier's documentation says, and its code does not check."""
    key = pair(128)
    for wrong in (5.0, "5", None, key.public.encrypt(5)):
        with pytest.raises(TypeError):
            ours.EncryptedNumber(key.public, wrong)
    assert ours.EncryptedNumber(key.public, np.int64(5)).ciphertext(be_secure=False) == 5


def test_what_shares_a_factor_with_n_is_not_decrypted_by_the_engine() -> None:
    key = pair(2048)
    for wrong in (0, key.public.n, key.private.p):
        with pytest.raises(cloister.DecodeError):
            key.private.raw_decrypt(wrong)
    assert pair(512).private.raw_decrypt(0) == pair(512).their_private.raw_decrypt(0)
