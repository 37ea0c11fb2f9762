#include "cloister/paillier/encrypted_sums.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

std::string describe(const SumsPlan& plan) {
  return std::to_string(plan.columns) + " columns, " + std::to_string(plan.format.fraction_bits) + "+" +
         std::to_string(plan.format.integer_bits) + " bits, " + std::to_string(plan.max_rows) + " rows, " +
         std::to_string(plan.bins) + " bins";
}

}  // namespace

void SumsPlan::validate() const {
  format.validate();
  if (columns < 1 || columns > kMaxSumsColumns || max_rows < 1 || bins > kMaxSumsBins)
    throw ParametersError("sums of " + describe(*this) + "; at least one row and column, and at most " +
                          std::to_string(kMaxSumsColumns) + " columns and " + std::to_string(kMaxSumsBins) +
                          " bins are supported");
  if (bound(max_rows) > BigInteger::power_of_two(kMaxIntegerBits))
    throw PrecisionError("sums over " + std::to_string(max_rows) + " rows need " +
                         std::to_string(bound(max_rows).bit_length()) + " bits, " +
                         std::to_string(kMaxIntegerBits) +
                         " are supported; use fewer fraction or integer bits");
}

std::size_t SumsPlan::index(std::size_t i, std::size_t j) const noexcept {
  if (i > j) std::swap(i, j);
  return i * variables() - i * (i + 1) / 2 + j;
}

BigInteger SumsPlan::bound(std::uint64_t rows) const {
  return BigInteger::from_limbs({&rows, 1})
         << 2 * static_cast<std::size_t>(format.fraction_bits + format.integer_bits);
}

Packing SumsPlan::packing(int modulus_bits) const {
  validate();
  return Packing::plan_sums(modulus_bits, bound(1), max_rows);
}

Packing SumsPlan::counts_packing(int modulus_bits) const {
  validate();
  return Packing::plan_sums(modulus_bits, BigInteger(1), max_rows);
}

SumsAccumulator::SumsAccumulator(const SumsPlan& plan) : plan_(plan) {
  plan.validate();
  moments_ = SecretBuffer<Int128>(plan.moments());
  counts_ = SecretBuffer<Int128>(plan.counts());
}

void SumsAccumulator::check_block(std::size_t rows, std::size_t values,
                                  std::span<const std::uint32_t> bins) const {
  if (values != rows * plan_.columns)
    throw ParametersError("sums: " + std::to_string(values) + " values are not rows of " +
                          std::to_string(plan_.columns) + " columns");
  if (bins.size() != (plan_.bins == 0 ? 0 : values))
    throw ParametersError("sums: " + std::to_string(bins.size()) + " bins for " + std::to_string(values) +
                          " values; give one for each where the plan has histograms, and none else");
  if (std::ranges::any_of(bins, [&](std::uint32_t bin) { return bin >= plan_.bins; }))
    throw ParametersError("sums: a bin beyond the plan's " + std::to_string(plan_.bins));
  if (rows > plan_.max_rows - rows_)
    throw PrecisionError("sums: more rows than the plan's " + std::to_string(plan_.max_rows) +
                         "; plan for more");
}

void SumsAccumulator::add_rows(std::span<const double> values, std::span<const std::uint32_t> bins) {
  const std::size_t columns = plan_.columns, rows = values.size() / columns;
  check_block(rows, values.size(), bins);
  // A format has at most 62 bits, so a value fits one word, and a product is one multiplication.
  SecretBuffer<std::int64_t> encoded(values.size());
  const int fraction_bits = plan_.format.fraction_bits, bits = fraction_bits + plan_.format.integer_bits;
  for (std::size_t i = 0; i < values.size(); ++i)
    encoded[i] = static_cast<std::int64_t>(encode_value(values[i], fraction_bits, bits, i));
  SecretBuffer<std::int64_t> z(plan_.variables());
  z[0] = std::int64_t{1} << fraction_bits;
  for (std::size_t r = 0; r < rows; ++r) {
    std::copy_n(encoded.data() + r * columns, columns, z.data() + 1);
    Int128* moment = moments_.data();
    for (std::size_t i = 0; i < z.size(); ++i)
      for (std::size_t j = i; j < z.size(); ++j) *moment++ += Int128{z[i]} * z[j];
  }
  for (std::size_t i = 0; i < bins.size(); ++i) ++counts_[i % columns * plan_.bins + bins[i]];
  rows_ += rows;
}

EncryptedSums encrypt_sums(const SumsAccumulator& sums, const Encryptor& encryptor, Prng& prng) {
  const SumsPlan& plan = sums.plan();
  if (sums.rows() == 0) throw ParametersError("sums: there are no rows; add at least one");
  const int modulus_bits = encryptor.public_key().modulus_bits();
  const std::uint64_t rows = sums.rows();
  EncryptedSums out{plan, rows,
                    encryptor.encrypt_integers(sums.moments(), 2 * plan.format.fraction_bits,
                                               plan.bound(rows), plan.packing(modulus_bits), prng),
                    std::nullopt};
  if (plan.bins != 0)
    out.counts = encryptor.encrypt_integers(sums.counts(), 0, BigInteger::from_limbs({&rows, 1}),
                                            plan.counts_packing(modulus_bits), prng);
  return out;
}

EncryptedSums add(const Evaluator& evaluator, const EncryptedSums& a, const EncryptedSums& b) {
  if (!(a.plan == b.plan))
    throw MismatchError("sums: the owners followed different plans; encrypt all by one", describe(a.plan),
                        describe(b.plan));
  if (b.rows > a.plan.max_rows - a.rows)
    throw PrecisionError("sums: together more rows than the plan's " + std::to_string(a.plan.max_rows) +
                         "; plan for more");
  EncryptedSums out{a.plan, a.rows + b.rows, evaluator.add(a.moments, b.moments), std::nullopt};
  if (a.counts && b.counts) out.counts = evaluator.add(*a.counts, *b.counts);
  return out;
}

EncryptedSums rerandomize(const Evaluator& evaluator, const EncryptedSums& sums, const NoiseSource& noise,
                          Prng& prng) {
  EncryptedSums out{sums.plan, sums.rows, evaluator.rerandomize(sums.moments, noise, prng), std::nullopt};
  if (sums.counts) out.counts = evaluator.rerandomize(*sums.counts, noise, prng);
  return out;
}

}  // namespace cloister::paillier
