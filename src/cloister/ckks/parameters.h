#pragma once

#include <memory>
#include <vector>

#include "cloister/ckks/scale.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::ckks {

/// What CKKS parameters are made from; unchecked until Parameters::create.
struct ParametersSpec {
  int log2_degree = 15;
  int levels = 10;            ///< rescalings that a fresh ciphertext has
  int scale_bits = 40;        ///< log2 of the scale, and of each rescaling prime
  int first_prime_bits = 50;  ///< log2 of the prime of level 0; above scale_bits by log2 of 2 max |slot|
  int digits = 3;             ///< groups of primes in key switching
  int raised_levels = 0;      ///< above those of a fresh ciphertext, for what bootstrapping has raised
  int raised_scale_bits = 0;  ///< log2 of the scale and the primes there
  /// The uppermost of the raised levels, which have a scale of their own again: for linear maps, whose
  /// factors may have any scale, so that the values keep theirs and smaller primes will do.
  int transform_levels = 0;
  int transform_scale_bits = 0;

  /// The highest level: see Parameters::top_level.
  int top_level() const noexcept { return levels + raised_levels; }
  /// The highest with the raised scale.
  int raised_level() const noexcept { return top_level() - transform_levels; }
  friend bool operator==(const ParametersSpec&, const ParametersSpec&) = default;
};

/// Checked, immutable CKKS parameters: one exact scale a level. A ciphertext at level l has the scale
/// scale_at(l), to the bit of a double, after every operation; scale_at(l - 1) = scale_at(l)^2 / q_l, and
/// the primes are picked one by one so that it stays near 2^scale_bits. Raised levels, where there are any,
/// have a scale of their own, which starts at raised_level and ends above the fresh level: above and below,
/// it starts anew, and only bootstrapping goes from one to the other.
/// Source: Kim, Papadimitriou, Polyakov, "Approximate homomorphic encryption with reduced approximation
/// error", 2022 (eprint 2020/1118), section 4.
class Parameters {
 public:
  /// Special primes are added as the digits need them, of at most 49 bits where that suffices. Throws
  /// SecurityError if the 128-bit table is exceeded, ParametersError for values out of range. `table`: k2018
  /// is for compatibility layers only.
  static std::shared_ptr<const Parameters> create(const ParametersSpec& spec, const KernelTable& kernels,
                                                  rlwe::SecurityTable table = rlwe::SecurityTable::k2024);
  /// The chain of primes that `create` takes: for the planner's sums, without building any table.
  static rlwe::ParametersSpec chain(const ParametersSpec& spec);
  /// The scale of each level of that chain.
  static std::vector<Scale> scales(const ParametersSpec& spec, const rlwe::ParametersSpec& chain);

  const ParametersSpec& spec() const noexcept { return spec_; }
  const std::shared_ptr<const rlwe::Parameters>& rlwe() const noexcept { return rlwe_; }
  const std::shared_ptr<const Ring>& ring() const noexcept { return rlwe_->ring(); }
  /// Of a fresh ciphertext.
  int max_level() const noexcept { return spec_.levels; }
  /// The highest of all: that of the modulus to which bootstrapping raises.
  int top_level() const noexcept { return spec_.top_level(); }
  std::size_t slots() const noexcept { return ring()->degree() / 2; }
  Scale scale_at(int level) const noexcept { return scales_[static_cast<std::size_t>(level)]; }
  /// The prime that a rescaling from `level` divides by.
  const Modulus& prime_at(int level) const noexcept {
    return ring()->modulus(static_cast<std::size_t>(level));
  }
  /// log2 of the modulus at a level.
  double log2_modulus_at(int level) const noexcept { return log2_moduli_[static_cast<std::size_t>(level)]; }

 private:
  friend class InsecureParametersForTests;
  Parameters(const ParametersSpec& spec, std::shared_ptr<const rlwe::Parameters> rlwe);

  ParametersSpec spec_;
  std::shared_ptr<const rlwe::Parameters> rlwe_;
  std::vector<Scale> scales_;
  std::vector<double> log2_moduli_;
};

}  // namespace cloister::ckks
