#pragma once

#include "cloister/paillier/owner/decryptor.h"

namespace cloister::pipeline {

/// Means and covariances of the columns of decrypted sums, in prepared units. Covariances are computed in
/// integers, so that nothing cancels, and rounded once. Variable 0 is the constant, variable c + 1 column c.
class SumMoments {
 public:
  /// The sums must outlive this object.
  explicit SumMoments(const paillier::DecryptedSums& sums)
      : sums_(sums), rows_(BigInteger::from_limbs({&sums.rows, 1})) {}

  long double mean(std::size_t i) const { return sums_.value(0, i) / static_cast<long double>(sums_.rows); }

  /// (n sum x_i x_j - sum x_i sum x_j) / n^2: exact up to the last divisions.
  long double covariance(std::size_t i, std::size_t j) const {
    const int bits = sums_.moments.fraction_bits;
    const BigInteger exact = ((rows_ * sums_.moment(i, j)) << static_cast<std::size_t>(bits)) -
                             sums_.moment(0, i) * sums_.moment(0, j);
    const auto n = static_cast<long double>(sums_.rows);
    return exact.to_long_double_scaled(2 * bits) / n / n;
  }

 private:
  const paillier::DecryptedSums& sums_;
  BigInteger rows_;
};

}  // namespace cloister::pipeline
