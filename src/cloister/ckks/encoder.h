#pragma once

#include <complex>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"
#include "cloister/ckks/special_fft.h"

namespace cloister::ckks {

/// Between vectors of slot values and plaintexts. Immutable.
class Encoder {
 public:
  Encoder(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool);

  /// Encodes up to N/2 values at a level; missing slots are 0. The scale is that of the level unless
  /// given. `magnitude` bounds the values for the error bound; by default it is their largest, which is
  /// right for public values: give a public bound for data. Throws ParametersError for no or too many
  /// values, for one that is not finite or exceeds `magnitude`, and PrecisionError where the modulus at
  /// this level cannot hold them.
  Plaintext encode(std::span<const double> values, int level, std::optional<Scale> scale = {},
                   std::optional<double> magnitude = {}) const;
  Plaintext encode(std::span<const std::complex<double>> values, int level, std::optional<Scale> scale = {},
                   std::optional<double> magnitude = {}) const;
  /// The same with the limbs of P besides that are used at the level: a factor of raised pairs
  /// (rlwe::DoubleHoisting).
  Plaintext encode_over_qp(std::span<const std::complex<double>> values, int level,
                           std::optional<Scale> scale = {}) const;

  /// The slots of a plaintext polynomial (what decryption gives). Reads only as many limbs as
  /// `bound.total()` needs; throws PrecisionError if it needs more than there are.
  std::vector<std::complex<double>> decode(const Plaintext& plaintext) const;
  /// The same without a copy of the limbs.
  std::vector<std::complex<double>> decode(Plaintext&& plaintext) const;
  /// The real parts.
  std::vector<double> decode_real(Plaintext&& plaintext) const;
  /// Limbs that decode reads of values bounded by `total`.
  std::size_t limbs_to_decode(double total, Scale scale, int level) const;

  const std::shared_ptr<const Parameters>& parameters() const noexcept { return parameters_; }

 private:
  enum class Over { kQ, kQp };
  template <typename Value>
  Plaintext encode_values(std::span<const Value> values, int level, std::optional<Scale> scale,
                          std::optional<double> magnitude, Over over) const;
  // The integers nearest to coefficients times a factor, at most `bound`, as a polynomial.
  EvaluationPoly reduce(std::span<const double> coefficients, double factor, double bound,
                        LimbSet limbs) const;
  // Real parts, then imaginary ones.
  Buffer<double> decode_parts(Plaintext plaintext) const;

  std::shared_ptr<const Parameters> parameters_;
  SpecialFft fft_;
  const ThreadPool* pool_;
};

}  // namespace cloister::ckks
