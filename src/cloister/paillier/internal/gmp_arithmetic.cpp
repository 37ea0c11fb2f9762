#include "cloister/paillier/internal/gmp_arithmetic.h"

#include "cloister/base/error.h"

namespace cloister::paillier::internal {
namespace {

/// A borrowed, read-only view of limbs as one of GMP's numbers.
class View {
 public:
  View(const std::uint64_t* limbs, std::size_t count) {
    mpz_roinit_n(value_, limbs, static_cast<mp_size_t>(count));
  }
  explicit View(std::span<const std::uint64_t> limbs) : View(limbs.data(), limbs.size()) {}
  mpz_srcptr raw() const noexcept { return value_; }

 private:
  mpz_t value_;
};

class GmpFixedBase final : public FixedBase {
 public:
  GmpFixedBase(const SecretModulus& modulus, std::span<const std::uint64_t> base, std::size_t exponent_limbs)
      : modulus_(modulus), base_(SecretLimbs::copy_of(base)), exponent_limbs_(exponent_limbs) {}

  std::size_t block() const noexcept override { return 1; }
  void power(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const override {
    for (std::size_t i = 0; i < count; ++i)
      modulus_.power(base_.span(), {exponents + i * exponent_limbs_, exponent_limbs_},
                     out + i * modulus_.limbs());
  }

 private:
  const SecretModulus& modulus_;
  SecretLimbs base_;
  std::size_t exponent_limbs_;
};

}  // namespace

GmpArithmetic::GmpArithmetic(std::span<const std::uint64_t> root)
    : root_(SecretLimbs::copy_of(root)), modulus_(square(root).span()) {}

void GmpArithmetic::multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                             std::size_t count) const {
  for (std::size_t i = 0; i < count * limbs(); i += limbs()) modulus_.multiply(a + i, b + i, out + i);
}

void GmpArithmetic::add_clear(const std::uint64_t* a, const std::uint64_t* m, std::uint64_t* out,
                              std::size_t count) const {
  SecretLimbs factor(limbs());
  for (std::size_t i = 0; i < count; ++i) {
    multiply_secret({m + i * root_.size(), root_.size()}, root_.span(), factor.data());
    // m n + 1 <= n^2 - n + 1, so the sum is a residue already.
    for (std::size_t k = 0, carry = 1; k < limbs(); ++k) {
      factor[k] += carry;
      carry &= factor[k] == 0 ? 1 : 0;
    }
    modulus_.multiply(a + i * limbs(), factor.data(), out + i * limbs());
  }
}

void GmpArithmetic::power(const std::uint64_t* bases, std::size_t base_limbs,
                          std::span<const std::uint64_t> exponent, std::uint64_t* out,
                          std::size_t count) const {
  SecretLimbs base(limbs());
  for (std::size_t i = 0; i < count; ++i) {
    modulus_.reduce({bases + i * base_limbs, base_limbs}, base.data());
    modulus_.power(base.span(), exponent, out + i * limbs());
  }
}

void GmpArithmetic::power_vartime(const std::uint64_t* bases, const std::uint64_t* exponents,
                                  std::uint64_t* out, std::size_t count) const {
  BigInteger result;
  for (std::size_t i = 0; i < count; ++i) {
    raise(bases + i * limbs(), exponents[i], result);
    write(result, out + i * limbs());
  }
}

void GmpArithmetic::multi_power_vartime(std::span<const std::uint64_t* const> bases,
                                        std::span<const std::uint64_t> exponents, std::uint64_t* out,
                                        std::size_t count) const {
  BigInteger factor;
  for (std::size_t i = 0; i < count; ++i) {
    BigInteger product(1);
    for (std::size_t t = 0; t < bases.size(); ++t) {
      if (exponents[t] == 0) continue;
      raise(bases[t] + i * limbs(), exponents[t], factor);
      mpz_mul(product.raw(), product.raw(), factor.raw());
      mpz_mod(product.raw(), product.raw(), View(modulus_.value()).raw());
    }
    write(product, out + i * limbs());
  }
}

void GmpArithmetic::invert_vartime(const std::uint64_t* a, std::uint64_t* out, std::size_t count) const {
  BigInteger inverse;
  for (std::size_t i = 0; i < count * limbs(); i += limbs()) {
    if (mpz_invert(inverse.raw(), View(a + i, limbs()).raw(), View(modulus_.value()).raw()) == 0)
      throw InternalError("a ciphertext that has no inverse passed its check");
    write(inverse, out + i);
  }
}

std::unique_ptr<const FixedBase> GmpArithmetic::fixed_base(std::span<const std::uint64_t> base,
                                                           std::size_t exponent_limbs) const {
  return std::make_unique<GmpFixedBase>(modulus_, base, exponent_limbs);
}

void GmpArithmetic::raise(const std::uint64_t* base, std::uint64_t exponent, BigInteger& out) const {
  mpz_powm(out.raw(), View(base, limbs()).raw(), View(&exponent, 1).raw(), View(modulus_.value()).raw());
}

}  // namespace cloister::paillier::internal
