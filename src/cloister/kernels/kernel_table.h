#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cloister/kernels/ntt_tables.h"
#include "cloister/math/modulus.h"

namespace cloister {

/// Instruction sets that kernels are compiled for. The scalar one is the specification: every other
/// must give the same bits.
enum class Target { kScalar, kAvx2, kAvx512, kAvx512Ifma };

std::string_view name(Target target) noexcept;

/// How many parts a transform that is done in two has.
inline constexpr std::size_t kNttParts = 8;

/// Roots of the special FFT of `size` complex values (`ckks/special_fft.h`), a power of two: the stage of
/// blocks of m values reads exp(2 pi i 5^j / (4 m)), j in [0, m / 2), at m / 2 + j.
struct FftRoots {
  std::size_t size;
  const double* real;
  const double* imaginary;
};

/// The vector loops of one target. Every function works on one limb of n residues modulo q; arguments
/// and results are canonical residues unless said otherwise; `out` may alias any input of the same
/// index. All run in time that does not depend on the residues.
struct KernelTable {
  Target target;

  /// Negacyclic NTT: coefficients in natural order to values in bit-reversed order; the value
  /// at i is that of the polynomial at psi^(2 brv(i) + 1). (N/2) log2 N butterflies.
  void (*ntt_forward)(const NttTables& tables, const std::uint64_t* in, std::uint64_t* out) noexcept;
  /// The inverse, 1/N included.
  void (*ntt_inverse)(const NttTables& tables, const std::uint64_t* in, std::uint64_t* out) noexcept;

  // The transforms in two, for what is done between and around them while few values are at hand. The N
  // values are kNttParts streams of N / kNttParts; column j is value j of every stream. Between head and tail
  // values are in a form of the target's own.

  /// The layers between the streams, of columns [0, columns): `in` and `out` point to column 0 of stream 0,
  /// and streams lie the distances apart. Asks for the memory of as many columns behind those that it writes.
  void (*ntt_forward_head)(const NttTables& tables, const std::uint64_t* in, std::size_t in_distance,
                           std::uint64_t* out, std::size_t out_distance, std::size_t columns) noexcept;
  /// The layers within a stream, after the head: `in` and `out` point to the stream `part`.
  void (*ntt_forward_tail)(const NttTables& tables, std::size_t part, const std::uint64_t* in,
                           std::uint64_t* out) noexcept;
  /// The inverse's layers within a stream, which come first.
  void (*ntt_inverse_head)(const NttTables& tables, std::size_t part, const std::uint64_t* in,
                           std::uint64_t* out) noexcept;
  /// The inverse's layers between streams, of columns as in ntt_forward_head.
  void (*ntt_inverse_tail)(const NttTables& tables, const std::uint64_t* in, std::size_t in_distance,
                           std::uint64_t* out, std::size_t out_distance, std::size_t columns) noexcept;

  void (*add)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
              std::size_t n) noexcept;
  void (*sub)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
              std::size_t n) noexcept;
  void (*negate)(const Modulus& q, const std::uint64_t* a, std::uint64_t* out, std::size_t n) noexcept;
  void (*mul)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
              std::size_t n) noexcept;
  /// out += a * b.
  void (*mul_add)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                  std::size_t n) noexcept;
  /// out = a * factor.
  void (*mul_scalar)(const Modulus& q, const std::uint64_t* a, const ShoupFactor& factor, std::uint64_t* out,
                     std::size_t n) noexcept;
  /// out = (a - b) * factor: the tail of rescaling and of mod-down.
  void (*sub_mul_scalar)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                         const ShoupFactor& factor, std::uint64_t* out, std::size_t n) noexcept;
  /// out0 = sum over t of a[t] * b0[t], and out1 likewise: the inner products of digits with the two halves
  /// of a key. At most 256 terms. No aliasing.
  void (*dot_pair)(const Modulus& q, const std::uint64_t* const* a, const std::uint64_t* const* b0,
                   const std::uint64_t* const* b1, std::size_t terms, std::uint64_t* out0,
                   std::uint64_t* out1, std::size_t n) noexcept;
  /// The same with a[t][i / run] in the place of a[t][i], run a power of two: products with polynomials of
  /// which `run` values in a row are equal. Fast where run is at least 8.
  void (*dot_pair_repeated)(const Modulus& q, const std::uint64_t* const* a, std::size_t run,
                            const std::uint64_t* const* b0, const std::uint64_t* const* b1, std::size_t terms,
                            std::uint64_t* out0, std::uint64_t* out1, std::size_t n) noexcept;
  /// out = sum over t of a[t] * constants[t] mod q, a below 2^a_bits, a_bits at most 60, constants
  /// residues of q: base conversion. At most 256 terms. Faster where a_bits is at most 52.
  void (*dot_constants)(const Modulus& q, const std::uint64_t* const* a, const std::uint64_t* constants,
                        std::size_t terms, int a_bits, std::uint64_t* out, std::size_t n) noexcept;
  /// ntt_forward_head of what dot_constants makes: a[t] points to kNttParts streams of `columns` values, one
  /// behind the other.
  void (*dot_constants_head)(const NttTables& tables, const std::uint64_t* const* a,
                             const std::uint64_t* constants, std::size_t terms, int a_bits,
                             std::uint64_t* out, std::size_t out_distance, std::size_t columns) noexcept;
  /// out = round(sum over t of a[t] * reciprocals[t]), summed in double precision in the order of t
  /// without fused operations: how often Q fits in a sum of residues.
  void (*round_quotient)(const std::uint64_t* const* a, const double* reciprocals, std::size_t terms,
                         std::uint64_t* out, std::size_t n) noexcept;
  /// out[i] = a[map[i]]: an automorphism in the evaluation domain. No aliasing.
  void (*permute)(const std::uint64_t* a, const std::uint32_t* map, std::uint64_t* out,
                  std::size_t n) noexcept;
  /// out = the residues of centred integers whose residues modulo `from` are a: brings one limb to
  /// another modulus.
  void (*change_modulus)(const Modulus& from, const Modulus& to, const std::uint64_t* a, std::uint64_t* out,
                         std::size_t n) noexcept;

  // What follows is between clear values and residues. Numbers in double precision are rounded alike by every
  // target: products and sums in the order of the formulas, nothing fused. Outputs do not alias inputs.

  /// The special FFT from coefficients to slots, `x` and `out` [2][size], real parts first: bit reversal,
  /// then stages of m = 2, 4, ..., size values, each (a, b) -> (a + w b, a - w b). No aliasing.
  void (*fft_to_slots)(const FftRoots& roots, const double* x, double* out) noexcept;
  /// Its inverse times `size`: stages of m = size, ..., 4, 2 values, each (a, b) -> (a + b, (a - b) conj(w)),
  /// then bit reversal. No aliasing; `x` is overwritten.
  void (*fft_to_coefficients)(const FftRoots& roots, double* x, double* out) noexcept;
  /// Complex numbers z, real and imaginary parts in turn, to one array of each; and back.
  void (*split_complex)(const double* z, double* real, double* imaginary, std::size_t n) noexcept;
  void (*join_complex)(const double* real, const double* imaginary, double* z, std::size_t n) noexcept;
  /// The largest square of a magnitude, real^2 + imaginary^2; NaN where a part is infinite or NaN.
  double (*largest_norm)(const double* real, const double* imaginary, std::size_t n) noexcept;

  /// out = the integer nearest to x * factor, halves to the even one; |x * factor| < 2^62.
  void (*round_scaled)(const double* x, double factor, std::int64_t* out, std::size_t n) noexcept;
  /// out = the residues of signed integers |x| < 2^bits, bits at most 62. Faster where bits is at most 51.
  void (*reduce_signed)(const Modulus& q, const std::int64_t* x, int bits, std::uint64_t* out,
                        std::size_t n) noexcept;
  /// out = the residues of small signed integers: errors and secrets.
  void (*reduce_small)(const Modulus& q, const std::int8_t* x, std::uint64_t* out, std::size_t n) noexcept;
  /// Makes uniform 64-bit words uniform residues in place: words at or above the largest multiple of q in
  /// 2^64 are dropped, those behind them move up. Returns how many are left. Variable time in the words that
  /// are dropped; for q below 2^32, in all.
  std::size_t (*reduce_uniform)(const Modulus& q, std::uint64_t* words, std::size_t n) noexcept;
  /// out = the centred representative of a as a double, rounded to the nearest, times factor.
  void (*centred_to_double)(const Modulus& q, const std::uint64_t* a, double factor, double* out,
                            std::size_t n) noexcept;
  /// out += the same.
  void (*add_centred)(const Modulus& q, const std::uint64_t* a, double factor, double* out,
                      std::size_t n) noexcept;
};

/// The reference kernels, which run on any CPU.
const KernelTable& scalar_kernels() noexcept;

/// An extension of the instruction set that some target needs, and whether this CPU, and its system, have it.
struct CpuFeature {
  std::string_view name;
  bool present;
};
std::vector<CpuFeature> cpu_features();

/// The targets that this build has, best first; and those of them that this CPU can run.
std::span<const Target> built_targets() noexcept;
std::span<const Target> available_targets();

/// The kernels of a target; `target` empty picks the best that this CPU can run, a name forces one.
/// Throws ParametersError for a name that is unknown or cannot run here, listing those that can.
const KernelTable& select_kernels(std::string_view target = {});

}  // namespace cloister
