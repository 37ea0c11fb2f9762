// The specification of every kernel, in plain C++: here, or in the scalar copy of the portable kernels.
#include <algorithm>
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
struct Butterfly {
  u64 q;

  void forward(u64& x, u64& y, const ShoupFactor& w) const noexcept {
    const u64 left = fold(x, 2 * q), right = w.mul_lazy(y, q);
    x = left + right;
    y = left + 2 * q - right;
  }
  void inverse(u64& x, u64& y, const ShoupFactor& w) const noexcept {
    const u64 left = x, right = y;
    x = fold(left + right, 2 * q);
    y = w.mul_lazy(left + 2 * q - right, q);
  }
};

// The layers below a node on `size` streams (a power of two), `distance` apart, of `columns` each.
void forward_layers(const NttTables& tables, std::size_t node, u64* x, std::size_t size, std::size_t distance,
                    std::size_t columns) noexcept {
  const Butterfly butterfly{tables.modulus().value()};
  for (std::size_t half = size / 2; half != 0; half /= 2, node *= 2)
    for (std::size_t block = 0; block < size / (2 * half); ++block) {
      const ShoupFactor w = tables.roots()[node + block];
      for (std::size_t i = 2 * half * block; i < 2 * half * block + half; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          butterfly.forward(x[i * distance + j], x[(i + half) * distance + j], w);
    }
}
// Those layers backwards.
void inverse_layers(const NttTables& tables, std::size_t node, u64* x, std::size_t size, std::size_t distance,
                    std::size_t columns) noexcept {
  const Butterfly butterfly{tables.modulus().value()};
  for (std::size_t half = 1, blocks = size / 2; half < size; half *= 2, blocks /= 2)
    for (std::size_t block = 0; block < blocks; ++block) {
      const ShoupFactor w = tables.inverse_roots()[node * blocks + block];
      for (std::size_t i = 2 * half * block; i < 2 * half * block + half; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          butterfly.inverse(x[i * distance + j], x[(i + half) * distance + j], w);
    }
}

void finish_forward(const NttTables& tables, u64* x, std::size_t n) noexcept {
  const u64 q = tables.modulus().value();
  for (std::size_t i = 0; i < n; ++i) x[i] = fold(fold(x[i], 2 * q), q);
}
void finish_inverse(const NttTables& tables, u64* x, std::size_t n) noexcept {
  const ShoupFactor scale = tables.inverse_degree();
  for (std::size_t i = 0; i < n; ++i) x[i] = scale.mul(x[i], tables.modulus().value());
}

void copy(const u64* in, u64* out, std::size_t n) noexcept {
  if (in != out) std::copy_n(in, n, out);
}

void ntt_forward(const NttTables& tables, const u64* in, u64* out) noexcept {
  const std::size_t n = tables.degree();
  copy(in, out, n);
  forward_layers(tables, 1, out, n, 1, 1);
  finish_forward(tables, out, n);
}
void ntt_inverse(const NttTables& tables, const u64* in, u64* out) noexcept {
  const std::size_t n = tables.degree();
  copy(in, out, n);
  inverse_layers(tables, 1, out, n, 1, 1);
  finish_inverse(tables, out, n);
}

void ntt_forward_head(const NttTables& tables, const u64* in, std::size_t in_distance, u64* out,
                      std::size_t out_distance, std::size_t columns) noexcept {
  for (std::size_t i = 0; i < kNttParts; ++i) copy(in + i * in_distance, out + i * out_distance, columns);
  forward_layers(tables, 1, out, kNttParts, out_distance, columns);
}
void ntt_forward_tail(const NttTables& tables, std::size_t part, const u64* in, u64* out) noexcept {
  const std::size_t n = tables.degree() / kNttParts;
  copy(in, out, n);
  forward_layers(tables, kNttParts + part, out, n, 1, 1);
  finish_forward(tables, out, n);
}
void ntt_inverse_head(const NttTables& tables, std::size_t part, const u64* in, u64* out) noexcept {
  const std::size_t n = tables.degree() / kNttParts;
  copy(in, out, n);
  inverse_layers(tables, kNttParts + part, out, n, 1, 1);
}
void ntt_inverse_tail(const NttTables& tables, const u64* in, std::size_t in_distance, u64* out,
                      std::size_t out_distance, std::size_t columns) noexcept {
  for (std::size_t i = 0; i < kNttParts; ++i) copy(in + i * in_distance, out + i * out_distance, columns);
  inverse_layers(tables, 1, out, kNttParts, out_distance, columns);
  for (std::size_t i = 0; i < kNttParts; ++i) finish_inverse(tables, out + i * out_distance, columns);
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

void dot_pair_repeated(const Modulus& modulus, const u64* const* a, std::size_t run, const u64* const* b0,
                       const u64* const* b1, std::size_t terms, u64* out0, u64* out1,
                       std::size_t n) noexcept {
  const Modulus q = modulus;
  for (std::size_t i = 0; i < n; ++i) {
    uint128 sum0 = 0, sum1 = 0;  // terms * 2^120 <= 2^128
    for (std::size_t t = 0; t < terms; ++t) {
      sum0 += static_cast<uint128>(a[t][i / run]) * b0[t][i];
      sum1 += static_cast<uint128>(a[t][i / run]) * b1[t][i];
    }
    out0[i] = q.reduce(sum0);
    out1[i] = q.reduce(sum1);
  }
}
void dot_pair(const Modulus& q, const u64* const* a, const u64* const* b0, const u64* const* b1,
              std::size_t terms, u64* out0, u64* out1, std::size_t n) noexcept {
  dot_pair_repeated(q, a, 1, b0, b1, terms, out0, out1, n);
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
void dot_constants_head(const NttTables& tables, const u64* const* a, const u64* constants, std::size_t terms,
                        int a_bits, u64* out, std::size_t out_distance, std::size_t columns) noexcept {
  for (std::size_t i = 0; i < kNttParts; ++i) {
    const u64* stream[256];
    for (std::size_t t = 0; t < terms; ++t) stream[t] = a[t] + i * columns;
    dot_constants(tables.modulus(), stream, constants, terms, a_bits, out + i * out_distance, columns);
  }
  ntt_forward_head(tables, out, out_distance, out, out_distance, columns);
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
      .ntt_forward_head = ntt_forward_head,
      .ntt_forward_tail = ntt_forward_tail,
      .ntt_inverse_head = ntt_inverse_head,
      .ntt_inverse_tail = ntt_inverse_tail,
      .add = add,
      .sub = sub,
      .negate = negate,
      .mul = mul,
      .mul_add = mul_add,
      .mul_scalar = mul_scalar,
      .sub_mul_scalar = sub_mul_scalar,
      .dot_pair = dot_pair,
      .dot_pair_repeated = dot_pair_repeated,
      .dot_constants = dot_constants,
      .dot_constants_head = dot_constants_head,
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
