#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "cloister/data/preparation.h"
#include "cloister/pipeline/owner/ckks_owner.h"

namespace cloister::app {

/// The decrypted model as a clear model file, with its error bound and the weights in the columns' own units
/// beside it. Replaces an earlier one; for the owner alone.
void save_decrypted_model(const std::filesystem::path& path, const pipeline::DecryptedModel& model,
                          const data::Preparation& preparation);
/// Errors: the file's; DecodeError for anything but such a model.
pipeline::DecryptedModel load_decrypted_model(const std::filesystem::path& path);

/// Lines of the source that the encrypted rows came from; empty if `path` is not there.
std::vector<std::uint64_t> load_row_lines(const std::filesystem::path& path);

/// Predictions as a CSV: row, line of the source (if known), margin, and the probability and class, or the
/// prediction in the target's own unit. Replaces an earlier one; for the owner alone.
void save_predictions(const std::filesystem::path& path, const pipeline::DecryptedPredictions& predictions,
                      const data::Preparation& preparation, const std::vector<std::uint64_t>& lines);
/// The margins of such a file, in order.
std::vector<double> load_margins(const std::filesystem::path& path);

}  // namespace cloister::app
