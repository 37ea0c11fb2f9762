"""SEAL's side, through tenseal.sealapi: every operation is one call of SEAL's class, or the few calls named.

Destination objects are made once and used again, as SEAL's interface allows: their memory is not allocated
while it is timed.
"""

from __future__ import annotations

import array
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

import tenseal
import tenseal.sealapi as seal

from bench.compare import parameters as p
from bench.compare.protocol import Operation, largest, serve

ROTATE_BY_ONE = 3  # the Galois element: SEAL's generator; sealapi takes elements where SEAL also takes steps
SCALE = 2.0**p.SCALE_BITS


def timed(call: Callable[[], object]) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start


class Bench:
    """Parameters, keys, operands and destinations."""

    def __init__(self) -> None:
        bits = [p.FIRST_PRIME_BITS] + [p.SCALE_BITS] * p.LEVELS + [60]
        spec = seal.EncryptionParameters(seal.SCHEME_TYPE.CKKS)
        spec.set_poly_modulus_degree(p.DEGREE)
        spec.set_coeff_modulus(seal.CoeffModulus.Create(p.DEGREE, bits))
        self.bits = bits
        self.context = seal.SEALContext(spec, True, seal.SEC_LEVEL_TYPE.TC128)
        if not self.context.parameters_set():
            raise RuntimeError(self.context.parameters_error_message())
        self.generator = seal.KeyGenerator(self.context)
        secret = self.generator.secret_key()
        self.relinearization, self.galois = seal.RelinKeys(), seal.GaloisKeys()
        self.generator.create_relin_keys(self.relinearization)
        self.generator.create_galois_keys([ROTATE_BY_ONE], self.galois)
        self.encoder = seal.CKKSEncoder(self.context)
        self.encryptor = seal.Encryptor(self.context, secret)
        self.decryptor = seal.Decryptor(self.context, secret)
        self.evaluator = seal.Evaluator(self.context)

        chance = random.Random(1)
        self.x = [chance.uniform(-1, 1) for _ in range(p.SLOTS)]
        self.y = [chance.uniform(-1, 1) for _ in range(p.SLOTS)]
        self.packed_x = array.array("d", self.x)
        self.x_plain, self.y_plain, self.plain = seal.Plaintext(), seal.Plaintext(), seal.Plaintext()
        self.a, self.b, self.product = seal.Ciphertext(), seal.Ciphertext(), seal.Ciphertext()
        self.encoder.encode(self.x, SCALE, self.x_plain)
        self.encoder.encode(self.y, SCALE, self.y_plain)
        self.encryptor.encrypt_symmetric(self.x_plain, self.a)
        self.encryptor.encrypt_symmetric(self.y_plain, self.b)
        self.evaluator.multiply_plain(self.a, self.y_plain, self.product)
        self.in_place = seal.Ciphertext()
        self.slots: list[float] = []

    def operations(self) -> dict[str, Operation]:
        def homomorphic(call: Callable[[seal.Ciphertext], object], expected: Callable[[int], float]) -> Operation:
            result = seal.Ciphertext()
            return Operation(lambda: timed(lambda: call(result)), lambda: self.check(result, expected))

        def times(i: int) -> float:
            return self.x[i] * self.y[i]

        return {
            "multiply": homomorphic(self.multiply, times),
            "rotate": homomorphic(lambda out: self.evaluator.rotate_vector(self.a, 1, self.galois, out),
                                  lambda i: self.x[(i + 1) % p.SLOTS]),
            "rescale": homomorphic(lambda out: self.evaluator.rescale_to_next(self.product, out), times),
            "multiply_plain": homomorphic(lambda out: self.evaluator.multiply_plain(self.a, self.y_plain, out), times),
            "multiply_plain_in_place": Operation(self.multiply_plain_in_place_ns,
                                                 lambda: self.check(self.in_place, times)),
            "encrypt": homomorphic(lambda out: self.encryptor.encrypt_symmetric(self.x_plain, out),
                                   lambda i: self.x[i]),
            "encode": Operation(self.encode_ns, self.check_plain),
            "decrypt": Operation(lambda: timed(lambda: self.decryptor.decrypt(self.a, self.plain)), self.check_plain),
            "decode": Operation(self.decode_ns, self.check_slots),
            "decrypt_decode": Operation(self.decrypt_decode_ns, self.check_slots),
        }

    def multiply_plain_in_place_ns(self) -> int:
        """Of a ciphertext that is made beforehand: sealapi copies none."""
        self.encryptor.encrypt_symmetric(self.x_plain, self.in_place)
        return timed(lambda: self.evaluator.multiply_plain_inplace(self.in_place, self.y_plain))

    def multiply(self, out: seal.Ciphertext) -> None:
        self.evaluator.multiply(self.a, self.b, out)
        self.evaluator.relinearize_inplace(out, self.relinearization)
        self.evaluator.rescale_to_next_inplace(out)

    def encode_ns(self) -> int:
        """Without the conversion of Python's list, which a call that is refused for its scale has made too."""
        def refused() -> None:
            try:
                self.encoder.encode(self.x, -1.0, self.plain)
            except ValueError:
                return
            raise RuntimeError("SEAL encodes at a negative scale")

        return timed(lambda: self.encoder.encode(self.x, SCALE, self.plain)) - timed(refused)

    def _read(self) -> None:
        self.slots = self.encoder.decode_double(self.plain)

    def list_ns(self) -> int:
        """What a Python list of as many floats takes to make."""
        return timed(self.packed_x.tolist)

    def decode_ns(self) -> int:
        self.encoder.encode(self.x, SCALE, self.plain)
        return timed(self._read) - self.list_ns()

    def decrypt_decode_ns(self) -> int:
        def both() -> None:
            self.decryptor.decrypt(self.a, self.plain)
            self._read()

        return timed(both) - self.list_ns()

    def check(self, result: seal.Ciphertext, expected: Callable[[int], float]) -> tuple[float, float]:
        opened = seal.Plaintext()
        self.decryptor.decrypt(result, opened)
        slots = self.encoder.decode_double(opened)
        return largest(abs(slot - expected(i)) for i, slot in enumerate(slots)), p.PEER_BOUND

    def check_plain(self) -> tuple[float, float]:
        self._read()
        return self.check_slots()

    def check_slots(self) -> tuple[float, float]:
        return largest(abs(slot - x) for slot, x in zip(self.slots, self.x, strict=True)), p.PEER_BOUND

    def sizes(self) -> dict[str, object]:
        """sealapi saves compressed alone, so that the plain size is counted: the seeded half of each digit's
        pair of polynomials, a word a residue; headers and seeds left out."""
        digits = self.galois.key(ROTATE_BY_ONE)
        first = digits[0].data()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "galois.key")
            self.generator.create_galois_keys([ROTATE_BY_ONE]).save(str(path))
            compressed = path.stat().st_size
        return {"rotation_key_bytes": len(digits) * first.coeff_modulus_size() * first.poly_modulus_degree() * 8,
                "rotation_key_compressed_bytes": compressed,
                "how": "counted: half of it seeds, a word a residue, headers left out"}

    def info(self) -> dict[str, object]:
        header = seal.Serialization.SEALHeader()
        return {"library": "SEAL", "version": f"{header.version_major}.{header.version_minor}",
                "package": f"tenseal {tenseal.__version__}", "threads": 1,
                "hexl": any(b"hexl" in Path(module.__file__).read_bytes() for module in (seal._sealapi_cpp,)),
                "parameters": {"ring_degree": p.DEGREE, "q_bits": self.bits[:-1], "p_bits": self.bits[-1:],
                               "log2_qp": sum(self.bits), "digits": len(self.bits) - 1}}


def main() -> None:
    bench = Bench()
    serve(bench.info, bench.sizes, bench.operations())


if __name__ == "__main__":
    main()
