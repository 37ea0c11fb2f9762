#pragma once

#include <cstddef>
#include <cstdint>

#include "cloister/math/modulus.h"

namespace cloister::ifma::wide {

// The kernels of KernelTable that multiply, for q < 2^60 and n a multiple of 8, on words of 64 bits.
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
                   std::size_t terms, std::uint64_t* out, std::size_t n) noexcept;
void change_modulus(const Modulus& from, const Modulus& to, const std::uint64_t* a, std::uint64_t* out,
                    std::size_t n) noexcept;

}  // namespace cloister::ifma::wide
