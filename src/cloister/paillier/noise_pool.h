#pragma once

#include <mutex>

#include "cloister/base/memory.h"
#include "cloister/paillier/noise.h"

namespace cloister::paillier {

/// Noise made ahead of time, so that what is left of an encryption is one multiplication. Safe from many
/// threads: some may refill while others encrypt. An entry is given out once and its place wiped; the storage
/// is locked, since whoever knows an entry can read the ciphertext that it hides.
/// Ciphertexts come from the state of the generator that `refill` was given, in the order in which entries
/// are taken: unlike with other sources, not from the state of the one given to an encryption.
class NoisePool final : public NoiseSource {
 public:
  /// Room for `capacity` entries of `source`, which must outlive this object. It starts empty.
  NoisePool(const NoiseSource& source, std::size_t capacity);

  const PublicKey& public_key() const noexcept override { return source_.public_key(); }
  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t available() const;

  /// Makes up to `most` entries until the pool is full, in steps that others can take from at once; returns
  /// how many. Run it while threads are idle. Two must not share a generator.
  std::size_t refill(Prng& prng, const ThreadPool& pool, std::size_t most = ~std::size_t{0});

  /// Takes entries; what the pool lacks is made by the source with `prng`.
  void fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const override;

 private:
  std::size_t take(std::span<std::uint64_t> out) const;
  std::size_t put(std::span<const std::uint64_t> entries);

  const NoiseSource& source_;
  std::size_t capacity_, limbs_;
  mutable std::mutex mutex_;                     ///< of all below
  mutable SecretBuffer<std::uint64_t> entries_;  ///< [capacity][limbs of n^2]
  mutable std::size_t count_ = 0;
};

}  // namespace cloister::paillier
