"""OpenFHE's side, through its own Python package. What it returns is allocated while it is timed."""

from __future__ import annotations

import importlib.metadata
import math
import random
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import openfhe

from bench.compare import parameters as p
from bench.compare.protocol import Operation, largest, serve

DIGITS = 4


class Bench:
    """A context with the chain that is nearest to the other sides': FIXEDMANUAL has 15 primes as they have, and
    OpenFHE sizes the special primes itself, at 60 bits each. No security level is asked for: it would refuse
    the ring degree."""

    def __init__(self) -> None:
        spec = openfhe.CCParamsCKKSRNS()
        spec.SetSecurityLevel(openfhe.HEStd_NotSet)
        spec.SetRingDim(p.DEGREE)
        spec.SetBatchSize(p.SLOTS)
        spec.SetMultiplicativeDepth(p.LEVELS)
        spec.SetFirstModSize(p.FIRST_PRIME_BITS)
        spec.SetScalingModSize(p.SCALE_BITS)
        spec.SetScalingTechnique(openfhe.FIXEDMANUAL)
        spec.SetKeySwitchTechnique(openfhe.HYBRID)
        spec.SetNumLargeDigits(DIGITS)
        self.context = openfhe.GenCryptoContext(spec)
        for feature in (openfhe.PKE, openfhe.KEYSWITCH, openfhe.LEVELEDSHE, openfhe.ADVANCEDSHE):
            self.context.Enable(feature)
        self.keys = self.context.KeyGen()
        self.context.EvalMultKeyGen(self.keys.secretKey)
        self.context.EvalRotateKeyGen(self.keys.secretKey, list(range(1, p.HOISTED_ROTATIONS + 1)))
        chance = random.Random(1)
        self.x = [chance.uniform(-1, 1) for _ in range(p.SLOTS)]
        self.y = [chance.uniform(-1, 1) for _ in range(p.SLOTS)]
        self.a, self.b = (self.context.Encrypt(self.keys.publicKey, self.context.MakeCKKSPackedPlaintext(values))
                          for values in (self.x, self.y))

    def operations(self) -> dict[str, Operation]:
        def operation(call: Callable[[], Any], check: Callable[[Any], float]) -> Operation:
            result: list[Any] = [None]

            def run_ns() -> int:
                start = perf_counter_ns()
                result[0] = call()
                return perf_counter_ns() - start

            return Operation(run_ns, lambda: (check(result[0]), p.PEER_BOUND))

        def rotated(steps: int) -> Callable[[int], float]:
            return lambda i: self.x[(i + steps) % p.SLOTS]

        return {
            "multiply": operation(lambda: self.context.Rescale(self.context.EvalMult(self.a, self.b)),
                                  lambda out: self.error(out, lambda i: self.x[i] * self.y[i])),
            "rotate": operation(lambda: self.context.EvalRotate(self.a, 1), lambda out: self.error(out, rotated(1))),
            "hoisted_rotations": operation(
                self.rotate_hoisted,
                lambda out: largest(self.error(each, rotated(k + 1)) for k, each in enumerate(out))),
        }

    def rotate_hoisted(self) -> list[Any]:
        digits = self.context.EvalFastRotationPrecompute(self.a)
        return [self.context.EvalFastRotation(self.a, steps, 2 * p.DEGREE, digits)
                for steps in range(1, p.HOISTED_ROTATIONS + 1)]

    def error(self, ciphertext: Any, expected: Callable[[int], float]) -> float:
        opened = self.context.Decrypt(ciphertext, self.keys.secretKey)
        opened.SetLength(p.SLOTS)
        return largest(abs(slot - expected(i)) for i, slot in enumerate(opened.GetRealPackedValue()))

    def info(self) -> dict[str, object]:
        log2_q = math.log2(self.context.GetModulus())
        # Digits are of whole primes, the special modulus of whole 60-bit primes that exceed the largest digit.
        per_digit = math.ceil((p.LEVELS + 1) / DIGITS)
        special = math.ceil((p.FIRST_PRIME_BITS + (per_digit - 1) * p.SCALE_BITS) / 60)
        return {"library": "OpenFHE", "version": importlib.metadata.version("openfhe"), "threads": 1,
                "package": f"openfhe {importlib.metadata.version('openfhe')}",
                "parameters": {"ring_degree": self.context.GetRingDimension(),
                               "q_bits": [p.FIRST_PRIME_BITS] + [p.SCALE_BITS] * p.LEVELS, "p_bits": [60] * special,
                               "log2_qp": log2_q + 60 * special, "digits": DIGITS,
                               "technique": "FIXEDMANUAL, HYBRID, security level not set"}}


def main() -> None:
    bench = Bench()
    serve(bench.info, dict, bench.operations())


if __name__ == "__main__":
    main()
