#!/usr/bin/env python3
"""Known answers for CKKS, computed with Python's integers alone.

    python3 ckks_kat.py > ckks_kat.json

Everything is done from the definitions: the ring by schoolbook products of big integers modulo X^N + 1, the
embedding by sums over roots of unity in fixed point with 200 bits (sines by their series), rounding divisions of
whole integers instead of residues. Only the chain of primes follows the project's own rule, since files depend on it.
Sources: Cheon, Kim, Kim, Song 2017 (encoding, encryption, rescaling); Cheon, Han, Kim, Kim, Song 2018 (order of slots).
"""
import json
import random
from fractions import Fraction

LOG2_DEGREE = 5
N = 1 << LOG2_DEGREE
SLOTS = N // 2
LEVELS = 2
SCALE_BITS = 30
FIRST_BITS = 40
rng = random.Random(20261)

# Fixed point: real numbers times ONE.
ONE = 1 << 200


def mul(a, b):
    return a * b >> 200


def arctan_of_inverse(x):
    """arctan(1 / x) by its series."""
    power, total, k = ONE // x, 0, 0
    while power:
        total += power // (2 * k + 1) * (-1) ** k
        power //= x * x
        k += 1
    return total


PI = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))  # Machin


def cos_sin(angle):
    def series(term, k):
        total = 0
        while term:
            total += term
            k += 2
            term = -mul(mul(term, angle), angle) // (k * (k - 1))
            if term == -1:
                break
        return total

    return series(ONE, 0), series(angle, 1)


ROOTS = [cos_sin(2 * PI * j // (2 * N)) for j in range(2 * N)]  # exp(2 pi i j / 2N)


def slots_of(poly, scale):
    """Values at zeta^(5^j), divided by the scale; as pairs of fractions."""
    out = []
    for j in range(SLOTS):
        g = pow(5, j, 2 * N)
        re = sum(c * ROOTS[g * k % (2 * N)][0] for k, c in enumerate(poly))
        im = sum(c * ROOTS[g * k % (2 * N)][1] for k, c in enumerate(poly))
        out.append((Fraction(re, ONE) / scale, Fraction(im, ONE) / scale))
    return out


def encode(values, scale):
    """The nearest integer polynomial: c_k = scale 2/N sum Re(z_j conj(zeta^(5^j k)))."""
    out = []
    for k in range(N):
        total = Fraction(0)
        for j, (re, im) in enumerate(values):
            c, s = ROOTS[pow(5, j, 2 * N) * k % (2 * N)]
            total += Fraction(re) * c + Fraction(im) * s
        x = total * scale * 2 / N / ONE
        nearest = int(x + Fraction(1, 2)) if x >= 0 else -int(-x + Fraction(1, 2))
        # Far from a tie, so that double precision rounds to the same side.
        assert abs(abs(x - nearest) - Fraction(1, 2)) > Fraction(1, 10**4)
        out.append(nearest)
    return out


def ring_mul(a, b):
    out = [0] * N
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if i + j < N:
                out[i + j] += x * y
            else:
                out[i + j - N] -= x * y
    return out


def centred(x, q):
    x %= q
    return x - q if x > q // 2 else x


def automorphism(a, g):
    out = [0] * N
    for k, x in enumerate(a):
        to = k * g % (2 * N)
        out[to % N] = x if to < N else -x
    return out


def is_prime(n):
    if n % 2 == 0 or n < 3:
        return n == 2
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, d, n)
        if n == base or x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def nearest_prime(target, taken):
    """The nearest prime that is 1 modulo 2N, by looking both ways from the target."""
    away = 0
    while True:
        found = [p for p in {int(target) - away, int(target) + away}
                 if p % (2 * N) == 1 and is_prime(p) and p not in taken]
        if found:
            return min(found, key=lambda p: abs(p - target))
        away += 1


def residues(poly, primes):
    return [[c % q for c in poly] for q in primes]


# The chain: first prime, then from the top level down the prime that keeps the scale near its target.
taken = [nearest_prime(2.0**FIRST_BITS * (1 - 2.0**-8), [])]
scales = [2.0**SCALE_BITS]
for _ in range(LEVELS):
    taken.append(nearest_prime(scales[-1] * scales[-1] / 2.0**SCALE_BITS, taken))
    scales.append(scales[-1] * scales[-1] / taken[-1])
primes = [taken[0]] + taken[:0:-1]
scales.reverse()
Q = 1
for q in primes:
    Q *= q
low_Q = Q // primes[-1]

slots = [(rng.randrange(-4096, 4096) / 1024, rng.randrange(-4096, 4096) / 1024) for _ in range(SLOTS)]
top_scale = Fraction(scales[LEVELS])
message = encode(slots, top_scale)

secret = [rng.randrange(-1, 2) for _ in range(N)]
square = ring_mul(secret, secret)


def encrypt(noisy):
    a = [rng.randrange(Q) for _ in range(N)]
    return [[(m - x) % Q for m, x in zip(noisy, ring_mul(a, secret))], a]


def phase(parts, modulus):
    total = [x + y for x, y in zip(parts[0], ring_mul(parts[1], secret))]
    if len(parts) == 3:
        total = [x + y for x, y in zip(total, ring_mul(parts[2], square))]
    return [centred(x, modulus) for x in total]


noisy = [m + rng.randrange(-21, 22) for m in message]
cipher = encrypt(noisy)
assert phase(cipher, Q) == noisy

other_slots = [(rng.randrange(-1024, 1024) / 1024, rng.randrange(-1024, 1024) / 1024) for _ in range(SLOTS)]
other = encrypt(encode(other_slots, top_scale))
cross = [x + y for x, y in zip(ring_mul(cipher[0], other[1]), ring_mul(cipher[1], other[0]))]
tensor = [[c % Q for c in part] for part in (ring_mul(cipher[0], other[0]), cross, ring_mul(cipher[1], other[1]))]
product = phase(tensor, Q)

# Rescaling the integers themselves: (x - [x]_q) / q with [x]_q centred is the nearest integer to x / q.
last = primes[-1]
rescaled = []
for part in cipher:
    rescaled.append([(x - centred(x, last)) // last % low_Q for x in part])
    for x, y in zip(part, rescaled[-1]):
        assert 2 * abs(x - (x - centred(x, last)) // last * last) < last

rotated = automorphism(message, 5)
conjugated = automorphism(message, 2 * N - 1)
exact = slots_of(message, top_scale)
TINY = Fraction(1, 2**150)
for j, (re, im) in enumerate(slots_of(rotated, top_scale)):
    assert abs(re - exact[(j + 1) % SLOTS][0]) < TINY and abs(im - exact[(j + 1) % SLOTS][1]) < TINY
for (re, im), (re0, im0) in zip(slots_of(conjugated, top_scale), exact):
    assert abs(re - re0) < TINY and abs(im + im0) < TINY


def doubles(pairs):
    return [[float(re), float(im)] for re, im in pairs]


print(json.dumps({
    "provenance": "tests/vectors/ckks_kat.py: Python integers, schoolbook products, 200-bit fixed point",
    "log2_degree": LOG2_DEGREE, "levels": LEVELS, "scale_bits": SCALE_BITS, "first_prime_bits": FIRST_BITS,
    "primes": primes, "scales": scales,
    "slots": slots, "encoded": message, "encoded_slots": doubles(exact),
    "secret": secret,
    "ciphertext": [residues(part, primes) for part in cipher],
    "decrypted": noisy, "decrypted_slots": doubles(slots_of(noisy, top_scale)),
    "other": [residues(part, primes) for part in other],
    "tensor": [residues(part, primes) for part in tensor],
    "product_slots": doubles(slots_of(product, top_scale * top_scale)),
    "rescaled": [residues(part, primes[:-1]) for part in rescaled],
    "rescaled_phase": phase(rescaled, low_Q),
    "rotated_by_1": rotated, "conjugated": conjugated,
}, indent=None, separators=(",", ":")))
