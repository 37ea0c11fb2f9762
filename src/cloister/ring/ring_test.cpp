#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"
#include "cloister/ring/automorphism.h"
#include "cloister/ring/base_converter.h"
#include "cloister/ring/limb_division.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/ring/uniform.h"

namespace cloister {
namespace {

template <typename A, typename B>
concept Addable = requires(const A& a, const B& b, A& out, const ThreadPool& pool) {
  add(a, b, out, pool);
};
static_assert(Addable<EvaluationPoly, EvaluationPoly>);
static_assert(!Addable<EvaluationPoly, CoefficientPoly>, "domains must not mix");
static_assert(!std::is_copy_constructible_v<EvaluationPoly>);

std::vector<std::uint64_t> chain(double target, int count, std::uint64_t step,
                                 std::vector<std::uint64_t> taken = {}) {
  std::vector<std::uint64_t> out;
  for (int i = 0; i < count; ++i) {
    out.push_back(nearest_prime(target, step, taken));
    taken.push_back(out.back());
  }
  return out;
}

class RingTest : public ::testing::Test {
 protected:
  static constexpr int kLog2Degree = 6;
  std::vector<std::uint64_t> q = chain(0x1p40, 4, 128), p = chain(0x1p45, 2, 128);
  std::shared_ptr<const Ring> ring = Ring::create(kLog2Degree, q, p, scalar_kernels());
  ThreadPool pool{2};
  std::size_t n = ring->degree();

  CoefficientPoly small(const std::vector<std::int64_t>& x, LimbSet limbs) {
    return from_small<Secrecy::kPublic>(ring, limbs, std::span<const std::int64_t>(x), pool);
  }
  std::vector<std::int64_t> random_small(std::uint64_t stream, std::int64_t bound) {
    Prng prng(Seed(Bytes32{}), stream);
    std::vector<std::int64_t> x(n);
    for (auto& v : x)
      v = static_cast<std::int64_t>(prng.next_u64() % (2 * static_cast<std::uint64_t>(bound))) - bound;
    return x;
  }
};

TEST_F(RingTest, RefusesBadPrimes) {
  const std::vector<std::uint64_t> twice{q[0], q[0]}, composite{129 * 128 + 1}, foreign{97};
  EXPECT_THROW(Ring::create(kLog2Degree, twice, {}, scalar_kernels()), ParametersError);
  EXPECT_THROW(Ring::create(kLog2Degree, foreign, {}, scalar_kernels()), ParametersError);
  EXPECT_THROW(Ring::create(2, q, p, scalar_kernels()), ParametersError);
  EXPECT_THROW(Ring::create(kLog2Degree, {}, p, scalar_kernels()), ParametersError);
}

TEST_F(RingTest, AutomorphismActsOnCoefficients) {
  const auto x = random_small(1, 1000);
  for (const std::uint64_t g : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{25}, 2 * n - 1}) {
    std::vector<std::int64_t> expected(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t to = i * g % (2 * n);
      expected[to % n] = to < n ? x[i] : -x[i];
    }
    const auto moved =
        to_coefficient(Automorphism(kLog2Degree, g).apply(to_evaluation(small(x, {3, 2}), pool), pool), pool);
    const auto reference = small(expected, {3, 2});
    for (std::size_t i = 0; i < moved.limbs().count(); ++i)
      for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(moved.limb(i)[j], reference.limb(i)[j]);
  }
  const auto a = to_evaluation(small(random_small(1, 1 << 20), {1, 0}), pool);
  for (const std::uint64_t g : {3u, 5u, 2 * static_cast<unsigned>(n) - 1}) {
    const Automorphism automorphism(kLog2Degree, g);
    const auto expected = automorphism.apply(a, pool);
    std::vector<std::uint64_t> got(n);
    for (std::size_t part = 0; part < kNttParts; ++part)
      automorphism.apply_to_part(ring->kernels(), part, a.limb(0) + part * n / kNttParts, got.data());
    EXPECT_TRUE(std::equal(got.begin(), got.end(), expected.limb(0))) << "by parts, g = " << g;
  }
  EXPECT_THROW(Automorphism(kLog2Degree, 4), ParametersError);
  EXPECT_THROW(Automorphism(kLog2Degree, 2 * n + 1), ParametersError);
}

TEST_F(RingTest, BaseConversionIsCentredAndExact) {
  // Integers well inside (-A/2, A/2), A = q0 q1 q2, known as small signed values times a large one.
  const BaseConverter converter(*ring, {0, 1, 2}, {3, 4, 5});
  const auto x = random_small(2, std::int64_t{1} << 62);
  const auto from = small(x, {3, 0});
  const auto expected = small(x, {4, 2});
  const KernelTable& kernels = ring->kernels();
  const std::size_t size = n / kNttParts;
  const auto values = to_evaluation(from.clone(), pool), wanted = to_evaluation(expected.clone(), pool);
  std::vector<std::uint64_t> heads(3 * n), out(3 * n), got(n);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < kNttParts; ++k)
      kernels.ntt_inverse_head(ring->ntt(i), k, values.limb(i) + k * size, heads.data() + i * n + k * size);
  const std::vector<const std::uint64_t*> in{heads.data(), heads.data() + n, heads.data() + 2 * n};
  converter.convert(*ring, in, std::vector{out.data(), out.data() + n, out.data() + 2 * n}, pool);
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t k = 0; k < kNttParts; ++k)
      kernels.ntt_forward_tail(ring->ntt(3 + t), k, out.data() + t * n + k * size, got.data() + k * size);
    for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(got[j], wanted.limb(3 + t)[j]);
  }
}

// From q0, q1 to q2, p0 and on to q0, q3, with weights first: what comes of the way by way of transforms.
TEST_F(RingTest, BaseConversionGoesOnWithoutTransforms) {
  const BaseConverter::Weights weights{{3, 5}, {7, 11}};
  const BaseConverter first(*ring, {0, 1}, {2, 4}, weights), next(*ring, {2, 4}, {0, 3});
  const KernelTable& kernels = ring->kernels();
  const std::size_t size = n / kNttParts;
  const auto a = expand_uniform(ring, {2, 0}, Seed(Bytes32{}), 3, pool);
  const auto places = [&](std::vector<std::uint64_t>& words) {
    return std::vector{words.data(), words.data() + n};
  };
  const auto sources = [&](std::vector<std::uint64_t>& words) {
    return std::vector<const std::uint64_t*>{words.data(), words.data() + n};
  };
  std::vector<std::uint64_t> heads(2 * n), middle(2 * n), end(2 * n), due_middle(2 * n), due_end(2 * n);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < kNttParts; ++k)
      kernels.ntt_inverse_head(ring->ntt(i), k, a.limb(i) + k * size, heads.data() + i * n + k * size);
  first.convert_on(*ring, sources(heads), places(middle), next, places(end), pool);
  first.convert(*ring, sources(heads), places(due_middle), pool);
  EXPECT_EQ(middle, due_middle);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < kNttParts; ++k) {
      const NttTables& tables = ring->ntt(first.to()[i]);
      std::uint64_t* at = due_middle.data() + i * n + k * size;
      kernels.ntt_forward_tail(tables, k, at, at);
      kernels.ntt_inverse_head(tables, k, at, at);
    }
  next.convert(*ring, sources(due_middle), places(due_end), pool);
  EXPECT_EQ(end, due_end);
}

TEST_F(RingTest, OtherSpecialPrimesShareTables) {
  const auto more = chain(0x1p44, 1, 128, p);
  const std::vector<std::uint64_t> special{p[1], more[0]};
  const auto other = ring->with_special_primes(special);
  EXPECT_EQ(other->q_count(), q.size());
  EXPECT_EQ(other->p_count(), 2u);
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_EQ(&other->ntt(i), &ring->ntt(i));
  EXPECT_EQ(&other->ntt(q.size()), &ring->ntt(q.size() + 1));
  EXPECT_EQ(other->modulus(q.size() + 1).value(), more[0]);
  EXPECT_THROW(ring->with_special_primes(std::vector{q[0]}), ParametersError);
  EXPECT_THROW(ring->with_special_primes(std::vector<std::uint64_t>{97}), ParametersError);
}

// Primes of 60 bits beside others, to moduli below 2^50 and above: every target as the reference.
TEST_F(RingTest, BaseConversionFromWidePrimesIsTheReferences) {
  constexpr int kLog2 = 11;
  const std::size_t degree = std::size_t{1} << kLog2, size = degree / kNttParts;
  const std::uint64_t step = 2 * degree;
  const auto wide = chain(0x1p59, 3, step);
  const auto narrow = chain(0x1p42, 3, step);
  const std::vector<std::uint64_t> primes{wide[0], narrow[0], wide[1], narrow[1], narrow[2], wide[2]};
  std::vector<std::uint64_t> expected;
  for (const Target target : {Target::kScalar, Target::kAvx2, Target::kAvx512, Target::kAvx512Ifma}) {
    if (!std::ranges::count(available_targets(), target) && target != Target::kScalar) continue;
    const auto of_target = Ring::create(kLog2, primes, {}, select_kernels(name(target)));
    const KernelTable& kernels = of_target->kernels();
    const auto a = expand_uniform(of_target, {6, 0}, Seed(Bytes32{}), 3, pool);
    std::vector<std::uint64_t> heads(3 * degree), out(3 * degree), got(3 * degree);
    std::vector<const std::uint64_t*> in;
    std::vector<std::uint64_t*> to;
    for (std::size_t i = 0; i < 3; ++i) {
      in.push_back(heads.data() + i * degree);
      to.push_back(out.data() + i * degree);
      for (std::size_t k = 0; k < kNttParts; ++k)
        kernels.ntt_inverse_head(of_target->ntt(i), k, a.limb(i) + k * size,
                                 heads.data() + i * degree + k * size);
    }
    BaseConverter(*of_target, {0, 1, 2}, {3, 4, 5}).convert(*of_target, in, to, pool);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < kNttParts; ++k)
        kernels.ntt_forward_tail(of_target->ntt(3 + i), k, to[i] + k * size,
                                 got.data() + i * degree + k * size);
    if (expected.empty()) expected = got;
    ASSERT_EQ(got, expected) << name(target);
  }
}

// x = round(x / D) D + remainder, for every way that polynomials are divided: by one limb of Q, by P, by
// both.
TEST_F(RingTest, DivisionByLimbsRoundsToNearest) {
  const std::vector<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> cases{
      {{3}, {0, 1, 2}}, {{4, 5}, {0, 1, 2, 3}}, {{3, 4, 5}, {0, 1, 2}}};
  for (const auto& [divisors, kept] : cases) {
    const LimbDivision division(*ring, divisors, kept);
    // quotient * D + remainder, the remainder small against D.
    const auto quotient = random_small(7, std::int64_t{1} << 40), remainder = random_small(8, 1 << 30);
    auto x = small(quotient, {4, 2});
    const auto rest = small(remainder, {4, 2});
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const Modulus& m = x.modulus(i);
        for (const std::size_t d : divisors)
          x.limb(i)[j] = m.mul(x.limb(i)[j], m.reduce(ring->modulus(d).value()));
        x.limb(i)[j] = m.add(x.limb(i)[j], rest.limb(i)[j]);
      }
    auto a = to_evaluation(std::move(x), pool);
    // Of two polynomials at once, one of them in its own memory.
    const auto same = a.clone();
    auto got = EvaluationPoly::uninitialized(ring, {kept.size(), 0});
    division.apply<2>({&a, &same}, pool,
                      [&](std::size_t part, std::size_t i) { return part == 0 ? a.limb(i) : got.limb(i); });
    for (std::size_t i = 0; i < kept.size(); ++i)
      for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(a.limb(i)[j], got.limb(i)[j]);
    const auto coefficients = to_coefficient(std::move(got), pool);
    const auto expected = small(quotient, {kept.size(), 0});
    for (std::size_t i = 0; i < kept.size(); ++i)
      for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(coefficients.limb(i)[j], expected.limb(i)[j]);
  }
}

TEST_F(RingTest, HigherLevelsAreReadAsPrefixes) {
  const auto x = random_small(3, 1 << 20), y = random_small(4, 1 << 20);
  std::vector<std::int64_t> sum(n);
  for (std::size_t i = 0; i < n; ++i) sum[i] = x[i] + y[i];
  CoefficientPoly out(ring, {2, 0});
  add(small(x, {4, 0}), small(y, {3, 2}), out, pool);
  const auto expected = small(sum, {2, 0});
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(out.limb(i)[j], expected.limb(i)[j]);
  CoefficientPoly wide(ring, {4, 2});
  EXPECT_THROW(add(small(x, {4, 0}), small(y, {4, 2}), wide, pool), InternalError);
}

TEST_F(RingTest, BorrowedResiduesAreReadWhereTheyLie) {
  Prng prng(Seed(Bytes32{}), 9);
  const LimbSet limbs{3, 0};
  const auto a = expand_uniform(ring, limbs, prng.next_seed(), 0, pool);
  auto words = std::make_shared<std::vector<std::uint64_t>>(a.limb(0), a.limb(0) + limbs.count() * n);
  const std::uint64_t* const at = words->data();
  auto moved = EvaluationPoly::borrowed(ring, limbs, words, at);
  words.reset();
  const EvaluationPoly b = std::move(moved);
  EXPECT_EQ(b.limb(2), at + 2 * n);
  EXPECT_EQ(b.limb_of_prime(1), at + n);
  auto due = EvaluationPoly::uninitialized(ring, limbs), sum = EvaluationPoly::uninitialized(ring, limbs);
  add(a, a, due, pool);
  add(a, b, sum, pool);
  EvaluationPoly copy = b.clone();
  copy.limb(0)[0] = b.limb(0)[0] + 1;  // its own
  for (std::size_t i = 0; i < limbs.count(); ++i) {
    EXPECT_TRUE(std::ranges::equal(due.limb_span(i), sum.limb_span(i))) << i;
    EXPECT_EQ(std::ranges::equal(copy.limb_span(i), b.limb_span(i)), i != 0) << i;
  }
}

TEST_F(RingTest, SeededPolynomialsAreNestedAndDiffer) {
  const Seed seed{Bytes32{}};
  const auto wide = expand_uniform(ring, {4, 2}, seed, 1, pool);
  const auto narrow = expand_uniform(ring, {2, 2}, seed, 1, pool);
  const auto other = expand_uniform(ring, {2, 2}, seed, 2, pool);
  const std::vector<std::uint64_t> a(narrow.limb(3), narrow.limb(3) + n), b(wide.limb(5), wide.limb(5) + n),
      c(other.limb(3), other.limb(3) + n);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(UniformLimb, PiecesHoldWhatTheSamplerDraws) {
  // Of the first prime one word in sixteen is drawn again, of the second about none.
  const std::size_t n = 8192;
  const std::vector<std::uint64_t> primes{nearest_prime(0.6 * 0x1p60, 2 * n, {}),
                                          nearest_prime(0x1p45, 2 * n, {})};
  const Seed seed{Bytes32{}};
  for (const Target target : available_targets()) {
    const auto ring = Ring::create(13, primes, {}, select_kernels(name(target)));
    for (std::size_t prime = 0; prime < primes.size(); ++prime) {
      std::vector<std::uint64_t> expected(n), got(n);
      Prng prng(seed, 7 << 16 | prime);
      sample_uniform(prng, primes[prime], expected);
      for (const std::size_t piece : {n, std::size_t{1024}, std::size_t{777}}) {
        UniformLimb limb(*ring, prime, seed, 7);
        for (std::size_t start = 0; start < n; start += piece)
          limb.next(std::span(got).subspan(start, std::min(piece, n - start)));
        EXPECT_EQ(got, expected) << name(target) << ", pieces of " << piece;
      }
    }
  }
}

}  // namespace
}  // namespace cloister
