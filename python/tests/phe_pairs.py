"""The same keys in python-paillier and in cloister.compat.phe, and calls of both that must have the same outcome."""

from __future__ import annotations

import functools
import secrets
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import phe as theirs

from cloister.compat import phe as ours


class Pair(NamedTuple):
    """One key, twice."""

    public: Any
    private: Any
    their_public: Any
    their_private: Any

    def encrypted(self, value: float, r_value: int) -> tuple[Any, Any]:
        return self.public.encrypt(value, r_value=r_value), self.their_public.encrypt(value, r_value=r_value)


@functools.cache
def pair(bits: int) -> Pair:
    """Of a key that python-paillier made."""
    public, private = theirs.generate_paillier_keypair(n_length=bits)
    return pair_of(private.p, private.q)


def pair_of(p: int, q: int) -> Pair:
    public = theirs.PaillierPublicKey(p * q)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ours.InsecureKeyWarning)
        warnings.simplefilter("ignore", ours.SlowKeyWarning)
        our_public = ours.PaillierPublicKey(p * q)
    return Pair(our_public, ours.PaillierPrivateKey(our_public, p, q), public, theirs.PaillierPrivateKey(public, p, q))


def seed() -> int:
    """Of a test's random choices; printed, so that a failure can be repeated."""
    value = secrets.randbits(32)
    print(f"seed {value}")
    return value


def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """What a call gives, or the type of what it raises."""
    try:
        result = call()
    except Exception as error:
        return "raises", type(error)
    return type(result).__name__, state(result)


def state(result: Any) -> Any:
    """What of an object has to be the same on both sides."""
    if isinstance(result, ours.EncryptedNumber | theirs.EncryptedNumber):
        return result.ciphertext(be_secure=False), result.exponent
    if isinstance(result, ours.EncodedNumber | theirs.EncodedNumber):
        return result.encoding, result.exponent
    if isinstance(result, float):
        return result.hex()
    return result
