"""What all sides have in common, and what is measured. cloister_side.cpp states the same parameters in C++."""

from __future__ import annotations

from dataclasses import dataclass

LOG2_DEGREE = 15
DEGREE = 1 << LOG2_DEGREE
SLOTS = DEGREE // 2
LEVELS = 14
FIRST_PRIME_BITS = 60
SCALE_BITS = 42
SECURE_MODULUS_BITS = 868  # log2(QP) at this degree and 128 bits of security
HOISTED_ROTATIONS = 4

# What a peer's results may be off, which has no bound of its own: a wrong slot is off by about 1, a right one
# by 2^-20 at most at this scale.
PEER_BOUND = 2.0**-16


@dataclass(frozen=True)
class Row:
    """An operation, what of it is timed, and how many times faster than SEAL it is to be."""

    name: str
    title: str
    target: float | None = None
    stretch: float | None = None
    note: str = ""


ROWS = (
    Row("multiply", "multiply, relinearize, rescale", 18, 28),
    Row("rotate", "rotate by one", 20, 30),
    Row("rescale", "rescale", 10, 15,
        "of a product of two parts; Cloister's takes its operand, a copy that is not timed"),
    Row("multiply_plain", "multiply by plaintext", 5, 9, "without the rescaling, into other memory"),
    Row("multiply_plain_in_place", "multiply by plaintext, in place", None, None, "the operand is made beforehand"),
    Row("encode", "encode", 8, 12, "less what Python's list of slots costs SEAL, measured in a call that is refused"),
    Row("decode", "decode", 30, 60,
        "less what making Python's list costs SEAL; Cloister reads as many limbs as the value's bound needs"),
    Row("encrypt", "encrypt (secret key)", 15, 22,
        "both expand the uniform half from a seed; SEAL's encrypt_symmetric with a destination"),
    Row("decrypt", "decrypt, all limbs", 5, 10,
        "SEAL's Decryptor::decrypt; Cloister's phase over all limbs, which no user calls"),
    Row("decrypt_decode", "decrypt and decode", None, None, "what users call: Cloister reads only the limbs it needs"),
    Row("hoisted_rotations", f"{HOISTED_ROTATIONS} rotations, hoisted", None, None,
        "of one ciphertext, decomposed once; SEAL has no such operation"),
)
KEY_ROW = Row("rotation_key", "bytes of a rotation key", 4, 5.5)
