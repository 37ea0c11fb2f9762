// Every target against GMP, bit for bit.
#include "cloister/paillier/internal/modular_arithmetic.h"

#include <gtest/gtest.h>

#include <string>

#include "cloister/base/error.h"
#include "cloister/kernels/square_kernels.h"
#include "cloister/math/big_integer.h"
#include "cloister/paillier/internal/gmp_arithmetic.h"
#include "cloister/paillier/internal/lane_fixed_base.h"
#include "cloister/random/prng.h"

namespace cloister::paillier::internal {
namespace {

using Limbs = std::vector<std::uint64_t>;

Limbs random_limbs(std::size_t count, std::uint64_t stream) {
  Limbs out(count);
  Prng(Seed(Bytes32{7}), stream).fill(out);
  return out;
}

/// Odd numbers that fill their limbs: a random one, the largest and the smallest.
std::vector<Limbs> roots(std::size_t limbs) {
  Limbs random = random_limbs(limbs, limbs), largest(limbs, ~std::uint64_t{0}), smallest(limbs);
  random.front() |= 1;
  random.back() |= std::uint64_t{1} << 63;
  smallest.front() = 1;
  smallest.back() = std::uint64_t{1} << 63;
  return {random, largest, smallest};
}

Limbs to_limbs(const BigInteger& value, std::size_t count) {
  Limbs out(count);
  value.to_limbs(out);
  return out;
}

/// Residues modulo n^2 that carry, borrow and vanish in one half or both, and random ones.
std::vector<Limbs> edge_residues(const BigInteger& n, std::size_t limbs) {
  const BigInteger one(1), square = n * n;
  const std::size_t bits = square.bit_length();
  std::vector<BigInteger> values;
  values.emplace_back(0);
  values.emplace_back(1);
  values.push_back(n - one);
  values.push_back(n.clone());
  values.push_back(n + one);
  values.push_back(square - one);
  values.push_back(square - n);
  values.push_back(BigInteger::power_of_two(bits - 1) - one);  // every bit, so every digit's carry
  values.push_back(BigInteger::power_of_two(bits / 2) - one);
  values.push_back(BigInteger::power_of_two(bits - 1));
  for (std::uint64_t i = 0; i < 3; ++i)
    values.push_back(BigInteger::from_limbs(random_limbs(limbs, 100 + i)).mod(square));
  std::vector<Limbs> out;
  out.reserve(values.size());
  for (const BigInteger& value : values) out.push_back(to_limbs(value.mod(square), limbs));
  return out;
}

Limbs joined(const std::vector<Limbs>& parts) {
  Limbs out;
  for (const Limbs& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

struct Case {
  Target target;
  std::size_t root_bits;
};

class PaillierArithmetic : public testing::TestWithParam<Case> {
 protected:
  std::size_t half() const { return GetParam().root_bits / 64; }
  std::size_t limbs() const { return 2 * half(); }

  /// Calls body(reference, fast, n) for each modulus.
  template <typename Body>
  void for_roots(const Body& body) {
    for (const Limbs& root : roots(half())) {
      const GmpArithmetic reference(root);
      const auto fast = make_modular_arithmetic(root, name(GetParam().target));
      ASSERT_EQ(fast->limbs(), limbs());
      body(reference, *fast, BigInteger::from_limbs(root));
    }
  }
};

TEST_P(PaillierArithmetic, ProductsOfEdgesEqualGmps) {
  for_roots([&](const ModularArithmetic& reference, const ModularArithmetic& fast, const BigInteger& n) {
    const auto values = edge_residues(n, limbs());
    std::vector<Limbs> left, right;
    for (const Limbs& a : values)
      for (const Limbs& b : values) {
        left.push_back(a);
        right.push_back(b);
      }
    const Limbs a = joined(left), b = joined(right);
    Limbs expected(a.size()), got(a.size());
    reference.multiply(a.data(), b.data(), expected.data(), left.size());
    fast.multiply(a.data(), b.data(), got.data(), left.size());
    ASSERT_EQ(got, expected);
    got = a;  // the output is an input
    fast.multiply(got.data(), b.data(), got.data(), left.size());
    ASSERT_EQ(got, expected);
  });
}

TEST_P(PaillierArithmetic, AddedClearNumbersEqualGmps) {
  for_roots([&](const ModularArithmetic& reference, const ModularArithmetic& fast, const BigInteger& n) {
    std::vector<Limbs> left, right;
    for (const Limbs& a : edge_residues(n, limbs()))
      for (const BigInteger& m : {BigInteger(0), BigInteger(1), n - BigInteger(1), n >> 1,
                                  BigInteger::from_limbs(random_limbs(half(), 5)).mod(n)}) {
        left.push_back(a);
        right.push_back(to_limbs(m, half()));
      }
    const Limbs a = joined(left), m = joined(right);
    Limbs expected(a.size()), got = a;
    reference.add_clear(a.data(), m.data(), expected.data(), left.size());
    fast.add_clear(got.data(), m.data(), got.data(), left.size());
    ASSERT_EQ(got, expected);
  });
}

TEST_P(PaillierArithmetic, SecretPowersEqualGmps) {
  for_roots([&](const ModularArithmetic& reference, const ModularArithmetic& fast, const BigInteger& n) {
    // Bases as long as the modulus, and twice as long as it: ciphertexts modulo a factor's square.
    std::vector<Limbs> wide{random_limbs(2 * limbs(), 1), Limbs(2 * limbs(), ~std::uint64_t{0}),
                            to_limbs(n * n, 2 * limbs()), to_limbs(BigInteger(1), 2 * limbs())};
    auto values = edge_residues(n, limbs());
    values.erase(values.begin());  // no base is 0
    for (const Limbs& exponent : {random_limbs(2, 2), Limbs(1, ~std::uint64_t{0}), Limbs{1, 0}})
      for (const auto& bases : {values, wide}) {
        const Limbs base = joined(bases);
        Limbs expected(bases.size() * limbs()), got(expected.size());
        reference.power(base.data(), bases.front().size(), exponent, expected.data(), bases.size());
        fast.power(base.data(), bases.front().size(), exponent, got.data(), bases.size());
        ASSERT_EQ(got, expected);
      }
  });
}

TEST_P(PaillierArithmetic, PublicPowersEqualGmpsForAnyCount) {
  for_roots([&](const ModularArithmetic& reference, const ModularArithmetic& fast, const BigInteger& n) {
    const auto values = edge_residues(n, limbs());
    const Limbs bases = joined(values);
    const Limbs all{0,
                    1,
                    2,
                    3,
                    15,
                    16,
                    255,
                    std::uint64_t{1} << 52,
                    (std::uint64_t{1} << 53) - 1,
                    std::uint64_t{1} << 63,
                    ~std::uint64_t{0},
                    0x5555555555555555,
                    77};
    ASSERT_EQ(all.size(), values.size());
    for (const std::size_t count : {std::size_t{1}, std::size_t{7}, std::size_t{8}, all.size()}) {
      Limbs expected(count * limbs()), got(count * limbs());
      reference.power_vartime(bases.data(), all.data(), expected.data(), count);
      fast.power_vartime(bases.data(), all.data(), got.data(), count);
      ASSERT_EQ(got, expected);
    }
    for (const std::uint64_t same : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{6}}) {
      const Limbs exponents(values.size(), same);
      Limbs expected(bases.size()), got(bases.size());
      reference.power_vartime(bases.data(), exponents.data(), expected.data(), values.size());
      fast.power_vartime(bases.data(), exponents.data(), got.data(), values.size());
      ASSERT_EQ(got, expected) << same;
    }
  });
}

TEST_P(PaillierArithmetic, InversesEqualGmps) {
  for_roots([&](const ModularArithmetic& reference, const ModularArithmetic& fast, const BigInteger& n) {
    std::vector<Limbs> values;
    for (const Limbs& value : edge_residues(n, limbs()))
      if (gcd_vartime(BigInteger::from_limbs(value), n) == BigInteger(1)) values.push_back(value);
    ASSERT_GT(values.size(), 4u);
    while (values.size() < 19) values.push_back(values[values.size() - 3]);
    for (const std::size_t count : {0, 1, 8, 9, 19}) {
      const Limbs a = joined({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)});
      Limbs expected(a.size()), got = a;
      reference.invert_vartime(a.data(), expected.data(), count);
      fast.invert_vartime(got.data(), got.data(), count);
      ASSERT_EQ(got, expected);
    }
    values[5] = to_limbs(n, limbs());
    const Limbs spoilt = joined(values);
    Limbs out(spoilt.size());
    EXPECT_THROW(fast.invert_vartime(spoilt.data(), out.data(), values.size()), InternalError);
  });
}

TEST_P(PaillierArithmetic, FixedBasesEqualGmps) {
  for_roots([&](const ModularArithmetic& reference, const ModularArithmetic& fast, const BigInteger& n) {
    BigInteger number = BigInteger::from_limbs(edge_residues(n, limbs()).back());
    while (gcd_vartime(number, n) != BigInteger(1)) number = number + BigInteger(1);
    const Limbs base = to_limbs(number, limbs());
    for (const std::size_t length : {1, 3}) {
      // More than a block, more than eight and some, a single one.
      const std::size_t count = length == 3 ? 1 : n.bit_length() < 2048 ? 71 : 13;
      Limbs exponents =
          joined({Limbs(length, 0), Limbs(length, ~std::uint64_t{0}), random_limbs(count * length, 3)});
      exponents.resize(count * length);
      Limbs expected(count * limbs()), got(count * limbs());
      reference.fixed_base(base, length)->power(exponents.data(), expected.data(), count);
      fast.fixed_base(base, length)->power(exponents.data(), got.data(), count);
      ASSERT_EQ(got, expected);
    }
  });
}

class PaillierMultiPower : public PaillierArithmetic {
 protected:
  void compare(std::size_t terms, std::size_t rows, std::uint64_t mask) {
    const Limbs root = roots(half()).front();
    const GmpArithmetic reference(root);
    const auto fast = make_modular_arithmetic(root, name(GetParam().target));
    const auto values = edge_residues(BigInteger::from_limbs(root), limbs());
    std::vector<Limbs> columns(terms);
    std::vector<const std::uint64_t*> bases;
    for (std::size_t t = 0; t < terms; ++t) {
      for (std::size_t r = 0; r < rows; ++r) {
        const Limbs& value = values[1 + (3 * t + 5 * r) % (values.size() - 1)];
        columns[t].insert(columns[t].end(), value.begin(), value.end());
      }
      bases.push_back(columns[t].data());
    }
    Limbs exponents = random_limbs(terms, terms);
    for (std::size_t t = 0; t < terms; ++t)
      exponents[t] = t % 11 == 3 ? 0 : t % 7 == 1 ? mask : exponents[t] & mask;
    Limbs expected(rows * limbs()), got(rows * limbs());
    reference.multi_power_vartime(bases, exponents, expected.data(), rows);
    fast->multi_power_vartime(bases, exponents, got.data(), rows);
    ASSERT_EQ(got, expected) << terms << " terms, " << rows << " rows, exponents up to " << mask;
  }
};

// Few terms, many terms and few rows, many of both: every way of doing it.
TEST_P(PaillierMultiPower, EqualsGmps) {
  for (const std::size_t rows : {1, 3, 11})
    for (const std::size_t terms : {0, 1, 2, 9})
      for (const std::uint64_t mask : {std::uint64_t{1}, std::uint64_t{0xfff}, ~std::uint64_t{0}})
        compare(terms, rows, mask);
  compare(300, 1, ~std::uint64_t{0} >> 2);
  compare(300, 2, 0xffff);
  compare(300, 8, 0xff);
}

std::vector<Case> cases(const std::vector<std::size_t>& root_bits) {
  std::vector<Case> out;
  for (const Target target : available_targets())
    if (square_kernels(target) != nullptr)
      for (const std::size_t bits : root_bits) out.push_back({target, bits});
  return out;
}
std::string label(const testing::TestParamInfo<Case>& at) {
  return std::string(name(at.param.target)) + "_" + std::to_string(2 * at.param.root_bits);
}

// n^2 of 2048, 3072, 4096, 6144 and 8192 bits; blocks of 7 to 10 digits; and n of 3328 bits, as many as whole
// digits hold, so that a digit more is needed.
INSTANTIATE_TEST_SUITE_P(
    Targets, PaillierArithmetic,
    testing::ValuesIn(cases({1024, 1536, 2048, 3072, 4096, 1088, 1152, 2176, 2240, 3328})), label);
INSTANTIATE_TEST_SUITE_P(Targets, PaillierMultiPower, testing::ValuesIn(cases({1024, 1088})), label);
// A CPU without any of the targets has nothing to compare.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PaillierArithmetic);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PaillierMultiPower);

TEST(PaillierArithmeticChoice, FollowsTheTarget) {
  const Limbs root = roots(16).front();
  EXPECT_EQ(make_modular_arithmetic(root, "scalar")->block(), 1u);
  EXPECT_THROW(make_modular_arithmetic(root, "abacus"), ParametersError);
}

}  // namespace
}  // namespace cloister::paillier::internal
