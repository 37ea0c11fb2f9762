#include "cloister/paillier/owner/crt.h"

#include <gmp.h>

#include <algorithm>

namespace cloister::paillier {

using internal::SecretLimbs;

Crt::Crt(std::span<const std::uint64_t> first, std::span<const std::uint64_t> second)
    : first_(first), second_(second), inverse_(second.size()) {
  SecretLimbs reduced(second.size());
  second_.reduce(first, reduced.data());
  second_.invert(reduced.data(), inverse_.data());
}

void Crt::combine(const std::uint64_t* x, const std::uint64_t* y, std::uint64_t* out) const {
  const std::size_t limbs = second_.limbs();
  SecretLimbs reduced(limbs), difference(limbs), multiple(limbs);
  second_.reduce({x, limbs}, reduced.data());
  second_.subtract(y, reduced.data(), difference.data());
  second_.multiply(difference.data(), inverse_.data(), multiple.data());
  internal::multiply_secret(first_.value(), multiple.span(), out);
  SecretLimbs widened(2 * limbs);
  std::copy_n(x, limbs, widened.data());
  mpn_add_n(out, out, widened.data(), static_cast<mp_size_t>(2 * limbs));
}

}  // namespace cloister::paillier
