#pragma once

#include "cloister/kernels/kernel_table.h"
#include "cloister/kernels/square_kernels.h"

namespace cloister {

// The kernels of each target that is compiled from the shared sources.
namespace avx2 {
const KernelTable& kernels() noexcept;
}
namespace avx512 {
const KernelTable& kernels() noexcept;
}
namespace avx512ifma {
const KernelTable& kernels() noexcept;
const SquareKernels& square_kernels() noexcept;
}  // namespace avx512ifma

#ifdef CLOISTER_KERNEL_TARGET
// What those sources make for the target that they are compiled for: the functions of KernelTable. Transforms
// of fewer than 128 coefficients, and limbs whose n is no multiple of eight, go to the reference.
namespace CLOISTER_KERNEL_TARGET {

using u64 = std::uint64_t;

void ntt_forward(const NttTables& tables, const std::uint64_t* in, std::uint64_t* out) noexcept;
void ntt_inverse(const NttTables& tables, const std::uint64_t* in, std::uint64_t* out) noexcept;
void ntt_forward_head(const NttTables& tables, const u64* in, std::size_t in_distance, u64* out,
                      std::size_t out_distance, std::size_t columns) noexcept;
void ntt_forward_tail(const NttTables& tables, std::size_t part, const u64* in, u64* out) noexcept;
void ntt_inverse_head(const NttTables& tables, std::size_t part, const u64* in, u64* out) noexcept;
void ntt_inverse_tail(const NttTables& tables, const u64* in, std::size_t in_distance, u64* out,
                      std::size_t out_distance, std::size_t columns) noexcept;
void add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept;
void sub(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept;
void negate(const Modulus& q, const u64* a, u64* out, std::size_t n) noexcept;
void mul(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept;
void mul_add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept;
void mul_scalar(const Modulus& q, const u64* a, const ShoupFactor& factor, u64* out, std::size_t n) noexcept;
void sub_mul_scalar(const Modulus& q, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                    std::size_t n) noexcept;
void dot_pair(const Modulus& q, const u64* const* a, const u64* const* b0, const u64* const* b1,
              std::size_t terms, u64* out0, u64* out1, std::size_t n) noexcept;
void dot_pair_repeated(const Modulus& q, const u64* const* a, std::size_t run, const u64* const* b0,
                       const u64* const* b1, std::size_t terms, u64* out0, u64* out1, std::size_t n) noexcept;
void dot_constants(const Modulus& q, const u64* const* a, const u64* constants, std::size_t terms, int a_bits,
                   u64* out, std::size_t n) noexcept;
void dot_constants_head(const NttTables& tables, const u64* const* a, const u64* constants, std::size_t terms,
                        int a_bits, u64* out, std::size_t out_distance, std::size_t columns) noexcept;
void round_quotient(const u64* const* a, const double* reciprocals, std::size_t terms, u64* out,
                    std::size_t n) noexcept;
void permute(const u64* a, const std::uint32_t* map, u64* out, std::size_t n) noexcept;
void change_modulus(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) noexcept;

}  // namespace CLOISTER_KERNEL_TARGET
#endif

}  // namespace cloister
