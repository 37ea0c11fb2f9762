#pragma once

#include "cloister/kernels/kernel_table.h"

namespace cloister {

/// Kernels for CPUs with AVX-512 F, DQ, VL, BW and IFMA. Transforms of fewer than 128 coefficients, and
/// limbs whose n is no multiple of 8, go to the reference.
const KernelTable& ifma_kernels() noexcept;

}  // namespace cloister
