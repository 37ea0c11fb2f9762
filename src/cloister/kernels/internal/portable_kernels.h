#pragma once

#include "cloister/kernels/kernel_table.h"

// Kernels in portable C++, compiled once for each target with that target's instructions and found in its
// namespace: CLOISTER_KERNEL_TARGET names the one that the including file belongs to. The copy of the scalar
// target is the specification. What they compute does not depend on how many lanes a vector has.
namespace cloister::CLOISTER_KERNEL_TARGET {

void fft_to_slots(const FftRoots& roots, const double* x, double* out) noexcept;
void fft_to_coefficients(const FftRoots& roots, double* x, double* out) noexcept;

void split_complex(const double* z, double* real, double* imaginary, std::size_t n) noexcept;
void join_complex(const double* real, const double* imaginary, double* z, std::size_t n) noexcept;
double largest_norm(const double* real, const double* imaginary, std::size_t n) noexcept;
void round_scaled(const double* x, double factor, std::int64_t* out, std::size_t n) noexcept;
void reduce_signed(const Modulus& q, const std::int64_t* x, int bits, std::uint64_t* out,
                   std::size_t n) noexcept;
void reduce_small(const Modulus& q, const std::int8_t* x, std::uint64_t* out, std::size_t n) noexcept;
std::size_t reduce_uniform(const Modulus& q, std::uint64_t* words, std::size_t n) noexcept;
void centred_to_double(const Modulus& q, const std::uint64_t* a, double factor, double* out,
                       std::size_t n) noexcept;
void add_centred(const Modulus& q, const std::uint64_t* a, double factor, double* out,
                 std::size_t n) noexcept;

}  // namespace cloister::CLOISTER_KERNEL_TARGET
