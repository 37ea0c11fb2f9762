#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cloister/data/matrix.h"

namespace cloister::ml {

/// Which batch each iteration of a mini-batch training sees: every epoch (`batches` iterations) sees each
/// batch once, in an order drawn from the seed. Public, and fixed by the plan before there are data.
///
/// Shapes: result [iterations], values in [0, batches).
/// Errors: ParametersError for batches outside 1..kMaxBatches.
/// Source: Bottou 2009 (cycling through shuffled examples).
std::vector<std::uint32_t> batch_order(int iterations, std::size_t batches, std::uint64_t seed);

inline constexpr std::size_t kMaxBatches = 65536;

/// Rows [first, last) of a table.
struct RowRange {
  std::size_t first = 0, last = 0;

  std::size_t count() const noexcept { return last - first; }
};

/// The rows of batch `batch`: whole blocks of `rows_per_block` rows (ciphertexts), whose numbers differ by at
/// most one from batch to batch. The last block may be short.
///
/// Errors: ParametersError where there are fewer blocks than batches, or no such batch.
RowRange batch_rows(std::size_t rows, std::size_t rows_per_block, std::size_t batches, std::size_t batch);

/// The owner's check before encrypting: what a schedule promises for mini-batches holds where the cap holds
/// in every one of them, since each iteration meets one batch's curvature alone. A batch's largest eigenvalue
/// exceeds the table's by about sqrt(features / rows of the batch) of it, and by far more where rows are
/// sorted: rows must come in random order.
///
/// Errors: FAILED_PRECONDITION if a batch's largest eigenvalue of S^T S / n is above `spectrum_cap`;
/// ParametersError as batch_rows.
void require_batch_spectrum_cap(const data::Matrix& rows, double spectrum_cap, std::size_t rows_per_block,
                                std::size_t batches);

/// Rows [first, last) of `rows`.
data::Matrix rows_of(const data::Matrix& rows, RowRange range);

}  // namespace cloister::ml
