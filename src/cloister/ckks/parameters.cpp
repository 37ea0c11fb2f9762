#include "cloister/ckks/parameters.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/math/primes.h"

namespace cloister::ckks {
namespace {

constexpr int kPreferredPrimeBits = 49;  // what AVX-512 IFMA multiplies without a correction
constexpr int kSpecialMarginBits = 2;    // P above the largest digit, so that rounding dominates

void check_range(const char* what, int value, int low, int high) {
  if (value < low || value > high)
    throw ParametersError(std::string("parameters: ") + what + " is " + std::to_string(value) +
                          ", which is outside [" + std::to_string(low) + ", " + std::to_string(high) + "]");
}

// A little below the power of two, so that all primes are: transforms are slower above 2^45.97, 2^46.95 and
// 2^50, and the special primes have to make up for every bit.
double below_power(int bits) { return std::ldexp(1 - 0x1p-4, bits); }
double raised_scale(const ParametersSpec& spec) { return below_power(spec.raised_scale_bits); }
double transform_scale(const ParametersSpec& spec) { return below_power(spec.transform_scale_bits); }

}  // namespace

rlwe::ParametersSpec Parameters::chain(const ParametersSpec& spec) {
  check_range("log2 of the ring degree", spec.log2_degree, 3, 17);
  check_range("the number of levels", spec.levels, 0, 200);
  check_range("the scale's bits", spec.scale_bits, 20, 59);
  check_range("the first prime's bits", spec.first_prime_bits, spec.scale_bits + 1, 60);
  check_range("the number of raised levels", spec.raised_levels, 0, 100);
  if (spec.raised_levels > 0) check_range("the raised scale's bits", spec.raised_scale_bits, 20, 59);
  check_range("the number of levels of transforms", spec.transform_levels, 0, spec.raised_levels);
  if (spec.transform_levels > 0) check_range("the transforms' bits", spec.transform_scale_bits, 20, 59);
  check_range("the number of digits", spec.digits, 1, spec.levels + spec.raised_levels + 1);

  const std::uint64_t step = std::uint64_t{2} << spec.log2_degree;
  rlwe::ParametersSpec out{
      .log2_degree = spec.log2_degree, .q_primes = {}, .p_primes = {}, .digits = spec.digits};
  std::vector<std::uint64_t> taken;
  const auto take = [&](double near) {
    taken.push_back(nearest_prime(near, step, taken));
    return taken.back();
  };
  const std::uint64_t first = take(std::ldexp(1.0, spec.first_prime_bits) * (1 - 0x1p-8));
  // From the highest of these levels down: the prime that brings the next scale nearest to the target.
  const auto take_levels = [&](int count, double target) {
    double scale = target;
    for (int level = 0; level < count; ++level) {
      const std::uint64_t prime = take(scale * scale / target);
      out.q_primes.push_back(prime);
      scale = scale * scale / static_cast<double>(prime);
    }
  };
  take_levels(spec.transform_levels, transform_scale(spec));
  take_levels(spec.raised_levels - spec.transform_levels, raised_scale(spec));
  take_levels(spec.levels, std::ldexp(1.0, spec.scale_bits));
  out.q_primes.push_back(first);
  std::ranges::reverse(out.q_primes);

  const std::size_t size = out.digit_size();
  double largest = 0;
  for (std::size_t start = 0; start < out.q_primes.size(); start += size) {
    double bits = 0;
    for (std::size_t i = start; i < std::min(start + size, out.q_primes.size()); ++i)
      bits += std::log2(static_cast<double>(out.q_primes[i]));
    largest = std::max(largest, bits);
  }
  const double special_bits = largest + kSpecialMarginBits;
  const int count = static_cast<int>(std::ceil(special_bits / kPreferredPrimeBits));
  for (int i = 0; i < count; ++i) out.p_primes.push_back(take(std::exp2(special_bits / count)));
  return out;
}

std::shared_ptr<const Parameters> Parameters::create(const ParametersSpec& spec, const KernelTable& kernels,
                                                     rlwe::SecurityTable table) {
  return std::shared_ptr<const Parameters>(
      new Parameters(spec, rlwe::Parameters::create(chain(spec), kernels, table)));
}

std::vector<Scale> Parameters::scales(const ParametersSpec& spec, const rlwe::ParametersSpec& chain) {
  const auto& primes = chain.q_primes;
  const auto fresh = static_cast<std::size_t>(spec.levels),
             raised = static_cast<std::size_t>(spec.raised_level());
  std::vector<Scale> out(primes.size(), Scale(std::ldexp(1.0, spec.scale_bits)));
  if (spec.transform_levels > 0) out.back() = Scale(transform_scale(spec));
  if (raised > fresh) out[raised] = Scale(raised_scale(spec));
  for (std::size_t level = primes.size() - 1; level >= 1; --level)
    if (level != fresh + 1 && level != raised + 1)
      out[level - 1] = out[level] * out[level] / static_cast<double>(primes[level]);
  return out;
}

Parameters::Parameters(const ParametersSpec& spec, std::shared_ptr<const rlwe::Parameters> rlwe)
    : spec_(spec), rlwe_(std::move(rlwe)), scales_(scales(spec, rlwe_->spec())) {
  double sum = 0;
  for (const auto prime : rlwe_->spec().q_primes)
    log2_moduli_.push_back(sum += std::log2(static_cast<double>(prime)));
}

}  // namespace cloister::ckks
