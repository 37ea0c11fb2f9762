#include "cloister/ckks/owner/publisher.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "cloister/ckks/noise.h"
#include "cloister/random/samplers.h"

namespace cloister::ckks {
namespace {

constexpr double kFailureBits = 40;
constexpr double kStepsPerError = 64;  // the fixed-point step adds at most 1/64 to the error that is drowned
constexpr double kMaxNoiseSteps = 0x1p58;  // what the sampler gives
constexpr double kMaxValueSteps = 0x1p60;  // and the room that leaves to values in 63 bits

void check_slots(const ReleaseRequest& request, std::size_t slots) {
  if (request.slots.empty())
    throw ParametersError("release: no slot is asked for; name those that hold the result");
  if (std::ranges::any_of(request.slots, [&](std::size_t i) { return i >= slots; }))
    throw ParametersError("release: a slot is asked for that does not exist; there are " +
                          std::to_string(slots));
}

// The noise exceeds this in any of `count` values with probability below 2^-kFailureBits: two Gaussian
// tails of at most exp(-x^2 / 2) / 2 each.
double tail(double deviation, std::size_t count) {
  return deviation *
         std::sqrt(2 * std::numbers::ln2 * (kFailureBits + std::log2(static_cast<double>(count))));
}

}  // namespace

ReleaseRequest ReleaseRequest::first(std::size_t count, double max_error) {
  ReleaseRequest out{std::vector<std::size_t>(count), max_error};
  std::iota(out.slots.begin(), out.slots.end(), std::size_t{0});
  return out;
}

double Publisher::noise_deviation(double error, std::size_t count, const ReleaseBudget& budget) noexcept {
  return std::sqrt(12.0 * budget.allowed()) * std::exp2(budget.statistical_bits() / 2.0) *
         std::sqrt(static_cast<double>(count)) * error;
}

Release Publisher::publish(const Ciphertext& ciphertext, const ReleaseRequest& request, ReleaseBudget& budget,
                           Prng& prng) const {
  const std::size_t count = request.slots.size();
  check_slots(request, parameters_->slots());
  if (!(ciphertext.bound.error > 0) || !std::isfinite(ciphertext.bound.total()))
    throw SecurityError("release: the ciphertext carries no error bound to size the noise from");

  // Decoding in double precision and the rounding to steps move a value too.
  const double decoded = ciphertext.bound.error + transform_error(*parameters_, ciphertext.bound.total());
  const double step = std::exp2(std::floor(std::log2(decoded / kStepsPerError)));
  const double error = decoded + step;
  Release out;
  out.noise_deviation = noise_deviation(error, count, budget);
  // Below the noise's deviation digits say nothing.
  out.binary_digits = -static_cast<int>(std::floor(std::log2(out.noise_deviation)));
  const double unit = std::exp2(-out.binary_digits);
  out.error = error + tail(out.noise_deviation, count) + step + unit / 2;
  out.decimal_digits = static_cast<int>(std::floor(-std::log10(out.error)));
  if (!(out.error <= request.max_error) || out.noise_deviation / step > kMaxNoiseSteps ||
      ciphertext.bound.total() / step > kMaxValueSteps)
    throw PrecisionError(
        "release: with the noise that " + std::to_string(budget.allowed()) + " releases at " +
        std::to_string(budget.statistical_bits()) + " bits need, values are within 2^" +
        std::to_string(static_cast<int>(std::ceil(std::log2(out.error)))) +
        ", which is more than was asked for; plan for a larger scale, fewer releases or fewer slots");

  const auto slots = decryptor_->decrypt(ciphertext);
  budget.charge();
  std::vector<std::int64_t> noise(count);
  sample_rounded_gaussian(prng, out.noise_deviation / step, noise);
  const double digits_per_step = step / unit;  // a power of two below 1
  for (std::size_t i = 0; i < count; ++i) {
    const double bounded =
        std::clamp(slots[request.slots[i]].real(), -ciphertext.bound.total(), ciphertext.bound.total());
    const std::int64_t sum = std::llrint(bounded / step) + noise[i];
    out.values.push_back(std::nearbyint(static_cast<double>(sum) * digits_per_step) * unit);
  }
  wipe(noise.data(), noise.size() * sizeof noise[0]);
  return out;
}

}  // namespace cloister::ckks
