#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cloister/base/memory.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/evaluator.h"

namespace cloister::paillier {

/// What several owners agree on before they contribute to a linear regression: all of it is public.
struct SumsPlan {
  std::uint32_t features = 1;
  FixedPoint format;           ///< of features and target alike
  std::uint64_t max_rows = 1;  ///< of all owners together

  /// Throws ParametersError (format, or nothing to sum) or PrecisionError (sums beyond 2^126).
  void validate() const;
  /// The columns of [1 | X | y], features + 2.
  std::size_t columns() const noexcept { return std::size_t{features} + 2; }
  /// Entries on and above the diagonal of their products' matrix.
  std::size_t moments() const noexcept { return columns() * (columns() + 1) / 2; }
  /// Where the sum of column i times column j stands, in either order.
  std::size_t index(std::size_t i, std::size_t j) const noexcept;
  /// The largest magnitude that a sum over `rows` rows can have, as an integer.
  BigInteger bound(std::uint64_t rows) const;
  Packing packing(int modulus_bits) const;
  bool operator==(const SumsPlan&) const = default;
};

inline constexpr std::uint32_t kMaxSumsFeatures = 4096;

/// Sums up the products of all pairs of columns of Z = [1 | X | y], exactly, in integers of 2^-2f: the
/// number of rows, the sums of X and y, X^T X, X^T y and y^T y. Holds clear sums, wiped after use.
class MomentAccumulator {
 public:
  explicit MomentAccumulator(const SumsPlan& plan);

  /// x is [rows][features], y [rows]; call it for one block of rows after the other. Throws
  /// ParametersError (sizes; a value beyond the format, counted within the block) or PrecisionError
  /// (more rows than planned).
  void add_rows(std::span<const double> x, std::span<const double> y);

  const SumsPlan& plan() const noexcept { return plan_; }
  std::uint64_t rows() const noexcept { return rows_; }
  std::span<const Int128> moments() const noexcept { return moments_.span(); }

 private:
  SumsPlan plan_;
  std::uint64_t rows_ = 0;
  SecretBuffer<Int128> moments_;
};

/// One owner's encrypted sums, or those of several added up. The number of rows is public.
struct EncryptedSums {
  SumsPlan plan;
  std::uint64_t rows = 0;
  EncryptedVector moments;
};

/// Errors: ParametersError if no rows were added; as Encryptor else.
EncryptedSums encrypt_sums(const MomentAccumulator& sums, const Encryptor& encryptor, Prng& prng);

/// The sums of both owners' rows together. Exact, and without a secret. Errors: MismatchError (plans or
/// keys differ), PrecisionError (more rows than planned).
EncryptedSums add(const Evaluator& evaluator, const EncryptedSums& a, const EncryptedSums& b);

}  // namespace cloister::paillier
