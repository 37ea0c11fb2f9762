#!/usr/bin/env python3
"""Known answers for BFV, computed with Python's integers alone.

    python3 bfv_kat.py > bfv_kat.json

Everything is done from the definitions: the ring by schoolbook products of big integers modulo X^N + 1, slots by
interpolation at powers of a root of unity, scaling and rounding of whole integers instead of residues.
Sources: Fan, Vercauteren 2012 (encryption, products, decryption); Smart, Vercauteren 2014 (slots).
"""
import json
import math
import random

LOG2_DEGREE = 5
N = 1 << LOG2_DEGREE
T = 193  # a prime that is 1 modulo 2N
LIMBS = 3
rng = random.Random(20262)


def ring_mul(a, b):
    out = [0] * N
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if i + j < N:
                out[i + j] += x * y
            else:
                out[i + j - N] -= x * y
    return out


def ring_add(*polys):
    return [sum(column) for column in zip(*polys)]


def centred(x, q):
    x %= q
    return x - q if x > q // 2 else x


def rounded(numerator, denominator):
    """The nearest integer; halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def automorphism(a, g, modulus):
    out = [0] * N
    for k, x in enumerate(a):
        to = k * g % (2 * N)
        out[to % N] = (x if to < N else -x) % modulus
    return out


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))


def residues(poly, primes):
    return [[c % q for c in poly] for q in primes]


# The first primes below 2^36 that are 1 modulo 2N.
primes = []
candidate = (1 << 36) // (2 * N) * (2 * N) + 1
while len(primes) < LIMBS:
    candidate -= 2 * N
    if is_prime(candidate):
        primes.append(candidate)
Q = math.prod(primes)
special = candidate + 2 * N * 10**6
while not is_prime(special):
    special += 2 * N

# The smallest element of order 2N, and the points where slots are read: 5^i in the first row, -5^i in the second.
psi = next(x for x in range(2, T) if pow(x, N, T) == T - 1)
points = [pow(psi, pow(5, i, 2 * N), T) for i in range(N // 2)]
points += [pow(p, -1, T) for p in points]


def slots_of(poly):
    return [sum(c * pow(x, k, T) for k, c in enumerate(poly)) % T for x in points]


def encode(values):
    inverse = pow(N, -1, T)
    out = [inverse * sum(v * pow(x, -k, T) for v, x in zip(values, points)) % T for k in range(N)]
    assert slots_of(out) == values
    return out


secret = [rng.randrange(-1, 2) for _ in range(N)]
square = ring_mul(secret, secret)


def scaled(message, modulus, t=T):
    return [rounded(modulus * m, t) for m in message]


def encrypt(message):
    a = [rng.randrange(Q) for _ in range(N)]
    noise = [rng.randrange(-21, 22) for _ in range(N)]
    b = ring_add(scaled(message, Q), noise, [-x for x in ring_mul(a, secret)])
    return [[x % Q for x in b], a]


def phase(parts, modulus):
    total = ring_add(parts[0], ring_mul(parts[1], secret))
    if len(parts) == 3:
        total = ring_add(total, ring_mul(parts[2], square))
    return [centred(x, modulus) for x in total]


def decrypt(parts, modulus):
    return [rounded(T * x, modulus) % T for x in phase(parts, modulus)]


def budget(parts, modulus):
    """-log2(2 |v|), v = [t phase]_Q / Q; the logarithms of integers beyond doubles by their bits."""
    largest = max(abs(centred(T * x, modulus)) for x in phase(parts, modulus))
    return math.log2(modulus) - math.log2(largest) - 1


slots, other_slots = ([rng.randrange(T) for _ in range(N)] for _ in range(2))
message, other_message = encode(slots), encode(other_slots)
cipher, other = encrypt(message), encrypt(other_message)
assert decrypt(cipher, Q) == message

# A product of whole integers, scaled and rounded once.
a, b = ([[centred(x, Q) for x in part] for part in parts] for parts in (cipher, other))
tensor = [ring_mul(a[0], b[0]), ring_add(ring_mul(a[0], b[1]), ring_mul(a[1], b[0])), ring_mul(a[1], b[1])]
product = [[rounded(T * x, Q) % Q for x in part] for part in tensor]
product_message = [x % T for x in ring_mul(message, other_message)]
assert decrypt(product, Q) == product_message
assert slots_of(product_message) == [x * y % T for x, y in zip(slots, other_slots)]

# One prime less: (x - [x]_q) / q with [x]_q centred is the nearest integer to x / q.
last = primes[-1]
low_Q = Q // last
switched = [[(x - centred(x, last)) // last % low_Q for x in part] for part in cipher]
assert decrypt(switched, low_Q) == message

rotated = automorphism(message, 5, T)
half = N // 2
assert slots_of(rotated) == [slots[row + (i + 1) % half] for row in (0, half) for i in range(half)]
exchanged = automorphism(message, 2 * N - 1, T)
assert slots_of(exchanged) == slots[half:] + slots[:half]

# A modulus that is not prime, for coefficients.
OTHER_T = 1000
coefficients = [rng.randrange(OTHER_T) for _ in range(N)]

print(json.dumps({
    "provenance": "tests/vectors/bfv_kat.py: Python integers, schoolbook products",
    "log2_degree": LOG2_DEGREE, "plaintext_modulus": T, "primes": primes, "special": special,
    "secret": secret, "slots": slots, "message": message,
    "scaled": residues(scaled(message, Q), primes),
    "ciphertext": [residues(part, primes) for part in cipher], "budget": budget(cipher, Q),
    "other": [residues(part, primes) for part in other],
    "product": [residues(part, primes) for part in product], "product_budget": budget(product, Q),
    "product_message": product_message,
    "switched": [residues(part, primes[:-1]) for part in switched], "switched_budget": budget(switched, low_Q),
    "rotated": rotated, "exchanged": exchanged,
    "other_modulus": OTHER_T, "coefficients": coefficients,
    "coefficients_scaled": residues(scaled(coefficients, Q, OTHER_T), primes),
}, separators=(",", ":")))
