#pragma once

#include "cloister/paillier/noise.h"
#include "cloister/paillier/owner/crt.h"
#include "cloister/paillier/owner/secret_key.h"

namespace cloister::paillier {

/// The key holder's noise: the very values that PublicNoise makes of the same generator, by
/// exponentiations modulo p^2 and q^2. Cost: about half of PublicNoise's.
class OwnerNoise final : public NoiseSource {
 public:
  explicit OwnerNoise(const SecretKey& key);
  const PublicKey& public_key() const noexcept override { return public_key_; }
  void fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const override;

 private:
  PublicKey public_key_;
  Crt squares_;                                                             ///< modulo p^2 and q^2
  std::shared_ptr<const internal::ModularArithmetic> modulo_p_, modulo_q_;  ///< their squares
  std::unique_ptr<const internal::FixedBase> powers_p_, powers_q_;
};

}  // namespace cloister::paillier
