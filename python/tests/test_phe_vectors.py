"""Encrypted vectors, against exact arithmetic and against python-paillier's numbers."""

import math
import random
import signal
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import phe as theirs
import pytest
from phe_pairs import pair, seed

from cloister.compat import phe as ours
from cloister.compat.phe import engine

KEYS = [pair(1024), pair(2048)]
key_of_each_kind = pytest.mark.parametrize("key", KEYS, ids=["plain", "engine"])
SIZE = 6


def floats(chance: random.Random, size: int = SIZE) -> np.ndarray:
    """Of all signs and of magnitudes that 1,024 bits hold at one exponent, zeros among them."""
    return np.array(
        [chance.choice([0.0, math.ldexp(chance.uniform(-1, 1), chance.randrange(-60, 60))]) for _ in range(size)]
    )


def ints(chance: random.Random, size: int = SIZE) -> np.ndarray:
    edges = [0, -1, 2**63 - 1, -(2**63)]
    return np.array([chance.choice([*edges, chance.randrange(-(2**63), 2**63)]) for _ in range(size)])


def fractions(values: Any) -> list[Fraction]:
    return [Fraction(v) for v in np.asarray(values).tolist()]


def opened(key: Any, vector: Any) -> list[Fraction]:
    """Exactly what a vector or number holds, without the rounding to floats; by python-paillier's key."""
    numbers = [vector] if isinstance(vector, ours.EncryptedNumber) else vector.to_numbers()
    out = []
    for number in numbers:
        plaintext = key.their_private.raw_decrypt(number.ciphertext())
        signed = plaintext - key.public.n if plaintext > key.public.n // 2 else plaintext
        out.append(signed * Fraction(16) ** number.exponent)
    return out


@key_of_each_kind
@pytest.mark.parametrize("make", [floats, ints])
def test_arrays_survive(key: Any, make: Callable[[random.Random], np.ndarray]) -> None:
    values = make(random.Random(seed()))
    vector = key.public.encrypt_vector(values)
    assert len(vector) == SIZE and vector.shape == (SIZE,)
    assert opened(key, vector) == fractions(values)
    decrypted = key.private.decrypt_vector(vector)
    assert decrypted.dtype == values.dtype and (decrypted == values).all()


@key_of_each_kind
def test_operations_are_exact(key: Any) -> None:
    chance = random.Random(seed())
    for make in (floats, ints):
        for other in (floats, ints):
            x, y = make(chance), other(chance)
            scalar = other(chance, 2)[0].item()
            a, b = key.public.encrypt_vector(x), key.public.encrypt_vector(y)
            fx, fy, fs = fractions(x), fractions(y), Fraction(scalar)
            assert opened(key, a + b) == [p + q for p, q in zip(fx, fy, strict=True)]
            assert opened(key, a - b) == [p - q for p, q in zip(fx, fy, strict=True)]
            assert opened(key, a + y) == opened(key, y + a) == [p + q for p, q in zip(fx, fy, strict=True)]
            assert opened(key, a - y) == [p - q for p, q in zip(fx, fy, strict=True)]
            assert opened(key, y - a) == [q - p for p, q in zip(fx, fy, strict=True)]
            assert opened(key, a * y) == opened(key, y * a) == [p * q for p, q in zip(fx, fy, strict=True)]
            assert opened(key, a * scalar) == [p * fs for p in fx]
            assert opened(key, scalar + a) == [p + fs for p in fx]
            assert opened(key, scalar - a) == [fs - p for p in fx]
            assert opened(key, -a) == [-p for p in fx]
            assert opened(key, a.sum()) == opened(key, np.sum(a)) == opened(key, np.sum(a, axis=0)) == [sum(fx)]
            assert opened(key, a.dot(y)) == opened(key, y @ a) == [sum(p * q for p, q in zip(fx, fy, strict=True))]
            assert opened(key, a / 4) == [p / 4 for p in fx]


@key_of_each_kind
def test_products_with_matrices_are_exact(key: Any) -> None:
    chance = random.Random(seed())
    x = floats(chance)
    matrix = np.stack([floats(chance) for _ in range(4)])
    vector = key.public.encrypt_vector(x)
    exact = [sum(p * q for p, q in zip(fractions(x), fractions(row), strict=True)) for row in matrix]
    assert opened(key, matrix @ vector) == opened(key, vector @ matrix.T) == exact
    for wrong in (matrix.T, np.zeros((2, 2, 2)), np.zeros(SIZE + 1), 3.0):
        with pytest.raises(ValueError, match="do not fit"):
            wrong @ vector if np.ndim(wrong) else vector.dot(wrong)


@key_of_each_kind
def test_combinations_of_vectors_are_exact(key: Any) -> None:
    chance = random.Random(seed())
    columns, weights = [floats(chance), ints(chance), floats(chance)], floats(chance, 3)
    weights[0] = -0.3
    made = ours.EncryptedVector.combine([key.public.encrypt_vector(c) for c in columns], weights)
    exact = [
        sum(w * v for w, v in zip(fractions(weights), row, strict=True))
        for row in zip(*map(fractions, columns), strict=True)
    ]
    assert opened(key, made) == exact


@key_of_each_kind
def test_vectors_are_lists_of_encrypted_numbers(key: Any) -> None:
    chance = random.Random(seed())
    x = floats(chance)
    vector = key.public.encrypt_vector(x)
    numbers = vector.to_numbers()
    assert [key.private.decrypt(number) for number in vector] == x.tolist()
    assert key.private.decrypt(sum(numbers)) == key.private.decrypt(vector.sum())
    peers = [theirs.EncryptedNumber(key.their_public, n.ciphertext(), n.exponent) for n in numbers]
    assert [key.their_private.decrypt(number) for number in peers] == x.tolist()
    mixed = [key.public.encrypt(v) for v in (1.5, 2, -1e-9)]  # three exponents
    assert opened(key, ours.EncryptedVector.from_numbers(mixed)) == fractions([1.5, 2, -1e-9])
    assert opened(key, ours.EncryptedVector.from_numbers(np.array(mixed))) == fractions([1.5, 2, -1e-9])
    assert opened(key, vector[2]) == fractions([x[2]]) and opened(key, vector[-1]) == fractions([x[-1]])
    assert opened(key, vector[1:6:3]) == fractions(x[1:6:3])
    assert opened(key, vector + mixed[0]) == opened(key, mixed[0] + vector) == [v + Fraction(1.5) for v in fractions(x)]
    assert opened(key, vector - mixed[0]) == [v - Fraction(1.5) for v in fractions(x)]
    with pytest.raises(IndexError):
        vector[SIZE]
    with pytest.raises(ValueError, match="empty"):
        vector[2:2]


@key_of_each_kind
def test_packed_vectors_are_exact(key: Any) -> None:
    chance = random.Random(seed())
    packing = ours.Packing(value_bits=40, guard_bits=75)
    slots = packing.slots(key.public)
    size = 2 * slots + 3
    x, y = (np.array([chance.randrange(-(2**39), 2**39) / 2**32 for _ in range(size)]) for _ in range(2))
    a, b = (key.public.encrypt_vector(v, precision=2**-32, packing=packing) for v in (x, y))
    assert slots > 5 and len(a.ciphertexts()) == 3 and a.exponent == -8

    def same(vector: Any, exact: list[Fraction]) -> None:
        assert key.private.decrypt_vector(vector).tolist() == [float(v) for v in exact]

    fx, fy = fractions(x), fractions(y)
    same(a, fx)
    same(a + b, [p + q for p, q in zip(fx, fy, strict=True)])
    same(a - b, [p - q for p, q in zip(fx, fy, strict=True)])
    same(a + y, [p + q for p, q in zip(fx, fy, strict=True)])
    same(x - b, [p - q for p, q in zip(fx, fy, strict=True)])
    same(a * -3, [-3 * p for p in fx])
    same(a * 0.5 + 1, [p / 2 + 1 for p in fx])
    same(ours.EncryptedVector.combine([a, b], [0.25, -7]), [p / 4 - 7 * q for p, q in zip(fx, fy, strict=True)])
    same(-a, [-p for p in fx])
    for refused in (
        lambda: a.sum(),
        lambda: a[0],
        lambda: a @ x,
        lambda: a * x,
        lambda: a.to_numbers(),
        lambda: a + key.public.encrypt(1),
    ):
        with pytest.raises(ValueError, match="packed"):
            refused()


@key_of_each_kind
def test_packed_values_cannot_outgrow_their_slots(key: Any) -> None:
    packing = ours.Packing(value_bits=8, guard_bits=2)
    limit = 255
    vector = key.public.encrypt_vector([limit, -limit], packing=packing)
    twice = vector + vector
    assert key.private.decrypt_vector(twice + twice).tolist() == [4 * limit, -4 * limit]
    for refused in (
        lambda: twice + twice + vector,
        lambda: twice * 4,
        lambda: vector + 2000,
        lambda: ours.EncryptedVector.combine([vector] * 9, [1] * 9),
        lambda: vector.decrease_exponent_to(-1),
    ):
        with pytest.raises(OverflowError, match="guard bits"):
            refused()
    with pytest.raises(ValueError, match="value 1 "):
        key.public.encrypt_vector([1, limit + 1], packing=packing)
    with pytest.raises(ValueError, match="more than a plaintext"):
        key.public.encrypt_vector([1], packing=ours.Packing(5000))


@key_of_each_kind
def test_what_a_plaintext_cannot_hold_is_noticed(key: Any) -> None:
    vector = key.public.encrypt_vector([key.public.max_int, -key.public.max_int, 0])
    assert key.private.decrypt_vector(vector).tolist() == [key.public.max_int, -key.public.max_int, 0]
    with pytest.raises(OverflowError, match="Overflow detected"):
        key.private.decrypt_vector(vector + 1)
    with pytest.raises(ValueError, match="value 0 "):
        key.public.encrypt_vector([key.public.max_int + 1])


def test_what_no_float_holds_is_noticed() -> None:
    vector = KEYS[1].public.encrypt_vector([2**1100]).decrease_exponent_to(-1)
    with pytest.raises(OverflowError, match="too large for a float"):
        KEYS[1].private.decrypt_vector(vector)


@key_of_each_kind
def test_precision_rounds_to_the_nearest_as_encode_does(key: Any) -> None:
    chance = random.Random(seed())
    x = np.array([chance.uniform(-9, 9) for _ in range(SIZE)] + [2.5, 3.5, -2.5])
    for precision in (1, 0.01, 2**-20, 1e-12):
        vector = key.public.encrypt_vector(x, precision=precision)
        encoded = [ours.EncodedNumber.encode(key.public, v, precision) for v in x.tolist()]
        assert vector.exponent == encoded[0].exponent
        assert [n for n in map(key.private.raw_decrypt, vector.ciphertexts())] == [e.encoding for e in encoded]


@key_of_each_kind
def test_misuse_is_refused(key: Any) -> None:
    other = pair(512) if key is KEYS[0] else KEYS[0]
    vector, stranger = key.public.encrypt_vector([1, 2]), other.public.encrypt_vector([1, 2])
    with pytest.raises(ValueError, match="different"):
        vector + stranger
    with pytest.raises(ValueError, match="different"):
        other.private.decrypt_vector(vector)
    for wrong in (vector.to_numbers(), vector[0], np.array(vector.to_numbers()), [1.5], 1.5):
        with pytest.raises(TypeError, match="EncryptedVector.from_numbers"):
            key.private.decrypt_vector(wrong)
    with pytest.raises(TypeError, match="encrypt_vector takes clear numbers"):
        ours.EncryptedVector.from_numbers([1.5])
    with pytest.raises(ValueError, match="axis 1 of a vector"):
        np.sum(vector, axis=1)
    for kept in ({"dtype": np.float64}, {"out": np.zeros(())}):
        with pytest.raises(ValueError, match="leave dtype and out away"):
            np.sum(vector, **kept)
    with pytest.raises(ValueError, match="same size"):
        vector + vector[:1]
    with pytest.raises(ValueError, match="different"):
        ours.EncryptedVector.from_numbers([key.public.encrypt(1), other.public.encrypt(1)])
    for values, error in (
        ("ab", TypeError),
        ([1j], TypeError),
        ([], ValueError),
        ([[1, 2]], ValueError),
        ([math.nan], ValueError),
        ([math.inf], ValueError),
        (3, ValueError),
        ([None], TypeError),
    ):
        with pytest.raises(error):
            key.public.encrypt_vector(values)
    for factor, error in (
        ([1, 2, 3], ValueError),
        ([[1, 2]], ValueError),
        (vector, NotImplementedError),
        (key.public.encrypt(1), NotImplementedError),
        ("a", TypeError),
    ):
        with pytest.raises(error):
            vector * factor
    with pytest.raises(ValueError, match="more negative"):
        vector.decrease_exponent_to(1)
    width = key.public.engine.cipher_bytes
    for data, size in (
        (b"", 0),
        (b"", 1),
        (vector.ciphertext_bytes, 3),
        (bytes(2 * width), 2),
        (b"\xff" * 2 * width, 2),
    ):
        with pytest.raises(ValueError):
            ours.EncryptedVector(key.public, data, 0, size)


@key_of_each_kind
def test_results_are_obfuscated_where_they_leave(key: Any) -> None:
    vector = key.public.encrypt_vector([1, 2, 3])
    assert vector.ciphertexts() == vector.ciphertexts(be_secure=False)
    product = vector * 2
    before = product.ciphertexts(be_secure=False)
    after = product.ciphertexts()
    assert not set(before) & set(after) and product.ciphertexts() == after
    assert key.private.decrypt_vector(product).tolist() == [2, 4, 6]


def test_slices_of_ints_stay_ints_and_long_ones_become_objects() -> None:
    key = KEYS[1]
    vector = key.public.encrypt_vector([2**62, -5]) * 4
    decrypted = key.private.decrypt_vector(vector)
    assert decrypted.dtype == object and decrypted.tolist() == [2**64, -20]
    assert key.private.decrypt_vector(vector[1:]).dtype == np.int64


def test_long_vectors_are_computed_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same results, and Python hears Ctrl-C in between."""
    key, chance = KEYS[1], random.Random(seed())
    x, y = floats(chance, 11), floats(chance, 11)
    monkeypatch.setattr(engine, "AT_ONCE", 4)
    for terms in (3, 11, 25):
        monkeypatch.setattr(engine, "TERMS_AT_ONCE", terms)
        vector = key.public.encrypt_vector(x)
        fx, fy = fractions(x), fractions(y)
        assert key.private.decrypt_vector(vector).tolist() == x.tolist()
        assert opened(key, vector * y) == [p * q for p, q in zip(fx, fy, strict=True)]
        matrix = np.stack([y, x, -y])
        exact = [sum(p * q for p, q in zip(fx, fractions(row), strict=True)) for row in matrix]
        assert opened(key, matrix @ vector) == exact
        assert opened(key, vector @ y) == exact[:1]
        assert opened(key, ours.EncryptedVector.combine([vector, vector, vector], [1, -2.5, 3])) == [
            Fraction(3, 2) * p for p in fx
        ]


def test_control_c_ends_a_long_call(monkeypatch: pytest.MonkeyPatch) -> None:
    key, steps = KEYS[1], []
    encrypt = key.public.engine._key.encrypt

    class Interrupted:
        """An engine's key that is interrupted within its third call."""

        def encrypt(self, plaintexts: bytes) -> bytes:
            steps.append(len(plaintexts))
            if len(steps) == 3:
                signal.raise_signal(signal.SIGINT)
            return encrypt(plaintexts)

    monkeypatch.setattr(key.public.engine, "_key", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        key.public.encrypt_vector(range(20 * engine.AT_ONCE))
    assert len(steps) == 3
