// Arithmetic modulo squares, eight numbers at once. Only for IFMA.
#include <algorithm>

#include "cloister/kernels/internal/square_blocks.h"
#include "cloister/kernels/internal/square_tables.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

static_assert(kLanes == kSquareLanes);

void copy(const u64* from, std::size_t words, u64* to) {
  for (std::size_t i = 0; i < words; i += kLanes) store(to + i, load(from + i));
}

/// x -= y where x >= y, lane by lane: the difference goes to `difference`, then back where it is due.
/// Returns 1 in the lanes in which it was.
Vec subtract_once(u64* x, const u64* y, std::size_t digits, u64* difference) {
  const Vec mask = broadcast(kDigitMask);
  Vec borrow = zero();
  for (std::size_t i = 0; i < digits * kLanes; i += kLanes) {
    const Vec d = sub(sub(load(x + i), load(y + i)), borrow);
    borrow = shift_right(d, 63);
    store(difference + i, bit_and(d, mask));
  }
  const Vec keep = sub(zero(), borrow);  // all ones where x < y
  for (std::size_t i = 0; i < digits * kLanes; i += kLanes)
    store(x + i, _mm512_ternarylogic_epi64(keep, load(x + i), load(difference + i), 0xca));
  return sub(broadcast(1), borrow);
}

/// x += carry, a number below 2^52 a lane.
void add_small(u64* x, Vec carry, std::size_t digits) {
  const Vec mask = broadcast(kDigitMask);
  for (std::size_t i = 0; i < digits * kLanes; i += kLanes) {
    const Vec sum = add(load(x + i), carry);
    store(x + i, bit_and(sum, mask));
    carry = shift_right(sum, kDigitBits);
  }
}

/// Sums below 2^63 to digits of the same number, which fits them.
void carry_up(const u64* sums, std::size_t digits, u64* out) {
  const Vec mask = broadcast(kDigitMask);
  Vec carry = zero();
  for (std::size_t i = 0; i < digits * kLanes; i += kLanes) {
    carry = add(carry, load(sums + i));
    store(out + i, bit_and(carry, mask));
    carry = shift_right(carry, kDigitBits);
  }
}

template <std::size_t K>
struct Lanes {
  /// Both reductions of a pair's product, whose halves are x and y.
  template <Shape kLow, Shape kHigh>
  static void reduce_pair(const SquareModulus& m, Operand x, Operand y, u64* out, u64* scratch) noexcept {
    const std::size_t half = m.digits * kLanes;
    u64 *low = scratch, *quotient = scratch + half;
    reduce<K, kLow>(m, x, low, quotient);
    y.minus = quotient;
    reduce<K, kHigh>(m, y, out + half, scratch + 2 * half);
    copy(low, half, out);
  }

  static void multiply(const SquareModulus& m, const u64* x, const u64* y, u64* out, u64* scratch) noexcept {
    const std::size_t half = m.digits * kLanes;
    const Factors low{x, y};
    const Factors high[]{{x, y + half}, {x + half, y}};
    reduce_pair<Shape::kSum, Shape::kSum>(m, {.terms = &low, .count = 1}, {.terms = high, .count = 2}, out,
                                          scratch);
  }

  static void square(const SquareModulus& m, const u64* x, u64* out, u64* scratch) noexcept {
    const Factors low{x, x}, high{x, x + m.digits * kLanes};
    reduce_pair<Shape::kSquare, Shape::kDouble>(m, {.terms = &low, .count = 1}, {.terms = &high, .count = 1},
                                                out, scratch);
  }

  static void multiply_half(const SquareModulus& m, const u64* x, const u64* u, u64* out,
                            u64* scratch) noexcept {
    const Factors low{x, u}, high{x + m.digits * kLanes, u};
    reduce_pair<Shape::kSum, Shape::kSum>(m, {.terms = &low, .count = 1}, {.terms = &high, .count = 1}, out,
                                          scratch);
  }

  static void multiply_halves(const SquareModulus& m, const u64* a, const u64* b, u64* out,
                              u64* scratch) noexcept {
    const Factors factors{a, b};
    reduce<K, Shape::kSum>(m, {.terms = &factors, .count = 1}, scratch, scratch + m.digits * kLanes);
    copy(scratch, m.digits * kLanes, out);
  }

  static void shear(const SquareModulus& m, const u64* x, const u64* w, u64* out, u64* scratch) noexcept {
    const std::size_t half = m.digits * kLanes;
    u64 *digits = scratch, *product = scratch + half;
    const Factors factors{x, digits};
    carry_up(w, m.digits, digits);
    reduce<K, Shape::kSum>(m, {.terms = &factors, .count = 1}, product, scratch + 2 * half);
    for (std::size_t i = 0; i < half; i += kLanes)
      store(product + i, add(load(product + i), load(x + half + i)));
    copy(x, half, out);
    carry_up(product, m.digits, out + half);
  }

  static void enter(const SquareModulus& m, const u64* value, std::size_t parts, const u64* powers, u64* out,
                    u64* scratch) noexcept {
    const std::size_t half = m.digits * kLanes;
    Factors low[kMaxSquareParts], high[kMaxSquareParts];
    for (std::size_t k = 0; k < parts; ++k) {
      low[k] = {value + k * half, powers + 2 * k * half};
      high[k] = {value + k * half, powers + (2 * k + 1) * half};
    }
    reduce_pair<Shape::kSum, Shape::kSum>(m, {.terms = low, .count = parts}, {.terms = high, .count = parts},
                                          out, scratch);
  }

  // The reduced halves are at most n and n + 1: (x0 + m n) / R with x0, m < R, and likewise for the other.
  static void leave(const SquareModulus& m, const u64* x, u64* out, u64* scratch) noexcept {
    const std::size_t half = m.digits * kLanes;
    u64 *low = scratch + 3 * half, *high = low + half;
    reduce<K, Shape::kSum>(m, {.addend = x}, low, scratch);
    reduce<K, Shape::kSum>(m, {.addend = x + half, .minus = scratch}, high, scratch + half);
    add_small(high, subtract_once(low, m.root, m.digits, scratch), m.digits);
    subtract_once(high, m.root, m.digits, scratch);
    multiply_root<K>(m, high, low, m.digits, out);
  }

  // value + n (clear value mod n), each reduced once: below 2 n^2 before the last step.
  static void add_clear(const SquareModulus& m, const u64* modulus, const u64* powers, const u64* value,
                        const u64* clear, u64* out, u64* scratch) noexcept {
    const std::size_t half = m.digits * kLanes;
    u64 *residue = scratch, *product = scratch + half, *rest = scratch + 2 * half;
    const Factors enter[]{{value, powers}, {value + half, powers + 2 * half}};
    reduce<K, Shape::kSum>(m, {.terms = enter, .count = 2}, residue, rest);
    const Factors factors{residue, clear};
    reduce<K, Shape::kSum>(m, {.terms = &factors, .count = 1}, product, rest);
    subtract_once(product, m.root, m.digits, rest);
    multiply_root<K>(m, product, value, 2 * m.digits, out);
    subtract_once(out, modulus, 2 * m.digits, rest);
  }
};

/// Calls the function for blocks of as many digits as the modulus says.
#define CLOISTER_BY_BLOCK(function, m, ...)       \
  switch ((m).block) {                            \
    case 7:                                       \
      return Lanes<7>::function(m, __VA_ARGS__);  \
    case 8:                                       \
      return Lanes<8>::function(m, __VA_ARGS__);  \
    case 9:                                       \
      return Lanes<9>::function(m, __VA_ARGS__);  \
    default:                                      \
      return Lanes<10>::function(m, __VA_ARGS__); \
  }

void multiply(const SquareModulus& m, const u64* x, const u64* y, u64* out, u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(multiply, m, x, y, out, scratch)
}
void square(const SquareModulus& m, const u64* x, u64* out, u64* scratch) noexcept {
  // Whichever blocks there are: squares save more where these are small, 8% at 30 digits.
  if (m.digits % 6 == 0) return Lanes<6>::square(m, x, out, scratch);
  CLOISTER_BY_BLOCK(square, m, x, out, scratch)
}
void multiply_half(const SquareModulus& m, const u64* x, const u64* u, u64* out, u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(multiply_half, m, x, u, out, scratch)
}
void multiply_halves(const SquareModulus& m, const u64* a, const u64* b, u64* out, u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(multiply_halves, m, a, b, out, scratch)
}
void shear(const SquareModulus& m, const u64* x, const u64* w, u64* out, u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(shear, m, x, w, out, scratch)
}
void enter(const SquareModulus& m, const u64* value, std::size_t parts, const u64* powers, u64* out,
           u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(enter, m, value, parts, powers, out, scratch)
}
void leave(const SquareModulus& m, const u64* x, u64* out, u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(leave, m, x, out, scratch)
}
void add_clear(const SquareModulus& m, const u64* modulus, const u64* powers, const u64* value,
               const u64* clear, u64* out, u64* scratch) noexcept {
  CLOISTER_BY_BLOCK(add_clear, m, modulus, powers, value, clear, out, scratch)
}

#undef CLOISTER_BY_BLOCK

}  // namespace

const SquareKernels& square_kernels() noexcept {
  static constexpr SquareKernels kKernels{.target = Target::kAvx512Ifma,
                                          .multiply = multiply,
                                          .square = square,
                                          .multiply_half = multiply_half,
                                          .multiply_halves = multiply_halves,
                                          .shear = shear,
                                          .enter = enter,
                                          .leave = leave,
                                          .add_clear = add_clear,
                                          .select = select,
                                          .select_shared = select_shared,
                                          .select_by_lane = select_by_lane,
                                          .gather_rows = gather_rows,
                                          .scatter_rows = scatter_rows};
  return kKernels;
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
