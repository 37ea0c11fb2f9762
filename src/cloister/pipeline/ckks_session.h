#pragma once

#include <filesystem>
#include <memory>

#include "cloister/ckks/encoder.h"
#include "cloister/ml/plan.h"
#include "cloister/pipeline/checkpoints.h"
#include "cloister/pipeline/machine.h"
#include "cloister/rlwe/keys.h"
#include "cloister/wire/ciphertext_file.h"

namespace cloister::pipeline {

/// The kinds of files of ciphertexts. Rows come block by block, the strips of a block in order; margins a
/// ciphertext a block.
inline constexpr const char* kTrainingRows = "training-rows";
inline constexpr const char* kPredictionRows = "prediction-rows";
inline constexpr const char* kWeights = "weights";
inline constexpr const char* kMargins = "margins";

/// What every CKKS step builds from a plan: tables once, for owner and server alike. Holds no secret.
class CkksSession {
 public:
  /// Throws ParametersError if the plan is not for CKKS.
  CkksSession(ml::Plan plan, const Machine& machine);

  const ml::Plan& plan() const noexcept { return plan_; }
  const ml::CkksPlan& ckks() const noexcept { return *plan_.ckks; }
  const wire::PlanId& plan_id() const noexcept { return plan_id_; }
  const std::shared_ptr<const ckks::Parameters>& parameters() const noexcept { return parameters_; }
  const ckks::Encoder& encoder() const noexcept { return encoder_; }
  const ml::TrainingLayout& layout() const noexcept { return layout_; }
  const Machine& machine() const noexcept { return machine_; }
  /// Columns of the rows that are encrypted: features and the intercept or the target.
  std::uint32_t columns() const noexcept { return plan_.request.features + 1; }

  /// Opens a file of ciphertexts of this plan; its rows and blocks are checked against each other.
  wire::CiphertextFileReader open(const std::filesystem::path& path, wire::PayloadType type,
                                  const char* kind) const;
  /// The evaluation keys, which must be those of this plan; loaded or mapped (see key_store.h).
  rlwe::EvaluationKeys open_keys(const std::filesystem::path& path) const;
  /// The checkpoints of a training on `rows` with the file of evaluation keys, which are read no further than
  /// their frames' headers.
  Checkpoints open_checkpoints(const std::filesystem::path& folder, const wire::CiphertextFileReader& rows,
                               const std::filesystem::path& keys) const;

 private:
  ml::Plan plan_;
  wire::PlanId plan_id_;
  Machine machine_;
  std::shared_ptr<const ckks::Parameters> parameters_;
  ckks::Encoder encoder_;
  ml::TrainingLayout layout_;
};

}  // namespace cloister::pipeline
