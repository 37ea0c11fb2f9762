"""EncodedNumber, against python-paillier's."""

import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import phe as theirs
import pytest
from phe_pairs import outcome, pair, seed

from cloister.compat import phe as ours

KEY = pair(1024)


def numbers(chance: random.Random) -> Any:
    """Ints and floats of all sizes, with those at the edges."""
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randrange(-(10**6), 10**6)
    if kind == 1:
        return chance.randint(-1, 1) * (KEY.public.max_int + chance.randint(-2, 2))
    if kind == 2:
        return chance.getrandbits(chance.randrange(1, 1100))
    if kind == 3:
        return chance.choice([0.0, -0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, math.inf, math.nan, True])
    return math.ldexp(chance.uniform(-1, 1), chance.randrange(-1080, 1024) if kind == 4 else chance.randrange(-60, 60))


def precisions(chance: random.Random) -> Any:
    return chance.choice([None, None, None, 16.0 ** chance.randrange(-40, 5), 10.0 ** chance.randrange(-20, 3),
                          2.0 ** chance.randrange(-30, 10), chance.random(), 0, -1])


def test_random_encodings_are_theirs() -> None:
    chance = random.Random(seed())
    for _ in range(3000):
        value, precision = numbers(chance), precisions(chance)
        limit = chance.choice([None, None, chance.randrange(-60, 20)])
        mine = outcome(lambda: ours.EncodedNumber.encode(KEY.public, value, precision, limit))
        its = outcome(lambda: theirs.EncodedNumber.encode(KEY.their_public, value, precision, limit))
        assert mine == its, (value, precision, limit)


def test_random_decodings_are_theirs() -> None:
    chance = random.Random(seed())
    n, max_int = KEY.public.n, KEY.public.max_int
    edges = [0, 1, max_int - 1, max_int, max_int + 1, n - max_int - 1, n - max_int, n - 1, n, n + 1]
    for _ in range(3000):
        encoding = chance.choice([*edges, chance.getrandbits(chance.randrange(1, 340)),
                                  n - chance.getrandbits(chance.randrange(1, 340))])
        exponent = chance.choice([0, chance.randrange(-30, 10), chance.randrange(-300, 300)])
        mine = outcome(ours.EncodedNumber(KEY.public, encoding, exponent).decode)
        its = outcome(theirs.EncodedNumber(KEY.their_public, encoding, exponent).decode)
        assert mine == its, (encoding, exponent)


def test_exponents_are_lowered_as_theirs() -> None:
    chance = random.Random(seed())
    for _ in range(500):
        encoding, start, end = chance.randrange(KEY.public.n), chance.randrange(-9, 9), chance.randrange(-300, 9)
        assert outcome(lambda: ours.EncodedNumber(KEY.public, encoding, start).decrease_exponent_to(end)) == outcome(
            lambda: theirs.EncodedNumber(KEY.their_public, encoding, start).decrease_exponent_to(end))


@pytest.mark.parametrize("value", [
    "5", None, 1 + 2j, Fraction(1, 3), Decimal("1.5"), np.int64(5), np.float64(2.5), np.float32(2.5), np.bool_(True),
    np.array(5), np.array([5]), b"5", [5]], ids=repr)
def test_types_are_taken_or_refused_as_theirs(value: Any) -> None:
    for precision in (None, 0.25):
        assert outcome(lambda: ours.EncodedNumber.encode(KEY.public, value, precision)) == outcome(
            lambda: theirs.EncodedNumber.encode(KEY.their_public, value, precision))


def test_an_own_base_works() -> None:
    mine = type("Decimals", (ours.EncodedNumber,), {"BASE": 10, "LOG2_BASE": math.log2(10)})
    its = type("Decimals", (theirs.EncodedNumber,), {"BASE": 10, "LOG2_BASE": math.log2(10)})
    chance = random.Random(seed())
    for value in [chance.uniform(-100, 100) for _ in range(50)] + [3, -7]:
        for precision in (None, 0.001):
            encoded = mine.encode(KEY.public, value, precision)
            expected = its.encode(KEY.their_public, value, precision)
            assert outcome(lambda: encoded) == outcome(lambda: expected)
            assert encoded.decode() == expected.decode()
    assert type(mine.encode(KEY.public, 1).decrease_exponent_to(-2)) is mine
