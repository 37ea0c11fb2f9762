#include "cloister/random/samplers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "cloister/base/memory.h"

namespace cloister {
namespace {

__extension__ using uint128 = unsigned __int128;
constexpr std::size_t kBatch = 512;

// std::popcount without the POPCNT instruction reads a table at an index that is secret here.
constexpr std::uint64_t count_bits(std::uint64_t x) {
  x -= x >> 1 & 0x5555555555555555;
  x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return x * 0x0101010101010101 >> 56;
}

// Draws 64-bit words in batches and hands each to `use` with its index; the words are wiped.
template <typename Use>
void for_each_word(Prng& prng, std::size_t count, Use use) {
  std::array<std::uint64_t, kBatch> words;
  for (std::size_t i = 0; i < count; i += kBatch) {
    const std::size_t n = std::min(kBatch, count - i);
    prng.fill(std::span<std::uint64_t>(words.data(), n));
    for (std::size_t j = 0; j < n; ++j) use(i + j, words[j]);
  }
  wipe(words.data(), sizeof words);
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
  for_each_word(prng, out.size(), [&](std::size_t i, std::uint64_t w) {
    out[i] = static_cast<std::int8_t>(static_cast<int>(static_cast<uint128>(w) * 3 >> 64) - 1);
  });
}

void sample_error(Prng& prng, std::span<std::int8_t> out) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kErrorBinomialBits) - 1;
  for_each_word(prng, out.size(), [&](std::size_t i, std::uint64_t w) {
    out[i] = static_cast<std::int8_t>(static_cast<int>(count_bits(w & kMask)) -
                                      static_cast<int>(count_bits(w >> 32 & kMask)));
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
