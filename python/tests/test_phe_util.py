"""phe.util's functions, against python-paillier's."""

import random

import pytest
from phe import util as theirs
from phe_pairs import outcome, seed

from cloister.compat.phe import util as ours

LARGE = (3**400, 5**300, 2**2048 - 1942289)


def integers(chance: random.Random) -> int:
    return chance.choice([0, 1, -1, 2, 7, -7, chance.randrange(-50, 50), chance.getrandbits(300), -chance.getrandbits(300), *LARGE])


def test_modular_functions_are_theirs() -> None:
    chance = random.Random(seed())
    for _ in range(1500):
        a, b, c = integers(chance), integers(chance), integers(chance)
        for name in ("powmod", "mulmod"):
            assert outcome(lambda: getattr(ours, name)(a, b, c)) == outcome(lambda: getattr(theirs, name)(a, b, c)), (name, a, b, c)
        assert outcome(lambda: ours.invert(a, b)) == outcome(lambda: theirs.invert(a, b)), (a, b)
        assert outcome(lambda: ours.extended_euclidean_algorithm(a, b)) == outcome(
            lambda: theirs.extended_euclidean_algorithm(a, b))


@pytest.mark.parametrize("name, arguments", [
    ("powmod", (2.0, 5, 7)), ("powmod", ("a", 5, 7)), ("powmod", (1, 5.5, "a")), ("powmod", (3, 5.5, 5**300)),
    ("mulmod", (2.5, 6, 7)), ("mulmod", ("a", 6, 7)), ("invert", (3.0, 7)), ("isqrt", (17,)), ("isqrt", (0,)), ("isqrt", (-1,)),
    ("isqrt", (2.0,)), ("isqrt", (10**101,)), ("isqrt", ("a",)), ("improved_i_sqrt", (10**101,)), ("improved_i_sqrt", (-1,)),
    ("improved_i_sqrt", (2.0,)), ("improved_i_sqrt", ("a",)), ("getprimeover", (1,)), ("getprimeover", (0,)), ("getprimeover", (-1,)),
    ("getprimeover", ("a",)), ("getprimeover", (10.0,)), ("base64url_encode", (b"hello??>>",)), ("base64url_encode", ("hello",)),
    ("base64url_encode", (b"",)), ("base64url_decode", ("aGVsbG8",)), ("base64url_decode", ("aGVsbG8=",)),
    ("base64url_decode", ("aGVsbG8==",)), ("base64url_decode", ("a",)), ("base64url_decode", ("!!!",)), ("base64url_decode", ("é",)),
    ("base64url_decode", (5,)), ("base64url_decode", (b"aGVsbG8",)), ("base64url_decode", ("",)), ("int_to_base64", (0,)),
    ("int_to_base64", (1,)), ("int_to_base64", (255,)), ("int_to_base64", (12345678901234567890,)), ("int_to_base64", (-1,)),
    ("int_to_base64", (2.5,)), ("int_to_base64", ("a",)), ("base64_to_int", ("AQ",)), ("base64_to_int", ("AAE",)),
    ("base64_to_int", ("",)), ("base64_to_int", ("A-_A",)), ("base64_to_int", (5,)), ("is_prime", (2.0,)), ("is_prime", ("a",)),
    ("is_prime", (True,)), ("is_prime", (-7,)), ("is_prime", (2**127 - 1, 0)), ("miller_rabin", (3, 10)), ("miller_rabin", (4, 10)),
    ("miller_rabin", (1000003 * 1000033, 0)), ("miller_rabin", (1000003 * 1000033, 20)), ("miller_rabin", (2**127 - 1, 5))])
def test_edges_are_theirs(name: str, arguments: tuple[object, ...]) -> None:
    assert outcome(lambda: getattr(ours, name)(*arguments)) == outcome(lambda: getattr(theirs, name)(*arguments))


def test_primes() -> None:
    assert ours.first_primes == theirs.first_primes
    for n in range(2000):
        assert ours.is_prime(n) == theirs.is_prime(n)
    for n in (561, 997**2, 2**127 - 1, 2**127 + 1, 17863**2, (2**89 - 1) * (2**107 - 1), 2**521 - 1):
        assert ours.is_prime(n) == theirs.is_prime(n), n
        assert ours.miller_rabin(n, 20) == theirs.miller_rabin(n, 20), n
    for bits in (2, 3, 4, 5, 32, 100, 512):
        prime = ours.getprimeover(bits)
        assert prime.bit_length() == bits and theirs.is_prime(prime)


def test_miller_rabin_finds_composites_whose_squarings_reach_one() -> None:
    for carmichael in (561, 1105, 1729, 2465, 2821, 6601, 8911, 41041, 825265):
        assert not ours.miller_rabin(carmichael, 40)


def test_integers_survive_base64() -> None:
    chance = random.Random(seed())
    for _ in range(200):
        number = chance.getrandbits(chance.randrange(1, 4000)) or 1
        assert ours.int_to_base64(number) == theirs.int_to_base64(number)
        assert ours.base64_to_int(ours.int_to_base64(number)) == number
