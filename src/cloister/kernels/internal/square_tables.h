#pragma once

#include <cstddef>
#include <cstdint>

// Reading tables of pairs: SquareKernels says what each does.
namespace cloister::CLOISTER_KERNEL_TARGET {

void select(const std::uint64_t* table, std::size_t entries, std::size_t length, const std::uint64_t* index,
            std::uint64_t* out) noexcept;
void select_shared(const std::uint64_t* table, std::size_t entries, std::size_t length,
                   const std::uint64_t* index, std::uint64_t* out) noexcept;
void select_by_lane(const std::uint64_t* const* tables, std::size_t entries, std::size_t length,
                    const std::uint64_t* index, std::uint64_t* out) noexcept;
void gather_rows(const std::uint64_t* const* rows, std::size_t length, std::uint64_t* out) noexcept;
void scatter_rows(const std::uint64_t* in, std::size_t length, std::uint64_t* const* rows) noexcept;

}  // namespace cloister::CLOISTER_KERNEL_TARGET
