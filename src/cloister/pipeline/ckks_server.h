#pragma once

#include <filesystem>
#include <optional>

#include "cloister/pipeline/clear_model.h"
#include "cloister/pipeline/machine.h"

namespace cloister::pipeline {

// The server's steps of a CKKS plan: files in, files out, no secret anywhere. A result appears under its name
// whole or not at all, and replaces none that is there.

struct TrainFiles {
  std::filesystem::path plan, evaluation_keys, dataset;
  std::filesystem::path model;             ///< written
  std::filesystem::path checkpoints = {};  ///< folder of this training's; may be missing: then it has none
};
/// Trains on encrypted rows, streamed block by block, as often as there are iterations.
void train_ckks(const TrainFiles& files, const Machine& machine);

struct PredictFiles {
  std::filesystem::path plan, evaluation_keys, rows;
  std::filesystem::path model;  ///< encrypted (of the same plan), or clear if the plan's job is to predict
  std::filesystem::path predictions;  ///< written
};
/// Predicts on encrypted rows: their margins, which the owner decrypts.
void predict_ckks(const PredictFiles& files, const Machine& machine);

}  // namespace cloister::pipeline
