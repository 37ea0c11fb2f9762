#include "cloister/ckks/encoder.h"

#include <algorithm>
#include <cmath>

#include "cloister/ckks/noise.h"

namespace cloister::ckks {
namespace {

// A coefficient is at most the mean magnitude of the slots times the scale; decoded ones get this much room
// for the tail of the error.
constexpr double kRoomBits = 1;

// The residue of a double that is an integer of any size, sign included.
std::uint64_t residue(double x, const Modulus& q) {
  if (std::abs(x) < 0x1p62) return q.reduce(static_cast<std::int64_t>(x));
  int exponent = 0;
  const double mantissa = std::frexp(x, &exponent);  // x = mantissa * 2^exponent
  const auto whole = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  return q.mul(q.reduce(whole), q.pow(2, static_cast<std::uint64_t>(exponent - 53)));
}

}  // namespace

Encoder::Encoder(std::shared_ptr<const Parameters> parameters, const ThreadPool& pool)
    : parameters_(std::move(parameters)), fft_(parameters_->ring()->log2_degree()), pool_(&pool) {}

Plaintext Encoder::encode(std::span<const double> values, int level, std::optional<Scale> scale,
                          std::optional<double> magnitude) const {
  const std::vector<std::complex<double>> complex_values(values.begin(), values.end());
  return encode(std::span<const std::complex<double>>(complex_values), level, scale, magnitude);
}

Plaintext Encoder::encode(std::span<const std::complex<double>> values, int level, std::optional<Scale> scale,
                          std::optional<double> magnitude) const {
  const std::size_t slots = parameters_->slots();
  if (values.empty()) throw ParametersError("encode: there are no values; give at least one");
  if (values.size() > slots)
    throw ParametersError("encode: " + std::to_string(values.size()) + " values do not fit the " +
                          std::to_string(slots) + " slots of a ciphertext; split them into chunks");
  if (level < 0 || level > parameters_->max_level())
    throw ParametersError("encode: level " + std::to_string(level) + " is outside [0, " +
                          std::to_string(parameters_->max_level()) + "]");
  double largest = 0;
  for (const auto& v : values) {
    if (!std::isfinite(v.real()) || !std::isfinite(v.imag()))
      throw ParametersError("encode: a value is not finite; remove or impute missing values first");
    largest = std::max(largest, std::abs(v));
  }
  if (magnitude && largest > *magnitude * (1 + 0x1p-40))
    throw ParametersError("encode: a value exceeds the stated bound; scale or clip the data first");
  const Scale by = scale.value_or(parameters_->scale_at(level));
  const double bound = magnitude.value_or(largest);
  if (std::log2(std::max(bound, 0x1p-100)) + by.log2() + kRoomBits >= parameters_->log2_modulus_at(level))
    throw PrecisionError("encode: values of this size wrap around at level " + std::to_string(level) +
                         "; encode at a higher level or with a smaller scale");

  std::vector<std::complex<double>> work(slots);
  std::ranges::copy(values, work.begin());
  fft_.to_coefficients(work);
  std::vector<double> coefficients(2 * slots);
  for (std::size_t i = 0; i < slots; ++i) {
    coefficients[i] = std::nearbyint(work[i].real() * by.value());
    coefficients[slots + i] = std::nearbyint(work[i].imag() * by.value());
  }
  auto poly = CoefficientPoly::uninitialized(parameters_->ring(), {static_cast<std::size_t>(level) + 1, 0});
  pool_->parallel_for(poly.limbs().count(), [&](std::size_t i) {
    const Modulus q = poly.modulus(i);
    std::uint64_t* out = poly.limb(i);
    for (std::size_t j = 0; j < coefficients.size(); ++j) out[j] = residue(coefficients[j], q);
  });
  wipe(work.data(), work.size() * sizeof work[0]);
  wipe(coefficients.data(), coefficients.size() * sizeof coefficients[0]);
  return {to_evaluation(std::move(poly), *pool_), by, {bound, encoding_error(*parameters_, by, bound)}};
}

std::size_t Encoder::limbs_to_decode(double total, Scale scale, int level) const {
  const double bits = std::log2(std::max(total, 0x1p-100)) + scale.log2() + kRoomBits;
  for (int l = 0; l <= std::min(level, 1); ++l)
    if (bits < parameters_->log2_modulus_at(l)) return static_cast<std::size_t>(l) + 1;
  throw PrecisionError("decode: a result of up to 2^" + std::to_string(std::log2(total)) +
                       " does not fit the modulus that is left; scale the values down or keep a level more");
}

std::vector<std::complex<double>> Encoder::decode(const Plaintext& plaintext) const {
  const std::size_t limbs = limbs_to_decode(plaintext.bound.total(), plaintext.scale, plaintext.level());
  const std::size_t slots = parameters_->slots();
  auto low = EvaluationPoly::uninitialized(plaintext.poly.ring(), {limbs, 0});
  for (std::size_t i = 0; i < limbs; ++i) std::ranges::copy(plaintext.poly.limb_span(i), low.limb(i));
  const auto poly = to_coefficient(std::move(low), *pool_);

  const Modulus q0 = poly.modulus(0);
  const double inverse_scale = 1.0 / plaintext.scale.value();
  const std::uint64_t inverse_q0 =
      limbs == 1 ? 0 : poly.modulus(1).inverse(poly.modulus(1).reduce(q0.value()));
  const auto coefficient = [&](std::size_t j) -> double {
    if (limbs == 1) return static_cast<double>(q0.centre(poly.limb(0)[j]));
    // Garner: x = x0 + q0 ((x1 - x0) / q0 mod q1), centred; below 2^120.
    const Modulus& q1 = poly.modulus(1);
    const std::uint64_t x0 = poly.limb(0)[j];
    const std::uint64_t high = q1.mul(q1.sub(poly.limb(1)[j], q1.reduce(x0)), inverse_q0);
    const int128 product = static_cast<int128>(q0.value()) * q1.value();
    int128 x = static_cast<int128>(high) * q0.value() + x0;
    if (x > product / 2) x -= product;
    return static_cast<double>(x);
  };
  std::vector<std::complex<double>> out(slots);
  for (std::size_t j = 0; j < slots; ++j)
    out[j] = {coefficient(j) * inverse_scale, coefficient(slots + j) * inverse_scale};
  fft_.to_slots(out);
  return out;
}

}  // namespace cloister::ckks
