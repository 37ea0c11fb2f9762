#include "cloister/ml/planner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "cloister/ml/batches.h"
#include "cloister/ml/internal/advice.h"
#include "cloister/ml/internal/planned_training.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/rlwe/security.h"

namespace cloister::ml {
namespace {

constexpr int kMinScaleBits = 30, kMaxScaleBits = 50, kMaxPrimeBits = 49;
constexpr int kLeastHeadBits = 4;      // of the first prime above the scale: values below 2^3, and a sign
constexpr int kTrainingHeadBits = 8;   // what predictions are worth beside the levels of a training
constexpr int kBootstrapHeadBits = 6;  // see Bootstrapper: rules the reduction's own error
constexpr int kRaisedBits = 7;         // of the scale that a bootstrap works at above the others
constexpr double kMaxErrorToBootstrap = circuits::Bootstrapper::kMaxRelativeError / 4;
constexpr double kMaxStateScale = 65536;
constexpr std::size_t kMostPlacements = 12;  // with bootstraps, that a plan's table has
constexpr int kMaxDigits = 12;

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

// Stages of up to 32 points, to slots of up to 8 where there are more: with fewer levels for more diagonals,
// which few slots can afford, and least at the lowest levels. Newton's method has one vector to renew.
circuits::BootstrappingSpec bootstrapping_of(const StripPacking& packing, bool real) {
  const int log2_slots = std::bit_width(packing.width) - 1;
  return {.log2_slots = log2_slots,
          .real = real,
          .range = 1,
          .slots_to_coefficients = (log2_slots + 4) / 5,
          .coefficients_to_slots = log2_slots <= 5 ? 1 : (log2_slots + 2) / 3};
}

double log2_of(const std::vector<std::uint64_t>& primes) {
  double sum = 0;
  for (const auto p : primes) sum += std::log2(static_cast<double>(p));
  return sum;
}

// Iterations between two bootstraps that are worth a plan; 0 for levels alone.
std::vector<int> runs(const JobRequest& r, int log2_degree, const PlannedSchedule& schedule) {
  if (r.iterations_per_bootstrap) return {*r.iterations_per_bootstrap};
  std::vector<int> out{0};
  if (!renews(schedule)) return out;
  if (schedule.linear) out.clear();
  // Of so many levels as 128 bits allow at the least scale; derive_ckks_plan knows exactly.
  const double levels = rlwe::max_log2_modulus(log2_degree) / kMinScaleBits;
  const int each = levels_per_iteration(schedule);
  // A linear training's iterations are short, and neighbouring numbers of them alike: of many, every fourth
  // part more.
  const auto next = [&](int run) { return schedule.linear ? std::max(run + 1, run + run / 4) : run + 1; };
  for (int run = 1; run < r.iterations - (schedule.linear ? 0 : 1) && run * each <= levels; run = next(run))
    out.push_back(run);
  return out;
}

// No more than log2(QP), P being at least as large as the largest digit, and raised primes up to a tenth of a
// bit below their power of two: so that hopeless choices cost no search for primes.
double rough_log2_qp(const ckks::ParametersSpec& p) {
  const double raised = (p.raised_levels - p.transform_levels) * (p.raised_scale_bits - p.scale_bits) +
                        p.transform_levels * (p.transform_scale_bits - p.scale_bits);
  const double q = p.top_level() * p.scale_bits + raised - 0.1 * p.raised_levels + p.first_prime_bits;
  return q + q / p.digits;
}

// Where there is no mask, rows bring the margins into the polynomial's interval by themselves.
double row_scale_for(const CkksPlan& plan, const PolynomialFit& sigmoid) {
  return plan.packing.row_slots == 1 ? 1 / (plan.state_scale * sigmoid.range) : 1;
}

// The power of two for which the noise of sums over rows, which is divided by it, and that of the mask or of
// rows that travel smaller, which grows with it, are the least together.
double best_state_scale(CkksPlan plan, const PolynomialFit& sigmoid,
                        const std::function<double(const CkksPlan&)>& error_of) {
  double best = 1, least = INFINITY;
  for (plan.state_scale = 1; plan.state_scale <= kMaxStateScale; plan.state_scale *= 2) {
    plan.row_scale = row_scale_for(plan, sigmoid);
    const double error = error_of(plan);
    if (error >= least) break;
    least = error;
    best = plan.state_scale;
  }
  return best;
}

// The chain of primes that the choices ask for, and the levels of rows.
void set_parameters(const JobRequest& request, const PlannedSchedule& schedule, const PlanChoices& choices,
                    CkksPlan& ckks) {
  // What the first prime cannot hold above the scale is divided away.
  const int head_bits = static_cast<int>(std::ceil(std::log2(ckks.margins.magnitude + 1))) + 3;
  ckks.parameters = {
      .log2_degree = choices.log2_degree, .scale_bits = choices.scale_bits, .digits = choices.digits};
  auto& p = ckks.parameters;
  if (choices.iterations_per_bootstrap > 0) {
    const int run = choices.iterations_per_bootstrap;
    ckks.bootstrapping = bootstrapping_of(ckks.packing, schedule.newton.has_value());
    ckks.bootstrapping->repetitions = choices.repetitions;
    ckks.iterations_per_bootstrap = run;
    p.first_prime_bits = choices.scale_bits + kBootstrapHeadBits;
    p.raised_scale_bits = choices.scale_bits + kRaisedBits;
    p = ckks.bootstrapping->raised(p);
    p.levels = levels_for_runs(schedule, run, *ckks.bootstrapping);
    ckks.data_level = level_schedule_of(schedule, ckks).rows_level();
  } else {
    // A training's bits are worth more in its levels: the weights' error rules its predictions.
    const int wished_bits = choices.scale_bits +
                            (request.job == Job::kTrain ? std::min(head_bits, kTrainingHeadBits) : head_bits);
    p.first_prime_bits = std::max(std::min(wished_bits, kMaxPrimeBits), choices.scale_bits + kLeastHeadBits);
    p.levels = ckks.data_level = levels_of(request, schedule);
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
  if (choices.iterations_per_bootstrap > 0 && (2 * ckks.packing.width > slots || !renews(schedule)))
    return std::nullopt;
  set_parameters(request, schedule, choices, ckks);
  const double limit = rlwe::max_log2_modulus(choices.log2_degree);
  if (choices.digits > ckks.parameters.top_level() + 1 || rough_log2_qp(ckks.parameters) > limit)
    return std::nullopt;
  return ckks;
}

// Of the vectors that a bootstrap renews, in weights' units.
double largest_renewed(const PlannedSchedule& schedule) {
  if (!schedule.linear_bounds) return schedule.weight_bound;
  return std::max(schedule.weight_bound,
                  schedule.linear_bounds->change_scale() * schedule.linear_bounds->largest_change());
}

}  // namespace

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
  const auto& of_vectors = spec.real ? circuits::bootstrapping_noise : circuits::bootstrapping_two_noise;
  return noise_.emplace_back(parameters, of_vectors(spec, parameters, of(parameters))).second;
}

std::optional<circuits::BootstrappingNoise> FoundChains::noise(circuits::BootstrappingSpec spec,
                                                               const ckks::ParametersSpec& parameters,
                                                               double brought) {
  const auto once = noise(spec, parameters);
  if (spec.repetitions == 0) return once;
  spec.range = 1;
  const auto repeated = circuits::repeated_noise(once, !spec.real, spec, parameters, of(parameters), brought);
  if (!repeated) return std::nullopt;
  return repeated->after;
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

  if (const PolynomialFit* sigmoid = schedule.sigmoid()) {
    ckks.state_scale = best_state_scale(ckks, *sigmoid, [&](const CkksPlan& tried) {
      return training_error(chain, request, schedule, tried, {});
    });
    ckks.row_scale = row_scale_for(ckks, *sigmoid);
  }
  if (ckks.bootstrapping)
    ckks.bootstrapping->range = std::max(1.0, ckks.state_scale * largest_renewed(schedule));
  ckks.weights.error = error_of_weights(request, schedule, ckks, chains);
  ckks.margins.error = prediction_error(chain, ckks) + ckks.weights.error * row_norm;
  Plan plan;
  plan.request = request;
  plan.logistic = schedule.logistic;
  plan.newton = schedule.newton;
  plan.linear = schedule.linear;
  plan.error_bound = request.job == Job::kPredict ? ckks.margins.error : ckks.weights.error;
  plan.ckks = ckks;
  return plan;
}

bool is_precise_enough(const Plan& plan, const PlannedSchedule& schedule) {
  const ckks::ValueBound& weights = plan.ckks->weights;
  // Beyond that a bootstrap refuses. A change has the errors of two vectors, scaled as it is.
  const double scale = schedule.linear_bounds ? schedule.linear_bounds->change_scale() : 1;
  if (plan.ckks->bootstrapping && scale * weights.error > weights.magnitude * kMaxErrorToBootstrap)
    return false;
  return plan.error_bound <= plan.request.max_error;
}

}  // namespace

std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices, FoundChains& chains) {
  auto plan = bounded(request, schedule, choices, chains);
  if (plan && !is_precise_enough(*plan, schedule)) return std::nullopt;
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
    if (found && !is_precise_enough(*found, schedule)) {
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

// Where nothing is precise enough, with bootstraps that repeat.
std::vector<Plan> Planner::candidates(const JobRequest& request, Found& found) const {
  auto out = candidates(request, 0, found);
  if (out.empty() && request.job == Job::kTrain && request.iterations_per_bootstrap.value_or(1) > 0)
    out = candidates(request, 1, found);
  return out;
}

std::vector<Plan> Planner::candidates(const JobRequest& request, int repetitions, Found& found) const {
  std::vector<int> degrees = {0};
  if (has_method(request))
    degrees = request.sigmoid_degree != 0 ? std::vector<int>{request.sigmoid_degree}
              : is_steady(request)        ? std::vector<int>{kSteadyDegree}
                                          : std::vector<int>{3, 7};
  std::vector<Plan> out;
  const auto add = [&](int degree, bool bootstraps) {
    std::ranges::move(
        candidates(request, degree, plan_schedule(request, degree, bootstraps), repetitions, found),
        std::back_inserter(out));
  };
  const bool is_linear = request.job == Job::kTrain && request.model == ModelKind::kLinear;
  for (const int degree : degrees) add(degree, is_linear && request.iterations_per_bootstrap.value_or(0) > 0);
  // Linear trainings are renewed where levels do not suffice, or only in a ring whose every step is so slow
  // that bootstraps in a smaller one may be cheaper.
  if (is_linear && !request.iterations_per_bootstrap && std::ranges::all_of(out, [](const Plan& p) {
        return p.ckks->parameters.log2_degree == kMaxLog2Degree;
      }))
    add(0, true);
  return out;
}

std::vector<Plan> Planner::candidates(const JobRequest& request, int sigmoid_degree,
                                      const PlannedSchedule& schedule, int repetitions, Found& found) const {
  std::vector<Plan> out;
  std::vector<std::pair<int, int>> choices;  // of a ring and of iterations between two bootstraps
  for (int log2_degree = kMinLog2Degree; log2_degree <= kMaxLog2Degree; ++log2_degree)
    if (request.log2_degree == 0 || request.log2_degree == log2_degree)
      for (const int run : runs(request, log2_degree, schedule))
        if (repetitions == 0 || run > 0) choices.emplace_back(log2_degree, run);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const auto [log2_degree, run] = choices[i];
    if (progress_ != nullptr) progress_->update("plan", i, choices.size());
    for (int digits = 1; digits <= kMaxDigits; ++digits) {
      if (request.digits != 0 && request.digits != digits) continue;
      FoundChains& chains = found[{log2_degree, run, digits}];
      for (const std::size_t row_slots : row_slot_choices(request, log2_degree))
        add_candidates(request, schedule,
                       {.log2_degree = log2_degree,
                        .digits = digits,
                        .sigmoid_degree = sigmoid_degree,
                        .row_slots = row_slots,
                        .iterations_per_bootstrap = run,
                        .repetitions = repetitions},
                       chains, out);
    }
  }
  return out;
}

// The most iterations below the request's with which it fits; 0 if there are none.
int Planner::most_iterations(JobRequest request, Found& found) const {
  if (request.job != Job::kTrain) return 0;
  int fits = 0, fails = request.iterations;
  while (fails - fits > 1) {
    request.iterations = fits + (fails - fits) / 2;
    (candidates(request, found).empty() ? fails : fits) = request.iterations;
  }
  return fits;
}

namespace {

std::uint64_t upload(const Plan& p) { return p.estimates.evaluation_key_bytes + p.estimates.dataset_bytes; }
double seconds(const Plan& p) { return p.estimates.train_seconds + p.estimates.predict_seconds; }

}  // namespace

double plan_cost(const Plan& p) {
  if (p.request.small_keys) return static_cast<double>(upload(p));
  return seconds(p) + p.estimates.keygen_seconds + p.estimates.encrypt_seconds +
         static_cast<double>(upload(p)) / kUploadBytesPerSecond;
}

Plan Planner::plan_as_asked(const JobRequest& request) const {
  check_request(request);
  if (request.scheme == Scheme::kPaillier) return plan_paillier(request);
  Found found;
  if (auto best = cheapest(request, found)) return std::move(*best);
  const std::string error = " 128-bit security with an error of at most " + short_number(request.max_error);
  if (const int fewer = most_iterations(request, found); fewer > 0)
    throw PrecisionError("plan: " + counted(request.iterations, "iteration") + " do not fit" + error +
                         "; the nearest job that fits has " + counted(fewer, "iteration") + ": give " +
                         setting("iterations", std::to_string(fewer)) + ", or a larger " +
                         setting("max_error"));
  throw PrecisionError("plan: this job does not fit" + error +
                       " at any ring degree; give fewer columns, or a larger " + setting("max_error"));
}

std::optional<Plan> Planner::cheapest(const JobRequest& request) const {
  Found found;
  return cheapest(request, found);
}

// The cheapest plan, with its tables.
std::optional<Plan> Planner::cheapest(const JobRequest& request, Found& chains) const {
  auto found = candidates(request, chains);
  if (found.empty()) return std::nullopt;
  const auto alternative = [&](const Plan& p) {
    return Alternative{p.ckks->parameters.log2_degree,
                       p.ckks->parameters.digits,
                       p.trains_logistic() ? p.sigmoid()->degree() : 0,
                       p.ckks->packing.row_slots,
                       p.ckks->rotation_keys,
                       p.ckks->iterations_per_bootstrap,
                       seconds(p),
                       upload(p)};
  };
  std::ranges::sort(found, {}, plan_cost);
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
  std::size_t renewed = 0;
  for (const Plan& p : found) {  // by their time
    if (!seen.insert({p.ckks->iterations_per_bootstrap, p.ckks->parameters.log2_degree}).second) continue;
    if (p.ckks->bootstrapping && ++renewed > kMostPlacements) continue;
    best.placements.push_back(alternative(p));
  }
  return best;
}

}  // namespace cloister::ml
