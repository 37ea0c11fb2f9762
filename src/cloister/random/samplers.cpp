#include "cloister/random/samplers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "cloister/base/memory.h"

namespace cloister {
namespace {

__extension__ using uint128 = unsigned __int128;

constexpr std::size_t kBatch = 2048;  // 16 KiB of key stream

// Draws a 64-bit word a sample in batches and has `convert(words, samples, count)` make samples of each; the
// words are wiped. Loops over a batch are free of branches, so that the compiler makes vectors of them.
template <typename Convert>
void convert_words(Prng& prng, std::span<std::int8_t> out, Convert convert) {
  std::array<std::uint64_t, kBatch> words;
  for (std::size_t i = 0; i < out.size(); i += kBatch) {
    const std::size_t n = std::min(kBatch, out.size() - i);
    prng.fill(std::span<std::uint64_t>(words.data(), n));
    convert(words.data(), out.data() + i, n);
  }
  wipe(words.data(), std::min(kBatch, out.size()) * sizeof words[0]);
}

}  // namespace

void sample_uniform(Prng& prng, std::uint64_t bound, std::span<std::uint64_t> out) {
  // x mod bound is uniform for x < limit + 1, the largest multiple of the bound in 2^64.
  const std::uint64_t limit = ~std::uint64_t{0} - (~std::uint64_t{0} % bound + 1) % bound;
  std::array<std::uint64_t, kBatch> words;
  std::size_t have = 0;
  while (have < out.size()) {
    const std::size_t n = std::min(kBatch, out.size() - have);
    prng.fill(std::span<std::uint64_t>(words.data(), n));
    for (std::size_t j = 0; j < n; ++j)
      if (words[j] <= limit) out[have++] = words[j] % bound;
  }
}

void sample_ternary(Prng& prng, std::span<std::int8_t> out) {
  convert_words(prng, out,
                [](const std::uint64_t* __restrict words, std::int8_t* __restrict to, std::size_t n) {
                  for (std::size_t i = 0; i < n; ++i) {
                    // floor(3 w / 2^64) is what carries out of 64 bits: from doubling w, and from adding w to
                    // that.
                    const std::uint64_t w = words[i], twice = w << 1, sum = w + twice;
                    const std::uint64_t carries = (w & twice) | ((w | twice) & ~sum);
                    to[i] = static_cast<std::int8_t>((w >> 63) + (carries >> 63) - 1);
                  }
                });
}

void sample_sparse_ternary(Prng& prng, int weight, std::span<std::int8_t> out) {
  if (weight < 0 || static_cast<std::size_t>(weight) > out.size() || out.size() > std::size_t{1} << 20)
    throw ParametersError("sampler: " + std::to_string(weight) + " nonzero entries of " +
                          std::to_string(out.size()));
  std::ranges::fill(out, std::int8_t{0});
  std::array<std::uint64_t, 2> words;
  for (int k = 0; k < weight; ++k) {
    prng.fill(std::span<std::uint64_t>(words));
    // The place-th of the entries that are still zero, counted in a pass that touches all of them alike. The
    // product's upper half is uniform but for a part in 2^64 / size.
    const std::uint64_t left = out.size() - static_cast<std::size_t>(k);
    const auto place = static_cast<std::uint32_t>(static_cast<uint128>(words[0]) * left >> 64);
    const auto sign = static_cast<std::int8_t>(1 - 2 * static_cast<int>(words[1] & 1));
    std::uint32_t zeros = 0;
    for (auto& x : out) {
      const std::uint32_t is_zero = 1 - (static_cast<std::uint32_t>(x) & 1);
      const std::uint32_t difference = zeros ^ place;
      const std::uint32_t here = is_zero & (1 - ((difference | (0 - difference)) >> 31));
      x = static_cast<std::int8_t>(x | (static_cast<std::int8_t>(0 - here) & sign));
      zeros += is_zero;
    }
  }
  wipe(words.data(), sizeof words);
}

void sample_error(Prng& prng, std::span<std::int8_t> out) {
  constexpr std::uint64_t kHalf = (std::uint64_t{1} << kErrorBinomialBits) - 1;
  constexpr std::uint64_t kMask = kHalf | kHalf << 32;
  convert_words(prng, out,
                [](const std::uint64_t* __restrict words, std::int8_t* __restrict to, std::size_t n) {
                  for (std::size_t i = 0; i < n; ++i) {
                    // Counts the bits of both halves at once, in ever wider fields. A population count
                    // without its instruction may read a table at an index that is secret here.
                    std::uint64_t x = words[i] & kMask;
                    x -= x >> 1 & 0x5555555555555555;
                    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
                    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
                    x += x >> 8;
                    x += x >> 16;
                    to[i] = static_cast<std::int8_t>((x & 0x3f) - (x >> 32 & 0x3f));
                  }
                });
}

void sample_rounded_gaussian(Prng& prng, double sigma, std::span<std::int64_t> out) {
  if (!(sigma >= 0) || sigma > 0x1p58) throw ParametersError("sampler: the deviation is outside [0, 2^58]");
  constexpr double kScale = 0x1p-53;
  std::array<std::uint64_t, 2> words;
  for (std::size_t i = 0; i < out.size(); i += 2) {
    prng.fill(std::span<std::uint64_t>(words));
    const double u = (static_cast<double>(words[0] >> 11) + 0.5) * kScale;
    const double angle = 2 * std::numbers::pi * static_cast<double>(words[1] >> 11) * kScale;
    const double r = std::min(sigma * std::sqrt(-2 * std::log(u)), 12 * sigma);
    out[i] = std::llrint(r * std::cos(angle));
    if (i + 1 < out.size()) out[i + 1] = std::llrint(r * std::sin(angle));
  }
  wipe(words.data(), sizeof words);
}

}  // namespace cloister
