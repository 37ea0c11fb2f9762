#pragma once

#include <cstdint>

#include "cloister/kernels/ntt_tables.h"

namespace cloister::ifma {

// The transforms of KernelTable for tables with vector roots.
void ntt_forward(const NttTables& tables, std::uint64_t* x) noexcept;
void ntt_inverse(const NttTables& tables, std::uint64_t* x) noexcept;

}  // namespace cloister::ifma
