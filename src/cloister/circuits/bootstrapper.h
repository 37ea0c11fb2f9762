#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "cloister/circuits/linear_transform.h"
#include "cloister/circuits/modular_reduction.h"
#include "cloister/rlwe/modulus_raiser.h"

namespace cloister::circuits {

/// What a bootstrap is made for; unchecked until a Bootstrapper is made.
struct BootstrappingSpec {
  /// Values repeat with a period of n = 2^log2_slots slots; log2 of all slots where they do not.
  int log2_slots = 0;
  bool real = false;              ///< no slot has an imaginary part
  double range = 1;               ///< real and imaginary parts of every slot are at most this
  int slots_to_coefficients = 3;  ///< levels: stages of the transform
  int coefficients_to_slots = 3;
  /// How many times what a bootstrap did wrong is bootstrapped too: more precise, for as many times more.
  int repetitions = 0;

  /// Levels of the chain above a fresh ciphertext's that a bootstrap takes (ParametersSpec::raised_levels).
  int raised_levels() const noexcept { return coefficients_to_slots + ModularReduction::kLevels; }
  /// Levels that results lie lower for repetitions: that of scaling differences down.
  int repetition_levels() const noexcept { return repetitions > 0 ? 1 : 0; }
  /// The parameters, of which raised_scale_bits is set, with the raised levels that a bootstrap takes: those
  /// of coefficients_to_slots with the least primes for which what its diagonals are rounded by hardly
  /// counts, a bit above the scale and, for each stage, its part of what the sum over repeated values takes
  /// the scale beyond the raised one.
  ckks::ParametersSpec raised(ckks::ParametersSpec parameters) const noexcept;
  friend bool operator==(const BootstrappingSpec&, const BootstrappingSpec&) = default;
};

inline constexpr int kMaxRepetitions = 4;  ///< more than one gain nothing where scales are below 50 bits

/// A rotation or conjugation that has a key, and the limbs of Q that it is used with at most.
struct GaloisUse {
  std::uint64_t element = 0;
  std::size_t q_limbs = 0;

  friend bool operator==(const GaloisUse&, const GaloisUse&) = default;
};

/// Renews the levels of a ciphertext without any secret: from slots_to_coefficients levels to max_level().
///
/// Slots are brought to coefficients first, on the lowest levels; then the modulus is raised from the first
/// prime to all of Q, under an ephemeral sparse secret (rlwe::ModulusRaiser), which adds multiples of that
/// prime to each coefficient; coefficients are brought to slots again, real and imaginary parts apart, and
/// reduced modulo the prime (ModularReduction). So what is reduced are the slots' own values, whatever they
/// are: the error holds for the largest slot, not on average. Where values repeat, coefficients outside
/// X^(N / 2n) are summed away after raising, and both parts are reduced in one ciphertext.
///
/// The ratio of the first prime to the scale rules the reduction's own error: 6 bits leave 2^-22 of the
/// range. Certain: no coefficient can leave the range that the reduction is made for (ModulusRaiser), so it
/// fails with probability 0; noise keeps its bound but for about 2^-40 an operation, as everywhere.
///
/// Where the spec has repetitions, what a bootstrap did wrong, its result's difference from the operand on
/// the operand's own level, is scaled up by a power of two until it fills the range, bootstrapped itself,
/// scaled down and added: as often as the spec says. With an error B over the range, B' of bringing a result
/// down to the operand's level, and b that the operand brings, one repetition leaves B max(B, 2^7 (b + B')) +
/// 2 B', and so on: an operand needs a scale with room below the error that is wanted, and repeating does not
/// touch its own. The factor is chosen by the stated bounds, never by data (repeated_noise).
///
/// Source: Cheon et al. 2018 (ckks/special_fft.h); Bossuat et al. 2021 and 2022; slots to coefficients first:
/// Chen, Chillotti, Song 2019. Repetitions: Bae, Cheon, Cho, Kim, Kim, "META-BTS: Bootstrapping precision
/// beyond the limit", 2022. Changed: the factor goes into a product with an integer and into a rescaling, not
/// into the scale, so that results are in normal form; and the first result is averaged over what repeats
/// and, of real values, over conjugates: a bootstrap would not see the noise there in the difference.
class Bootstrapper {
 public:
  /// Encodes the transforms: seconds, and the memory of their diagonals (EncodedLinearTransform). Throws
  /// ParametersError where the parameters do not have the spec's raised levels or too few others,
  /// SecurityError as rlwe::Parameters::encapsulated.
  Bootstrapper(const BootstrappingSpec& spec, const ckks::Encoder& encoder, const ThreadPool& pool);

  const BootstrappingSpec& spec() const noexcept { return spec_; }
  /// The Galois keys that it uses, by element, besides relinearization and encapsulation keys.
  static std::vector<GaloisUse> galois_uses(const BootstrappingSpec& spec,
                                            const ckks::ParametersSpec& parameters);

  /// How far beyond the range an operand's error may take it.
  static constexpr double kMaxRelativeError = 0x1p-6;
  /// Levels that an operand must have.
  int least_level() const noexcept { return spec_.slots_to_coefficients; }
  /// The same slots at max_level(), one lower where values repeat and are complex, and one lower with
  /// repetitions. That their parts are within the range is the caller's word. The operand's error stays in
  /// the result's, and BootstrappingNoise::bound() is added (RepeatedNoise::after); where it is above
  /// kMaxRelativeError of the range, or the stated magnitude above the range, or a difference leaves no room
  /// to scale it up, PrecisionError: nothing would be certain of the reduction. Other errors:
  /// LevelExhaustedError, MissingKeyError. Cost: see docs/performance.md; with repetitions as many more
  /// bootstraps, and once a sum over the slots that repeat and, of real values, a conjugation.
  ckks::Ciphertext bootstrap(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  /// Two vectors of real values of period n at once, for the price of one, where !spec().real and 2 n is at
  /// most the number of slots: both a level below max_level(), two with repetitions.
  std::array<ckks::Ciphertext, 2> bootstrap_two(const ckks::Evaluator& evaluator,
                                                const ckks::Ciphertext& first,
                                                const ckks::Ciphertext& second) const;

 private:
  enum class Half { kReal, kImaginary };
  ckks::Ciphertext bootstrap_once(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  std::array<ckks::Ciphertext, 2> bootstrap_two_once(const ckks::Evaluator& evaluator,
                                                     const ckks::Ciphertext& first,
                                                     const ckks::Ciphertext& second) const;
  template <std::size_t kCount, typename Once>
  std::array<ckks::Ciphertext, kCount> repeated(const ckks::Evaluator& evaluator,
                                                const std::array<ckks::Ciphertext, kCount>& operands,
                                                const Once& once) const;
  bool is_sparse() const noexcept;
  double raising_error() const;
  ckks::Ciphertext at_least_level(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  ckks::Ciphertext to_coefficients(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  ckks::Ciphertext raised(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  ckks::Ciphertext to_slots(const ckks::Evaluator& evaluator, ckks::Ciphertext raised) const;
  ckks::Ciphertext turned(const ckks::Evaluator& evaluator, const ckks::Ciphertext& slots,
                          const ckks::Ciphertext& conjugate, Half half) const;
  double gain() const noexcept;
  /// Real values of period n, or real and imaginary parts one behind the other with period 2 n;
  /// without the operand's own error.
  ckks::Ciphertext reduced_sparse(const ckks::Evaluator& evaluator, const ckks::Ciphertext& operand) const;
  std::array<ckks::Ciphertext, 2> halves(const ckks::Evaluator& evaluator,
                                         const ckks::Ciphertext& both) const;
  ckks::Ciphertext with_error_of(ckks::Ciphertext out, const ckks::Ciphertext& operand, double added) const;

  BootstrappingSpec spec_;
  std::shared_ptr<const ckks::Parameters> parameters_;
  rlwe::ModulusRaiser raiser_;
  ModularReduction reduction_;
  double added_error_;  // over the range
  std::vector<EncodedLinearTransform> to_coefficients_, to_slots_;
  std::optional<ckks::Plaintext> first_half_, second_half_;
};

}  // namespace cloister::circuits
