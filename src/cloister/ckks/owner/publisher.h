#pragma once

#include <cstddef>
#include <vector>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/release_budget.h"
#include "cloister/random/prng.h"

namespace cloister::ckks {

/// What of a ciphertext is to be passed on, and how precise it must be to be worth it.
struct ReleaseRequest {
  std::vector<std::size_t> slots;  ///< those that hold the result; all others stay masked
  double max_error = 0;            ///< refuse where the published error's bound would be larger

  static ReleaseRequest first(std::size_t count, double max_error);
};

/// Values that may be passed on.
struct Release {
  std::vector<double> values;  ///< the slots asked for, in that order; multiples of 2^-binary_digits
  double noise_deviation = 0;  ///< of the noise that was added to each
  double error = 0;            ///< all values are this near the exact ones, but for a chance of 2^-40
  int binary_digits = 0;       ///< digits behind the binary point that are left; negative: before it
  int decimal_digits = 0;      ///< decimal places that `error` leaves: error <= 10^-decimal_digits
};

/// Decrypts what others may see. A CKKS result's error depends on the secret key, so that a recipient who
/// knows how the ciphertext was made could solve for the key (Li, Micciancio 2021); noise that drowns the
/// error takes that away.
///
/// Math: the released real slots x' lie within E = bound.error of the exact x, so that |x' - x| <= D =
/// sqrt(count) E in the Euclidean norm. Each gets independent Gaussian noise of deviation
///   sigma = sqrt(12 t) 2^(s/2) D
/// for t allowed releases and s statistical bits. Two Gaussian vectors D apart have a Kullback-Leibler
/// divergence of D^2 / (2 sigma^2); t releases, adaptive ones included, sum to 2^-s / 24, with which the
/// answers given are, for s bits, as good as ones computed without the secret key.
/// Source: Li, Micciancio, Schultz, Sorrell, "Securing approximate homomorphic encryption using
/// differential privacy", 2022 (eprint 2022/816), section 4.4. Changed: they flood all N
/// coefficients, before the decoding; a slot would then get sqrt(N) sigma. The norm that has to be drowned is
/// that of what is released, and masked slots are not, so noise on the released slots alone is as safe
/// and sqrt(N / count) times smaller. What speaks for coefficients is that they are integers, while noise on
/// floating-point values shows its operands in the last bits (Mironov 2012). So slots are rounded to integer
/// multiples of a fixed step first (counted in E), noise is a rounded Gaussian integer, and all that follows
/// is a function of their sum.
///
/// The guarantee is as good as the bound: `error` must hold for the ciphertext, whoever made it. A server
/// that lies about it (or a caller of with_bound who is wrong) breaks it: take bounds from the owner's own
/// plan.
class Publisher {
 public:
  Publisher(const Decryptor& decryptor, const Parameters& parameters)
      : decryptor_(&decryptor), parameters_(&parameters) {}

  /// The real parts of the slots asked for, with flooding noise, rounded to the precision that is left. Uses
  /// up one release of the budget: store the budget before the values leave. Errors, none of which uses it
  /// up: ParametersError for no slot or one that does not exist; PrecisionError where the noise leaves less
  /// than request.max_error; SecurityError where the budget is used up or the ciphertext carries no error
  /// bound; those of Decryptor::decrypt.
  Release publish(const Ciphertext& ciphertext, const ReleaseRequest& request, ReleaseBudget& budget,
                  Prng& prng) const;

  /// The deviation that publish would use: no secret, for plans.
  static double noise_deviation(double error, std::size_t count, const ReleaseBudget& budget) noexcept;

 private:
  const Decryptor* decryptor_;
  const Parameters* parameters_;
};

}  // namespace cloister::ckks
