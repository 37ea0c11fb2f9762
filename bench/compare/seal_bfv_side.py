"""SEAL's side of `./run bench bfv`, through tenseal.sealapi: every operation is one call of SEAL's class, or the few
calls named. Destination objects are made once and used again, as SEAL's interface allows."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

import tenseal.sealapi as seal

from bench.compare.bfv import PLAINTEXT_MODULUS, value_at
from bench.compare.protocol import Operation, serve

ROTATE_BY_ONE = 3  # the Galois element: SEAL's generator


class Bench:
    """Parameters, keys, operands and destinations."""

    def __init__(self, log2_degree: int) -> None:
        self.degree = 1 << log2_degree
        spec = seal.EncryptionParameters(seal.SCHEME_TYPE.BFV)
        spec.set_poly_modulus_degree(self.degree)
        self.chain = seal.CoeffModulus.BFVDefault(self.degree, seal.SEC_LEVEL_TYPE.TC128)
        spec.set_coeff_modulus(self.chain)
        spec.set_plain_modulus(PLAINTEXT_MODULUS)
        context = seal.SEALContext(spec, True, seal.SEC_LEVEL_TYPE.TC128)
        generator = seal.KeyGenerator(context)
        secret, public = generator.secret_key(), seal.PublicKey()
        generator.create_public_key(public)
        self.relinearization, self.galois = seal.RelinKeys(), seal.GaloisKeys()
        generator.create_relin_keys(self.relinearization)
        generator.create_galois_keys([ROTATE_BY_ONE], self.galois)
        self.encoder = seal.BatchEncoder(context)
        self.encryptor = seal.Encryptor(context, secret)
        self.public_encryptor = seal.Encryptor(context, public)
        self.decryptor = seal.Decryptor(context, secret)
        self.evaluator = seal.Evaluator(context)
        self.values = [value_at(i) for i in range(self.degree)]
        self.plain, self.a, self.b = seal.Plaintext(), seal.Ciphertext(), seal.Ciphertext()
        self.encoder.encode(self.values, self.plain)
        self.encryptor.encrypt_symmetric(self.plain, self.a)
        self.encryptor.encrypt_symmetric(self.plain, self.b)

    def operations(self) -> dict[str, Operation]:
        def same(i: int) -> int:
            return self.values[i]

        def square(i: int) -> int:
            return self.values[i] ** 2 % PLAINTEXT_MODULUS

        def turned(i: int) -> int:
            half = self.degree // 2
            return self.values[i // half * half + (i + 1) % half]

        a, b, e = self.a, self.b, self.evaluator
        return {
            "multiply": self.homomorphic(self.multiply, square),
            "multiply_lazy": self.homomorphic(lambda out: e.multiply(a, b, out), square),
            "rotate": self.homomorphic(lambda out: e.rotate_rows(a, 1, self.galois, out), turned),
            "multiply_plain": self.homomorphic(lambda out: e.multiply_plain(a, self.plain, out), square),
            "add": self.homomorphic(lambda out: e.add(a, b, out), lambda i: 2 * self.values[i] % PLAINTEXT_MODULUS),
            "encrypt": self.homomorphic(lambda out: self.encryptor.encrypt_symmetric(self.plain, out), same),
            "encrypt_public": self.homomorphic(lambda out: self.public_encryptor.encrypt(self.plain, out), same),
            "encode": self.plaintext(lambda out: self.encoder.encode(self.values, out)),
            "decrypt": self.plaintext(lambda out: self.decryptor.decrypt(a, out)),
        }

    def multiply(self, out: seal.Ciphertext) -> None:
        self.evaluator.multiply(self.a, self.b, out)
        self.evaluator.relinearize_inplace(out, self.relinearization)

    def homomorphic(self, call: Callable[[seal.Ciphertext], object], expected: Callable[[int], int]) -> Operation:
        result, opened = seal.Ciphertext(), seal.Plaintext()

        def check() -> tuple[float, float]:
            self.decryptor.decrypt(result, opened)
            return self.check(opened, expected)

        return Operation(lambda: timed(lambda: call(result)), check)

    def plaintext(self, call: Callable[[seal.Plaintext], object]) -> Operation:
        result = seal.Plaintext()
        return Operation(lambda: timed(lambda: call(result)),
                         lambda: self.check(result, lambda i: self.values[i]))

    def check(self, plain: seal.Plaintext, expected: Callable[[int], int]) -> tuple[float, float]:
        """The number of wrong slots, of which there may be none."""
        slots = self.encoder.decode_uint64(plain)
        return sum(slots[i] != expected(i) for i in range(self.degree)), 0

    def info(self) -> Mapping[str, Any]:
        header = seal.Serialization.SEALHeader()
        bits = [math.log2(prime.value()) for prime in self.chain]
        return {"library": "SEAL", "version": f"{header.version_major}.{header.version_minor}", "threads": 1,
                "log2_q": sum(bits[:-1]), "log2_p": bits[-1],
                "budget_bits": self.decryptor.invariant_noise_budget(self.a)}


def timed(call: Callable[[], object]) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start


def main() -> None:
    bench = Bench(int(sys.argv[1]))
    serve(bench.info, dict, bench.operations())


if __name__ == "__main__":
    main()
