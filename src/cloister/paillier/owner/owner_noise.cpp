#include "cloister/paillier/owner/owner_noise.h"

namespace cloister::paillier {

using internal::SecretLimbs;

OwnerNoise::OwnerNoise(const SecretKey& key)
    : public_key_(key.public_key()),
      squares_(square(key.p()).span(), square(key.q()).span()),
      h_p_(public_key_.plaintext_limbs()),
      h_q_(public_key_.plaintext_limbs()) {
  SecretLimbs h(public_key_.ciphertext_limbs());
  public_key_.h().to_limbs(h.span());
  squares_.first().reduce(h.span(), h_p_.data());
  squares_.second().reduce(h.span(), h_q_.data());
}

void OwnerNoise::fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const {
  const std::size_t limbs = public_key_.ciphertext_limbs();
  const std::size_t length = public_key_.plaintext_limbs() / 2;
  for_noise_exponents(public_key_, prng, out.size() / limbs, 1, pool,
                      [&](std::size_t first, std::size_t count, const SecretLimbs& exponents) {
                        SecretLimbs r_p(limbs / 2), r_q(limbs / 2);
                        for (std::size_t i = 0; i < count; ++i) {
                          const auto exponent = exponents.span().subspan(i * length, length);
                          squares_.first().power(h_p_.span(), exponent, r_p.data());
                          squares_.second().power(h_q_.span(), exponent, r_q.data());
                          squares_.combine(r_p.data(), r_q.data(), out.data() + (first + i) * limbs);
                        }
                      });
}

}  // namespace cloister::paillier
