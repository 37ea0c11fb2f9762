#include "cloister/ckks/encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "cloister/ckks/noise.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::ckks {
namespace {

// A coefficient is at most the mean magnitude of the slots times the scale; decoded ones get this much room
// for the tail of the error.
constexpr double kRoomBits = 1;

// Below this, coefficients pass through signed integers of 62 bits, with room for the transform's rounding.
constexpr double kIntegerLimit = 0x1p60;

// Working space that held clear values: wiped, but not locked, since the values themselves lie in the
// caller's memory.
template <typename T>
struct Workspace : Buffer<T> {
  explicit Workspace(std::size_t size) : Buffer<T>(Buffer<T>::uninitialized(size)) {}
  ~Workspace() { wipe(this->data(), this->size() * sizeof(T)); }
};

void load(const KernelTable&, std::span<const double> values, double* real, double* imaginary,
          std::size_t slots) {
  std::ranges::copy(values, real);
  std::fill(real + values.size(), real + slots, 0.0);
  std::fill(imaginary, imaginary + slots, 0.0);
}
void load(const KernelTable& kernels, std::span<const std::complex<double>> values, double* real,
          double* imaginary, std::size_t slots) {
  kernels.split_complex(reinterpret_cast<const double*>(values.data()), real, imaginary, values.size());
  std::fill(real + values.size(), real + slots, 0.0);
  std::fill(imaginary + values.size(), imaginary + slots, 0.0);
}

// The largest magnitude; throws where a value is not finite.
template <typename Value>
double largest_magnitude(const KernelTable& kernels, std::span<const Value> values, const double* real,
                         const double* imaginary) {
  const double norm = kernels.largest_norm(real, imaginary, values.size());
  if (std::isnan(norm))
    throw ParametersError("encode: a value is not finite; remove or impute missing values first");
  if (norm > 0x1p-900 && norm < 0x1p900) return std::sqrt(norm);
  double largest = 0;  // squares have overflown, or vanished
  for (const auto& v : values) largest = std::max(largest, std::abs(v));
  return largest;
}

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
    : parameters_(std::move(parameters)),
      fft_(parameters_->ring()->log2_degree(), parameters_->ring()->kernels()),
      pool_(&pool) {}

Plaintext Encoder::encode(std::span<const double> values, int level, std::optional<Scale> scale,
                          std::optional<double> magnitude) const {
  return encode_values(values, level, scale, magnitude, Over::kQ);
}

Plaintext Encoder::encode(std::span<const std::complex<double>> values, int level, std::optional<Scale> scale,
                          std::optional<double> magnitude) const {
  return encode_values(values, level, scale, magnitude, Over::kQ);
}

Plaintext Encoder::encode_over_qp(std::span<const std::complex<double>> values, int level,
                                  std::optional<Scale> scale) const {
  return encode_values(values, level, scale, {}, Over::kQp);
}

template <typename Value>
Plaintext Encoder::encode_values(std::span<const Value> values, int level, std::optional<Scale> scale,
                                 std::optional<double> magnitude, Over over) const {
  const std::size_t slots = parameters_->slots();
  if (values.empty()) throw ParametersError("encode: there are no values; give at least one");
  if (values.size() > slots)
    throw ParametersError("encode: " + std::to_string(values.size()) + " values do not fit the " +
                          std::to_string(slots) + " slots of a ciphertext; split them into chunks");
  if (level < 0 || level > parameters_->top_level())
    throw ParametersError("encode: level " + std::to_string(level) + " is outside [0, " +
                          std::to_string(parameters_->top_level()) + "]");
  const KernelTable& kernels = parameters_->ring()->kernels();
  Workspace<double> work(2 * slots), coefficients(2 * slots);
  load(kernels, values, work.data(), work.data() + slots, slots);
  const double largest = largest_magnitude(kernels, values, work.data(), work.data() + slots);
  if (magnitude && largest > *magnitude * (1 + 0x1p-40))
    throw ParametersError("encode: a value exceeds the stated bound; scale or clip the data first");
  const Scale by = scale.value_or(parameters_->scale_at(level));
  const double bound = magnitude.value_or(largest);
  if (std::log2(std::max(bound, 0x1p-100)) + by.log2() + kRoomBits >= parameters_->log2_modulus_at(level))
    throw PrecisionError("encode: values of this size wrap around at level " + std::to_string(level) +
                         "; encode at a higher level or with a smaller scale");

  fft_.to_coefficients(work.data(), coefficients.data());
  const std::size_t limbs = static_cast<std::size_t>(level) + 1;
  auto poly = reduce(coefficients.span(), by.value() / static_cast<double>(slots), bound * by.value(),
                     over == Over::kQ ? LimbSet{limbs, 0} : parameters_->rlwe()->raised_limbs(limbs));
  return {std::move(poly), by, {bound, encoding_error(*parameters_, by, bound)}};
}

EvaluationPoly Encoder::reduce(std::span<const double> coefficients, double factor, double bound,
                               LimbSet limbs) const {
  const std::shared_ptr<const Ring>& ring = parameters_->ring();
  const KernelTable& kernels = ring->kernels();
  auto poly = EvaluationPoly::uninitialized(ring, limbs);
  const auto each_limb = [&](const auto& reduce_to) {
    pool_->parallel_for(limbs.count(), [&](std::size_t i) {
      reduce_to(poly.modulus(i), poly.limb(i));
      kernels.ntt_forward(ring->ntt(poly.prime_index(i)), poly.limb(i), poly.limb(i));
    });
  };
  // A coefficient is at most the largest value times the scale, rounded; the bound of data is public, its
  // largest value is not.
  if (bound < kIntegerLimit) {
    Workspace<std::int64_t> integers(coefficients.size());
    kernels.round_scaled(coefficients.data(), factor, integers.data(), integers.size());
    const int bits = std::bit_width(static_cast<std::uint64_t>(bound) + 1) + 1;
    each_limb([&](const Modulus& q, std::uint64_t* out) {
      kernels.reduce_signed(q, integers.data(), bits, out, integers.size());
    });
  } else {
    each_limb([&](const Modulus& q, std::uint64_t* out) {
      for (std::size_t j = 0; j < coefficients.size(); ++j)
        out[j] = residue(std::nearbyint(coefficients[j] * factor), q);
    });
  }
  return poly;
}

std::size_t Encoder::limbs_to_decode(double total, Scale scale, int level) const {
  const double bits = std::log2(std::max(total, 0x1p-100)) + scale.log2() + kRoomBits;
  for (int l = 0; l <= level; ++l)
    if (bits < parameters_->log2_modulus_at(l)) return static_cast<std::size_t>(l) + 1;
  throw PrecisionError("decode: a result of up to 2^" + std::to_string(std::log2(total)) +
                       " does not fit the modulus that is left; scale the values down or keep a level more");
}

Buffer<double> Encoder::decode_parts(Plaintext plaintext) const {
  const std::size_t limbs = limbs_to_decode(plaintext.bound.total(), plaintext.scale, plaintext.level());
  plaintext.poly.keep_limbs(limbs);
  auto poly = to_coefficient(std::move(plaintext.poly), *pool_);

  const KernelTable& kernels = poly.ring()->kernels();
  const std::size_t n = poly.degree();
  const Modulus& q0 = poly.modulus(0);
  const double inverse_scale = 1.0 / plaintext.scale.value();
  Workspace<double> coefficients(n);
  kernels.centred_to_double(q0, poly.limb(0), inverse_scale, coefficients.data(), n);
  // Garner: x = d0 + q0 (d1 + q1 (d2 + ...)), where digit i is ((x - d0) / q0 - d1) / q1 ... modulo qi; all
  // are centred, so that x is. Digits take the residues' places.
  Workspace<std::uint64_t> lower(n);
  double weight = inverse_scale;
  for (std::size_t i = 1; i < limbs; ++i) {
    const Modulus& q = poly.modulus(i);
    for (std::size_t j = 0; j < i; ++j) {
      const Modulus& below = poly.modulus(j);
      kernels.change_modulus(below, q, poly.limb(j), lower.data(), n);
      kernels.sub_mul_scalar(q, poly.limb(i), lower.data(),
                             ShoupFactor(q.inverse(q.reduce(below.value())), q), poly.limb(i), n);
    }
    weight *= static_cast<double>(poly.modulus(i - 1).value());
    kernels.add_centred(q, poly.limb(i), weight, coefficients.data(), n);
  }
  auto slots = Buffer<double>::uninitialized(n);
  fft_.to_slots(coefficients.data(), slots.data());
  return slots;
}

std::vector<std::complex<double>> Encoder::decode(const Plaintext& plaintext) const {
  const std::size_t limbs = limbs_to_decode(plaintext.bound.total(), plaintext.scale, plaintext.level());
  return decode(Plaintext{copy_limbs(plaintext.poly, {limbs, 0}), plaintext.scale, plaintext.bound});
}

std::vector<std::complex<double>> Encoder::decode(Plaintext&& plaintext) const {
  std::vector<std::complex<double>> out(parameters_->slots());
  auto parts = decode_parts(std::move(plaintext));
  parameters_->ring()->kernels().join_complex(parts.data(), parts.data() + out.size(),
                                              reinterpret_cast<double*>(out.data()), out.size());
  wipe(parts.data(), parts.size() * sizeof parts[0]);
  return out;
}

std::vector<double> Encoder::decode_real(Plaintext&& plaintext) const {
  std::vector<double> out(parameters_->slots());
  auto parts = decode_parts(std::move(plaintext));
  std::copy_n(parts.data(), out.size(), out.begin());
  wipe(parts.data(), parts.size() * sizeof parts[0]);
  return out;
}

}  // namespace cloister::ckks
