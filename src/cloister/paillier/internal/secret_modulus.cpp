#include "cloister/paillier/internal/secret_modulus.h"

#include <gmp.h>

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "cloister/base/error.h"

namespace cloister::paillier::internal {

static_assert(std::is_same_v<mp_limb_t, std::uint64_t>, "GMP's limbs are the limbs of this layer");

SecretModulus::SecretModulus(std::span<const std::uint64_t> modulus)
    : modulus_(SecretLimbs::copy_of(modulus)) {
  if (modulus.empty() || modulus.back() == 0 || modulus.front() % 2 == 0)
    throw InternalError("a secret modulus must be odd and fill its limbs");
}

void SecretModulus::reduce(std::span<const std::uint64_t> value, std::uint64_t* out) const {
  assert(value.size() >= limbs());
  const auto n = static_cast<mp_size_t>(limbs());
  const auto length = static_cast<mp_size_t>(value.size());
  SecretLimbs remainder = SecretLimbs::copy_of(value);
  SecretLimbs scratch(static_cast<std::size_t>(mpn_sec_div_r_itch(length, n)));
  mpn_sec_div_r(remainder.data(), length, modulus_.data(), n, scratch.data());
  std::copy_n(remainder.data(), limbs(), out);
}

void SecretModulus::divide(std::span<const std::uint64_t> value, std::uint64_t* quotient,
                           std::uint64_t* remainder) const {
  const auto n = static_cast<mp_size_t>(limbs());
  const auto length = static_cast<mp_size_t>(value.size());
  SecretLimbs rest = SecretLimbs::copy_of(value);
  SecretLimbs scratch(static_cast<std::size_t>(mpn_sec_div_qr_itch(length, n)));
  mpn_sec_div_qr(quotient, rest.data(), length, modulus_.data(), n, scratch.data());
  std::copy_n(rest.data(), limbs(), remainder);
}

void SecretModulus::multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
  const auto n = static_cast<mp_size_t>(limbs());
  const std::size_t need =
      static_cast<std::size_t>(std::max(mpn_sec_mul_itch(n, n), mpn_sec_div_r_itch(2 * n, n)));
  SecretLimbs space(2 * limbs() + need);
  std::uint64_t* product = space.data();
  std::uint64_t* scratch = product + 2 * limbs();
  mpn_sec_mul(product, a, n, b, n, scratch);
  mpn_sec_div_r(product, 2 * n, modulus_.data(), n, scratch);
  std::copy_n(product, limbs(), out);
}

void SecretModulus::subtract(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
  const auto n = static_cast<mp_size_t>(limbs());
  const mp_limb_t borrow = mpn_sub_n(out, a, b, n);
  mpn_cnd_add_n(borrow, out, out, modulus_.data(), n);
}

void SecretModulus::power(std::span<const std::uint64_t> base, std::span<const std::uint64_t> exponent,
                          std::uint64_t* out) const {
  const auto n = static_cast<mp_size_t>(limbs());
  const auto base_limbs = static_cast<mp_size_t>(base.size());
  const mp_bitcnt_t exponent_bits = 64 * exponent.size();
  SecretLimbs scratch(static_cast<std::size_t>(mpn_sec_powm_itch(base_limbs, exponent_bits, n)));
  mpn_sec_powm(out, base.data(), base_limbs, exponent.data(), exponent_bits, modulus_.data(), n,
               scratch.data());
}

void SecretModulus::invert(const std::uint64_t* a, std::uint64_t* out) const {
  const auto n = static_cast<mp_size_t>(limbs());
  SecretLimbs destroyed = SecretLimbs::copy_of({a, limbs()});
  SecretLimbs scratch(static_cast<std::size_t>(mpn_sec_invert_itch(n)));
  const mp_bitcnt_t steps = 2 * 64 * limbs();
  if (mpn_sec_invert(out, destroyed.data(), modulus_.data(), n, steps, scratch.data()) == 0)
    throw InternalError("a number without an inverse was to be inverted");
}

void multiply_secret(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b, std::uint64_t* out) {
  if (a.size() < b.size()) std::swap(a, b);
  const auto an = static_cast<mp_size_t>(a.size());
  const auto bn = static_cast<mp_size_t>(b.size());
  SecretLimbs scratch(static_cast<std::size_t>(mpn_sec_mul_itch(an, bn)));
  mpn_sec_mul(out, a.data(), an, b.data(), bn, scratch.data());
}

SecretLimbs square(std::span<const std::uint64_t> value) {
  SecretLimbs out(2 * value.size());
  multiply_secret(value, value, out.data());
  return out;
}

}  // namespace cloister::paillier::internal
