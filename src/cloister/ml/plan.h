#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/circuits/bootstrapper.h"
#include "cloister/ckks/parameters.h"
#include "cloister/ckks/value_bound.h"
#include "cloister/ml/method_choice.h"
#include "cloister/ml/newton_schedule.h"
#include "cloister/ml/schedule.h"
#include "cloister/ml/training_layout.h"

namespace cloister::ml {

enum class ModelKind { kLogistic, kLinear };
enum class Scheme { kCkks, kPaillier };
enum class Job {
  kTrain,      ///< train on encrypted rows, then predict with the encrypted model
  kPredict,    ///< predict on encrypted rows with a clear model
  kAggregate,  ///< add several owners' encrypted sums; the owner of the key solves for the model
  /// The same for sums and counts that means, deviations, covariances and histograms are made of.
  kStatistics,
};
std::string_view to_string(ModelKind kind) noexcept;
std::string_view to_string(Scheme scheme) noexcept;
std::string_view to_string(Job job) noexcept;
/// Whether the job adds several owners' encrypted sums.
constexpr bool adds_sums(Job job) noexcept { return job == Job::kAggregate || job == Job::kStatistics; }

struct JobRequest;
/// Whether a method is to be chosen: a logistic training with CKKS.
bool has_method(const JobRequest& request) noexcept;

/// What somebody wants done; a plan is made from it and the machine, and from nothing of the data.
struct JobRequest {
  ModelKind model = ModelKind::kLogistic;
  Scheme scheme = Scheme::kCkks;
  Job job = Job::kTrain;
  std::uint64_t rows = 0;          ///< to train on; of all owners together where sums are added
  std::uint32_t features = 0;      ///< columns that the preparation makes, without intercept and target
  std::uint64_t predict_rows = 0;  ///< for the estimates alone
  int iterations = 0;              ///< 0: the default of the model
  std::uint32_t batches = 1;       ///< mini-batches of a logistic training
  std::uint64_t seed = 0;          ///< of their order; public
  double ridge = 0;
  /// Of a logistic training with CKKS. A plan's own request says which it was, and never kAuto; kAuto takes
  /// the cheaper one to the same accuracy, but Nesterov's where iterations or batches are given.
  Method method = Method::kAuto;
  int products = 0;           ///< Newton's k, an iteration; 0: the planner's choice
  double tolerance = 0;       ///< in place of iterations; a plan's own request has those instead
  double max_error = 1e-3;    ///< of every weight (training) or prediction, against the clear algorithm
  double feature_bound = 16;  ///< no prepared value exceeds it
  bool small_keys = false;    ///< the fewest bytes to upload instead of the least time
  std::optional<double> spectrum_cap = std::nullopt;  ///< published by the owner; see schedule.h
  /// Of a linear training: no eigenvalue of X^T X / n is below. Its schedule is the best for what lies
  /// between the floor and the cap, ridge added. 0 says no more than a ridge does; above it is the owner's
  /// word.
  std::optional<double> spectrum_floor = std::nullopt;
  int sigmoid_degree = 0;  ///< 3, 5 or 7; 0: the planner's choice
  int log2_degree = 0;     ///< an expert's ring degree; 0: the planner's choice
  int digits = 0;          ///< an expert's; 0: the planner's choice
  std::optional<RotationKeys> rotation_keys = std::nullopt;  ///< an expert's
  int row_slots = 0;                                         ///< an expert's; 0: the planner's choice
  /// An expert's: iterations from one bootstrap to the next, or 0 for levels alone.
  std::optional<int> iterations_per_bootstrap = std::nullopt;
  /// Of kStatistics: equal parts of every column's range, each a bin of its histogram; 0 for none. Two more
  /// bins count what lies below and above the range.
  std::uint32_t bins = 0;
  /// Of kStatistics: data::ColumnRanges::digest() of what all owners agree on, which the plan does not tell.
  std::optional<Bytes32> column_ranges = std::nullopt;
  int threads = 1;  ///< for the estimates alone

  friend bool operator==(const JobRequest&, const JobRequest&) = default;
};

/// What happens at which level.
struct PlanStep {
  std::string name;
  int level_before = 0, level_after = 0;
  int key_switches = 0;  ///< of all blocks

  friend bool operator==(const PlanStep&, const PlanStep&) = default;
};

/// What the job will cost on the machine where it was planned.
struct Estimates {
  double keygen_seconds = 0, encrypt_seconds = 0, train_seconds = 0, predict_seconds = 0;
  std::uint64_t evaluation_key_bytes = 0, dataset_bytes = 0, model_bytes = 0, prediction_bytes = 0;
  std::uint64_t server_memory_bytes = 0;  ///< that does not grow with the rows
};

/// Another way to do the same job, for the planner's table.
struct Alternative {
  int log2_degree = 0, digits = 0, sigmoid_degree = 0;
  std::size_t row_slots = 0;
  RotationKeys rotation_keys = RotationKeys::kBinary;
  int iterations_per_bootstrap = 0;  ///< 0: levels alone
  double train_seconds = 0;
  std::uint64_t upload_bytes = 0;  ///< keys and data
};

/// The evaluation keys that a server needs, each for as many limbs of Q as it is used with at most.
struct EvaluationKeyUses {
  std::size_t relinearization_limbs = 0;    ///< 0: none
  std::vector<circuits::GaloisUse> galois;  ///< by element
  bool encapsulation = false;               ///< rlwe::EncapsulationKeys

  /// How many there are; encapsulation keys are two.
  std::size_t keys() const noexcept {
    return galois.size() + (relinearization_limbs != 0 ? 1 : 0) + (encapsulation ? 2 : 0);
  }
  /// Of all of them, on a chain of primes: when they travel, each in its frame, and in memory.
  std::uint64_t encoded_bytes(const rlwe::ParametersSpec& chain) const;
  std::uint64_t memory_bytes(const rlwe::ParametersSpec& chain) const;
};

/// The part of a plan that says how CKKS does it.
struct CkksPlan {
  ckks::ParametersSpec parameters;
  StripPacking packing;
  RotationKeys rotation_keys = RotationKeys::kBinary;
  bool trains = true;      ///< rather than predicts with a clear model
  double state_scale = 1;  ///< see TrainingLayout
  double row_scale = 1;
  ckks::ValueBound weights;  ///< of every weight, in weights' units, against the same algorithm in the clear
  ckks::ValueBound margins;  ///< of every prediction
  double margin_scale = 1;   ///< predictions travel divided by it, so that the last prime stays small
  int model_level = kPredictionLevels;
  int data_level = 0;  ///< of training rows; rows to predict have kPredictionLevels

  /// Where there is one, the state of a training is renewed when its levels are used up.
  std::optional<circuits::BootstrappingSpec> bootstrapping = std::nullopt;
  int iterations_per_bootstrap = 0;  ///< at most; 0: levels alone

  EvaluationKeyUses key_uses() const;
  ckks::RotationBasis rotations() const { return rotation_basis(packing, rotation_keys, trains); }
  TrainingLayout layout(std::uint64_t rows) const;
  friend bool operator==(const CkksPlan&, const CkksPlan&) = default;
};

/// The part of a plan that says how Paillier does it.
struct PaillierPlan {
  int modulus_bits = 3072;
  int value_fraction_bits = 32, value_integer_bits = 4;    ///< of features and targets
  int weight_fraction_bits = 32, weight_integer_bits = 6;  ///< of clear weights
  std::uint32_t slots = 1, bits_per_slot = 2;              ///< of a plaintext

  friend bool operator==(const PaillierPlan&, const PaillierPlan&) = default;
};

/// Everything that is fixed before any key exists, public, and bound by its id into keys, data, models and
/// results.
struct Plan {
  JobRequest request;
  std::optional<LogisticSchedule> logistic;
  std::optional<NewtonSchedule> newton;
  std::optional<LinearSchedule> linear;
  std::optional<CkksPlan> ckks;
  std::optional<PaillierPlan> paillier;
  /// Of every weight (kTrain, kAggregate) or prediction (kPredict); of every mean and deviation, as a part of
  /// its column's unit (kStatistics).
  double error_bound = 0;
  std::vector<PlanStep> steps;
  Estimates estimates;
  std::vector<Alternative> alternatives;
  /// The least time with levels alone and with a bootstrap every k iterations, each ring degree apart.
  std::vector<Alternative> placements;
  /// Why the method, where the planner chose it.
  std::optional<MethodComparison> methods;

  /// Of logistic trainings, whatever the method; null for others.
  const PolynomialFit* sigmoid() const noexcept;
  bool trains_logistic() const noexcept { return sigmoid() != nullptr; }
  /// The bound on the largest eigenvalue of the rows' second moments, without the ridge, of trainings.
  std::optional<double> spectrum_cap() const;

  /// SHA-256 of to_json without estimates and alternatives, which depend on the machine.
  Bytes32 id() const;
  /// A readable file; from_json(to_json()) is the same plan, doubles included.
  nlohmann::ordered_json to_json() const;
  /// Throws DecodeError that names the field, for bytes that are no plan or are out of range, and
  /// SecurityError for parameters below 128 bits. Everything derived is derived again and compared.
  static Plan from_json(const nlohmann::ordered_json& json);
};

}  // namespace cloister::ml
