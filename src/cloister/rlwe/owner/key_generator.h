#pragma once

#include <cstdint>
#include <span>

#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::rlwe {

/// Makes the public keys of a secret one. Each key takes a fresh seed from `prng`; what a key's public
/// seed expands to and its errors come from separate generators. Constant time in the secret.
class KeyGenerator {
 public:
  KeyGenerator(const SecretKey& secret, const ThreadPool& pool) : secret_(&secret), pool_(&pool) {}

  PublicKey public_key(Prng& prng) const;
  /// From s^2, for polynomials of up to `q_limbs` limbs. Bytes in memory: 16 N digits (q_limbs + k).
  KeySwitchKey relinearization_key(Prng& prng, std::size_t q_limbs) const;
  /// Of the automorphism X -> X^g, for up to `q_limbs` limbs.
  GaloisKey galois_key(std::uint64_t galois_element, Prng& prng, std::size_t q_limbs) const;

  /// To a new ephemeral secret, which is forgotten, and back. Bytes in memory: 16 N (l + k), all of Q. Throws
  /// SecurityError as Parameters::encapsulated.
  EncapsulationKeys encapsulation_keys(Prng& prng) const;

 private:
  KeySwitchKey key_switch_key(const SecretEvaluationPoly& from, const SecretEvaluationPoly& to, Prng& prng,
                              std::size_t q_limbs) const;

  const SecretKey* secret_;
  const ThreadPool* pool_;
};

}  // namespace cloister::rlwe
