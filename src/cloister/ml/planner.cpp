#include "cloister/ml/planner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "cloister/ml/batches.h"
#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/rlwe/security.h"

namespace cloister::ml {
namespace {

constexpr int kMinScaleBits = 30, kMaxScaleBits = 50, kMaxPrimeBits = 49;
constexpr int kLeastHeadBits = 4;      // of the first prime above the scale: values below 2^3, and a sign
constexpr int kTrainingHeadBits = 8;   // what predictions are worth beside the levels of a training
constexpr int kSteadyDegree = 7;       // whose steady_range fits the margins of a trained model
constexpr int kBootstrapHeadBits = 6;  // see Bootstrapper: rules the reduction's own error
constexpr int kRaisedBits = 7;         // of the scale that a bootstrap works at above the others
constexpr double kMaxErrorToBootstrap = circuits::Bootstrapper::kMaxRelativeError / 4;
constexpr double kMaxStateScale = 65536;
constexpr int kMinLog2Degree = 12, kMaxLog2Degree = 17, kMaxDigits = 12;

// Rows are rotated inside themselves there, so they must be whole.
bool needs_whole_rows(const JobRequest& r) { return r.job == Job::kTrain && r.model == ModelKind::kLinear; }

void check(const JobRequest& r) {
  if (r.features < 1) throw ParametersError("plan: there are no features; keep at least one column");
  if (r.features > 4096)
    throw ParametersError("plan: " + std::to_string(r.features) +
                          " features; at most 4096 are supported, drop columns");
  if (r.rows > std::uint64_t{1} << 40) throw ParametersError("plan: at most 2^40 rows are supported");
  if (r.job != Job::kPredict && r.rows <= r.features)
    throw ParametersError("plan: " + std::to_string(r.rows) + " rows for " + std::to_string(r.features) +
                          " features; training needs more rows than features");
  if (r.iterations < 0 || r.iterations > kMaxIterations)
    throw ParametersError("plan: " + std::to_string(r.iterations) + " iterations; give 1 to " +
                          std::to_string(kMaxIterations));
  if (r.batches < 1 || r.batches > kMaxBatches ||
      (r.batches > 1 && (r.job != Job::kTrain || r.model != ModelKind::kLogistic)))
    throw ParametersError("plan: " + std::to_string(r.batches) + " batches; logistic trainings take 1 to " +
                          std::to_string(kMaxBatches) + ", everything else sees all rows at once");
  if (!(r.max_error > 0) || !(r.feature_bound >= 1) || !(r.feature_bound <= 1e6) || !(r.ridge >= 0))
    throw ParametersError(
        "plan: the largest error must be positive, the features' bound in [1, 1e6], the ridge not negative");
  if (r.iterations_per_bootstrap.value_or(0) < 0 ||
      (r.iterations_per_bootstrap.value_or(0) > 0 &&
       (r.job != Job::kTrain || r.model != ModelKind::kLogistic || r.scheme != Scheme::kCkks)))
    throw ParametersError("plan: bootstraps are for logistic trainings with ckks");
  const std::size_t width = StripPacking::width_of(r.features + std::size_t{1});
  if (r.row_slots != 0 && (r.row_slots < 0 || !std::has_single_bit(static_cast<unsigned>(r.row_slots)) ||
                           static_cast<std::size_t>(r.row_slots) > width ||
                           (needs_whole_rows(r) && static_cast<std::size_t>(r.row_slots) != width)))
    throw ParametersError("plan: " + std::to_string(r.row_slots) + " slots a row; give " +
                          (needs_whole_rows(r) ? "" : "a power of two up to ") + std::to_string(width) +
                          ", or leave it to the planner");
  if (r.job == Job::kAggregate && (r.scheme != Scheme::kPaillier || r.model != ModelKind::kLinear))
    throw ParametersError("plan: aggregated sums are for linear regression with Paillier");
  if (r.job == Job::kTrain && r.scheme == Scheme::kPaillier)
    throw ParametersError(
        "plan: Paillier cannot train on encrypted rows (it only adds); plan with ckks, or aggregate "
        "encrypted sums");
}

// Slots a row that are worth a plan: those for which the rows just fill a block, which is the most that can
// be saved on blocks for the least strips; their neighbours; and both ends.
std::vector<std::size_t> row_slot_choices(const JobRequest& r, int log2_degree) {
  const std::size_t slots = std::size_t{1} << (log2_degree - 1);
  const std::size_t width = StripPacking::width_of(r.features + std::size_t{1});
  if (r.row_slots != 0) return {static_cast<std::size_t>(r.row_slots)};
  if (needs_whole_rows(r)) return {width};
  const std::uint64_t rows = std::max<std::uint64_t>(r.job == Job::kPredict ? r.predict_rows : r.rows, 1);
  const auto fill = std::clamp<std::uint64_t>(slots / std::bit_ceil(rows), 1, width);
  std::vector<std::size_t> out;
  for (const std::uint64_t choice : {std::uint64_t{width}, 2 * fill, fill, fill / 2, std::uint64_t{1}})
    if (choice >= 1 && choice <= width && !std::ranges::count(out, choice))
      out.push_back(static_cast<std::size_t>(choice));
  return out;
}

// Of a fresh ciphertext, without bootstraps.
int levels_of(const JobRequest& r, int sigmoid_degree) {
  if (r.job == Job::kPredict) return kPredictionLevels;
  return kPredictionLevels + (r.model == ModelKind::kLogistic
                                  ? LogisticTrainer::levels(sigmoid_degree, r.iterations)
                                  : LinearTrainer::levels(r.iterations));
}

bool is_steady(const JobRequest& r) { return r.iterations > kMaxUnsteadyIterations || r.batches > 1; }

// Stages of up to 32 points, to slots of up to 8 where there are more: with fewer levels for more diagonals,
// which few slots can afford, and least at the lowest levels.
circuits::BootstrappingSpec bootstrapping_of(const StripPacking& packing, double range) {
  const int log2_slots = std::bit_width(packing.width) - 1;
  return {.log2_slots = log2_slots,
          .real = false,
          .range = range,
          .slots_to_coefficients = (log2_slots + 4) / 5,
          .coefficients_to_slots = log2_slots <= 5 ? 1 : (log2_slots + 2) / 3};
}

double log2_of(const std::vector<std::uint64_t>& primes) {
  double sum = 0;
  for (const auto p : primes) sum += std::log2(static_cast<double>(p));
  return sum;
}

// Iterations between two bootstraps that are worth a plan; 0 for levels alone.
std::vector<int> runs(const JobRequest& r, int log2_degree, int sigmoid_degree) {
  if (r.iterations_per_bootstrap) return {*r.iterations_per_bootstrap};
  std::vector<int> out{0};
  if (r.job != Job::kTrain || r.model != ModelKind::kLogistic) return out;
  // Of so many levels as 128 bits allow at the least scale; derive_ckks_plan knows exactly.
  const double levels = rlwe::max_log2_modulus(log2_degree) / kMinScaleBits;
  const int each = LogisticTrainer::levels_per_iteration(sigmoid_degree);
  for (int run = 1; run < r.iterations - 1 && run * each <= levels; ++run) out.push_back(run);
  return out;
}

// No more than log2(QP), P being at least as large as the largest digit: so that hopeless choices cost no
// search for primes.
double rough_log2_qp(const ckks::ParametersSpec& p) {
  const double raised = (p.raised_levels - p.transform_levels) * (p.raised_scale_bits - p.scale_bits) +
                        p.transform_levels * (p.transform_scale_bits - p.scale_bits);
  const double q = p.top_level() * p.scale_bits + raised + p.first_prime_bits;
  return q + q / p.digits;
}

// Where there is no mask, rows bring the margins into the polynomial's interval by themselves.
double row_scale_for(const CkksPlan& plan, const LogisticSchedule& schedule) {
  return plan.packing.row_slots == 1 ? 1 / (plan.state_scale * schedule.sigmoid.range) : 1;
}

// The power of two for which the noise of sums over rows, which is divided by it, and that of the mask or of
// rows that travel smaller, which grows with it, are the least together.
double best_state_scale(const rlwe::ParametersSpec& chain, CkksPlan plan, const JobRequest& request,
                        const LogisticSchedule& schedule) {
  double best = 1, least = INFINITY;
  for (plan.state_scale = 1; plan.state_scale <= kMaxStateScale; plan.state_scale *= 2) {
    plan.row_scale = row_scale_for(plan, schedule);
    const double error = logistic_injected_error(chain, plan, request, schedule).per_iteration;
    if (error >= least) break;
    least = error;
    best = plan.state_scale;
  }
  return best;
}

// The chain of primes that the choices ask for, and the levels of rows.
void set_parameters(const JobRequest& request, const PlanChoices& choices, CkksPlan& ckks) {
  // What the first prime cannot hold above the scale is divided away.
  const int head_bits = static_cast<int>(std::ceil(std::log2(ckks.margins.magnitude + 1))) + 3;
  ckks.parameters = {
      .log2_degree = choices.log2_degree, .scale_bits = choices.scale_bits, .digits = choices.digits};
  auto& p = ckks.parameters;
  if (choices.iterations_per_bootstrap > 0) {
    const int each = LogisticTrainer::levels_per_iteration(choices.sigmoid_degree);
    ckks.bootstrapping = bootstrapping_of(ckks.packing, 1);
    ckks.iterations_per_bootstrap = choices.iterations_per_bootstrap;
    p.first_prime_bits = choices.scale_bits + kBootstrapHeadBits;
    p.raised_levels = ckks.bootstrapping->raised_levels();
    p.raised_scale_bits = choices.scale_bits + kRaisedBits;
    p.transform_levels = ckks.bootstrapping->coefficients_to_slots;
    p.transform_scale_bits = ckks.bootstrapping->transform_scale_bits(p);
    p.levels = LevelSchedule::levels_for_runs(choices.iterations_per_bootstrap, each, *ckks.bootstrapping);
    ckks.data_level = LevelSchedule::with_bootstraps(request.iterations, each, ckks.model_level,
                                                     *ckks.bootstrapping, p.levels)
                          .rows_level();
  } else {
    // A training's bits are worth more in its levels: the weights' error rules its predictions.
    const int wished_bits = choices.scale_bits +
                            (request.job == Job::kTrain ? std::min(head_bits, kTrainingHeadBits) : head_bits);
    p.first_prime_bits = std::max(std::min(wished_bits, kMaxPrimeBits), choices.scale_bits + kLeastHeadBits);
    p.levels = ckks.data_level = levels_of(request, choices.sigmoid_degree);
  }
  ckks.margin_scale = std::exp2(std::max(choices.scale_bits + head_bits - p.first_prime_bits, 0));
}

// Packing, chain and levels; nothing where that cannot be at 128 bits, nor at a larger scale.
std::optional<CkksPlan> shaped(const JobRequest& request, const PlannedSchedule& schedule,
                               const PlanChoices& choices) {
  const double columns = request.features + 1.0;  // with the intercept, or the target
  const std::size_t slots = std::size_t{1} << (choices.log2_degree - 1);
  if (columns > static_cast<double>(slots)) return std::nullopt;
  CkksPlan ckks;
  ckks.rotation_keys = choices.rotation_keys;
  ckks.trains = request.job == Job::kTrain;
  const auto count = static_cast<std::size_t>(columns);
  ckks.packing = StripPacking::create(
      slots, count, choices.row_slots == 0 ? StripPacking::width_of(count) : choices.row_slots);
  if (needs_whole_rows(request) && ckks.packing.strips() != 1) return std::nullopt;
  // A batch is made of whole blocks.
  if (schedule.logistic && ckks.packing.blocks(request.rows) < request.batches) return std::nullopt;
  ckks.state_scale = schedule.linear ? 16 : 1;
  ckks.weights.magnitude = schedule.weight_bound;
  // |w . x| by Cauchy and Schwarz.
  const double row_norm = request.feature_bound * std::sqrt(columns);
  ckks.margins.magnitude = schedule.weight_bound * row_norm;
  set_parameters(request, choices, ckks);
  if (ckks.iterations_per_bootstrap > 0 && (2 * ckks.packing.width > slots || !schedule.logistic))
    return std::nullopt;
  const double limit = rlwe::max_log2_modulus(choices.log2_degree);
  if (choices.digits > ckks.parameters.top_level() + 1 || rough_log2_qp(ckks.parameters) > limit)
    return std::nullopt;
  return ckks;
}

}  // namespace

int iterations_for(const JobRequest& request, double tolerance) {
  if (request.job != Job::kTrain || !(request.ridge > 0))
    throw ParametersError(
        "plan: a tolerance fixes the iterations of a training with a ridge; give --ridge X");
  if (request.model == ModelKind::kLinear) {
    const double cap = spectrum_cap_or_default(request.spectrum_cap, request.features);
    return std::max(1, linear_iterations_for((cap + request.ridge) / request.ridge, tolerance));
  }
  const int degree = request.sigmoid_degree != 0 ? request.sigmoid_degree : kSteadyDegree;
  return logistic_iterations_for({.features = request.features + std::size_t{1},
                                  .degree = degree,
                                  .ridge = request.ridge,
                                  .spectrum_cap = request.spectrum_cap,
                                  .range = steady_range(degree),
                                  .momentum_cap = kSteadyMomentum},
                                 request.ridge, tolerance);
}

PlannedSchedule plan_schedule(const JobRequest& request, int sigmoid_degree) {
  PlannedSchedule out;
  if (request.job == Job::kPredict) {
    out.weight_bound = kClearWeightBound;
    return out;
  }
  if (request.model == ModelKind::kLogistic) {
    out.logistic = plan_logistic(
        {.features = request.features + std::size_t{1},
         .iterations = request.iterations,
         .degree = sigmoid_degree,
         .ridge = request.ridge,
         .spectrum_cap = request.spectrum_cap,
         .range = is_steady(request) ? std::optional(steady_range(sigmoid_degree)) : std::nullopt,
         .batches = request.batches,
         .seed = request.seed,
         .momentum_cap = is_steady(request) ? std::optional(kSteadyMomentum) : std::nullopt});
    out.weight_bound = logistic_weight_bound(*out.logistic);
    const double limit = default_margin_limit(*out.logistic);
    out.gains = logistic_gains(*out.logistic, limit);
    out.renewal_gains = logistic_renewal_gains(*out.logistic, limit);
  } else {
    out.linear = plan_linear({.features = request.features,
                              .iterations = request.iterations,
                              .ridge = request.ridge,
                              .upper = request.spectrum_cap});
    out.weight_bound = linear_weight_bound(*out.linear);
    out.gains = linear_gains(*out.linear);
  }
  return out;
}

rlwe::ParametersSpec FoundChains::of(const ckks::ParametersSpec& spec) {
  for (const auto& [known, chain] : found_)
    if (known == spec) return chain;
  return found_.emplace_back(spec, ckks::Parameters::chain(spec)).second;
}

circuits::BootstrappingNoise FoundChains::noise(circuits::BootstrappingSpec spec,
                                                const ckks::ParametersSpec& parameters) {
  spec.range = 1;
  for (const auto& [known, noise] : noise_)
    if (known == parameters) return noise;
  return noise_.emplace_back(parameters, circuits::bootstrapping_two_noise(spec, parameters, of(parameters)))
      .second;
}

std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices) {
  FoundChains chains;
  return derive_ckks_plan(request, schedule, choices, chains);
}

namespace {

// With its error bound, whatever that is; nothing where the choices do not fit 128 bits, nor any larger
// scale.
std::optional<Plan> bounded(const JobRequest& request, const PlannedSchedule& schedule,
                            const PlanChoices& choices, FoundChains& chains) {
  auto shape = shaped(request, schedule, choices);
  if (!shape) return std::nullopt;
  CkksPlan& ckks = *shape;
  const double row_norm = ckks.margins.magnitude / ckks.weights.magnitude;
  const double limit = rlwe::max_log2_modulus(choices.log2_degree);
  const rlwe::ParametersSpec chain = chains.of(ckks.parameters);
  if (log2_of(chain.q_primes) + log2_of(chain.p_primes) > limit) return std::nullopt;

  if (schedule.logistic) {
    ckks.state_scale = best_state_scale(chain, ckks, request, *schedule.logistic);
    ckks.row_scale = row_scale_for(ckks, *schedule.logistic);
    if (ckks.bootstrapping)
      ckks.bootstrapping->range = std::max(1.0, ckks.state_scale * schedule.weight_bound);
  }
  const InjectedError injected =
      schedule.logistic ? logistic_injected_error(chain, ckks, request, *schedule.logistic)
      : schedule.linear ? linear_injected_error(chain, ckks, request, *schedule.linear)
                        : InjectedError{0, prediction_error(chain, ckks)};
  if (schedule.logistic)
    ckks.weights.error = logistic_training_error(
        injected.per_iteration,
        ckks.bootstrapping ? renewal_error(ckks, chains.noise(*ckks.bootstrapping, ckks.parameters),
                                           schedule.logistic->features)
                           : RenewalError{},
        LogisticTrainer::level_schedule(*schedule.logistic, ckks.model_level, ckks.bootstrapping,
                                        ckks.parameters.levels),
        schedule.gains, schedule.renewal_gains);
  else
    ckks.weights.error =
        std::accumulate(schedule.gains.begin(), schedule.gains.end(), 0.0) * injected.per_iteration;
  ckks.margins.error = injected.margin + ckks.weights.error * row_norm;
  Plan plan;
  plan.request = request;
  plan.logistic = schedule.logistic;
  plan.linear = schedule.linear;
  plan.error_bound = request.job == Job::kPredict ? ckks.margins.error : ckks.weights.error;
  plan.ckks = ckks;
  return plan;
}

bool is_precise_enough(const Plan& plan) {
  const ckks::ValueBound& weights = plan.ckks->weights;
  // Beyond that a bootstrap refuses.
  if (plan.ckks->bootstrapping && weights.error > weights.magnitude * kMaxErrorToBootstrap) return false;
  return plan.error_bound <= plan.request.max_error;
}

}  // namespace

std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices, FoundChains& chains) {
  auto plan = bounded(request, schedule, choices, chains);
  if (plan && !is_precise_enough(*plan)) return std::nullopt;
  return plan;
}

// The plans of one ring, chain and packing: every set of keys, at the least scale that is precise enough,
// since a larger one costs more for what nobody asked.
void Planner::add_candidates(const JobRequest& request, const PlannedSchedule& schedule, PlanChoices choices,
                             FoundChains& chains, std::vector<Plan>& out) const {
  choices.scale_bits = kMinScaleBits;
  const auto least = shaped(request, schedule, choices);
  if (!least) return;
  // More digits of the same size are the same chain.
  const int limbs = least->parameters.top_level() + 1, digits = choices.digits;
  if (digits > 1 && (limbs + digits - 1) / digits == (limbs + digits - 2) / (digits - 1)) return;
  // A larger scale is more precise and takes more bits of the modulus.
  std::optional<Plan> plan;
  int low = kMinScaleBits,
      high = choices.iterations_per_bootstrap > 0 ? kMaxPrimeBits + 1 - kRaisedBits : kMaxScaleBits;
  while (low <= high) {
    choices.scale_bits = low + (high - low) / 2;
    auto found =
        shaped(request, schedule, choices) ? bounded(request, schedule, choices, chains) : std::nullopt;
    if (found && !is_precise_enough(*found)) {
      low = choices.scale_bits + 1;
      continue;
    }
    if (found) plan = std::move(found);
    high = choices.scale_bits - 1;
  }
  if (!plan) return;
  const auto chain = chains.of(plan->ckks->parameters);
  for (const RotationKeys keys : kRotationKeys) {
    if (request.rotation_keys.value_or(keys) != keys) continue;
    plan->ckks->rotation_keys = keys;
    estimate(*plan, chain, calibration_);
    if (request.row_slots != 0 || plan->ckks->packing.strips() == 1 ||
        plan->estimates.server_memory_bytes <= kMaxStripMemoryBytes)
      out.push_back(*plan);
  }
}

std::vector<Plan> Planner::candidates(const JobRequest& request) const {
  std::vector<int> degrees = {0};
  if (request.model == ModelKind::kLogistic && request.job == Job::kTrain)
    degrees = request.sigmoid_degree != 0 ? std::vector<int>{request.sigmoid_degree}
              : is_steady(request)        ? std::vector<int>{kSteadyDegree}
                                          : std::vector<int>{3, 7};
  std::vector<Plan> out;
  for (const int degree : degrees) {
    const PlannedSchedule schedule = plan_schedule(request, degree);
    for (int log2_degree = kMinLog2Degree; log2_degree <= kMaxLog2Degree; ++log2_degree) {
      if (request.log2_degree != 0 && request.log2_degree != log2_degree) continue;
      for (const int run : runs(request, log2_degree, degree)) {
        for (int digits = 1; digits <= kMaxDigits; ++digits) {
          if (request.digits != 0 && request.digits != digits) continue;
          FoundChains chains;
          for (const std::size_t row_slots : row_slot_choices(request, log2_degree))
            add_candidates(request, schedule,
                           {.log2_degree = log2_degree,
                            .digits = digits,
                            .sigmoid_degree = degree,
                            .row_slots = row_slots,
                            .iterations_per_bootstrap = run},
                           chains, out);
        }
      }
    }
  }
  return out;
}

// The most iterations below the request's with which it fits; 0 if there are none.
int Planner::most_iterations(JobRequest request) const {
  if (request.job != Job::kTrain) return 0;
  int fits = 0, fails = request.iterations;
  while (fails - fits > 1) {
    request.iterations = fits + (fails - fits) / 2;
    (candidates(request).empty() ? fails : fits) = request.iterations;
  }
  return fits;
}

Plan Planner::plan(const JobRequest& given) const {
  JobRequest request = given;
  if (request.iterations == 0) request.iterations = kDefaultIterations;
  check(request);
  if (request.scheme == Scheme::kPaillier) return plan_paillier(request);
  auto found = candidates(request);
  if (found.empty()) {
    if (const int fewer = most_iterations(request); fewer > 0)
      throw PrecisionError("plan: " + std::to_string(request.iterations) +
                           " iterations do not fit 128-bit security with an error of at most " +
                           std::to_string(request.max_error) + "; the nearest job that fits has " +
                           std::to_string(fewer) + " iterations (--iterations " + std::to_string(fewer) +
                           "), or allow a larger error");
    throw PrecisionError(
        "plan: this job does not fit 128-bit security at any ring degree; drop columns, or allow a "
        "larger error than " +
        std::to_string(request.max_error));
  }
  const auto upload = [](const Plan& p) {
    return p.estimates.evaluation_key_bytes + p.estimates.dataset_bytes;
  };
  const auto seconds = [](const Plan& p) { return p.estimates.train_seconds + p.estimates.predict_seconds; };
  const auto alternative = [&](const Plan& p) {
    return Alternative{p.ckks->parameters.log2_degree,
                       p.ckks->parameters.digits,
                       p.logistic ? p.logistic->sigmoid.degree() : 0,
                       p.ckks->packing.row_slots,
                       p.ckks->rotation_keys,
                       p.ckks->iterations_per_bootstrap,
                       seconds(p),
                       upload(p)};
  };
  const auto cost = [&](const Plan& p) {
    if (request.small_keys) return static_cast<double>(upload(p));
    return seconds(p) + p.estimates.keygen_seconds + p.estimates.encrypt_seconds +
           static_cast<double>(upload(p)) / kUploadBytesPerSecond;
  };
  std::ranges::sort(found, {}, cost);
  Plan best = found.front();
  // The table: what no other choice beats in both time and bytes.
  std::ranges::sort(found, [&](const Plan& a, const Plan& b) { return seconds(a) < seconds(b); });
  std::uint64_t fewest = ~std::uint64_t{0};
  for (const Plan& p : found) {
    if (upload(p) >= fewest) continue;
    fewest = upload(p);
    best.alternatives.push_back(alternative(p));
  }
  std::set<std::pair<int, int>> seen;
  for (const Plan& p : found)  // by their time
    if (seen.insert({p.ckks->iterations_per_bootstrap, p.ckks->parameters.log2_degree}).second)
      best.placements.push_back(alternative(p));
  return best;
}

}  // namespace cloister::ml
