#pragma once

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cloister/base/progress.h"
#include "cloister/circuits/bootstrapping_noise.h"
#include "cloister/ml/cost_model.h"
#include "cloister/ml/plan.h"

namespace cloister::ml {

/// What a request's schedule brings to its plans, whatever the parameters: computed once, since the proof of
/// the amplification takes about a tenth of a second.
struct PlannedSchedule {
  std::optional<LogisticSchedule> logistic;
  std::optional<NewtonSchedule> newton;
  std::optional<LinearSchedule> linear;
  /// Of a linear training that bootstraps, and of no other.
  std::optional<LinearStateBounds> linear_bounds;
  double weight_bound = 0;            ///< of every weight
  std::vector<double> gains;          ///< of an error that an iteration adds: logistic_gains, linear_gains
  std::vector<double> renewal_gains;  ///< logistic_renewal_gains, linear_renewal_gains
  NewtonBounds newton_bounds;
  NewtonGains newton_gains;

  /// Of logistic trainings; null for others.
  const PolynomialFit* sigmoid() const noexcept {
    return logistic ? &logistic->sigmoid : newton ? &newton->sigmoid : nullptr;
  }
};
/// `bootstraps`: of a linear training, which has another schedule then (long_linear_spec); others take no
/// notice of it.
PlannedSchedule plan_schedule(const JobRequest& request, int sigmoid_degree, bool bootstraps = false);

/// Where to stop, without anybody looking at a weight: the iterations after which what is left of the way to
/// the fit is at most `tolerance` of it, for any data that the request's ridge and spectrum cap allow
/// (logistic_iterations_for with the schedule of a long training, linear_iterations_for, whose promise is
/// kept where the request has a spectrum_floor, if only of 0). Throws ParametersError without a ridge, which
/// is what bounds the curvature from below, or a positive floor.
int iterations_for(const JobRequest& request, double tolerance);

/// What the planner makes least: seconds until the answer is back, keys, rows and their transfer included;
/// with small_keys the bytes to upload.
double plan_cost(const Plan& plan);

/// Throws ParametersError for a request that makes no sense.
void check_request(const JobRequest& request);
/// The part of it that is about the method.
void check_method(const JobRequest& request);

/// A plan from its request and its choices: chain, packing, bounds. Nothing is estimated. Empty if the error
/// bound or the security is missed. Deterministic: the owner, the server and whoever reads the file derive
/// the same.
struct PlanChoices {
  int log2_degree = 0, scale_bits = 0, digits = 0, sigmoid_degree = 0;
  RotationKeys rotation_keys = RotationKeys::kBinary;
  std::size_t row_slots = 0;         ///< 0: whole rows
  int iterations_per_bootstrap = 0;  ///< at most; 0: levels alone
  int repetitions = 0;               ///< of bootstraps (circuits::BootstrappingSpec)
};
std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices);

/// Chains of primes, and the noise of bootstraps on them, that were found before, for plans that differ in
/// their packing alone: finding them is most of what a plan costs.
class FoundChains {
 public:
  rlwe::ParametersSpec of(const ckks::ParametersSpec& spec);
  /// Of two vectors, over the range: as for a range of 1, above which it only falls.
  circuits::BootstrappingNoise noise(circuits::BootstrappingSpec spec,
                                     const ckks::ParametersSpec& parameters);
  /// The same with the spec's repetitions, of operands whose errors add up to `brought` over the range; empty
  /// where they leave no room (circuits::repeated_noise).
  std::optional<circuits::BootstrappingNoise> noise(circuits::BootstrappingSpec spec,
                                                    const ckks::ParametersSpec& parameters, double brought);

 private:
  std::vector<std::pair<ckks::ParametersSpec, rlwe::ParametersSpec>> found_;
  std::vector<std::pair<ckks::ParametersSpec, circuits::BootstrappingNoise>> noise_;
};
std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices, FoundChains& chains);

/// Makes plans. Everything is chosen from the request and this machine's speed: the ring degree, the chain of
/// primes, the digits, the sigmoid's degree, the packing, the rotations, the level of every step; at 128-bit
/// security, with the stated error bound, for the least time until the answer is back, the transfer of keys
/// and data at kUploadBytesPerSecond included (or for the fewest bytes).
class Planner {
 public:
  /// `progress`, which may be missing and is borrowed, is told of the choices that were tried, of those of
  /// one sigmoid ("plan"); throwing from it stops the search.
  explicit Planner(const Calibration& calibration, Progress* progress = nullptr)
      : calibration_(calibration), progress_(progress) {}

  /// Throws ParametersError for a request that makes no sense, and PrecisionError for a job that does not
  /// fit, naming the nearest one that does.
  Plan plan(const JobRequest& request) const;

 private:
  /// Chains by ring degree, iterations between two bootstraps and digits: of requests that differ in their
  /// iterations alone, which mostly have the same.
  using Found = std::map<std::array<int, 3>, FoundChains>;

  Plan plan_as_asked(const JobRequest& request) const;
  Plan plan_with_method(JobRequest request) const;
  Plan plan_newton(JobRequest request) const;
  std::optional<Plan> cheapest(const JobRequest& request) const;
  std::optional<Plan> cheapest(const JobRequest& request, Found& chains) const;
  std::optional<Plan> cheapest_newton(JobRequest request, MethodComparison& methods) const;
  std::vector<Plan> candidates(const JobRequest& request, Found& found) const;
  std::vector<Plan> candidates(const JobRequest& request, int repetitions, Found& found) const;
  std::vector<Plan> candidates(const JobRequest& request, int sigmoid_degree, const PlannedSchedule& schedule,
                               int repetitions, Found& found) const;
  int most_iterations(JobRequest request, Found& found) const;
  void add_candidates(const JobRequest& request, const PlannedSchedule& schedule, PlanChoices choices,
                      FoundChains& chains, std::vector<Plan>& out) const;

  Calibration calibration_;
  Progress* progress_;
};

/// What the planner takes the owner's line to carry: a gigabit a second.
inline constexpr double kUploadBytesPerSecond = 1.25e8;

/// What a plan in strips may take of the server's memory at most, unless an expert asks for it; whole rows
/// take the least, and are planned whatever they take.
inline constexpr std::uint64_t kMaxStripMemoryBytes = 8'000'000'000;

/// The most iterations with a momentum that grows as Nesterov's does; longer trainings keep to
/// kSteadyMomentum and steady_range, so that errors do not grow exponentially.
inline constexpr int kMaxUnsteadyIterations = 10;

/// Iterations that a model is trained with unless the request says.
inline constexpr int kDefaultIterations = 7;

}  // namespace cloister::ml
