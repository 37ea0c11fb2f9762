#pragma once

#include <cstddef>
#include <cstdint>

#include "cloister/kernels/kernel_table.h"

namespace cloister {

/// Numbers that a vector holds, one a lane.
inline constexpr std::size_t kSquareLanes = 8;
/// Bits of a digit.
inline constexpr int kDigitBits = 52;
/// Parts that a number may come in, see SquareKernels::enter.
inline constexpr std::size_t kMaxSquareParts = 4;

/// What arithmetic modulo n^2 needs to know of an odd n. All arrays are [digits][8], the same in every lane
/// or a modulus of its own in each. R = 2^(52 digits).
struct SquareModulus {
  std::size_t digits;               ///< of n: at least 6 bits more than n has, see square_digits
  std::size_t block;                ///< digits that are handled at once, a divisor of `digits`
  const std::uint64_t* root;        ///< n
  const std::uint64_t* inverse;     ///< -n^-1 modulo 2^52, [8]
  const std::uint64_t* correction;  ///< the multiple of n in [R - 1, R - 1 + n], less R - 1
};

/// Digits for an n of so many bits, and how many of them at once: the fewest that blocks can be cut from.
struct SquareShape {
  std::size_t digits, block;
};
SquareShape square_shape(std::size_t root_bits) noexcept;

/// Arithmetic modulo the squares of odd numbers n, eight at once. A number modulo n^2 is a pair of halves
/// (x0, x1) and stands for x0 + x1 n; what is kept is its value times R. A pair is [2][digits][8].
///
/// Math: of (x0 + x1 n) (y0 + y1 n) only x0 y0 + (x0 y1 + x1 y0) n matters, and with x0 y0 = t R - m n
/// (Montgomery's reduction, m its quotient) the product over R is t + ((x0 y1 + x1 y0 - m) / R mod n) n:
/// three products and two reductions of half the length, 10 digits^2 multiply-adds where arithmetic modulo
/// n^2 at full length takes 16.
///
/// Ranges: halves are below 2n, not canonical; those of what entered, below (parts + 1) n. With R >= 64 n,
/// operands whose halves are below 5n give halves below 2n, since 25 n^2 / R + n < 2n and
/// 2 * 25 n^2 / R + n + (R + n) / R < 2n.
///
/// Secrets: no function branches on numbers or uses them as addresses. `scratch` is of square_scratch words;
/// it holds what was computed with and is the caller's to wipe; sums that registers have no room for stay on
/// the stack. An output may be an input.
///
/// Source: radix 2^52 and the vector layout from Gueron, Krasnov, "Software implementation of modular
/// exponentiation, using advanced vector instructions architectures", 2012; reductions, Montgomery 1985.
struct SquareKernels {
  Target target;

  /// out = x y / R. 10 digits^2 multiply-adds.
  void (*multiply)(const SquareModulus& m, const std::uint64_t* x, const std::uint64_t* y, std::uint64_t* out,
                   std::uint64_t* scratch) noexcept;
  /// out = x^2 / R. 7 digits^2 multiply-adds.
  void (*square)(const SquareModulus& m, const std::uint64_t* x, std::uint64_t* out,
                 std::uint64_t* scratch) noexcept;
  /// out = x u / R of a pair x and a half u, which stands for u + 0 n. 8 digits^2 multiply-adds.
  void (*multiply_half)(const SquareModulus& m, const std::uint64_t* x, const std::uint64_t* u,
                        std::uint64_t* out, std::uint64_t* scratch) noexcept;
  /// out = a b / R modulo n, below 2n, of halves. 4 digits^2 multiply-adds.
  void (*multiply_halves)(const SquareModulus& m, const std::uint64_t* a, const std::uint64_t* b,
                          std::uint64_t* out, std::uint64_t* scratch) noexcept;
  /// out = x (1 + (w / R) n) for a w below R / 2 whose digits are sums below 2^63. The pair's upper half is
  /// then below 4n. 4 digits^2 multiply-adds.
  void (*shear)(const SquareModulus& m, const std::uint64_t* x, const std::uint64_t* w, std::uint64_t* out,
                std::uint64_t* scratch) noexcept;
  /// The pair of the number sum of value[k] R^k, value being [parts][digits][8]; powers[k] is the pair
  /// (R^(k + 2) mod n^2), canonical. 4 (parts + 1) digits^2 multiply-adds.
  void (*enter)(const SquareModulus& m, const std::uint64_t* value, std::size_t parts,
                const std::uint64_t* powers, std::uint64_t* out, std::uint64_t* scratch) noexcept;
  /// The canonical number below n^2 of a pair, in digits [2 digits][8]. 6 digits^2 multiply-adds.
  void (*leave)(const SquareModulus& m, const std::uint64_t* x, std::uint64_t* out,
                std::uint64_t* scratch) noexcept;
  /// out = value (1 + clear n) mod n^2, canonical, of a canonical number [2 digits][8] and clear < n,
  /// [digits][8]; powers as for `enter`, `modulus` is n^2, [2 digits][8]. 12 digits^2 multiply-adds.
  void (*add_clear)(const SquareModulus& m, const std::uint64_t* modulus, const std::uint64_t* powers,
                    const std::uint64_t* value, const std::uint64_t* clear, std::uint64_t* out,
                    std::uint64_t* scratch) noexcept;

  /// Lane l of out = lane l of table[index[l]], the table being [entries][length][8]; all of it is read.
  void (*select)(const std::uint64_t* table, std::size_t entries, std::size_t length,
                 const std::uint64_t* index, std::uint64_t* out) noexcept;
  /// The same for a table that the lanes share, [length][entries], entries a multiple of 16, at most 1024.
  void (*select_shared)(const std::uint64_t* table, std::size_t entries, std::size_t length,
                        const std::uint64_t* index, std::uint64_t* out) noexcept;
  /// The same, with a table of its own for each lane.
  void (*select_by_lane)(const std::uint64_t* const* tables, std::size_t entries, std::size_t length,
                         const std::uint64_t* index, std::uint64_t* out) noexcept;
  /// out[i][l] = rows[l][i], i < length, a multiple of 8.
  void (*gather_rows)(const std::uint64_t* const* rows, std::size_t length, std::uint64_t* out) noexcept;
  /// rows[l][i] = in[i][l].
  void (*scatter_rows)(const std::uint64_t* in, std::size_t length, std::uint64_t* const* rows) noexcept;
};

/// Words of scratch that a kernel needs: five halves.
inline std::size_t square_scratch(const SquareModulus& m) noexcept { return 5 * m.digits * kSquareLanes; }

/// The kernels of a target; null where it has none. The CPU must be able to run it (available_targets).
const SquareKernels* square_kernels(Target target) noexcept;

}  // namespace cloister
