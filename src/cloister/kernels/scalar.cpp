// The specification of every kernel, in plain C++: here, or in the scalar copy of the portable kernels.
#include <cmath>

#include "cloister/kernels/internal/portable_kernels.h"
#include "cloister/kernels/kernel_table.h"

namespace cloister {
namespace {

using u64 = std::uint64_t;

// x - bound if x >= bound, without a branch.
inline u64 fold(u64 x, u64 bound) noexcept { return x - (bound & (~static_cast<u64>(x >= bound) + 1)); }

// Harvey's butterflies: values stay below 4q on the way down, below 2q on the way up, and are brought
// into [0, q) at the end. Correct for q < 2^62.
// Source: Harvey, "Faster arithmetic for number-theoretic transforms", 2014, algorithms 2 and 3, with
// the merged twist of Longa and Naehrig, 2016.
void ntt_forward(const NttTables& tables, u64* x) noexcept {
  const std::size_t n = tables.degree();
  const u64 q = tables.modulus().value();
  const ShoupFactor* root = tables.roots() + 1;
  for (std::size_t half = n / 2; half != 0; half /= 2) {
    for (std::size_t start = 0; start < n; start += 2 * half, ++root) {
      const ShoupFactor w = *root;
      for (u64* a = x + start; a != x + start + half; ++a) {
        const u64 left = fold(a[0], 2 * q);
        const u64 right = w.mul_lazy(a[half], q);
        a[0] = left + right;
        a[half] = left + 2 * q - right;
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) x[i] = fold(fold(x[i], 2 * q), q);
}

void ntt_inverse(const NttTables& tables, u64* x) noexcept {
  const std::size_t n = tables.degree();
  const u64 q = tables.modulus().value();
  for (std::size_t half = 1, blocks = n / 2; half < n; half *= 2, blocks /= 2) {
    const ShoupFactor* root = tables.inverse_roots() + blocks;
    for (std::size_t start = 0; start < n; start += 2 * half, ++root) {
      const ShoupFactor w = *root;
      for (u64* a = x + start; a != x + start + half; ++a) {
        const u64 left = a[0], right = a[half];
        a[0] = fold(left + right, 2 * q);
        a[half] = w.mul_lazy(left + 2 * q - right, q);
      }
    }
  }
  const ShoupFactor scale = tables.inverse_degree();
  for (std::size_t i = 0; i < n; ++i) x[i] = scale.mul(x[i], q);
}

void add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = q.add(a[i], b[i]);
}
void sub(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = q.sub(a[i], b[i]);
}
void negate(const Modulus& q, const u64* a, u64* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = q.negate(a[i]);
}
void mul(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const Modulus q = modulus;
  for (std::size_t i = 0; i < n; ++i) out[i] = q.mul(a[i], b[i]);
}
void mul_add(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  const Modulus q = modulus;
  for (std::size_t i = 0; i < n; ++i) out[i] = q.reduce(static_cast<uint128>(a[i]) * b[i] + out[i]);
}
void mul_scalar(const Modulus& q, const u64* a, const ShoupFactor& factor, u64* out, std::size_t n) noexcept {
  const ShoupFactor w = factor;
  const u64 p = q.value();
  for (std::size_t i = 0; i < n; ++i) out[i] = w.mul(a[i], p);
}
void sub_mul_scalar(const Modulus& q, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                    std::size_t n) noexcept {
  const ShoupFactor w = factor;
  const u64 p = q.value();
  for (std::size_t i = 0; i < n; ++i) out[i] = w.mul(a[i] + p - b[i], p);
}

void dot(const Modulus& modulus, const u64* const* a, const u64* const* b, std::size_t terms, u64* out,
         std::size_t n) noexcept {
  const Modulus q = modulus;
  for (std::size_t i = 0; i < n; ++i) {
    uint128 sum = 0;  // terms * 2^120 <= 2^128
    for (std::size_t t = 0; t < terms; ++t) sum += static_cast<uint128>(a[t][i]) * b[t][i];
    out[i] = q.reduce(sum);
  }
}
void dot_constants(const Modulus& modulus, const u64* const* a, const u64* constants, std::size_t terms,
                   int /*a_bits*/, u64* out, std::size_t n) noexcept {
  const Modulus q = modulus;
  for (std::size_t i = 0; i < n; ++i) {
    uint128 sum = 0;
    for (std::size_t t = 0; t < terms; ++t) sum += static_cast<uint128>(a[t][i]) * constants[t];
    out[i] = q.reduce(sum);
  }
}
void round_quotient(const u64* const* a, const double* reciprocals, std::size_t terms, u64* out,
                    std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0.5;
    for (std::size_t t = 0; t < terms; ++t) sum += static_cast<double>(a[t][i]) * reciprocals[t];
    out[i] = static_cast<u64>(sum);
  }
}

void permute(const u64* a, const std::uint32_t* map, u64* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[map[i]];
}
void change_modulus(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) noexcept {
  const Modulus p = from, q = to;
  for (std::size_t i = 0; i < n; ++i) out[i] = q.reduce(p.centre(a[i]));
}

}  // namespace

const KernelTable& scalar_kernels() noexcept {
  static constexpr KernelTable kTable{
      .target = Target::kScalar,
      .ntt_forward = ntt_forward,
      .ntt_inverse = ntt_inverse,
      .add = add,
      .sub = sub,
      .negate = negate,
      .mul = mul,
      .mul_add = mul_add,
      .mul_scalar = mul_scalar,
      .sub_mul_scalar = sub_mul_scalar,
      .dot = dot,
      .dot_constants = dot_constants,
      .round_quotient = round_quotient,
      .permute = permute,
      .change_modulus = change_modulus,
      .fft_to_slots = scalar::fft_to_slots,
      .fft_to_coefficients = scalar::fft_to_coefficients,
      .split_complex = scalar::split_complex,
      .join_complex = scalar::join_complex,
      .largest_norm = scalar::largest_norm,
      .round_scaled = scalar::round_scaled,
      .reduce_signed = scalar::reduce_signed,
      .reduce_small = scalar::reduce_small,
      .reduce_uniform = scalar::reduce_uniform,
      .centred_to_double = scalar::centred_to_double,
      .add_centred = scalar::add_centred,
  };
  return kTable;
}

}  // namespace cloister
