// Kernels modulo squares against big integers, a modulus of its own in each lane.
#include "cloister/kernels/square_kernels.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "cloister/base/memory.h"
#include "cloister/math/big_integer.h"
#include "cloister/random/prng.h"

namespace cloister {
namespace {

using u64 = std::uint64_t;
constexpr std::size_t kLanes = kSquareLanes;

BigInteger from_digits(const u64* lane, std::size_t digits) {
  BigInteger out;
  for (std::size_t i = digits; i-- > 0;)
    out = (out << kDigitBits) + BigInteger::from_limbs({lane + i * kLanes, 1});
  return out;
}

void to_digits(BigInteger value, std::size_t digits, u64* lane) {
  const BigInteger radix = BigInteger::power_of_two(kDigitBits);
  for (std::size_t i = 0; i < digits; ++i) {
    std::vector<u64> limb(1);
    value.mod(radix).to_limbs(limb);
    lane[i * kLanes] = limb[0];
    value = value >> kDigitBits;
  }
  ASSERT_EQ(value.sign(), 0);
}

struct Case {
  Target target;
  std::size_t bits;
};

/// Moduli n of `bits` bits: random ones, the largest and the smallest.
class SquareKernelsTest : public ::testing::TestWithParam<Case> {
 protected:
  SquareKernelsTest() {
    for (std::size_t l = 0; l < kLanes; ++l) {
      BigInteger n = random(bits - 1) + BigInteger::power_of_two(bits - 1);
      if (!n.is_odd()) n = n + BigInteger(1);
      if (l == 3) n = BigInteger::power_of_two(bits) - BigInteger(1);
      if (l == 5) n = BigInteger::power_of_two(bits - 1) + BigInteger(1);
      const BigInteger radix = BigInteger::power_of_two(kDigitBits);
      to_digits(radix - *invert_vartime(n, radix), 1, inverse.data() + l);
      to_digits(n.clone(), digits(), root.data() + l);
      to_digits(n - (r() - BigInteger(1)).mod(n), digits(), correction.data() + l);
      for (std::size_t i = 0; i < kMaxSquareParts; ++i) {
        const BigInteger power = power_vartime(r(), BigInteger(static_cast<std::int64_t>(i + 2)), n * n);
        write(power.mod(n), quotient(power, n), powers.data() + 2 * i * half(), l);
      }
      moduli.push_back(std::move(n));
    }
    m.root = root.data();
    m.inverse = inverse.data();
    m.correction = correction.data();
  }

  static BigInteger quotient(const BigInteger& a, const BigInteger& n) {
    BigInteger out;
    mpz_fdiv_q(out.raw(), a.raw(), n.raw());
    return out;
  }
  BigInteger random(std::size_t random_bits) {
    std::vector<u64> limbs((random_bits + 63) / 64);
    prng.fill(limbs);
    return BigInteger::from_limbs(limbs).mod(BigInteger::power_of_two(random_bits));
  }
  std::size_t digits() const { return shape.digits; }
  std::size_t half() const { return digits() * kLanes; }
  BigInteger r() const { return BigInteger::power_of_two(kDigitBits * digits()); }
  void write(BigInteger low, BigInteger high, u64* pair, std::size_t lane) {
    to_digits(std::move(low), digits(), pair + lane);
    to_digits(std::move(high), digits(), pair + half() + lane);
  }
  BigInteger value(const u64* pair, std::size_t lane) const {
    return from_digits(pair + lane, digits()) + from_digits(pair + half() + lane, digits()) * moduli[lane];
  }

  /// Halves below 5 n, the largest first, then random ones.
  std::vector<u64> operand(int kind) {
    std::vector<u64> pair(2 * half());
    for (std::size_t l = 0; l < kLanes; ++l) {
      const BigInteger limit = moduli[l] * BigInteger(5), top = limit - BigInteger(1);
      const auto any = [&] { return random(bits + 3).mod(limit); };
      switch (kind) {
        case 0:
          write(top.clone(), top.clone(), pair.data(), l);
          break;
        case 1:
          write(BigInteger(0), top.clone(), pair.data(), l);
          break;
        case 2:
          write(moduli[l].clone(), BigInteger(0), pair.data(), l);
          break;
        default:
          write(any(), any(), pair.data(), l);
      }
    }
    return pair;
  }

  /// out R = expected modulo n^2, and halves below `limit` n.
  template <typename Expected>
  void check(const std::vector<u64>& out, const Expected& expected, const char* what,
             std::int64_t limit = 2) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const BigInteger square = moduli[l] * moduli[l], bound = moduli[l] * BigInteger(limit);
      EXPECT_LT(from_digits(out.data() + l, digits()), bound) << what << ", lane " << l;
      EXPECT_LT(from_digits(out.data() + half() + l, digits()), bound) << what << ", lane " << l;
      EXPECT_EQ((value(out.data(), l) * r()).mod(square), expected(l).mod(square)) << what << ", lane " << l;
    }
  }

  const SquareKernels& k = *square_kernels(GetParam().target);
  const std::size_t bits = GetParam().bits;
  const SquareShape shape = square_shape(bits);
  Prng prng{Seed(Bytes32{3}), bits};
  std::vector<BigInteger> moduli;
  Buffer<u64> root{half()}, correction{half()}, inverse{kLanes}, powers{2 * kMaxSquareParts * half()};
  SquareModulus m{shape.digits, shape.block, nullptr, nullptr, nullptr};
  std::vector<u64> scratch = std::vector<u64>(square_scratch(m));
};

TEST_P(SquareKernelsTest, ProductsAndSquaresOfTheLargestHalves) {
  for (int i = 0; i < 5; ++i) {
    const auto x = operand(i);
    for (int j = 0; j < 5; ++j) {
      const auto y = operand(j);
      auto out = x;
      k.multiply(m, out.data(), y.data(), out.data(), scratch.data());
      check(
          out, [&](std::size_t l) { return value(x.data(), l) * value(y.data(), l); }, "product");
    }
    auto out = x;
    k.square(m, out.data(), out.data(), scratch.data());
    check(
        out, [&](std::size_t l) { return value(x.data(), l) * value(x.data(), l); }, "square");
  }
}

TEST_P(SquareKernelsTest, ProductsOfHalves) {
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j) {
      const auto x = operand(i), y = operand(j);
      const auto low = [&](const std::vector<u64>& pair, std::size_t l) {
        return from_digits(pair.data() + l, digits());
      };
      auto out = x;
      k.multiply_half(m, out.data(), y.data(), out.data(), scratch.data());
      check(
          out, [&](std::size_t l) { return value(x.data(), l) * low(y, l); }, "product with a half");
      out.assign(2 * half(), 0);
      k.multiply_halves(m, x.data(), y.data(), out.data(), scratch.data());
      for (std::size_t l = 0; l < kLanes; ++l) {
        EXPECT_LT(low(out, l), moduli[l] * BigInteger(2));
        EXPECT_EQ((low(out, l) * r()).mod(moduli[l]), (low(x, l) * low(y, l)).mod(moduli[l]));
      }
    }
}

// What w stands for is below R / 2, in digits that are sums.
TEST_P(SquareKernelsTest, ShearsBySumsOfDigits) {
  auto x = operand(4);
  for (std::size_t l = 0; l < kLanes; ++l)
    write(moduli[l] * BigInteger(2) - BigInteger(1), moduli[l] * BigInteger(2) - BigInteger(1), x.data(), l);
  for (int i = 0; i < 5; ++i) {
    const auto term = operand(i);
    std::vector<u64> sum(term.begin(), term.begin() + static_cast<std::ptrdiff_t>(half()));
    for (u64& digit : sum) digit *= 6;  // below 30 n
    auto out = x;
    k.shear(m, out.data(), sum.data(), out.data(), scratch.data());
    for (std::size_t l = 0; l < kLanes; ++l) {
      const BigInteger &n = moduli[l], w = from_digits(term.data() + l, digits()) * BigInteger(6);
      EXPECT_LT(from_digits(out.data() + half() + l, digits()), n * BigInteger(4));
      EXPECT_EQ((value(out.data(), l) * r()).mod(n * n), (value(x.data(), l) * (r() + w * n)).mod(n * n));
    }
  }
}

TEST_P(SquareKernelsTest, EnterAndLeaveUndoEachOther) {
  for (std::size_t parts = 1; parts <= kMaxSquareParts; ++parts) {
    std::vector<u64> in(parts * half()), pair(2 * half()), out(2 * half());
    for (std::size_t l = 0; l < kLanes; ++l)
      to_digits(l == 0   ? BigInteger::power_of_two(kDigitBits * digits() * parts) - BigInteger(1)
                : l == 1 ? BigInteger(0)
                         : random(kDigitBits * digits() * parts),
                parts * digits(), in.data() + l);
    const auto number = [&](std::size_t l) { return from_digits(in.data() + l, parts * digits()); };
    k.enter(m, in.data(), parts, powers.data(), pair.data(), scratch.data());
    check(
        pair, [&](std::size_t l) { return number(l) * r() * r(); }, "enter",
        static_cast<std::int64_t>(parts) + 1);
    k.leave(m, pair.data(), out.data(), scratch.data());
    for (std::size_t l = 0; l < kLanes; ++l)
      EXPECT_EQ(from_digits(out.data() + l, 2 * digits()), number(l).mod(moduli[l] * moduli[l]));
  }
}

TEST_P(SquareKernelsTest, LeaveIsCanonicalForEveryForm) {
  for (int i = 0; i < 4; ++i) {
    const auto x = operand(i);
    std::vector<u64> out(2 * half());
    k.leave(m, x.data(), out.data(), scratch.data());
    for (std::size_t l = 0; l < kLanes; ++l) {
      const BigInteger square = moduli[l] * moduli[l], got = from_digits(out.data() + l, 2 * digits());
      EXPECT_LT(got, square);
      EXPECT_EQ((got * r()).mod(square), value(x.data(), l).mod(square));
    }
  }
}

TEST_P(SquareKernelsTest, SelectsWhatIsAskedFor) {
  const std::size_t length = 2 * digits();
  for (const std::size_t entries : {16, 32, 48, 64, 256, 1024}) {
    Buffer<u64> own(entries * length * kLanes), shared(length * entries), index(kLanes), out(length * kLanes);
    std::iota(own.begin(), own.end(), u64{1} << 50);
    std::iota(shared.begin(), shared.end(), u64{1} << 51);
    for (std::size_t first = 0; first < entries; first += entries / 16) {
      for (std::size_t l = 0; l < kLanes; ++l) index[l] = (first + 5 * l) % entries;
      k.select(own.data(), entries, length, index.data(), out.data());
      for (std::size_t i = 0; i < length; ++i)
        for (std::size_t l = 0; l < kLanes; ++l)
          ASSERT_EQ(out[i * kLanes + l], own[(index[l] * length + i) * kLanes + l]);
      k.select_shared(shared.data(), entries, length, index.data(), out.data());
      for (std::size_t i = 0; i < length; ++i)
        for (std::size_t l = 0; l < kLanes; ++l)
          ASSERT_EQ(out[i * kLanes + l], shared[i * entries + index[l]]);
      const u64* tables[kLanes];
      for (std::size_t l = 0; l < kLanes; ++l)
        tables[l] = l % 2 == 0 ? shared.data() : own.data() + 8 * l;  // parts of an array, read as tables
      k.select_by_lane(tables, entries, length, index.data(), out.data());
      for (std::size_t i = 0; i < length; ++i)
        for (std::size_t l = 0; l < kLanes; ++l)
          ASSERT_EQ(out[i * kLanes + l], tables[l][i * entries + index[l]]);
    }
  }
}

TEST_P(SquareKernelsTest, RowsAreGatheredAndScattered) {
  const std::size_t length = 24;
  Buffer<u64> rows(kLanes * length), out(kLanes * length), back(kLanes * length);
  std::iota(rows.begin(), rows.end(), u64{7});
  const u64* from[kLanes];
  u64* to[kLanes];
  for (std::size_t l = 0; l < kLanes; ++l) {
    from[l] = rows.data() + (l * 3 % kLanes) * length;
    to[l] = back.data() + (l * 3 % kLanes) * length;
  }
  k.gather_rows(from, length, out.data());
  for (std::size_t i = 0; i < length; ++i)
    for (std::size_t l = 0; l < kLanes; ++l) EXPECT_EQ(out[i * kLanes + l], from[l][i]);
  k.scatter_rows(out.data(), length, to);
  EXPECT_TRUE(std::ranges::equal(rows.span(), back.span()));
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (const Target target : available_targets())
    if (square_kernels(target) != nullptr)
      for (const std::size_t bits : {364, 416, 470, 1024, 1536, 2048, 2176, 8192})
        out.push_back({target, bits});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Targets, SquareKernelsTest, ::testing::ValuesIn(cases()), [](const auto& at) {
  return std::string(name(at.param.target)) + "_" + std::to_string(at.param.bits);
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SquareKernelsTest);

TEST(SquareShapes, LeaveSixBitsAndWasteLittle) {
  for (std::size_t bits = 1024; bits <= 8192; bits += 64) {
    const SquareShape shape = square_shape(bits);
    EXPECT_EQ(shape.digits % shape.block, 0u) << bits;
    EXPECT_GE(kDigitBits * shape.digits, bits + 6) << bits;
    const std::size_t needed = (bits + 6 + kDigitBits - 1) / kDigitBits;
    EXPECT_LE(10 * shape.digits, 11 * needed) << bits;
  }
}

}  // namespace
}  // namespace cloister
