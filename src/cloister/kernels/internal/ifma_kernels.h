#pragma once

#include "cloister/kernels/kernel_table.h"

namespace cloister {

/// Kernels for CPUs with AVX-512 F, DQ, VL, BW and IFMA, for moduli below 2^50 and n a multiple of 8;
/// the rest goes to the reference.
const KernelTable& ifma_kernels() noexcept;

}  // namespace cloister
