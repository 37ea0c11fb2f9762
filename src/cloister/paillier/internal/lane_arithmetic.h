#pragma once

#include "cloister/paillier/internal/modular_arithmetic.h"
#include "cloister/paillier/internal/square_lanes.h"

namespace cloister::paillier::internal {

/// Eight residues at once, on a target's kernels for squares.
class LaneArithmetic final : public ModularArithmetic {
 public:
  LaneArithmetic(const SquareKernels& kernels, std::span<const std::uint64_t> root) : lanes_(kernels, root) {}

  std::size_t limbs() const noexcept override { return lanes_.limbs(); }
  std::size_t block() const noexcept override { return 4 * SquareLanes::kLanes; }
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
  SquareLanes lanes_;
};

}  // namespace cloister::paillier::internal
