#include "cloister/ml/planner.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/noise_model.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/rlwe/security.h"

namespace cloister::ml {
namespace {

constexpr int kMinScaleBits = 30, kMaxScaleBits = 50, kMaxPrimeBits = 49;
constexpr int kLeastHeadBits = 4;     // of the first prime above the scale: values below 2^3, and a sign
constexpr int kTrainingHeadBits = 8;  // what predictions are worth beside the levels of a training
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
  if (r.iterations < 0 || r.iterations > 100)
    throw ParametersError("plan: " + std::to_string(r.iterations) + " iterations; give 1 to 100");
  if (!(r.max_error > 0) || !(r.feature_bound >= 1) || !(r.feature_bound <= 1e6) || !(r.ridge >= 0))
    throw ParametersError(
        "plan: the largest error must be positive, the features' bound in [1, 1e6], the ridge not negative");
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

int levels_of(const JobRequest& r, int sigmoid_degree) {
  if (r.job == Job::kPredict) return kPredictionLevels;
  return kPredictionLevels + (r.model == ModelKind::kLogistic
                                  ? LogisticTrainer::levels(sigmoid_degree, r.iterations)
                                  : LinearTrainer::levels(r.iterations));
}

double log2_of(const std::vector<std::uint64_t>& primes) {
  double sum = 0;
  for (const auto p : primes) sum += std::log2(static_cast<double>(p));
  return sum;
}

// A first guess of log2(QP), so that hopeless choices cost no search for primes.
double rough_log2_qp(int levels, int scale_bits, int first_bits, int digits) {
  const double q = levels * scale_bits + first_bits;
  const double digit = std::ceil((levels + 1.0) / digits) * scale_bits + (first_bits - scale_bits);
  return q + digit;
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

}  // namespace

PlannedSchedule plan_schedule(const JobRequest& request, int sigmoid_degree) {
  PlannedSchedule out;
  if (request.job == Job::kPredict) {
    out.weight_bound = kClearWeightBound;
    return out;
  }
  if (request.model == ModelKind::kLogistic) {
    out.logistic = plan_logistic({.features = request.features + std::size_t{1},
                                  .iterations = request.iterations,
                                  .degree = sigmoid_degree,
                                  .ridge = request.ridge,
                                  .spectrum_cap = request.spectrum_cap});
    out.weight_bound = logistic_weight_bound(*out.logistic);
    out.amplification = logistic_error_bound(*out.logistic, 1, default_margin_limit(*out.logistic));
  } else {
    out.linear = plan_linear({.features = request.features,
                              .iterations = request.iterations,
                              .ridge = request.ridge,
                              .upper = request.spectrum_cap});
    out.weight_bound = linear_weight_bound(*out.linear);
    out.amplification = linear_error_bound(*out.linear, 1);
  }
  return out;
}

rlwe::ParametersSpec FoundChains::of(const ckks::ParametersSpec& spec) {
  for (const auto& [known, chain] : found_)
    if (known == spec) return chain;
  return found_.emplace_back(spec, ckks::Parameters::chain(spec)).second;
}

std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices) {
  FoundChains chains;
  return derive_ckks_plan(request, schedule, choices, chains);
}

std::optional<Plan> derive_ckks_plan(const JobRequest& request, const PlannedSchedule& schedule,
                                     const PlanChoices& choices, FoundChains& chains) {
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
  ckks.data_level = levels_of(request, choices.sigmoid_degree);
  ckks.state_scale = schedule.linear ? 16 : 1;
  ckks.weights.magnitude = schedule.weight_bound;
  // |w . x| by Cauchy and Schwarz.
  const double row_norm = request.feature_bound * std::sqrt(columns);
  ckks.margins.magnitude = schedule.weight_bound * row_norm;
  // What the first prime cannot hold above the scale is divided away.
  const int head_bits = static_cast<int>(std::ceil(std::log2(ckks.margins.magnitude + 1))) + 3;
  // A training's bits are worth more in its levels: the weights' error rules its predictions.
  const int wished_bits =
      choices.scale_bits + (request.job == Job::kTrain ? std::min(head_bits, kTrainingHeadBits) : head_bits);
  const int first_bits = std::max(std::min(wished_bits, kMaxPrimeBits), choices.scale_bits + kLeastHeadBits);
  ckks.margin_scale = std::exp2(std::max(choices.scale_bits + head_bits - first_bits, 0));
  ckks.parameters = {.log2_degree = choices.log2_degree,
                     .levels = ckks.data_level,
                     .scale_bits = choices.scale_bits,
                     .first_prime_bits = first_bits,
                     .digits = choices.digits};
  const double limit = rlwe::max_log2_modulus(choices.log2_degree);
  if (choices.digits > ckks.data_level + 1 ||
      rough_log2_qp(ckks.data_level, choices.scale_bits, first_bits, choices.digits) > limit)
    return std::nullopt;
  const rlwe::ParametersSpec chain = chains.of(ckks.parameters);
  if (log2_of(chain.q_primes) + log2_of(chain.p_primes) > limit) return std::nullopt;

  if (schedule.logistic) {
    ckks.state_scale = best_state_scale(chain, ckks, request, *schedule.logistic);
    ckks.row_scale = row_scale_for(ckks, *schedule.logistic);
  }
  const InjectedError injected =
      schedule.logistic ? logistic_injected_error(chain, ckks, request, *schedule.logistic)
      : schedule.linear ? linear_injected_error(chain, ckks, request, *schedule.linear)
                        : InjectedError{0, prediction_error(chain, ckks)};
  ckks.weights.error = schedule.amplification * injected.per_iteration;
  ckks.margins.error = injected.margin + ckks.weights.error * row_norm;
  Plan plan;
  plan.request = request;
  plan.logistic = schedule.logistic;
  plan.linear = schedule.linear;
  plan.error_bound = request.job == Job::kPredict ? ckks.margins.error : ckks.weights.error;
  plan.ckks = ckks;
  if (!(plan.error_bound <= request.max_error)) return std::nullopt;
  return plan;
}

// The plans of one ring, chain and packing: every set of keys, at the least scale that is precise enough,
// since a larger one costs more for what nobody asked.
void Planner::add_candidates(const JobRequest& request, const PlannedSchedule& schedule, PlanChoices choices,
                             FoundChains& chains, std::vector<Plan>& out) const {
  for (choices.scale_bits = kMinScaleBits; choices.scale_bits <= kMaxScaleBits; ++choices.scale_bits) {
    auto plan = derive_ckks_plan(request, schedule, choices, chains);
    if (!plan) continue;
    const auto chain = chains.of(plan->ckks->parameters);
    for (const RotationKeys keys : kRotationKeys) {
      if (request.rotation_keys.value_or(keys) != keys) continue;
      plan->ckks->rotation_keys = keys;
      estimate(*plan, chain, calibration_);
      if (request.row_slots != 0 || plan->ckks->packing.strips() == 1 ||
          plan->estimates.server_memory_bytes <= kMaxStripMemoryBytes)
        out.push_back(*plan);
    }
    return;
  }
}

std::vector<Plan> Planner::candidates(const JobRequest& request) const {
  std::vector<int> degrees = {0};
  if (request.model == ModelKind::kLogistic && request.job == Job::kTrain)
    degrees = request.sigmoid_degree != 0 ? std::vector<int>{request.sigmoid_degree} : std::vector<int>{3, 7};
  std::vector<Plan> out;
  for (const int degree : degrees) {
    const PlannedSchedule schedule = plan_schedule(request, degree);
    const int limbs = levels_of(request, degree) + 1;
    for (int log2_degree = kMinLog2Degree; log2_degree <= kMaxLog2Degree; ++log2_degree) {
      if (request.log2_degree != 0 && request.log2_degree != log2_degree) continue;
      for (int digits = 1; digits <= std::min(limbs, kMaxDigits); ++digits) {
        if (request.digits != 0 && request.digits != digits) continue;
        // More digits of the same size are the same chain.
        if (digits > 1 && (limbs + digits - 1) / digits == (limbs + digits - 2) / (digits - 1)) continue;
        FoundChains chains;
        for (const std::size_t row_slots : row_slot_choices(request, log2_degree))
          add_candidates(request, schedule,
                         {.log2_degree = log2_degree,
                          .digits = digits,
                          .sigmoid_degree = degree,
                          .row_slots = row_slots},
                         chains, out);
      }
    }
  }
  return out;
}

Plan Planner::plan(const JobRequest& given) const {
  JobRequest request = given;
  if (request.iterations == 0) request.iterations = kDefaultIterations;
  check(request);
  if (request.scheme == Scheme::kPaillier) return plan_paillier(request);
  auto found = candidates(request);
  if (found.empty()) {
    for (JobRequest fewer = request; fewer.iterations > 1 && request.job == Job::kTrain;) {
      --fewer.iterations;
      if (!candidates(fewer).empty())
        throw PrecisionError("plan: " + std::to_string(request.iterations) +
                             " iterations do not fit 128-bit security with an error of at most " +
                             std::to_string(request.max_error) + "; the nearest job that fits has " +
                             std::to_string(fewer.iterations) + " iterations (--iterations " +
                             std::to_string(fewer.iterations) + "), or allow a larger error");
    }
    throw PrecisionError(
        "plan: this job does not fit 128-bit security at any ring degree; drop columns, or allow a "
        "larger error than " +
        std::to_string(request.max_error));
  }
  const auto upload = [](const Plan& p) {
    return p.estimates.evaluation_key_bytes + p.estimates.dataset_bytes;
  };
  const auto seconds = [](const Plan& p) { return p.estimates.train_seconds + p.estimates.predict_seconds; };
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
    best.alternatives.push_back({p.ckks->parameters.log2_degree, p.ckks->parameters.digits,
                                 p.logistic ? p.logistic->sigmoid.degree() : 0, p.ckks->packing.row_slots,
                                 p.ckks->rotation_keys, seconds(p), upload(p)});
  }
  return best;
}

}  // namespace cloister::ml
