#pragma once

#include <filesystem>
#include <vector>

#include "cloister/pipeline/clear_model.h"
#include "cloister/pipeline/machine.h"

namespace cloister::pipeline {

// The server's steps of a Paillier plan: files in, files out, no secret anywhere. What is passed on is
// re-randomized, so that nobody who holds the operands can test a guess of how it was made. A result appears
// under its name whole or not at all, and replaces none that is there.

struct PaillierPredictFiles {
  std::filesystem::path plan, public_key, rows;
  std::filesystem::path model;        ///< in the clear (clear_model.h), the server's own
  std::filesystem::path predictions;  ///< written
};
/// Predicts on encrypted rows, linear or logistic: their margins w . x + b, which the owner decrypts. Rows
/// are read block by block. Weights are rounded to the plan's format.
void predict_paillier(const PaillierPredictFiles& files, const Machine& machine);

struct AggregateFiles {
  std::filesystem::path plan, public_key;
  std::vector<std::filesystem::path> sums;  ///< one an owner, at least one
  std::filesystem::path total;              ///< written
};
/// Adds up several owners' encrypted sums, of a regression or of statistics. The same file given twice is
/// refused; rows are not more than the plan's.
void aggregate_paillier(const AggregateFiles& files, const Machine& machine);

}  // namespace cloister::pipeline
