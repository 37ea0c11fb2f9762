#include <algorithm>

#include "cloister/base/error.h"
#include "cloister/math/big_integer.h"
#include "cloister/paillier/internal/modular_arithmetic.h"
#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier::internal {
namespace {

/// A borrowed, read-only view of limbs as one of GMP's numbers.
class View {
 public:
  View(const std::uint64_t* limbs, std::size_t count) {
    mpz_roinit_n(value_, limbs, static_cast<mp_size_t>(count));
  }
  mpz_srcptr raw() const noexcept { return value_; }

 private:
  mpz_t value_;
};

class GmpFixedBase final : public FixedBase {
 public:
  GmpFixedBase(std::span<const std::uint64_t> modulus, std::span<const std::uint64_t> base,
               std::size_t exponent_limbs)
      : modulus_(modulus), base_(base.begin(), base.end()), exponent_limbs_(exponent_limbs) {}

  void power(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const override {
    for (std::size_t i = 0; i < count; ++i)
      modulus_.power(base_, {exponents + i * exponent_limbs_, exponent_limbs_}, out + i * modulus_.limbs());
  }

 private:
  SecretModulus modulus_;
  std::vector<std::uint64_t> base_;
  std::size_t exponent_limbs_;
};

class GmpArithmetic final : public ModularArithmetic {
 public:
  explicit GmpArithmetic(std::span<const std::uint64_t> modulus) : modulus_(modulus) {}

  std::size_t limbs() const noexcept override { return modulus_.limbs(); }
  std::size_t block() const noexcept override { return 1; }

  void multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                std::size_t count) const override {
    for (std::size_t i = 0; i < count * limbs(); i += limbs()) modulus_.multiply(a + i, b + i, out + i);
  }

  void power_vartime(const std::uint64_t* bases, const std::uint64_t* exponents, std::uint64_t* out,
                     std::size_t count) const override {
    BigInteger result;
    for (std::size_t i = 0; i < count; ++i) {
      raise(bases + i * limbs(), exponents[i], result);
      write(result, out + i * limbs());
    }
  }

  void multi_power_vartime(std::span<const std::uint64_t* const> bases,
                           std::span<const std::uint64_t> exponents, std::uint64_t* out,
                           std::size_t count) const override {
    BigInteger factor;
    for (std::size_t i = 0; i < count; ++i) {
      BigInteger product(1);
      for (std::size_t t = 0; t < bases.size(); ++t) {
        if (exponents[t] == 0) continue;
        raise(bases[t] + i * limbs(), exponents[t], factor);
        mpz_mul(product.raw(), product.raw(), factor.raw());
        mpz_mod(product.raw(), product.raw(), modulus().raw());
      }
      write(product, out + i * limbs());
    }
  }

  void invert_vartime(const std::uint64_t* a, std::uint64_t* out, std::size_t count) const override {
    BigInteger inverse;
    for (std::size_t i = 0; i < count * limbs(); i += limbs()) {
      if (mpz_invert(inverse.raw(), View(a + i, limbs()).raw(), modulus().raw()) == 0)
        throw InternalError("a ciphertext that has no inverse passed its check");
      write(inverse, out + i);
    }
  }

  std::unique_ptr<const FixedBase> fixed_base(std::span<const std::uint64_t> base,
                                              std::size_t exponent_limbs) const override {
    return std::make_unique<GmpFixedBase>(modulus_.value(), base, exponent_limbs);
  }

 private:
  View modulus() const { return View(modulus_.value().data(), limbs()); }

  void raise(const std::uint64_t* base, std::uint64_t exponent, BigInteger& out) const {
    mpz_powm(out.raw(), View(base, limbs()).raw(), View(&exponent, 1).raw(), modulus().raw());
  }

  void write(const BigInteger& value, std::uint64_t* out) const { value.to_limbs({out, limbs()}); }

  SecretModulus modulus_;
};

}  // namespace

std::shared_ptr<const ModularArithmetic> make_modular_arithmetic(std::span<const std::uint64_t> modulus) {
  return std::make_shared<GmpArithmetic>(modulus);
}

void for_blocks(const ThreadPool& pool, std::size_t count, std::size_t block,
                const std::function<void(std::size_t, std::size_t)>& body) {
  pool.parallel_for((count + block - 1) / block, [&](std::size_t b) {
    const std::size_t first = b * block;
    body(first, std::min(block, count - first));
  });
}

}  // namespace cloister::paillier::internal
