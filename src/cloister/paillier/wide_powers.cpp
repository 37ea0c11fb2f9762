#include "cloister/paillier/wide_powers.h"

#include <algorithm>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

using internal::ModularArithmetic;

void check(const WideExponents& exponents) {
  if (exponents.limbs == 0 || exponents.magnitudes.size() != exponents.size() * exponents.limbs)
    throw ParametersError("exponents: the magnitudes are not as many as the signs");
}

bool any_negative(const WideExponents& exponents) {
  return std::ranges::any_of(exponents.negative, [](std::uint8_t sign) { return sign != 0; });
}

/// at[i] = at[i]^(2^64).
void shift_limb(const ModularArithmetic& arithmetic, std::span<std::uint64_t> at, std::size_t count) {
  const std::vector<std::uint64_t> half(count, std::uint64_t{1} << 32);
  for (int i = 0; i < 2; ++i) arithmetic.power_vartime(at.data(), half.data(), at.data(), count);
}

/// Horner over the exponents' limbs: part(limb, out) writes the powers to limb `limb`, and says whether they
/// are anything but 1.
template <typename Part>
void by_limbs(const ModularArithmetic& arithmetic, std::size_t limbs, std::span<std::uint64_t> out,
              const Part& part) {
  const std::size_t count = out.size() / arithmetic.limbs();
  std::vector<std::uint64_t> factor(out.size());
  bool begun = false;
  for (std::size_t limb = limbs; limb-- > 0;) {
    if (begun) shift_limb(arithmetic, out, count);
    const std::span<std::uint64_t> to = begun ? std::span(factor) : out;
    if (!part(limb, to) && !(limb == 0 && !begun)) continue;
    if (begun) arithmetic.multiply(out.data(), factor.data(), out.data(), count);
    begun = true;
  }
}

/// Bases of the terms of one sign, and their exponents' limbs.
struct Side {
  std::vector<const std::uint64_t*> bases;
  std::vector<std::size_t> terms;
};

Side side_of(std::span<const std::uint64_t> columns, std::size_t width, const WideExponents& exponents,
             bool negative) {
  Side side;
  for (std::size_t t = 0; t < exponents.size(); ++t) {
    if ((exponents.negative[t] != 0) != negative) continue;
    side.bases.push_back(columns.data() + t * width);
    side.terms.push_back(t);
  }
  return side;
}

/// The products for `count` entries from `first` on, [count][limbs].
std::vector<std::uint64_t> products(const ModularArithmetic& arithmetic, const Side& side,
                                    const WideExponents& exponents, std::size_t first, std::size_t count) {
  std::vector<std::uint64_t> out(count * arithmetic.limbs());
  by_limbs(arithmetic, exponents.limbs, out, [&](std::size_t limb, std::span<std::uint64_t> to) {
    std::vector<const std::uint64_t*> bases;
    std::vector<std::uint64_t> digits;
    for (std::size_t s = 0; s < side.terms.size(); ++s) {
      const std::uint64_t digit = exponents.magnitudes[side.terms[s] * exponents.limbs + limb];
      if (digit == 0) continue;
      bases.push_back(side.bases[s] + first * arithmetic.limbs());
      digits.push_back(digit);
    }
    arithmetic.multi_power_vartime(bases, digits, to.data(), count);
    return !bases.empty();
  });
  return out;
}

}  // namespace

void power_vartime(const PublicKey& key, std::span<const std::uint64_t> bases, const WideExponents& exponents,
                   std::span<std::uint64_t> out, const ThreadPool& pool) {
  check(exponents);
  const ModularArithmetic& arithmetic = key.arithmetic();
  const std::size_t limbs = arithmetic.limbs();
  if (bases.size() != exponents.size() * limbs || out.size() != bases.size())
    throw ParametersError("powers: one exponent is due for each base");
  internal::for_blocks(pool, exponents.size(), arithmetic.block(), [&](std::size_t first, std::size_t count) {
    const std::uint64_t* at = bases.data() + first * limbs;
    by_limbs(arithmetic, exponents.limbs, out.subspan(first * limbs, count * limbs),
             [&](std::size_t limb, std::span<std::uint64_t> to) {
               std::vector<std::uint64_t> digits(count);
               for (std::size_t i = 0; i < count; ++i)
                 digits[i] = exponents.magnitudes[(first + i) * exponents.limbs + limb];
               arithmetic.power_vartime(at, digits.data(), to.data(), count);
               return std::ranges::any_of(digits, [](std::uint64_t digit) { return digit != 0; });
             });
    std::vector<std::uint64_t> inverses;
    for (std::size_t i = 0; i < count; ++i)
      if (exponents.negative[first + i] != 0)
        inverses.insert(inverses.end(), &out[(first + i) * limbs], &out[(first + i) * limbs] + limbs);
    arithmetic.invert_vartime(inverses.data(), inverses.data(), inverses.size() / limbs);
    for (std::size_t i = 0, taken = 0; i < count; ++i)
      if (exponents.negative[first + i] != 0)
        std::copy_n(inverses.data() + limbs * taken++, limbs, out.data() + (first + i) * limbs);
  });
}

void combine_vartime(const PublicKey& key, std::span<const std::uint64_t> columns,
                     const WideExponents& exponents, std::span<std::uint64_t> out, const ThreadPool& pool) {
  check(exponents);
  const ModularArithmetic& arithmetic = key.arithmetic();
  const std::size_t limbs = arithmetic.limbs(), total = out.size() / limbs;
  if (out.size() % limbs != 0 || columns.size() != exponents.size() * out.size())
    throw ParametersError("combine: one exponent is due for each column");
  const Side positive = side_of(columns, out.size(), exponents, false);
  const Side negative = side_of(columns, out.size(), exponents, true);
  internal::for_blocks(pool, total, arithmetic.block(), [&](std::size_t first, std::size_t count) {
    const auto product = products(arithmetic, positive, exponents, first, count);
    std::uint64_t* to = std::ranges::copy(product, out.data() + first * limbs).out - count * limbs;
    if (!any_negative(exponents)) return;
    auto inverse = products(arithmetic, negative, exponents, first, count);
    arithmetic.invert_vartime(inverse.data(), inverse.data(), count);
    arithmetic.multiply(to, inverse.data(), to, count);
  });
}

}  // namespace cloister::paillier
