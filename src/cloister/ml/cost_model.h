#pragma once

#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// How fast this machine runs the kernels, on one thread.
struct Calibration {
  double butterfly_ns = 0;     ///< of a transform, a butterfly
  double multiply_add_ns = 0;  ///< of base conversion and key products, a term
  double stream_ns = 0;        ///< of adding, copying, permuting, a word
  double sample_ns = 0;        ///< of expanding a uniform residue
  double file_ns = 0;          ///< of hashing a byte and writing it to disk, or reading it back
  double memory_ns = 0;        ///< of a word in memory that was not touched before: read or written, once

  /// Times the kernels for about 50 ms. Noisy on a shared machine: estimates, not promises.
  static Calibration measure(const KernelTable& kernels);
};

/// Fills a plan's steps (levels and key switches) and estimates. The chain is that of plan.ckks.
void estimate(Plan& plan, const rlwe::ParametersSpec& chain, const Calibration& calibration);

}  // namespace cloister::ml
