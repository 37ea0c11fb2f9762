#pragma once

#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// How fast this machine runs the kernels, on one thread.
struct Calibration {
  double butterfly_ns = 0;     ///< of a transform in the nearer caches, a butterfly
  double multiply_add_ns = 0;  ///< of base conversion and key products, a term
  double stream_ns = 0;        ///< of an operation on a word in the nearer caches
  double sample_ns = 0;        ///< of expanding a uniform residue
  double fetch_ns = 0;         ///< of a word that comes from beyond the nearer caches
  double touch_ns = 0;         ///< of a word in memory that the system has yet to give
  double file_ns = 0;          ///< of hashing a byte and writing it to disk, or reading it back

  /// Times the kernels for about 50 ms. Noisy on a shared machine: estimates, not promises.
  static Calibration measure(const KernelTable& kernels);
};

/// Fills a plan's steps (levels and key switches) and estimates. The chain is that of plan.ckks.
void estimate(Plan& plan, const rlwe::ParametersSpec& chain, const Calibration& calibration);

}  // namespace cloister::ml
