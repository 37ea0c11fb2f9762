#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "cloister/base/memory.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/evaluator.h"

namespace cloister::paillier {

/// What several owners agree on before they contribute their sums: all of it is public. A regression sums its
/// features and, last, its target; statistics sum their columns, and count how many values lie in every bin.
struct SumsPlan {
  std::uint32_t columns = 1;   ///< that are summed, without the constant
  FixedPoint format;           ///< of all columns alike
  std::uint64_t max_rows = 1;  ///< of all owners together
  std::uint32_t bins = 0;      ///< of every column's histogram; 0 for none

  /// Throws ParametersError (format, or nothing to sum) or PrecisionError (sums beyond 2^126).
  void validate() const;
  /// The columns of Z = [1 | columns].
  std::size_t variables() const noexcept { return std::size_t{columns} + 1; }
  /// Entries on and above the diagonal of their products' matrix.
  std::size_t moments() const noexcept { return variables() * (variables() + 1) / 2; }
  /// Where the sum of variable i times variable j stands, in either order; variable 0 is the constant.
  std::size_t index(std::size_t i, std::size_t j) const noexcept;
  /// Of all histograms, column by column.
  std::size_t counts() const noexcept { return std::size_t{columns} * bins; }
  /// The largest magnitude that a sum over `rows` rows can have, as an integer.
  BigInteger bound(std::uint64_t rows) const;
  /// Of moments, and of counts, with room for all planned rows.
  Packing packing(int modulus_bits) const;
  Packing counts_packing(int modulus_bits) const;
  bool operator==(const SumsPlan&) const = default;
};

inline constexpr std::uint32_t kMaxSumsColumns = 4097;  ///< 4096 features and a target
inline constexpr std::uint32_t kMaxSumsBins = 4098;     ///< 4096 and the two outside

/// Sums up the products of all pairs of variables, exactly, in integers of 2^-2f: the number of rows, the
/// sums of columns, and those of their squares and products; and counts the rows in every bin. Holds clear
/// sums, wiped after use.
class SumsAccumulator {
 public:
  explicit SumsAccumulator(const SumsPlan& plan);

  /// Shapes: values [rows][columns]; bins likewise, the bin of each value below plan.bins, or empty where
  /// there are no histograms. Call it for one block of rows after the other. Throws ParametersError (sizes; a
  /// value beyond the format, counted within the block; a bin that there is not) or PrecisionError (more rows
  /// than planned); nothing of the block is added then. Cost: columns^2 / 2 multiplications a row.
  void add_rows(std::span<const double> values, std::span<const std::uint32_t> bins = {});

  const SumsPlan& plan() const noexcept { return plan_; }
  std::uint64_t rows() const noexcept { return rows_; }
  std::span<const Int128> moments() const noexcept { return moments_.span(); }
  std::span<const Int128> counts() const noexcept { return counts_.span(); }

 private:
  void check_block(std::size_t rows, std::size_t values, std::span<const std::uint32_t> bins) const;

  SumsPlan plan_;
  std::uint64_t rows_ = 0;
  SecretBuffer<Int128> moments_, counts_;
};

/// One owner's encrypted sums, or those of several added up. The number of rows is public: with it, whoever
/// adds can refuse what would overflow, and whoever decrypts sees that no contribution is missing.
struct EncryptedSums {
  SumsPlan plan;
  std::uint64_t rows = 0;
  EncryptedVector moments;
  std::optional<EncryptedVector> counts;  ///< where the plan has bins
};

/// Errors: ParametersError if no rows were added; as Encryptor else.
EncryptedSums encrypt_sums(const SumsAccumulator& sums, const Encryptor& encryptor, Prng& prng);

/// The sums of both owners' rows together. Exact, and without a secret. Errors: MismatchError (plans or
/// keys differ), PrecisionError (more rows than planned).
EncryptedSums add(const Evaluator& evaluator, const EncryptedSums& a, const EncryptedSums& b);

/// The same sums in fresh ciphertexts (Evaluator::rerandomize).
EncryptedSums rerandomize(const Evaluator& evaluator, const EncryptedSums& sums, const NoiseSource& noise,
                          Prng& prng);

}  // namespace cloister::paillier
