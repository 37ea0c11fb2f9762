#include "cloister/paillier/encrypted_sums.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {

void SumsPlan::validate() const {
  format.validate();
  if (features < 1 || features > kMaxSumsFeatures || max_rows < 1)
    throw ParametersError("sums of " + std::to_string(features) + " features over " +
                          std::to_string(max_rows) + " rows; at least one of each and at most " +
                          std::to_string(kMaxSumsFeatures) + " features are supported");
  if (bound(max_rows) > BigInteger::power_of_two(kMaxIntegerBits))
    throw PrecisionError("sums over " + std::to_string(max_rows) + " rows need " +
                         std::to_string(bound(max_rows).bit_length()) + " bits, " +
                         std::to_string(kMaxIntegerBits) +
                         " are supported; use fewer fraction or integer bits");
}

std::size_t SumsPlan::index(std::size_t i, std::size_t j) const noexcept {
  if (i > j) std::swap(i, j);
  return i * columns() - i * (i + 1) / 2 + j;
}

BigInteger SumsPlan::bound(std::uint64_t rows) const {
  return BigInteger::from_limbs({&rows, 1})
         << 2 * static_cast<std::size_t>(format.fraction_bits + format.integer_bits);
}

Packing SumsPlan::packing(int modulus_bits) const {
  validate();
  return Packing::plan(modulus_bits, bound(max_rows));
}

MomentAccumulator::MomentAccumulator(const SumsPlan& plan) : plan_(plan) {
  plan.validate();
  moments_ = SecretBuffer<Int128>(plan.moments());
}

void MomentAccumulator::add_rows(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size() * plan_.features)
    throw ParametersError("sums: " + std::to_string(x.size()) + " values are not " +
                          std::to_string(y.size()) + " rows of " + std::to_string(plan_.features) +
                          " features");
  if (y.size() > plan_.max_rows - rows_)
    throw PrecisionError("sums: more rows than the plan's " + std::to_string(plan_.max_rows) +
                         "; plan for more");
  const std::vector<Int128> features = encode_values(x, plan_.format);
  const std::vector<Int128> targets = encode_values(y, plan_.format);
  std::vector<Int128> z(plan_.columns());
  z.front() = Int128{1} << plan_.format.fraction_bits;
  for (std::size_t r = 0; r < targets.size(); ++r) {
    std::copy_n(features.data() + r * plan_.features, plan_.features, z.data() + 1);
    z.back() = targets[r];
    Int128* moment = moments_.data();
    for (std::size_t i = 0; i < z.size(); ++i)
      for (std::size_t j = i; j < z.size(); ++j) *moment++ += z[i] * z[j];
  }
  rows_ += targets.size();
}

EncryptedSums encrypt_sums(const MomentAccumulator& sums, const Encryptor& encryptor, Prng& prng) {
  const SumsPlan& plan = sums.plan();
  if (sums.rows() == 0) throw ParametersError("sums: there are no rows; add at least one");
  return {plan, sums.rows(),
          encryptor.encrypt_integers(sums.moments(), 2 * plan.format.fraction_bits, plan.bound(sums.rows()),
                                     plan.packing(encryptor.public_key().modulus_bits()), prng)};
}

EncryptedSums add(const Evaluator& evaluator, const EncryptedSums& a, const EncryptedSums& b) {
  const auto describe = [](const SumsPlan& plan) {
    return std::to_string(plan.features) + " features, " + std::to_string(plan.format.fraction_bits) + "+" +
           std::to_string(plan.format.integer_bits) + " bits, " + std::to_string(plan.max_rows) + " rows";
  };
  if (!(a.plan == b.plan))
    throw MismatchError("sums: the owners followed different plans; encrypt all by one", describe(a.plan),
                        describe(b.plan));
  if (b.rows > a.plan.max_rows - a.rows)
    throw PrecisionError("sums: together more rows than the plan's " + std::to_string(a.plan.max_rows) +
                         "; plan for more");
  return {a.plan, a.rows + b.rows, evaluator.add(a.moments, b.moments)};
}

}  // namespace cloister::paillier
