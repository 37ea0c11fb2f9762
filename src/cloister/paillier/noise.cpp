#include "cloister/paillier/noise.h"

namespace cloister::paillier {

PublicNoise::PublicNoise(const PublicKey& key) : key_(key) {
  std::vector<std::uint64_t> h(key.ciphertext_limbs());
  key.h().to_limbs(h);
  powers_ = key.arithmetic().fixed_base(h, key.plaintext_limbs() / 2);
}

void PublicNoise::fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const {
  const std::size_t limbs = key_.ciphertext_limbs();
  for_noise_exponents(key_, prng, out.size() / limbs, powers_->block(), pool,
                      [&](std::size_t first, std::size_t count, const internal::SecretLimbs& exponents) {
                        powers_->power(exponents.data(), out.data() + first * limbs, count);
                      });
}

void for_noise_exponents(
    const PublicKey& key, Prng& prng, std::size_t total, std::size_t block, const ThreadPool& pool,
    const std::function<void(std::size_t, std::size_t, const internal::SecretLimbs&)>& body) {
  const Seed seed = prng.next_seed();
  const std::size_t length = key.plaintext_limbs() / 2;
  internal::for_blocks(pool, total, block, [&](std::size_t first, std::size_t count) {
    internal::SecretLimbs exponents(count * length);
    for (std::size_t i = 0; i < count; ++i)
      Prng(seed, first + i).fill(exponents.span().subspan(i * length, length));
    body(first, count, exponents);
  });
}

}  // namespace cloister::paillier
