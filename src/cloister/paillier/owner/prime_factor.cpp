#include "cloister/paillier/owner/prime_factor.h"

#include <gmp.h>

#include <algorithm>

#include "cloister/base/error.h"
#include "cloister/paillier/owner/crt.h"

namespace cloister::paillier {
namespace {

using internal::SecretLimbs;

/// The low half of a product of numbers of equal length.
void multiply_low(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b, std::uint64_t* out) {
  SecretLimbs product(2 * a.size());
  internal::multiply_secret(a, b, product.data());
  std::copy_n(product.data(), a.size(), out);
}

/// p^-1 modulo 2^(64 limbs) of an odd p by Newton's x <- x (2 - p x), which doubles the right bits.
SecretLimbs invert_mod_power_of_two(std::span<const std::uint64_t> p) {
  const auto limbs = static_cast<mp_size_t>(p.size());
  SecretLimbs x(p.size()), t(p.size()), two(p.size());
  two[0] = 2;
  x[0] = p[0];  // p p = 1 modulo 8: three bits are right
  for (std::size_t right = 3; right < 64 * p.size(); right *= 2) {
    multiply_low(p, x.span(), t.data());
    mpn_sub_n(t.data(), two.data(), t.data(), limbs);
    multiply_low(x.span(), t.span(), x.data());
  }
  return x;
}

SecretLimbs minus_one(std::span<const std::uint64_t> odd) {
  SecretLimbs out = SecretLimbs::copy_of(odd);
  out[0] -= 1;
  return out;
}

}  // namespace

PrimeFactor::PrimeFactor(std::span<const std::uint64_t> p, std::span<const std::uint64_t> q)
    : prime_(p),
      square_(internal::make_modular_arithmetic(p)),
      exponent_(minus_one(p)),
      divisor_(invert_mod_power_of_two(p)),
      generator_(p.size()) {
  SecretLimbs zero(p.size()), q_mod_p(p.size()), negated(p.size());
  prime_.reduce(q, q_mod_p.data());
  prime_.subtract(zero.data(), q_mod_p.data(), negated.data());
  prime_.invert(negated.data(), generator_.data());
}

void PrimeFactor::decrypt(const std::uint64_t* ciphertexts, std::uint64_t* out, std::size_t count) const {
  const std::size_t limbs = prime_.limbs();
  SecretLimbs powers(count * 2 * limbs), quotients(count * limbs);
  square_->power(ciphertexts, 4 * limbs, exponent_.span(), powers.data(), count);
  for (std::size_t i = 0; i < count; ++i) {
    quotient(powers.span().subspan(i * 2 * limbs, 2 * limbs), quotients.data() + i * limbs);
    prime_.multiply(quotients.data() + i * limbs, generator_.data(), out + i * limbs);
  }
}

// (power - 1) / p, an exact division.
void PrimeFactor::quotient(std::span<std::uint64_t> power, std::uint64_t* out) const {
  const std::size_t limbs = prime_.limbs();
  std::uint64_t borrow = 1;
  for (std::uint64_t& limb : power) {
    const std::uint64_t before = limb;
    limb = before - borrow;
    borrow &= before == 0 ? 1 : 0;
  }
  SecretLimbs check(2 * limbs);
  multiply_low(power.first(limbs), divisor_.span(), out);
  internal::multiply_secret({out, limbs}, prime_.value(), check.data());
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < 2 * limbs; ++i) difference |= check[i] ^ power[i];
  if (difference != 0)
    throw InternalError("decryption failed its check; the machine's arithmetic is at fault");
}

}  // namespace cloister::paillier
