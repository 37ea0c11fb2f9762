// What every target must compute, against the mathematics: evaluation, schoolbook products, Modulus.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/kernels/testing/residues.h"
#include "cloister/math/primes.h"

namespace cloister {
namespace {

struct Case {
  Target target;
  int log2_degree;
  int modulus_bits;
};

class Kernels : public ::testing::TestWithParam<Case> {
 protected:
  const KernelTable& k = select_kernels(name(GetParam().target));
  const std::size_t n = std::size_t{1} << GetParam().log2_degree;
  const Modulus q{nearest_prime(std::ldexp(1.0, GetParam().modulus_bits) * 0.99, 2 * n, {})};
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

class SmallDegreeKernels : public Kernels {};

TEST_P(SmallDegreeKernels, ProductIsSchoolbookNegacyclic) {
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

std::vector<Case> cases(const std::vector<int>& log2_degrees) {
  std::vector<Case> out;
  for (const Target target : available_targets())
    for (const int log2_degree : log2_degrees)
      for (const int bits : {30, 45, 48, 50, 60}) out.push_back({target, log2_degree, bits});
  return out;
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  return std::string(name(info.param.target)) + "_N" + std::to_string(1 << info.param.log2_degree) + "_" +
         std::to_string(info.param.modulus_bits) + "bit";
}

INSTANTIATE_TEST_SUITE_P(Targets, Kernels, ::testing::ValuesIn(cases({3, 8, 11, 15})), case_name);
INSTANTIATE_TEST_SUITE_P(Targets, SmallDegreeKernels, ::testing::ValuesIn(cases({3, 5, 7, 8, 9})), case_name);

TEST(SelectKernels, NamesAndRefusals) {
  for (const Target target : available_targets()) EXPECT_EQ(select_kernels(name(target)).target, target);
  EXPECT_EQ(select_kernels().target, available_targets().front());
  EXPECT_EQ(available_targets().back(), Target::kScalar);
  // What can run is the tail of what is built that starts with the first target whose features are all there.
  const auto built = built_targets(), available = available_targets();
  EXPECT_TRUE(std::ranges::equal(built.last(available.size()), available));
  const bool all = std::ranges::all_of(cpu_features(), &CpuFeature::present);
  EXPECT_EQ(all, available.size() == built.size());
  EXPECT_THROW(select_kernels("quantum"), ParametersError);
}

}  // namespace
}  // namespace cloister
