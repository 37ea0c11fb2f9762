#include "cloister/circuits/homomorphic_dft.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <numbers>
#include <set>
#include <string>

#include "cloister/base/error.h"

namespace cloister::circuits {
namespace {

using Complex = std::complex<double>;
// Diagonals of a map on vectors of n values, by their index modulo n.
using Diagonals = std::map<std::size_t, std::vector<Complex>>;

// exp(2 pi i 5^j / (4 m)) for j in [0, m / 2): the roots of blocks of m values.
std::vector<Complex> block_roots(std::size_t m) {
  std::vector<Complex> out;
  std::size_t power = 1;
  for (std::size_t j = 0; j < m / 2; ++j) {
    out.push_back(
        std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(power) / static_cast<double>(4 * m)));
    power = power * 5 % (4 * m);
  }
  return out;
}

// One stage of butterflies on blocks of m values: (a, b) -> (a + w b, a - w b), or its inverse.
Diagonals butterflies(DftDirection direction, std::size_t n, std::size_t m) {
  const std::size_t half = m / 2;
  const auto roots = block_roots(m);
  Diagonals out;
  const auto at = [&](std::size_t diagonal, std::size_t i) -> Complex& {
    return out.try_emplace(diagonal % n, n).first->second[i];
  };
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t place = i % m;
    const bool upper = place < half;
    const Complex w = roots[upper ? place : place - half];
    if (direction == DftDirection::kSlotsToCoefficients) {
      at(0, i) += upper ? Complex(1) : -w;
      at(upper ? half : n - half, i) += upper ? w : Complex(1);
    } else {
      at(0, i) += upper ? Complex(0.5) : -std::conj(w) / 2.0;
      at(upper ? half : n - half, i) += upper ? Complex(0.5) : std::conj(w) / 2.0;
    }
  }
  return out;
}

// First `first`, then `then`.
Diagonals composed(const Diagonals& then, const Diagonals& first, std::size_t n) {
  Diagonals out;
  for (const auto& [a, x] : then)
    for (const auto& [b, y] : first) {
      auto& sum = out.try_emplace((a + b) % n, n).first->second;
      for (std::size_t i = 0; i < n; ++i) sum[i] += x[i] * y[(i + a) % n];
    }
  return out;
}

// log2 of the blocks' lengths of the butterflies, in groups as they are applied: from short strides to long
// ones, or back.
std::vector<std::vector<int>> grouped(DftDirection direction, int log2_n, int stages) {
  if (stages < 1 || stages > log2_n)
    throw ParametersError("homomorphic DFT: " + std::to_string(stages) + " stages for 2^" +
                          std::to_string(log2_n) + " slots; take 1 to log2 of the slots");
  std::vector<std::vector<int>> out;
  for (int stage = 0, done = 0; stage < stages; ++stage) {
    auto& group = out.emplace_back();
    for (const int end = (log2_n * (stage + 1) + stages - 1) / stages; done < end; ++done)
      group.push_back(direction == DftDirection::kSlotsToCoefficients ? done + 1 : log2_n - done);
  }
  return out;
}

std::int64_t centred(std::size_t index, std::size_t n) {
  return static_cast<std::int64_t>(index) - (2 * index >= n ? static_cast<std::int64_t>(n) : 0);
}

// Through all slots, times a factor; `period` is n, or 2 n for halves.
LinearTransform repeated(const Diagonals& diagonals, std::size_t n, std::size_t period, std::size_t slots,
                         double factor) {
  std::map<std::int64_t, LinearTransform::Diagonal> out;
  for (const auto& [index, values] : diagonals) {
    LinearTransform::Diagonal diagonal(slots);
    for (std::size_t i = 0; i < slots; ++i)
      diagonal[i] = values[i % n] * (i % period < n ? Complex(factor) : Complex(0, -factor));
    out.emplace(centred(index, n), std::move(diagonal));
  }
  return LinearTransform(out, slots);
}

std::vector<LinearTransform> made(DftDirection direction, int log2_n, std::size_t slots, int stages,
                                  double factor, bool halves) {
  const std::size_t n = std::size_t{1} << log2_n;
  if (slots % (halves ? 2 * n : n) != 0 || !(factor > 0))
    throw ParametersError("homomorphic DFT: " + std::to_string(n) + " slots do not repeat in " +
                          std::to_string(slots) + ", or the factor is not positive");
  const auto groups = grouped(direction, log2_n, stages);
  const double each = std::pow(factor, 1.0 / stages);
  std::vector<LinearTransform> out;
  for (const auto& group : groups) {
    Diagonals stage{{0, std::vector<Complex>(n, 1)}};
    for (const int log2_m : group)
      stage = composed(butterflies(direction, n, std::size_t{1} << log2_m), stage, n);
    out.push_back(repeated(stage, n, halves && &group == &groups.back() ? 2 * n : n, slots, each));
  }
  return out;
}

}  // namespace

std::vector<LinearTransform> dft_stages(DftDirection direction, int log2_n, std::size_t slots, int stages,
                                        double factor) {
  return made(direction, log2_n, slots, stages, factor, false);
}

std::vector<LinearTransform> dft_stages_to_halves(int log2_n, std::size_t slots, int stages, double factor) {
  return made(DftDirection::kCoefficientsToSlots, log2_n, slots, stages, factor, true);
}

std::vector<DftShape> dft_shapes(DftDirection direction, int log2_n, int stages, bool to_halves) {
  std::vector<DftShape> out;
  for (const auto& group : grouped(direction, log2_n, stages)) {
    // Forwards and backwards, which is the same modulo n for the longest strides.
    const int radix = 1 << group.size(), longest = std::ranges::max(group);
    out.push_back({static_cast<int>(group.size()), longest == log2_n ? radix : 2 * radix - 1,
                   std::size_t{2} << longest});
  }
  // Values x in the first half and -i x in the second: (1 - i) x / 2, and (1 + i) x / 2 with a sign that
  // makes it a polynomial in the odd powers of X^(N / 4n).
  if (to_halves) out.back().coefficients += std::size_t{2} << log2_n;
  return out;
}

std::vector<std::vector<std::int64_t>> dft_diagonals(DftDirection direction, int log2_n, int stages) {
  const std::size_t n = std::size_t{1} << log2_n;
  std::vector<std::vector<std::int64_t>> out;
  for (const auto& group : grouped(direction, log2_n, stages)) {
    std::set<std::size_t> sums{0};
    for (const int log2_m : group) {
      const std::size_t half = std::size_t{1} << (log2_m - 1);
      std::set<std::size_t> more = sums;
      for (const std::size_t d : sums) more.insert({(d + half) % n, (d + n - half) % n});
      sums = std::move(more);
    }
    auto& indices = out.emplace_back();
    for (const std::size_t d : sums) indices.push_back(centred(d, n));
  }
  return out;
}

}  // namespace cloister::circuits
