#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cloister/ckks/evaluator.h"

namespace cloister::ckks::internal {

/// The residues of a double that is an integer, modulo the primes of a level.
std::vector<std::uint64_t> constant_residues(const Ring& ring, int level, double integer);

/// What Evaluator::finish_sum and sum_lazy divide and keep, made a block at a time and never held: sums of
/// products, of multiples and a constant, at a level's product scale. Borrows the ciphertexts.
class SumOfProducts {
 public:
  /// Values that are made at a time, and words of scratch for them.
  static constexpr std::size_t kBlock = 1024, kBlockWords = 3 * kBlock;

  /// Throws as Evaluator::finish_sum.
  SumOfProducts(const Parameters& parameters, std::span<const Evaluator::Product> products,
                std::span<const Evaluator::Multiple> terms, double constant, int level);

  Scale scale() const noexcept { return scale_; }
  const ValueBound& bound() const noexcept { return bound_; }
  /// Whether there is a third part.
  bool has_products() const noexcept { return !products_.empty(); }
  EvaluationPoly third_part(const ThreadPool& pool) const;
  /// Where the values [first, first + count) of limb i of the other two lie, which may be in `scratch`; count
  /// is at most kBlock.
  std::array<const std::uint64_t*, 2> operator()(std::size_t i, std::size_t first, std::size_t count,
                                                 std::uint64_t* scratch) const noexcept;

 private:
  void add_products(std::size_t i, std::size_t first, std::size_t count, std::uint64_t* b,
                    std::uint64_t* a) const noexcept;
  std::size_t rows(std::size_t part) const noexcept { return terms_.size() + (has_constant_ && part == 0); }
  void add_up(std::size_t part, std::size_t i, std::size_t first, std::size_t count,
              std::uint64_t* out) const noexcept;

  std::shared_ptr<const Ring> ring_;
  Scale scale_;
  LimbSet limbs_;
  ValueBound bound_;
  std::vector<Evaluator::Product> products_;
  std::vector<const Ciphertext*> terms_;
  bool has_constant_;
  std::vector<std::vector<std::uint64_t>> constants_;  // [limbs][terms, and the constant]
  std::vector<std::uint64_t> ones_;                    // a row for the constant
};

}  // namespace cloister::ckks::internal
