#!/usr/bin/env python3
"""Known answers for Paillier, computed with Python's integers alone.

    python3 paillier_kat.py > paillier_kat.json

The key is made here once from a fixed seed (never use it for anything), every value is checked by the
textbook's own decryption, and the encodings are written out byte by byte from the format's description.
Sources: Paillier 1999; Damgard, Jurik, Nielsen 2010 (section 4.2) for h and the short exponent.
"""
import hashlib
import json
import random
from math import gcd

BITS = 2048
rng = random.Random(20260)


def is_prime(n, rounds=40):
    if any(n % d == 0 for d in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)):
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(rounds):
        x = pow(rng.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits):
    while True:
        p = rng.getrandbits(bits) | 3 << (bits - 2) | 3
        if is_prime(p):
            return p


def little(value, size):
    return value.to_bytes(size, "little").hex()


p, q = prime(BITS // 2), prime(BITS // 2)
while gcd((p - 1) // 2, (q - 1) // 2) != 1 or abs(p - q) >> (BITS // 2 - 100) == 0:
    q = prime(BITS // 2)
n = p * q
n2 = n * n
assert n.bit_length() == BITS
x = rng.randrange(1, n)
h = -pow(x, 2 * n, n2) % n2
carmichael = (p - 1) * (q - 1) // gcd(p - 1, q - 1)
mu = pow((pow(n + 1, carmichael, n2) - 1) // n, -1, n)


def decrypt(c):
    m = (pow(c, carmichael, n2) - 1) // n * mu % n
    return m if 2 * m < n else m - n


def encrypt(m, r):
    """The textbook's g^m r with g = n + 1 and an r that is an n-th residue already."""
    return pow(n + 1, m % n, n2) * r % n2


public_key = (BITS).to_bytes(4, "little").hex() + little(n, BITS // 8) + little(h, BITS // 4)
secret_key = (BITS).to_bytes(4, "little").hex() + little(p, BITS // 16) + little(q, BITS // 16) + little(h, BITS // 4)
key_id = hashlib.sha256(bytes.fromhex(public_key)).hexdigest()

fast = []
for m in (0, 1, -1, 2, 1 << 40, -(1 << 40), (1 << 126), -(1 << 126), rng.getrandbits(100), -rng.getrandbits(77)):
    a = rng.getrandbits(BITS // 2)
    r = pow(h, a, n2)
    c = encrypt(m, r)
    assert decrypt(c) == m
    fast.append({"m": str(m), "a": little(a, BITS // 16), "r": little(r, BITS // 4), "c": little(c, BITS // 4)})

# Any r coprime to n, as the textbook has it, and plaintexts up to the edge of the signed range.
textbook = []
half = (n - 1) // 2
for m in (0, 1, -1, (1 << (BITS - 2)) - 1, 1 - (1 << (BITS - 2)), half >> 2, -(half >> 3)):
    c = encrypt(m, pow(rng.randrange(1, n), n, n2))
    assert decrypt(c) == m
    textbook.append({"m": ("-" if m < 0 else "") + "%x" % abs(m), "c": little(c, BITS // 4)})

# Two ciphertexts, and what the operations must make of them, bit for bit.
c1, c2 = (int.from_bytes(bytes.fromhex(fast[i]["c"]), "little") for i in (4, 8))
weight = 0x123456789abcd00  # exact as a double
operations = {
    "left": 4, "right": 8, "weight": str(weight),
    "add": little(c1 * c2 % n2, BITS // 4),
    "subtract": little(c1 * pow(c2, -1, n2) % n2, BITS // 4),
    "times": little(pow(c1, weight, n2), BITS // 4),
    "times_negative": little(pow(c1, -weight, n2), BITS // 4),
}
assert decrypt(c1 * c2 % n2) == int(fast[4]["m"]) + int(fast[8]["m"])

# Signed values side by side in one plaintext.
bits = 97
values = [0, 1, -1, (1 << 96) - 1, 1 - (1 << 96), -5, 7, 0, -(1 << 95), 12345678901234567890, -1]
plaintexts = []
for count in range(1, len(values) + 1):
    plaintexts.append(little(sum(v << bits * i for i, v in enumerate(values[:count])) % n, BITS // 8))

print(json.dumps({
    "bits": BITS, "public_key": public_key, "secret_key": secret_key, "key_id": key_id, "n": little(n, BITS // 8),
    "p": little(p, BITS // 16), "fast": fast, "textbook": textbook, "operations": operations,
    "packing": {"bits_per_slot": bits, "values": [str(v) for v in values], "plaintexts": plaintexts},
}, indent=1))
