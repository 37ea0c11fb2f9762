#include "cloister/paillier/evaluator.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/encryptor.h"

namespace cloister::paillier {
namespace {

std::uint64_t magnitude(Int128 weight) { return static_cast<std::uint64_t>(weight < 0 ? -weight : weight); }

std::string describe(const VectorFormat& format) {
  return std::to_string(format.size) + " values, " + std::to_string(format.fraction_bits) +
         " fraction bits, " + std::to_string(format.packing.slots) + " slots of " +
         std::to_string(format.packing.bits_per_slot) + " bits";
}

}  // namespace

void Evaluator::check(const char* operation, const EncryptedVector& a) const {
  check_same_key(operation, a.key_id(), key_.id());
}

void Evaluator::check_alike(const char* operation, const EncryptedVector& a, const EncryptedVector& b) const {
  check(operation, a);
  check(operation, b);
  const VectorFormat& x = a.format();
  const VectorFormat& y = b.format();
  if (x.size != y.size || x.fraction_bits != y.fraction_bits || !(x.packing == y.packing))
    throw MismatchError(std::string(operation) +
                            ": the vectors differ in form; encrypt both by one plan, or multiply the one of "
                            "fewer fraction bits by 1 with the difference",
                        describe(x), describe(y));
}

void Evaluator::check_weights(const char* operation, const EncryptedVector& a,
                              std::span<const double> weights) const {
  check(operation, a);
  if (weights.size() != a.size())
    throw MismatchError(std::string(operation) + ": one weight is due for each entry",
                        std::to_string(weights.size()), std::to_string(a.size()));
  if (a.format().packing.slots != 1)
    throw ParametersError(std::string(operation) +
                          ": the entries of a packed ciphertext share one weight; encrypt with one slot");
}

VectorFormat Evaluator::grown(const char* operation, const VectorFormat& from, int fraction_bits,
                              BigInteger bound) const {
  VectorFormat out{from.size, fraction_bits, from.packing, std::move(bound)};
  if (const auto fault = out.fault(key_.modulus_bits()))
    throw PrecisionError(std::string(operation) + ": the result could overflow: " + *fault +
                         "; plan the packing for the largest result");
  return out;
}

EncryptedVector Evaluator::product_of(const EncryptedVector& a, std::span<const std::uint64_t> factors,
                                      VectorFormat format) const {
  auto out = Buffer<std::uint64_t>::copy_of(a.residues());
  multiply_by(out.span(), factors);
  return EncryptedVector::unchecked(key_, std::move(format), std::move(out));
}

void Evaluator::multiply_by(std::span<std::uint64_t> residues, std::span<const std::uint64_t> factors) const {
  const std::size_t limbs = key_.ciphertext_limbs();
  const auto& arithmetic = key_.arithmetic();
  internal::for_blocks(pool_, residues.size() / limbs, arithmetic.block(),
                       [&](std::size_t first, std::size_t count) {
                         std::uint64_t* at = residues.data() + first * limbs;
                         arithmetic.multiply(at, factors.data() + first * limbs, at, count);
                       });
}

void Evaluator::invert(std::span<std::uint64_t> residues) const {
  const std::size_t limbs = key_.ciphertext_limbs();
  const auto& arithmetic = key_.arithmetic();
  // One block a thread: a block takes one inversion, and multiplications are cheap beside it.
  const std::size_t total = residues.size() / limbs, threads = static_cast<std::size_t>(pool_.threads());
  const std::size_t block = std::max(arithmetic.block(), (total + threads - 1) / threads);
  internal::for_blocks(pool_, total, block, [&](std::size_t first, std::size_t count) {
    std::uint64_t* at = residues.data() + first * limbs;
    arithmetic.invert_vartime(at, at, count);
  });
}

EncryptedVector Evaluator::add(const EncryptedVector& a, const EncryptedVector& b) const {
  check_alike("add", a, b);
  return product_of(a, b.residues(),
                    grown("add", a.format(), a.format().fraction_bits, a.format().bound + b.format().bound));
}

EncryptedVector Evaluator::subtract(const EncryptedVector& a, const EncryptedVector& b) const {
  check_alike("subtract", a, b);
  VectorFormat format =
      grown("subtract", a.format(), a.format().fraction_bits, a.format().bound + b.format().bound);
  return product_of(a, negate(b).residues(), std::move(format));
}

EncryptedVector Evaluator::negate(const EncryptedVector& a) const {
  check("negate", a);
  auto out = Buffer<std::uint64_t>::copy_of(a.residues());
  invert(out.span());
  return EncryptedVector::unchecked(key_, a.format().clone(), std::move(out));
}

EncryptedVector Evaluator::add_clear(const EncryptedVector& a, std::span<const double> values,
                                     int integer_bits) const {
  check("add_clear", a);
  if (values.size() != a.size())
    throw MismatchError("add_clear: one clear value is due for each entry", std::to_string(values.size()),
                        std::to_string(a.size()));
  const int fraction_bits = a.format().fraction_bits;
  const int bits = fraction_bits + integer_bits;
  if (integer_bits < 0 || bits > kMaxIntegerBits)
    throw ParametersError("add_clear: clear values of " + std::to_string(bits) + " bits; at most " +
                          std::to_string(kMaxIntegerBits) + " are supported");
  VectorFormat format = grown("add_clear", a.format(), fraction_bits,
                              a.format().bound + BigInteger::power_of_two(static_cast<std::size_t>(bits)));
  std::vector<Int128> integers(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    integers[i] = encode_value(values[i], fraction_bits, bits, i);
  auto out = Buffer<std::uint64_t>::copy_of(a.residues());
  add_clear_integers(key_, format.packing, integers, out.span(), pool_);
  return EncryptedVector::unchecked(key_, std::move(format), std::move(out));
}

EncryptedVector Evaluator::raised(const EncryptedVector& a, std::span<const Int128> exponents,
                                  VectorFormat format) const {
  const std::size_t limbs = key_.ciphertext_limbs();
  auto out = Buffer<std::uint64_t>::uninitialized(a.residues().size());
  std::vector<std::uint64_t> magnitudes(exponents.size());
  std::ranges::transform(exponents, magnitudes.begin(), magnitude);
  const auto& arithmetic = key_.arithmetic();
  internal::for_blocks(pool_, a.ciphertexts(), arithmetic.block(), [&](std::size_t first, std::size_t count) {
    std::uint64_t* at = out.data() + first * limbs;
    arithmetic.power_vartime(a.residues().data() + first * limbs, magnitudes.data() + first, at, count);
  });
  std::vector<std::size_t> negative;
  for (std::size_t i = 0; i < exponents.size(); ++i)
    if (exponents[i] < 0) negative.push_back(i * limbs);
  Buffer<std::uint64_t> inverses(negative.size() * limbs);
  for (std::size_t i = 0; i < negative.size(); ++i)
    std::copy_n(out.data() + negative[i], limbs, inverses.data() + i * limbs);
  invert(inverses.span());
  for (std::size_t i = 0; i < negative.size(); ++i)
    std::copy_n(inverses.data() + i * limbs, limbs, out.data() + negative[i]);
  return EncryptedVector::unchecked(key_, std::move(format), std::move(out));
}

EncryptedVector Evaluator::multiply(const EncryptedVector& a, double weight, const FixedPoint& format) const {
  check("multiply", a);
  const Int128 encoded = encode_values({&weight, 1}, format).front();
  return raised(a, std::vector<Int128>(a.ciphertexts(), encoded),
                grown("multiply", a.format(), a.format().fraction_bits + format.fraction_bits,
                      a.format().bound * format.bound()));
}

EncryptedVector Evaluator::multiply(const EncryptedVector& a, std::span<const double> weights,
                                    const FixedPoint& format) const {
  check_weights("multiply", a, weights);
  return raised(a, encode_values(weights, format),
                grown("multiply", a.format(), a.format().fraction_bits + format.fraction_bits,
                      a.format().bound * format.bound()));
}

EncryptedVector Evaluator::dot(const EncryptedMatrix& rows, std::span<const double> weights,
                               const FixedPoint& format, double intercept) const {
  if (rows.columns.empty() || rows.columns.size() != weights.size())
    throw MismatchError("dot: one weight is due for each column of at least one",
                        std::to_string(weights.size()), std::to_string(rows.columns.size()));
  const EncryptedVector& model = rows.columns.front();
  BigInteger widest = model.format().bound.clone();
  for (const EncryptedVector& column : rows.columns) {
    check_alike("dot", model, column);
    if (column.format().bound > widest) widest = column.format().bound.clone();
  }
  const int fraction_bits = model.format().fraction_bits + format.fraction_bits;
  VectorFormat grown_format =
      grown("dot", model.format(), fraction_bits, dot_bound(widest, format, weights.size()));
  const std::vector<Int128> encoded = encode_values(weights, format);
  const auto intercept_bits = static_cast<int>((widest * format.bound()).bit_length()) - 1;
  const Int128 encoded_intercept = encode_value(intercept, fraction_bits, intercept_bits, weights.size());

  std::vector<const std::uint64_t*> bases;
  for (const EncryptedVector& column : rows.columns) bases.push_back(column.residues().data());
  auto out = products_of_powers(bases, encoded, model.ciphertexts());
  if (encoded_intercept != 0)
    add_clear_integers(key_, grown_format.packing, std::vector<Int128>(model.size(), encoded_intercept),
                       out.span(), pool_);
  return EncryptedVector::unchecked(key_, std::move(grown_format), std::move(out));
}

EncryptedVector Evaluator::dot(const EncryptedVector& a, std::span<const double> weights,
                               const FixedPoint& format) const {
  check_weights("dot", a, weights);
  const std::vector<Int128> encoded = encode_values(weights, format);
  const std::uint64_t terms = a.size();
  VectorFormat grown_format = grown("dot", a.format(), a.format().fraction_bits + format.fraction_bits,
                                    a.format().bound * format.bound() * BigInteger::from_limbs({&terms, 1}));
  grown_format.size = 1;
  std::vector<const std::uint64_t*> bases;
  for (std::size_t i = 0; i < a.ciphertexts(); ++i) bases.push_back(a.ciphertext(i).data());
  return EncryptedVector::unchecked(key_, std::move(grown_format), products_of_powers(bases, encoded, 1));
}

Buffer<std::uint64_t> Evaluator::products_of_powers(std::span<const std::uint64_t* const> bases,
                                                    std::span<const Int128> exponents,
                                                    std::size_t count) const {
  auto out = products_of_one_sign(bases, exponents, count, false);
  if (std::ranges::none_of(exponents, [](Int128 w) { return w < 0; })) return out;
  auto negative = products_of_one_sign(bases, exponents, count, true);
  invert(negative.span());
  multiply_by(out.span(), negative.span());
  return out;
}

Buffer<std::uint64_t> Evaluator::products_of_one_sign(std::span<const std::uint64_t* const> bases,
                                                      std::span<const Int128> exponents, std::size_t count,
                                                      bool negative) const {
  const std::size_t limbs = key_.ciphertext_limbs();
  std::vector<const std::uint64_t*> used;
  std::vector<std::uint64_t> magnitudes;
  for (std::size_t t = 0; t < exponents.size(); ++t) {
    if (exponents[t] == 0 || (exponents[t] < 0) != negative) continue;
    used.push_back(bases[t]);
    magnitudes.push_back(magnitude(exponents[t]));
  }
  auto out = Buffer<std::uint64_t>::uninitialized(count * limbs);
  const auto& arithmetic = key_.arithmetic();
  internal::for_blocks(pool_, count, arithmetic.block(), [&](std::size_t first, std::size_t block) {
    std::vector<const std::uint64_t*> at;
    at.reserve(used.size());
    for (const std::uint64_t* base : used) at.push_back(base + first * limbs);
    arithmetic.multi_power_vartime(at, magnitudes, out.data() + first * limbs, block);
  });
  return out;
}

EncryptedVector Evaluator::sum(const EncryptedVector& a) const {
  check("sum", a);
  const std::uint64_t terms = a.ciphertexts();
  VectorFormat format = grown("sum", a.format(), a.format().fraction_bits,
                              a.format().bound * BigInteger::from_limbs({&terms, 1}));
  format.size = std::min<std::uint64_t>(a.size(), format.packing.slots);
  const std::size_t limbs = key_.ciphertext_limbs();
  auto partial = Buffer<std::uint64_t>::copy_of(a.residues());
  const auto& arithmetic = key_.arithmetic();
  for (std::size_t left = terms; left > 1; left -= left / 2) {
    const std::size_t upper = left - left / 2;  // the upper half is folded onto the lower
    internal::for_blocks(pool_, left / 2, arithmetic.block(), [&](std::size_t first, std::size_t count) {
      std::uint64_t* at = partial.data() + first * limbs;
      arithmetic.multiply(at, partial.data() + (upper + first) * limbs, at, count);
    });
  }
  return EncryptedVector::unchecked(key_, std::move(format),
                                    Buffer<std::uint64_t>::copy_of(partial.span().first(limbs)));
}

EncryptedVector Evaluator::rerandomize(const EncryptedVector& a, const NoiseSource& noise, Prng& prng) const {
  check("rerandomize", a);
  check_same_key("rerandomize", noise.public_key().id(), key_.id());
  Buffer<std::uint64_t> factors(a.residues().size());
  noise.fill(prng, factors.span(), pool_);
  return product_of(a, factors.span(), a.format().clone());
}

BigInteger dot_bound(const BigInteger& values, const FixedPoint& weights, std::size_t terms) {
  const std::uint64_t summands = terms + 1;
  return values * weights.bound() * BigInteger::from_limbs({&summands, 1});
}

}  // namespace cloister::paillier
