#include "cloister/ml/moment_matrix.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace cloister::ml {

MomentMatrix::MomentMatrix(const BlockSource& blocks, int rows_level, std::size_t kept,
                           const TrainingLayout& layout, const ckks::Evaluator& evaluator,
                           const ckks::Encoder& encoder, const ckks::Rotations& rotations, Progress& progress,
                           double entry_scale)
    : layout_(&layout),
      evaluator_(&evaluator),
      encoder_(&encoder),
      rotations_(&rotations),
      kept_(kept),
      entry_scale_(entry_scale) {
  const StripPacking& packing = layout.packing;
  if (kept > packing.width) throw InternalError("moments: the packing has fewer columns than are kept");
  if (packing.strips() != 1)
    throw InternalError("moments: rows are rotated inside themselves, so they must be whole");
  const std::size_t width = packing.width, half = width / 2;
  const std::vector<ckks::Ciphertext> whole = sums(blocks, rows_level, progress);
  // Rows that are not kept vanish here; those left are divided by n.
  std::vector<double> keep(packing.slots, 0.0);
  for (std::size_t i = 0; i < packing.slots; ++i)
    if (i % width < kept)
      keep[i] = entry_scale / (static_cast<double>(layout.rows) * layout.row_scale * layout.row_scale);
  const auto mask = encoder.encode(keep, whole.front().level());
  for (std::size_t k = 0; k < width; ++k) {
    // The matrix is symmetric: D_(f - k)[j] = D_k[j - k].
    const auto diagonal = k <= half
                              ? whole[k].clone()
                              : rotations.rotate(whole[width - k], static_cast<std::int64_t>(k) -
                                                                       static_cast<std::int64_t>(width));
    diagonals_.push_back(ckks::Evaluator::with_magnitude(evaluator.multiply(diagonal, mask), entry_scale));
  }
}

// Column j of the result is column (j + k) mod width of the same row.
ckks::Ciphertext MomentMatrix::rotate_in_rows(const ckks::Ciphertext& rows, std::int64_t k) const {
  if (k == 0) return evaluator_->to_level(rows, rows.level() - 1);
  const StripPacking& packing = layout_->packing;
  const auto width = static_cast<std::int64_t>(packing.width);
  std::vector<double> stays(packing.slots, 0.0), wraps(packing.slots, 0.0);
  for (std::size_t i = 0; i < packing.slots; ++i)
    (static_cast<std::int64_t>(i % packing.width) < width - k ? stays : wraps)[i] = 1;
  auto out = evaluator_->multiply_lazy(rotations_->rotate(rows, k), encoder_->encode(stays, rows.level()));
  evaluator_->add_to(out, evaluator_->multiply_lazy(rotations_->rotate(rows, k - width),
                                                    encoder_->encode(wraps, rows.level())));
  return evaluator_->with_magnitude(evaluator_->rescale(std::move(out)), rows.bound.magnitude);
}

// n row_scale^2 D_k for k up to half the width, of all columns.
std::vector<ckks::Ciphertext> MomentMatrix::sums(const BlockSource& blocks, int rows_level,
                                                 Progress& progress) const {
  const StripPacking& packing = layout_->packing;
  const std::size_t half = packing.width / 2;
  std::vector<std::optional<ckks::Ciphertext>> sums(half + 1);
  for (std::size_t b = 0; b < blocks.blocks(); ++b) {
    const ckks::Ciphertext rows = blocks.load(b, 0, rows_level);
    const auto lower = evaluator_->to_level(rows, rows.level() - 1);
    for (std::size_t k = 0; k <= half; ++k) {
      accumulate(*evaluator_, sums[k],
                 evaluator_->multiply_lazy(lower, rotate_in_rows(rows, static_cast<std::int64_t>(k))));
      progress.update("moments", b * (half + 1) + k + 1, blocks.blocks() * (half + 1));
    }
  }
  std::vector<ckks::Ciphertext> whole;
  whole.reserve(sums.size());
  for (auto& sum : sums)
    whole.push_back(rotations_->sum_slots(evaluator_->finish(std::move(*sum)),
                                          static_cast<std::int64_t>(packing.width),
                                          static_cast<std::int64_t>(packing.periods())));
  return whole;
}

ckks::Ciphertext MomentMatrix::product(const ckks::Ciphertext& x, double factor) const {
  // The last stage of rotate_multiples apart, so that a quarter of the rotated vectors is held at once.
  const auto width = static_cast<std::int64_t>(diagonals_.size()), few = std::min<std::int64_t>(width, 4);
  std::optional<ckks::Ciphertext> sum;
  std::size_t k = 0;
  for (const auto& wide : rotations_->rotate_multiples(x, few, width / few))
    for (const auto& turned : rotations_->rotate_multiples(wide, 1, few))
      evaluator_->add_product(
          sum, evaluator_->scale_to_level(diagonals_[k++], factor / entry_scale_, x.level()), turned);
  return evaluator_->finish(std::move(*sum));
}

ckks::Ciphertext MomentMatrix::column(std::size_t j, double factor) const {
  const StripPacking& packing = layout_->packing;
  std::optional<ckks::Ciphertext> sum;
  for (std::size_t k = 0; k < packing.width; ++k) {
    // D_k holds entries of column j where row + k is j, around the width.
    const std::size_t row = (j + packing.width - k) % packing.width;
    if (row >= kept_) continue;
    accumulate(
        *evaluator_, sum,
        evaluator_->multiply_lazy(
            diagonals_[k], encoder_->encode(packing.column_mask(row, factor / entry_scale_), level())));
  }
  return evaluator_->rescale(std::move(*sum));
}

}  // namespace cloister::ml
