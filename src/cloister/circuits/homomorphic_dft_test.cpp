#include "cloister/circuits/homomorphic_dft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "cloister/ckks/special_fft.h"
#include "cloister/random/prng.h"

namespace cloister::circuits {
namespace {

using Slots = std::vector<std::complex<double>>;

Slots applied(const std::vector<LinearTransform>& stages, Slots x) {
  const auto n = static_cast<std::int64_t>(x.size());
  for (const auto& stage : stages) {
    Slots out(x.size());
    for (const auto& [d, diagonal] : stage.diagonals())
      for (std::int64_t i = 0; i < n; ++i)
        out[static_cast<std::size_t>(i)] +=
            diagonal[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(((i + d) % n + n) % n)];
    x = std::move(out);
  }
  return x;
}

// Random values that repeat.
Slots repeated(std::size_t period, std::size_t slots) {
  Prng prng(Seed(Bytes32{}), 3);
  const auto unit = [&] { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; };
  Slots out(slots);
  for (std::size_t i = 0; i < slots; ++i)
    out[i] = i < period ? std::complex<double>(unit(), unit()) : out[i % period];
  return out;
}

// Of 2^11 operations on values of at most 16: far below this, and any wrong root far above.
constexpr double kTolerance = 1e-12;

TEST(HomomorphicDft, GivesTheSlotsOfCoefficientsInBitReversedOrder) {
  constexpr int kLog2 = 7;
  constexpr std::size_t kSlots = std::size_t{1} << kLog2;
  const Slots z = repeated(kSlots, kSlots);
  std::vector<double> coefficients(2 * kSlots), slots(2 * kSlots);
  for (std::size_t k = 0; k < kSlots; ++k) {
    coefficients[reverse_bits(k, kLog2)] = z[k].real();
    coefficients[kSlots + reverse_bits(k, kLog2)] = z[k].imag();
  }
  ckks::SpecialFft(kLog2 + 1, scalar_kernels()).to_slots(coefficients.data(), slots.data());
  for (const int stages : {1, 2, 3, 7}) {
    const Slots got = applied(dft_stages(DftDirection::kSlotsToCoefficients, kLog2, kSlots, stages, 0.25), z);
    for (std::size_t i = 0; i < kSlots; ++i)
      ASSERT_LE(std::abs(got[i] - 0.25 * std::complex<double>(slots[i], slots[kSlots + i])), kTolerance);
  }
}

TEST(HomomorphicDft, DirectionsAreInversesWhereValuesRepeat) {
  for (const int log2_n : {3, 5, 6}) {
    const std::size_t n = std::size_t{1} << log2_n, slots = 64;
    const Slots z = repeated(n, slots);
    const auto there = dft_stages(DftDirection::kSlotsToCoefficients, log2_n, slots, 2, 2);
    const auto back = dft_stages(DftDirection::kCoefficientsToSlots, log2_n, slots, 3, 0.5);
    const Slots got = applied(back, applied(there, z));
    for (std::size_t i = 0; i < slots; ++i) ASSERT_LE(std::abs(got[i] - z[i]), kTolerance);
  }
}

TEST(HomomorphicDft, HalvesHoldBothParts) {
  constexpr std::size_t kN = 8, kSlots = 64;
  const Slots z = repeated(kN, kSlots);
  const auto there = dft_stages(DftDirection::kSlotsToCoefficients, 3, kSlots, 1, 1);
  const Slots got = applied(dft_stages_to_halves(3, kSlots, 2, 1), applied(there, z));
  for (std::size_t i = 0; i < kSlots; ++i)
    ASSERT_LE(std::abs(got[i].real() - (i % (2 * kN) < kN ? z[i].real() : z[i].imag())), kTolerance);
}

TEST(HomomorphicDft, DiagonalsAreKnownBeforehand) {
  for (const auto direction : {DftDirection::kSlotsToCoefficients, DftDirection::kCoefficientsToSlots}) {
    const auto stages = dft_stages(direction, 6, 64, 2, 1);
    const auto expected = dft_diagonals(direction, 6, 2);
    ASSERT_EQ(stages.size(), expected.size());
    for (std::size_t s = 0; s < stages.size(); ++s) {
      EXPECT_EQ(stages[s].diagonals().size(), expected[s].size());
      for (const std::int64_t d : expected[s]) EXPECT_TRUE(stages[s].diagonals().contains(d)) << d;
    }
  }
  EXPECT_THROW(dft_diagonals(DftDirection::kSlotsToCoefficients, 3, 4), ParametersError);
  EXPECT_THROW(dft_stages_to_halves(6, 64, 2, 1), ParametersError);
}

}  // namespace
}  // namespace cloister::circuits
