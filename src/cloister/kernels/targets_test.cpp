// Every target against the reference, bit for bit, where its own arithmetic is at an edge: primes on both
// sides of each of its bounds, largest and smallest residues, all degrees, most terms.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/kernels/testing/residues.h"
#include "cloister/math/primes.h"

namespace cloister {
namespace {

using u64 = std::uint64_t;

// The largest prime below `bound`, or the smallest above it, that is 1 modulo `step`.
u64 prime_below(u64 bound, u64 step) {
  u64 candidate = (bound - 2) / step * step + 1;
  while (!is_prime(candidate)) candidate -= step;
  return candidate;
}
u64 prime_above(u64 bound, u64 step) {
  u64 candidate = bound / step * step + 1 + step;
  while (!is_prime(candidate)) candidate += step;
  return candidate;
}

// Up to which q so many layers of double precision take place between reductions: a bound of 3q/2 after the
// first, B + (q/2)(1 + B/2^52) after the next, and 2^52 for all.
u64 largest_lazy_modulus(u64 layers) {
  double lower = 0x1p40, upper = 0x1p52;
  while (upper - lower > 1) {
    const double q = (lower + upper) / 2;
    double bound = 1.5 * q;
    for (u64 layer = 1; layer < layers; ++layer) bound += q / 2 * (1 + bound / 0x1p52);
    (bound <= 0x1p52 ? lower : upper) = q;
  }
  return static_cast<u64>(lower);
}

// Primes next to every bound at which a kernel changes its way: powers of two; 2^52 over the ranges of 1 to
// 17 lazy layers of 52-bit integers, and of 1 to 4 between reductions; the same for double precision.
std::vector<u64> edge_primes(std::size_t n) {
  std::vector<u64> bounds;
  for (const int bits : {30, 44, 45, 46, 47, 48, 49, 50, 52}) bounds.push_back(u64{1} << bits);
  for (const u64 range : {6, 10}) bounds.push_back((u64{1} << 52) / range);
  for (u64 layers = 3; layers <= 17; ++layers)
    for (const u64 start : {1, 2}) bounds.push_back((u64{1} << 52) / (4 * layers + start));
  for (u64 layers = 4; layers <= 17; ++layers) bounds.push_back(largest_lazy_modulus(layers));
  std::vector<u64> primes{prime_below((u64{1} << 60) - 1, 2 * n)};
  for (const u64 bound : bounds) {
    primes.push_back(prime_below(bound, 2 * n));
    primes.push_back(prime_above(bound, 2 * n));
  }
  return primes;
}

// Those, and the smallest moduli, which need not be primes.
std::vector<u64> edge_moduli() {
  auto moduli = edge_primes(128);
  moduli.insert(moduli.end(), {2, 3, 4, 5, 8, 257, 65536});
  return moduli;
}

// Random residues, all the largest, all zero, and the largest alternating with zero at every distance.
std::vector<std::vector<u64>> edge_inputs(u64 q, std::size_t n) {
  std::vector<std::vector<u64>> out{random_residues(q, n, n), std::vector<u64>(n, q - 1),
                                    std::vector<u64>(n, 0)};
  for (const std::size_t distance : {std::size_t{1}, std::size_t{4}, std::size_t{16}, n / 2}) {
    out.emplace_back(n);
    for (std::size_t i = 0; i < n; ++i) out.back()[i] = (i / distance) % 2 != 0 ? q - 1 : 0;
  }
  return out;
}

struct Case {
  Target target;
  int log2_degree;
};

class Transforms : public ::testing::TestWithParam<Case> {
 protected:
  const KernelTable& k = select_kernels(name(GetParam().target));
  const std::size_t n = std::size_t{1} << GetParam().log2_degree;
};

TEST_P(Transforms, EqualTheReferenceAtEveryBound) {
  auto primes = edge_primes(n);
  if (n > 4096)
    primes.resize(23);  // the bounds of every degree; those of all numbers of layers for small ones
  const int all = GetParam().log2_degree;
  const u64 whole =
      (u64{1} << 52) / static_cast<u64>(4 * all + 1);  // up to here the transform is lazy as a whole
  primes.push_back(prime_below(whole, 2 * n));
  primes.push_back(prime_above(whole, 2 * n));
  for (const u64 prime : primes) {
    const Modulus q(prime);
    const NttTables tables(n, q);
    auto inputs = edge_inputs(prime, n);
    if (n > 32768) inputs.resize(2);
    for (const auto& input : inputs) {
      auto expected = input, got = input;
      scalar_kernels().ntt_forward(tables, expected.data(), expected.data());
      k.ntt_forward(tables, got.data(), got.data());
      ASSERT_EQ(got, expected) << "forward, q = " << prime;
      std::vector<u64> elsewhere(n);
      k.ntt_forward(tables, input.data(), elsewhere.data());
      ASSERT_EQ(elsewhere, expected) << "forward, out of place, q = " << prime;
      k.ntt_inverse(tables, elsewhere.data(), got.data());
      ASSERT_EQ(got, input) << "inverse, out of place, q = " << prime;
      expected = got = input;
      scalar_kernels().ntt_inverse(tables, expected.data(), expected.data());
      k.ntt_inverse(tables, got.data(), got.data());
      ASSERT_EQ(got, expected) << "inverse, q = " << prime;
    }
  }
}

// Head and tail, some columns at a time and out of place, are the whole; the head's input stays as it is.
TEST_P(Transforms, InTwoAreTheWhole) {
  const std::size_t distance = n / kNttParts;
  if (distance == 0) return;
  auto primes = edge_primes(n);
  if (n > 4096) primes.resize(15);
  for (const u64 prime : primes) {
    const Modulus q(prime);
    const NttTables tables(n, q);
    for (const auto& input : {random_residues(prime, n, 21), std::vector<u64>(n, prime - 1)}) {
      std::vector<u64> expected(n), between(n), got(n);
      const std::size_t step = std::min<std::size_t>(distance, distance > 64 ? 48 : 8);
      std::vector<u64> block(kNttParts * step);
      scalar_kernels().ntt_forward(tables, input.data(), expected.data());
      for (std::size_t j = 0; j < distance; j += step) {
        const std::size_t columns = std::min(step, distance - j);
        k.ntt_forward_head(tables, input.data() + j, distance, block.data(), step, columns);
        for (std::size_t i = 0; i < kNttParts; ++i)
          std::copy_n(block.data() + i * step, columns, between.data() + i * distance + j);
      }
      for (std::size_t i = 0; i < kNttParts; ++i)
        k.ntt_forward_tail(tables, i, between.data() + i * distance, got.data() + i * distance);
      ASSERT_EQ(got, expected) << "forward, q = " << prime;
      for (std::size_t i = 0; i < kNttParts; ++i)
        k.ntt_inverse_head(tables, i, got.data() + i * distance, between.data() + i * distance);
      for (std::size_t j = 0; j < distance; j += step) {
        const std::size_t columns = std::min(step, distance - j);
        k.ntt_inverse_tail(tables, between.data() + j, distance, block.data(), step, columns);
        for (std::size_t i = 0; i < kNttParts; ++i)
          std::copy_n(block.data() + i * step, columns, got.data() + i * distance + j);
      }
      ASSERT_EQ(got, input) << "inverse, q = " << prime;
    }
  }
}

// Sums that enter a transform at their own bound, in registers, at each modulus's edges.
TEST_P(Transforms, OfSumsEqualTheTransformOfTheReferencesSums) {
  const std::size_t distance = n / kNttParts;
  if (distance < 8 || n > 4096) return;
  const std::size_t columns = distance < 64 ? 8 : 40;
  for (const u64 prime : edge_primes(n)) {
    const Modulus q(prime);
    const NttTables tables(n, q);
    for (const std::size_t terms : {2, 5, 9, 40, 256})
      for (const int bits : {47, 52, 60}) {
        const u64 top = (u64{1} << bits) - 1;
        const auto random = random_residues(top, n, terms);
        const std::vector<u64> largest(n, top), most(terms, prime - 1);
        for (const bool all : {false, true}) {
          std::vector<const u64*> rows(terms, largest.data());
          auto constants = all ? most : random_residues(prime, terms, 31);
          if (!all) rows[terms / 2] = random.data();
          std::vector<u64> sum(n), between(n), expected(n), got(n);
          scalar_kernels().dot_constants(q, rows.data(), constants.data(), terms, bits, sum.data(), n);
          scalar_kernels().ntt_forward(tables, sum.data(), expected.data());
          for (std::size_t j = 0; j < distance; j += columns) {
            const std::size_t count = std::min(columns, distance - j);
            // The block's columns of each stream, one stream behind the other.
            std::vector<std::vector<u64>> blocks;
            std::vector<const u64*> block_rows;
            for (const u64* row : rows) {
              auto& block = blocks.emplace_back(kNttParts * count);
              for (std::size_t i = 0; i < kNttParts; ++i)
                std::copy_n(row + i * distance + j, count, block.data() + i * count);
              block_rows.push_back(block.data());
            }
            k.dot_constants_head(tables, block_rows.data(), constants.data(), terms, bits, between.data() + j,
                                 distance, count);
          }
          for (std::size_t i = 0; i < kNttParts; ++i)
            k.ntt_forward_tail(tables, i, between.data() + i * distance, got.data() + i * distance);
          ASSERT_EQ(got, expected) << "q = " << prime << ", " << terms << " terms of " << bits << " bits";
        }
      }
  }
}

class Pointwise : public ::testing::TestWithParam<Target> {
 protected:
  // Runs `call(kernels, out)` for the target and the reference, `out` starting as `before`.
  template <typename Call>
  void expect_equal(const std::vector<u64>& before, const char* what, u64 prime, const Call& call) {
    auto expected = before, got = before;
    call(scalar_kernels(), expected.data());
    call(k, got.data());
    ASSERT_EQ(got, expected) << what << ", q = " << prime << ", n = " << before.size();
  }

  const KernelTable& k = select_kernels(name(GetParam()));
};

TEST_P(Pointwise, ResidueByResidueEqualsTheReference) {
  for (const std::size_t n : {std::size_t{8}, std::size_t{13}, std::size_t{40}, std::size_t{256}})
    for (const u64 prime : edge_moduli()) {
      const Modulus q(prime);
      const auto random = random_residues(prime, n, 9);
      for (const auto& a : edge_inputs(prime, n))
        for (const auto& b : {random, std::vector<u64>(n, prime - 1), std::vector<u64>(n, 0)}) {
          for (const u64 factor : {u64{0}, u64{1}, random[5], prime - 1}) {
            const ShoupFactor w(factor, q);
            expect_equal(a, "mul_scalar", prime,
                         [&](const KernelTable& t, u64* out) { t.mul_scalar(q, out, w, out, n); });
            expect_equal(a, "sub_mul_scalar", prime, [&](const KernelTable& t, u64* out) {
              t.sub_mul_scalar(q, out, b.data(), w, out, n);
            });
          }
          // In place: the first operand is also the output.
          expect_equal(a, "add", prime,
                       [&](const KernelTable& t, u64* out) { t.add(q, out, b.data(), out, n); });
          expect_equal(a, "sub", prime,
                       [&](const KernelTable& t, u64* out) { t.sub(q, out, b.data(), out, n); });
          expect_equal(a, "negate", prime, [&](const KernelTable& t, u64* out) { t.negate(q, out, out, n); });
          expect_equal(a, "mul", prime,
                       [&](const KernelTable& t, u64* out) { t.mul(q, out, b.data(), out, n); });
          expect_equal(random, "mul_add", prime,
                       [&](const KernelTable& t, u64* out) { t.mul_add(q, a.data(), b.data(), out, n); });
          expect_equal(b, "mul_add", prime,
                       [&](const KernelTable& t, u64* out) { t.mul_add(q, a.data(), a.data(), out, n); });
        }
    }
}

TEST_P(Pointwise, InnerProductsEqualTheReference) {
  const std::size_t n = 40;  // whole and single steps of the vector loops
  for (const u64 prime : edge_moduli()) {
    const Modulus q(prime);
    const std::vector<u64> largest(n, prime - 1);
    const auto x = random_residues(prime, n, 10), y = random_residues(prime, n, 11);
    for (const std::size_t terms : {1, 2, 3, 5, 6, 7, 12, 13, 15, 16, 17, 24, 25, 49, 97, 193, 256}) {
      const std::vector<const u64*> most(terms, largest.data());
      std::vector<const u64*> left(terms, x.data()), right(terms, y.data());
      left[0] = right[terms / 2] = largest.data();
      const std::vector<u64> out(n);
      const std::vector<u64> both(2 * n);
      expect_equal(both, "dot_pair", prime, [&](const KernelTable& t, u64* to) {
        t.dot_pair(q, most.data(), most.data(), right.data(), terms, to, to + n, n);
      });
      expect_equal(both, "dot_pair", prime, [&](const KernelTable& t, u64* to) {
        t.dot_pair(q, left.data(), right.data(), left.data(), terms, to, to + n, n);
      });
      for (const std::size_t run : {1, 4, 8, 16, 64, 4096})
        expect_equal(both, "dot_pair_repeated", prime, [&](const KernelTable& t, u64* to) {
          t.dot_pair_repeated(q, left.data(), run, right.data(), left.data(), terms, to, to + n, n);
        });
      for (const int bits : {30, 45, 50, 51, 52, 53, 60}) {
        const u64 top = (u64{1} << bits) - 1;
        const std::vector<u64> wide(n, top);
        const auto random = random_residues(top, n, 12);
        std::vector<const u64*> rows(terms, wide.data());
        std::vector<u64> constants(terms, prime - 1);
        expect_equal(out, "dot_constants", prime, [&](const KernelTable& t, u64* to) {
          t.dot_constants(q, rows.data(), constants.data(), terms, bits, to, n);
        });
        for (std::size_t i = 0; i < terms; i += 2) rows[i] = random.data(), constants[i] = y[i % n];
        expect_equal(out, "dot_constants", prime, [&](const KernelTable& t, u64* to) {
          t.dot_constants(q, rows.data(), constants.data(), terms, bits, to, n);
        });
      }
    }
  }
}

TEST_P(Pointwise, ChangesOfModulusEqualTheReference) {
  const std::size_t n = 64;
  const auto moduli = edge_moduli();
  for (const u64 from : moduli)
    for (const u64 to : moduli) {
      auto a = random_residues(from, n, 13);
      a[2] = from / 2;
      a[3] = from / 2 + 1;
      expect_equal(a, "change_modulus", to, [&](const KernelTable& t, u64* out) {
        t.change_modulus(Modulus(from), Modulus(to), out, out, n);
      });
    }
}

TEST_P(Pointwise, QuotientsRoundLikeTheReference) {
  const std::size_t n = 1024;
  for (const u64 prime : edge_primes(128)) {
    const auto x = random_residues(prime, n, 14), y = random_residues(prime, n, 15);
    const std::vector<u64> middle(n, prime / 2);  // sums near a half, where the order of roundings shows
    for (const std::size_t terms : {1, 2, 7, 30}) {
      std::vector<const u64*> rows(terms, x.data());
      rows.back() = y.data();
      rows[terms / 2] = middle.data();
      const std::vector<double> reciprocals(terms, 1.0 / static_cast<double>(prime));
      expect_equal(std::vector<u64>(n), "round_quotient", prime, [&](const KernelTable& t, u64* out) {
        t.round_quotient(rows.data(), reciprocals.data(), terms, out, n);
      });
    }
  }
}

// Integers of all sizes to doubles and back, next to every power of two.
TEST_P(Pointwise, QuotientsOfAllSizesEqualTheReference) {
  std::vector<u64> a;
  for (int bits = 2; bits < 63; ++bits)
    for (const int near : {-3, -1, 0, 1}) a.push_back((u64{1} << bits) + static_cast<u64>(near));
  a.resize(a.size() / 8 * 8);
  const u64* row = a.data();
  for (const double factor : {1.0, 0.5, 0.75, 0x1p-11, 1 / 3.0})
    expect_equal(std::vector<u64>(a.size()), "round_quotient", 0,
                 [&](const KernelTable& t, u64* out) { t.round_quotient(&row, &factor, 1, out, a.size()); });
}

TEST_P(Pointwise, PermutationsEqualTheReference) {
  for (const std::size_t n : {std::size_t{8}, std::size_t{13}, std::size_t{1024}}) {
    const auto a = random_residues(u64{1} << 60, n, 16);
    std::vector<std::uint32_t> scattered(n), blocks(n);
    for (std::size_t i = 0; i < n; ++i) {
      scattered[i] = static_cast<std::uint32_t>((i * 5 + 3) % n);
      const std::size_t within =
          i / 8 * 8 + (i % 8 * 3 + i / 8) % 8;  // eight aligned values among themselves
      blocks[i] = static_cast<std::uint32_t>(n % 8 == 0 ? n - 1 - within : i);
    }
    for (const auto& map : {scattered, blocks})
      expect_equal(std::vector<u64>(n), "permute", 0,
                   [&](const KernelTable& t, u64* out) { t.permute(a.data(), map.data(), out, n); });
  }
}

std::vector<Target> vector_targets() {
  std::vector<Target> out;
  for (const Target target : available_targets())
    if (target != Target::kScalar) out.push_back(target);
  return out;
}

std::vector<Case> transform_cases() {
  std::vector<Case> out;
  for (const Target target : vector_targets())
    for (int log2_degree = 3; log2_degree <= 17; ++log2_degree) out.push_back({target, log2_degree});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Targets, Transforms, ::testing::ValuesIn(transform_cases()), [](const auto& at) {
  return std::string(name(at.param.target)) + "_N" + std::to_string(1 << at.param.log2_degree);
});
INSTANTIATE_TEST_SUITE_P(Targets, Pointwise, ::testing::ValuesIn(vector_targets()),
                         [](const auto& at) { return std::string(name(at.param)); });
// A CPU without any of the targets has nothing to compare.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Transforms);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Pointwise);

}  // namespace
}  // namespace cloister
