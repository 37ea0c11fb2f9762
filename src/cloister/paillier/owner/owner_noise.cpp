#include "cloister/paillier/owner/owner_noise.h"

namespace cloister::paillier {

using internal::SecretLimbs;

OwnerNoise::OwnerNoise(const SecretKey& key)
    : public_key_(key.public_key()),
      squares_(internal::square(key.p()).span(), internal::square(key.q()).span()),
      modulo_p_(internal::make_modular_arithmetic(key.p())),
      modulo_q_(internal::make_modular_arithmetic(key.q())) {
  const std::size_t limbs = public_key_.plaintext_limbs();
  SecretLimbs h(2 * limbs), reduced(limbs);
  public_key_.h().to_limbs(h.span());
  squares_.first().reduce(h.span(), reduced.data());
  powers_p_ = modulo_p_->fixed_base(reduced.span(), limbs / 2);
  squares_.second().reduce(h.span(), reduced.data());
  powers_q_ = modulo_q_->fixed_base(reduced.span(), limbs / 2);
}

void OwnerNoise::fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const {
  const std::size_t limbs = public_key_.ciphertext_limbs(), half = limbs / 2;
  for_noise_exponents(public_key_, prng, out.size() / limbs, powers_p_->block(), pool,
                      [&](std::size_t first, std::size_t count, const SecretLimbs& exponents) {
                        SecretLimbs r_p(count * half), r_q(count * half);
                        powers_p_->power(exponents.data(), r_p.data(), count);
                        powers_q_->power(exponents.data(), r_q.data(), count);
                        for (std::size_t i = 0; i < count; ++i)
                          squares_.combine(r_p.data() + i * half, r_q.data() + i * half,
                                           out.data() + (first + i) * limbs);
                      });
}

}  // namespace cloister::paillier
