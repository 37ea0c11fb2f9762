#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "cloister/base/thread_pool.h"
#include "cloister/paillier/internal/secret_modulus.h"
#include "cloister/paillier/public_key.h"
#include "cloister/random/prng.h"

namespace cloister::paillier {

/// Makes the factors r that hide plaintexts: encryptions of zero. Encryption and re-randomization take
/// them from here, so that the key holder's faster way, and noise made ahead, are other sources.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;
  virtual const PublicKey& public_key() const noexcept = 0;
  /// Fills `out`, [count][limbs of n^2], with fresh n-th residues modulo n^2.
  virtual void fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const = 0;
};

/// Noise by the public key alone: r = h^a mod n^2 for a uniform `a` of half n's bits.
/// Cost: one exponentiation an entry.  Secrets: constant time in a.
/// Source: Damgard, Jurik, Nielsen, "A generalization of Paillier's public-key system with applications
/// to electronic voting", 2010, section 4.2.
class PublicNoise final : public NoiseSource {
 public:
  explicit PublicNoise(const PublicKey& key);
  const PublicKey& public_key() const noexcept override { return key_; }
  void fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const override;

 private:
  PublicKey key_;
  std::unique_ptr<const internal::FixedBase> powers_;
};

/// Draws one seed from `prng` and calls body(first, count, exponents) for blocks that cover [0, total);
/// exponents are [count][half of n's limbs], entry i from stream i of the seed: the same for any number
/// of threads, any block size and every noise source.
void for_noise_exponents(const PublicKey& key, Prng& prng, std::size_t total, std::size_t block,
                         const ThreadPool& pool,
                         const std::function<void(std::size_t first, std::size_t count,
                                                  const internal::SecretLimbs& exponents)>& body);

}  // namespace cloister::paillier
