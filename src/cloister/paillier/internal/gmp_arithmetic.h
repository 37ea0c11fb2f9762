#pragma once

#include <vector>

#include "cloister/math/big_integer.h"
#include "cloister/paillier/internal/modular_arithmetic.h"
#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier::internal {

/// The reference, on GMP: one number after the other, on every machine.
class GmpArithmetic final : public ModularArithmetic {
 public:
  explicit GmpArithmetic(std::span<const std::uint64_t> root);

  std::size_t limbs() const noexcept override { return modulus_.limbs(); }
  std::size_t block() const noexcept override { return 1; }
  void multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                std::size_t count) const override;
  void add_clear(const std::uint64_t* a, const std::uint64_t* m, std::uint64_t* out,
                 std::size_t count) const override;
  void power(const std::uint64_t* bases, std::size_t base_limbs, std::span<const std::uint64_t> exponent,
             std::uint64_t* out, std::size_t count) const override;
  void power_vartime(const std::uint64_t* bases, const std::uint64_t* exponents, std::uint64_t* out,
                     std::size_t count) const override;
  void multi_power_vartime(std::span<const std::uint64_t* const> bases,
                           std::span<const std::uint64_t> exponents, std::uint64_t* out,
                           std::size_t count) const override;
  void invert_vartime(const std::uint64_t* a, std::uint64_t* out, std::size_t count) const override;
  std::unique_ptr<const FixedBase> fixed_base(std::span<const std::uint64_t> base,
                                              std::size_t exponent_limbs) const override;

 private:
  void raise(const std::uint64_t* base, std::uint64_t exponent, BigInteger& out) const;
  void write(const BigInteger& value, std::uint64_t* out) const { value.to_limbs({out, limbs()}); }

  SecretLimbs root_;
  SecretModulus modulus_;
};

}  // namespace cloister::paillier::internal
