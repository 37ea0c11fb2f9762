#include "cloister/kernels/internal/ifma_kernels.h"

#include "cloister/kernels/internal/ifma_ntt.h"
#include "cloister/kernels/internal/ifma_pointwise.h"
#include "cloister/kernels/internal/ifma_wide.h"
#include "cloister/kernels/internal/portable_kernels.h"

namespace cloister {
namespace {

using u64 = std::uint64_t;

void ntt_forward(const NttTables& tables, u64* x) noexcept {
  if (tables.vector_roots().empty()) return scalar_kernels().ntt_forward(tables, x);
  ifma::ntt_forward(tables, x);
}

void ntt_inverse(const NttTables& tables, u64* x) noexcept {
  if (tables.vector_roots().empty()) return scalar_kernels().ntt_inverse(tables, x);
  ifma::ntt_inverse(tables, x);
}

bool whole_vectors(std::size_t n) noexcept { return n % 8 == 0; }

/// The one of three functions for a modulus and a length.
template <typename Function>
Function* choose(const Modulus& q, std::size_t n, Function* narrow, Function* wide,
                 Function* scalar) noexcept {
  if (!whole_vectors(n)) return scalar;
  return q.bits() <= ifma::kMaxModulusBits ? narrow : wide;
}

void add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  (whole_vectors(n) ? ifma::add : scalar_kernels().add)(q, a, b, out, n);
}
void sub(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  (whole_vectors(n) ? ifma::sub : scalar_kernels().sub)(q, a, b, out, n);
}
void negate(const Modulus& q, const u64* a, u64* out, std::size_t n) noexcept {
  (whole_vectors(n) ? ifma::negate : scalar_kernels().negate)(q, a, out, n);
}
void mul(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  choose(q, n, &ifma::mul, &ifma::wide::mul, scalar_kernels().mul)(q, a, b, out, n);
}
void mul_add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  choose(q, n, &ifma::mul_add, &ifma::wide::mul_add, scalar_kernels().mul_add)(q, a, b, out, n);
}
void mul_scalar(const Modulus& q, const u64* a, const ShoupFactor& factor, u64* out, std::size_t n) noexcept {
  choose(q, n, &ifma::mul_scalar, &ifma::wide::mul_scalar, scalar_kernels().mul_scalar)(q, a, factor, out, n);
}
void sub_mul_scalar(const Modulus& q, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                    std::size_t n) noexcept {
  choose(q, n, &ifma::sub_mul_scalar, &ifma::wide::sub_mul_scalar, scalar_kernels().sub_mul_scalar)(
      q, a, b, factor, out, n);
}
void dot(const Modulus& q, const u64* const* a, const u64* const* b, std::size_t terms, u64* out,
         std::size_t n) noexcept {
  choose(q, n, &ifma::dot, &ifma::wide::dot, scalar_kernels().dot)(q, a, b, terms, out, n);
}
void dot_constants(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms, int a_bits,
                   u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().dot_constants(q, a, constants, terms, a_bits, out, n);
  if (q.bits() > ifma::kMaxModulusBits) return ifma::wide::dot_constants(q, a, constants, terms, out, n);
  ifma::dot_constants(q, a, constants, terms, a_bits, out, n);
}
void round_quotient(const u64* const* a, const double* reciprocals, std::size_t terms, u64* out,
                    std::size_t n) noexcept {
  (whole_vectors(n) ? ifma::round_quotient : scalar_kernels().round_quotient)(a, reciprocals, terms, out, n);
}
void permute(const u64* a, const std::uint32_t* map, u64* out, std::size_t n) noexcept {
  (whole_vectors(n) ? ifma::permute : scalar_kernels().permute)(a, map, out, n);
}
void change_modulus(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().change_modulus(from, to, a, out, n);
  const bool narrow = from.bits() <= 52 && to.bits() <= ifma::kMaxModulusBits;
  (narrow ? ifma::change_modulus : ifma::wide::change_modulus)(from, to, a, out, n);
}

}  // namespace

const KernelTable& ifma_kernels() noexcept {
  static constexpr KernelTable kTable{
      .target = Target::kAvx512Ifma,
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
      .fft_to_slots = avx512ifma::fft_to_slots,
      .fft_to_coefficients = avx512ifma::fft_to_coefficients,
      .split_complex = avx512ifma::split_complex,
      .join_complex = avx512ifma::join_complex,
      .largest_norm = avx512ifma::largest_norm,
      .round_scaled = avx512ifma::round_scaled,
      .reduce_signed = avx512ifma::reduce_signed,
      .reduce_small = avx512ifma::reduce_small,
      .reduce_uniform = avx512ifma::reduce_uniform,
      .centred_to_double = avx512ifma::centred_to_double,
      .add_centred = avx512ifma::add_centred,
  };
  return kTable;
}

}  // namespace cloister
