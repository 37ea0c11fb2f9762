#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"

namespace cloister {
namespace {

std::vector<std::uint64_t> random_residues(std::uint64_t q, std::size_t n, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  std::vector<std::uint64_t> x(n);
  sample_uniform(prng, q, x);
  x[0] = 0;
  x[1] = q - 1;
  return x;
}

class Kernels : public ::testing::TestWithParam<std::tuple<Target, int, int>> {
 protected:
  const KernelTable& k = select_kernels(name(std::get<0>(GetParam())));
  const std::size_t n = std::size_t{1} << std::get<1>(GetParam());
  const Modulus q{nearest_prime(std::ldexp(1.0, std::get<2>(GetParam())) * 0.99, 2 * n, {})};
};

TEST_P(Kernels, ForwardEvaluatesAtOddPowersOfTheRoot) {
  const NttTables tables(n, q);
  const auto a = random_residues(q.value(), n, 1);
  auto x = a;
  k.ntt_forward(tables, x.data());
  const std::uint64_t psi = primitive_root(q.value(), 2 * n);
  const int bits = std::countr_zero(n);
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, n / 2 + 1, n - 1}) {
    const std::uint64_t point = q.pow(psi, 2 * reverse_bits(i, bits) + 1);
    std::uint64_t value = 0;
    for (std::size_t j = n; j-- > 0;) value = q.add(q.mul(value, point), a[j]);
    EXPECT_EQ(x[i], value);
  }
}

TEST_P(Kernels, InverseUndoesForward) {
  const NttTables tables(n, q);
  for (const auto& a : {random_residues(q.value(), n, 2), std::vector<std::uint64_t>(n, q.value() - 1),
                        std::vector<std::uint64_t>(n, 0)}) {
    auto x = a;
    k.ntt_forward(tables, x.data());
    for (const auto v : x) ASSERT_LT(v, q.value());
    k.ntt_inverse(tables, x.data());
    EXPECT_EQ(x, a);
  }
}

TEST_P(Kernels, ProductIsSchoolbookNegacyclic) {
  if (n > 512) GTEST_SKIP() << "schoolbook is for small degrees";
  const NttTables tables(n, q);
  const auto a = random_residues(q.value(), n, 3), b = random_residues(q.value(), n, 4);
  std::vector<std::uint64_t> expected(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const std::uint64_t product = q.mul(a[i], b[j]);
      std::uint64_t& e = expected[(i + j) % n];
      e = i + j < n ? q.add(e, product) : q.sub(e, product);
    }
  auto x = a, y = b;
  k.ntt_forward(tables, x.data());
  k.ntt_forward(tables, y.data());
  k.mul(q, x.data(), y.data(), x.data(), n);
  k.ntt_inverse(tables, x.data());
  EXPECT_EQ(x, expected);
}

TEST_P(Kernels, PointwiseAgreeWithModulus) {
  const auto a = random_residues(q.value(), n, 5), b = random_residues(q.value(), n, 6);
  const auto c = random_residues(q.value(), n, 7);
  const ShoupFactor w(c[2], q);
  const std::array<const std::uint64_t*, 3> left{a.data(), b.data(), c.data()};
  const std::array<const std::uint64_t*, 3> right{b.data(), c.data(), a.data()};
  const std::array<std::uint64_t, 3> constants{c[3], c[4], q.value() - 1};
  std::vector<std::uint64_t> sum(n), difference(n), negated(n), product(n), fused(c), scaled(n), tail(n),
      dots(n), converted(n);
  k.add(q, a.data(), b.data(), sum.data(), n);
  k.sub(q, a.data(), b.data(), difference.data(), n);
  k.negate(q, a.data(), negated.data(), n);
  k.mul(q, a.data(), b.data(), product.data(), n);
  k.mul_add(q, a.data(), b.data(), fused.data(), n);
  k.mul_scalar(q, a.data(), w, scaled.data(), n);
  k.sub_mul_scalar(q, a.data(), b.data(), w, tail.data(), n);
  k.dot(q, left.data(), right.data(), 3, dots.data(), n);
  k.dot_constants(q, left.data(), constants.data(), 3, q.bits(), converted.data(), n);
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_EQ(sum[i], q.add(a[i], b[i]));
    ASSERT_EQ(difference[i], q.sub(a[i], b[i]));
    ASSERT_EQ(negated[i], q.negate(a[i]));
    ASSERT_EQ(product[i], q.mul(a[i], b[i]));
    ASSERT_EQ(fused[i], q.add(c[i], q.mul(a[i], b[i])));
    ASSERT_EQ(scaled[i], q.mul(a[i], c[2]));
    ASSERT_EQ(tail[i], q.mul(q.sub(a[i], b[i]), c[2]));
    ASSERT_EQ(dots[i], q.add(q.add(q.mul(a[i], b[i]), q.mul(b[i], c[i])), q.mul(c[i], a[i])));
    ASSERT_EQ(converted[i], q.sub(q.add(q.mul(a[i], constants[0]), q.mul(b[i], constants[1])), c[i]));
  }
}

TEST_P(Kernels, DotTakesManyLargestTerms) {
  const std::size_t terms = 256;
  const std::vector<std::uint64_t> a(n, q.value() - 1);
  const std::vector<const std::uint64_t*> rows(terms, a.data());
  std::vector<std::uint64_t> out(n);
  k.dot(q, rows.data(), rows.data(), terms, out.data(), n);
  for (const auto v : out) ASSERT_EQ(v, terms % q.value());  // (-1)(-1) each
}

TEST_P(Kernels, QuotientPermutationAndModulusChange) {
  const auto a = random_residues(q.value(), n, 8);
  const std::array<const std::uint64_t*, 2> rows{a.data(), a.data()};
  const double r = 1.0 / static_cast<double>(q.value());
  const std::array<double, 2> reciprocals{r, r};
  std::vector<std::uint64_t> quotient(n), permuted(n), changed(n);
  k.round_quotient(rows.data(), reciprocals.data(), 2, quotient.data(), n);
  std::vector<std::uint32_t> map(n);
  for (std::size_t i = 0; i < n; ++i) map[i] = static_cast<std::uint32_t>((i * 5 + 3) % n);
  k.permute(a.data(), map.data(), permuted.data(), n);
  const Modulus other(nearest_prime(0x1p31, 2 * n, {}));
  k.change_modulus(q, other, a.data(), changed.data(), n);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = static_cast<double>(a[i]) * r;
    ASSERT_EQ(quotient[i], static_cast<std::uint64_t>(0.5 + x + x));
    ASSERT_EQ(permuted[i], a[(i * 5 + 3) % n]);
    ASSERT_EQ(changed[i], other.reduce(q.centre(a[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Kernels,
                         ::testing::Combine(::testing::ValuesIn(available_targets().begin(),
                                                                available_targets().end()),
                                            ::testing::Values(3, 8, 11, 15), ::testing::Values(30, 45, 60)));

TEST(SelectKernels, NamesAndRefusals) {
  EXPECT_EQ(select_kernels("scalar").target, Target::kScalar);
  EXPECT_NO_THROW(select_kernels());
  EXPECT_THROW(select_kernels("quantum"), ParametersError);
}

}  // namespace
}  // namespace cloister
