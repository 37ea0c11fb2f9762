#pragma once

#include <span>

#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::rlwe {

/// An encryption whose uniform half is the expansion of a public seed.
struct SeededPair {
  EvaluationPoly b, a;
  Seed seed;
};

/// (b, a) with b = -a s + e over `limbs`, under a fresh seed from `prng`, which also gives the errors.
/// Constant time. Cost: a key stream of 8 N bytes, one transform and one product a limb.
SeededPair encrypt_zero(const SecretKey& secret, LimbSet limbs, Prng& prng, const ThreadPool& pool);
/// The same under a given secret polynomial, seed and stream: one digit of a key.
SeededPair encrypt_zero(const SecretEvaluationPoly& secret, LimbSet limbs, const Seed& seed,
                        std::uint64_t stream, Prng& prng, const ThreadPool& pool);

/// The same of a message, b = m - a s + e, over the message's limbs.
SeededPair encrypt(const SecretKey& secret, const EvaluationPoly& message, Prng& prng,
                   const ThreadPool& pool);

/// b + a s over the limbs of `b`, or b + a s + c s^2 with a third part: the message with its noise.
/// Decryption; the result is as secret as the message. Constant time.
EvaluationPoly phase(const SecretKey& secret, std::span<const EvaluationPoly> parts, std::size_t q_limbs,
                     const ThreadPool& pool);

}  // namespace cloister::rlwe
