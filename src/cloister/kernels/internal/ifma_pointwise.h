#pragma once

#include <cstddef>
#include <cstdint>

#include "cloister/math/modulus.h"

namespace cloister::ifma {

inline constexpr int kMaxModulusBits = 50;

// The kernels of KernelTable for n a multiple of 8, and where a modulus is multiplied by, q < 2^50.
void add(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
         std::size_t n) noexcept;
void sub(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
         std::size_t n) noexcept;
void negate(const Modulus& q, const std::uint64_t* a, std::uint64_t* out, std::size_t n) noexcept;
void mul(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
         std::size_t n) noexcept;
void mul_add(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
             std::size_t n) noexcept;
void mul_scalar(const Modulus& q, const std::uint64_t* a, const ShoupFactor& factor, std::uint64_t* out,
                std::size_t n) noexcept;
void sub_mul_scalar(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                    const ShoupFactor& factor, std::uint64_t* out, std::size_t n) noexcept;
void dot(const Modulus& q, const std::uint64_t* const* a, const std::uint64_t* const* b, std::size_t terms,
         std::uint64_t* out, std::size_t n) noexcept;
void dot_constants(const Modulus& q, const std::uint64_t* const* a, const std::uint64_t* constants,
                   std::size_t terms, int a_bits, std::uint64_t* out, std::size_t n) noexcept;
void round_quotient(const std::uint64_t* const* a, const double* reciprocals, std::size_t terms,
                    std::uint64_t* out, std::size_t n) noexcept;
void permute(const std::uint64_t* a, const std::uint32_t* map, std::uint64_t* out, std::size_t n) noexcept;
/// `from` at most 52 bits.
void change_modulus(const Modulus& from, const Modulus& to, const std::uint64_t* a, std::uint64_t* out,
                    std::size_t n) noexcept;

}  // namespace cloister::ifma
