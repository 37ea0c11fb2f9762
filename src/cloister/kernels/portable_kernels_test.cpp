// The kernels between clear values and residues, on every target: against the plainest form of what they
// compute, bit for bit, so that all targets agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/kernels/testing/residues.h"
#include "cloister/math/primes.h"

namespace cloister {
namespace {

using u64 = std::uint64_t;
using i64 = std::int64_t;
using Complexes = std::vector<std::complex<double>>;
constexpr std::size_t kSizes[] = {1, 7, 8, 13, 64, 1003, 4096};

class PortableKernels : public ::testing::TestWithParam<Target> {
 protected:
  const KernelTable& k = select_kernels(name(GetParam()));
};

// Moduli on both sides of every bound at which a kernel changes its way, composite ones too.
std::vector<Modulus> moduli() {
  std::vector<Modulus> out;
  for (const int bits : {1, 3, 7, 12, 13, 20, 31, 32, 33, 42, 50, 51, 52, 53, 59})
    for (const u64 offset : {~u64{0}, u64{0}, u64{1}})
      if ((u64{1} << bits) + offset >= 2) out.emplace_back((u64{1} << bits) + offset);
  out.emplace_back((u64{1} << 60) - 1);
  out.emplace_back(nearest_prime(0.6 * 0x1p60, 1 << 18, {}));  // a sixteenth of all words is dropped
  return out;
}

// Uniform in (-1, 1), both parts.
Complexes random_values(std::size_t n, u64 stream) {
  Prng prng(Seed(Bytes32{}), stream);
  const auto unit = [&] { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; };
  Complexes out(n);
  for (auto& v : out) v = {unit(), unit()};
  return out;
}
std::vector<double> parts(const Complexes& x) {
  std::vector<double> out(2 * x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = x[i].real();
    out[x.size() + i] = x[i].imag();
  }
  return out;
}

// 5^j mod 4 m, j in [0, m / 2).
std::vector<std::size_t> powers_of_five(std::size_t m) {
  std::vector<std::size_t> out(std::max<std::size_t>(m / 2, 1), 1);
  for (std::size_t j = 1; j < out.size(); ++j) out[j] = out[j - 1] * 5 % (4 * m);
  return out;
}

struct Roots {
  explicit Roots(std::size_t n) : real(std::max<std::size_t>(n, 2)), imaginary(real.size()), size(n) {
    for (std::size_t m = 2; m <= n; m *= 2) {
      const auto powers = powers_of_five(m);
      for (std::size_t j = 0; j < m / 2; ++j) {
        const double angle =
            2 * std::numbers::pi * static_cast<double>(powers[j]) / static_cast<double>(4 * m);
        real[m / 2 + j] = std::cos(angle);
        imaginary[m / 2 + j] = std::sin(angle);
      }
    }
  }
  FftRoots view() const { return {size, real.data(), imaginary.data()}; }
  std::complex<double> at(std::size_t i) const { return {real[i], imaginary[i]}; }
  std::vector<double> real, imaginary;
  std::size_t size;
};

// The transforms as textbooks have them.
Complexes reversed(const Complexes& x) {
  Complexes out(x.size());
  const int bits = std::bit_width(x.size()) - 1;
  for (std::size_t i = 0; i < x.size(); ++i) out[reverse_bits(i, bits)] = x[i];
  return out;
}
Complexes reference_to_slots(const Roots& roots, const Complexes& coefficients) {
  Complexes x = reversed(coefficients);
  for (std::size_t m = 2; m <= x.size(); m *= 2)
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i % m >= m / 2) continue;
      const auto w = roots.at(m / 2 + i % m), b = x[i + m / 2];
      const std::complex<double> t{b.real() * w.real() - b.imag() * w.imag(),
                                   b.real() * w.imag() + b.imag() * w.real()};
      x[i + m / 2] = x[i] - t;
      x[i] += t;
    }
  return x;
}
Complexes reference_to_coefficients(const Roots& roots, Complexes x) {
  for (std::size_t m = x.size(); m >= 2; m /= 2)
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i % m >= m / 2) continue;
      const auto w = roots.at(m / 2 + i % m), t = x[i] - x[i + m / 2];
      x[i] += x[i + m / 2];
      x[i + m / 2] = {t.real() * w.real() + t.imag() * w.imag(), t.imag() * w.real() - t.real() * w.imag()};
    }
  return reversed(x);
}

TEST_P(PortableKernels, TransformsEqualTheTextbooksBitForBit) {
  for (std::size_t n = 2; n <= std::size_t{1} << 16; n *= 2) {
    const Roots roots(n);
    const Complexes x = random_values(n, n);
    std::vector<double> from = parts(x), out(2 * n);
    k.fft_to_slots(roots.view(), from.data(), out.data());
    ASSERT_EQ(from, parts(x)) << "the input changed, " << n;
    ASSERT_EQ(out, parts(reference_to_slots(roots, x))) << n;
    k.fft_to_coefficients(roots.view(), from.data(), out.data());
    ASSERT_EQ(out, parts(reference_to_coefficients(roots, x))) << n;
  }
}

TEST_P(PortableKernels, TransformsEvaluateThePolynomial) {
  const std::size_t n = 256;
  const Roots roots(n);
  const Complexes x = random_values(n, 5);
  std::vector<double> from = parts(x), slots(2 * n), back(2 * n);
  k.fft_to_slots(roots.view(), from.data(), slots.data());
  double square = 0;  // the exact transform multiplies the Euclidean norm by sqrt(n)
  for (const auto& v : x) square += std::norm(v);
  // A stage adds a relative error of at most (sqrt(5) + 1 + 3) 2^-53 in that norm: a product, a sum, a root
  // whose angle is rounded; so does each of the eight stages.
  const double tolerance = 8 * 6.3 * 0x1p-53 * std::sqrt(square * static_cast<double>(n));
  const auto powers = powers_of_five(2 * n);
  for (std::size_t j = 0; j < n; ++j) {
    std::complex<long double> sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const long double angle =
          2 * std::numbers::pi_v<long double> * static_cast<long double>(powers[j] * i % (4 * n)) / (4 * n);
      sum += std::complex<long double>(x[i]) * std::complex<long double>(std::cos(angle), std::sin(angle));
    }
    ASSERT_LE(std::abs(sum - std::complex<long double>(slots[j], slots[n + j])), tolerance) << j;
  }
  k.fft_to_coefficients(roots.view(), slots.data(), back.data());
  for (std::size_t i = 0; i < 2 * n; ++i)
    ASSERT_LE(std::abs(back[i] / static_cast<double>(n) - from[i]),
              2 * tolerance / std::sqrt(static_cast<double>(n)));
}

TEST_P(PortableKernels, ComplexNumbersSplitJoinAndMeasure) {
  for (const std::size_t n : kSizes) {
    const Complexes x = random_values(n, 6);
    std::vector<double> re(n), im(n);
    Complexes back(n);
    k.split_complex(reinterpret_cast<const double*>(x.data()), re.data(), im.data(), n);
    k.join_complex(re.data(), im.data(), reinterpret_cast<double*>(back.data()), n);
    ASSERT_EQ(back, x);
    double largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(std::complex<double>(re[i], im[i]), x[i]);
      largest = std::max(largest, re[i] * re[i] + im[i] * im[i]);
    }
    ASSERT_EQ(k.largest_norm(re.data(), im.data(), n), largest);
    for (const double bad :
         {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::quiet_NaN()})
      for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
        std::swap(re[at], im[n - 1 - at]);
        const double kept = std::exchange(re[at], bad);
        ASSERT_TRUE(std::isnan(k.largest_norm(re.data(), im.data(), n)));
        ASSERT_TRUE(std::isnan(k.largest_norm(im.data(), re.data(), n)));
        re[at] = kept;
      }
    re[n - 1] = 1e200;  // too large to be squared, and finite
    ASSERT_TRUE(std::isinf(k.largest_norm(re.data(), im.data(), n)));
  }
}

TEST_P(PortableKernels, RoundingIsToTheNearestAndHalvesToEven) {
  std::vector<double> x{0.0, -0.0, 0.25, 0.5, 1.5, 2.5, 0.75, 0x1p-60};
  for (int bits = 45; bits <= 61; ++bits)
    for (const double offset : {-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5})
      x.push_back(std::ldexp(1.0, bits) + offset);
  x.push_back(0x1p62 - 512);
  for (const auto& v : random_values(1000, 7))
    for (const double scale : {1.0, 0x1p20, 0x1p45, 0x1p52, 0x1p61}) x.push_back(v.real() * scale);
  const std::size_t count = x.size();
  for (std::size_t i = 0; i < count; ++i) x.push_back(-x[i]);
  for (const double factor : {1.0, 0.7, 1.0 / 3}) {
    std::vector<i64> out(x.size());
    k.round_scaled(x.data(), factor, out.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(out[i], static_cast<i64>(std::nearbyint(x[i] * factor))) << x[i] << " * " << factor;
  }
}

TEST_P(PortableKernels, SignedIntegersReduceLikeTheModulus) {
  for (const Modulus& q : moduli())
    for (const int bits : {1, 20, 42, 50, 51, 52, 53, 61, 62}) {
      const i64 top = (i64{1} << bits) - 1;
      std::vector<i64> x{0, 1, -1, top, -top, top / 2, -top / 2};
      for (i64 multiple = static_cast<i64>(q.value()); multiple < top / 4; multiple *= 3)
        for (const i64 near :
             {multiple - 1, multiple, multiple + 1, multiple + static_cast<i64>(q.value() / 2)})
          if (near <= top) x.insert(x.end(), {near, -near});
      for (const u64 w : random_residues(static_cast<u64>(top) + 1, 1003, 8))
        x.insert(x.end(), {static_cast<i64>(w), -static_cast<i64>(w)});
      std::vector<u64> out(x.size());
      k.reduce_signed(q, x.data(), bits, out.data(), x.size());
      for (std::size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(out[i], q.reduce(x[i])) << x[i] << " mod " << q.value() << ", " << bits << " bits";
    }
}

TEST_P(PortableKernels, SmallIntegersReduceLikeTheModulus) {
  std::vector<std::int8_t> x;
  for (int v = -128; v <= 127; ++v) x.push_back(static_cast<std::int8_t>(v));
  x.push_back(-21);
  for (const Modulus& q : moduli()) {
    std::vector<u64> out(x.size());
    k.reduce_small(q, x.data(), out.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(out[i], q.reduce(i64{x[i]})) << int{x[i]} << " mod " << q.value();
  }
}

TEST_P(PortableKernels, UniformWordsBecomeWhatTheSamplerDraws) {
  for (const Modulus& q : moduli())
    for (const std::size_t n : kSizes) {
      std::vector<u64> words(n), expected(n);
      Prng a(Seed(Bytes32{}), n), b(Seed(Bytes32{}), n);
      a.fill(std::span<u64>(words));
      sample_uniform(b, q.value(), expected);
      const std::size_t kept = k.reduce_uniform(q, words.data(), n);
      ASSERT_LE(kept, n);
      ASSERT_TRUE(
          std::equal(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(kept), expected.begin()))
          << q.value();
    }
}

TEST_P(PortableKernels, UniformWordsAtTheEdges) {
  for (const Modulus& q : moduli()) {
    const u64 largest_multiple = ~u64{0} - (~u64{0} % q.value() + 1) % q.value();  // less 1
    std::vector<u64> words, expected;
    for (const u64 w : {u64{0}, u64{1}, q.value() - 1, q.value(), q.value() + 1, largest_multiple - 1,
                        largest_multiple, largest_multiple + 1, ~u64{0}, ~u64{0} - 1, u64{1} << 63,
                        largest_multiple - q.value(), largest_multiple - q.value() + 1, q.value() / 2,
                        (u64{1} << 63) / q.value() * q.value(), (u64{1} << 63) / q.value() * q.value() - 1})
      words.insert(words.end(), 3, w);
    for (const u64 w : words)
      if (w <= largest_multiple) expected.push_back(w % q.value());
    words.resize(k.reduce_uniform(q, words.data(), words.size()));
    ASSERT_EQ(words, expected) << q.value();
  }
}

TEST_P(PortableKernels, ResiduesToDoublesRoundOnce) {
  for (const Modulus& q : moduli())
    for (const std::size_t n : kSizes) {
      auto a = random_residues(q.value(), n + 6, 9);
      for (u64 i = 0; i < 4; ++i) a[2 + i] = std::min(q.value() / 2 + i, q.value() - 1);
      a.erase(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n % 5));
      const double factor = 1 / 3.7e12;
      std::vector<double> out(a.size()), sum(a.size(), 1.0);
      k.centred_to_double(q, a.data(), factor, out.data(), a.size());
      k.add_centred(q, a.data(), factor, sum.data(), a.size());
      for (std::size_t i = 0; i < a.size(); ++i) {
        ASSERT_EQ(out[i], static_cast<double>(q.centre(a[i])) * factor) << a[i] << " mod " << q.value();
        ASSERT_EQ(sum[i], 1.0 + out[i]);
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, PortableKernels,
                         ::testing::ValuesIn(available_targets().begin(), available_targets().end()),
                         [](const auto& at) { return std::string(name(at.param)); });

}  // namespace
}  // namespace cloister
