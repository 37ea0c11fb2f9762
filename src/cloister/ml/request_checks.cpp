// What makes no sense in a request, whatever the machine: check_request of planner.h.
#include <bit>
#include <string>

#include "cloister/ml/batches.h"
#include "cloister/ml/internal/advice.h"
#include "cloister/ml/internal/planned_training.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/ml/planner.h"

namespace cloister::ml {
namespace {

void check_floor(const JobRequest& r) {
  if (!r.spectrum_floor) return;
  if (r.job != Job::kTrain || r.model != ModelKind::kLinear || r.scheme != Scheme::kCkks)
    throw ParametersError("plan: a floor under the spectrum is for linear trainings with ckks; leave it out");
  const double cap = spectrum_cap_or_default(r.spectrum_cap, r.features);
  if (!(*r.spectrum_floor >= 0) || !(*r.spectrum_floor < cap) || !(*r.spectrum_floor + r.ridge > 0))
    throw ParametersError("plan: the floor under the spectrum must be below its cap of " + short_number(cap) +
                          ", and above 0 without a ridge");
}

void check_rows(const JobRequest& r) {
  if (r.rows > std::uint64_t{1} << 40) throw ParametersError("plan: at most 2^40 rows are supported");
  if (r.job == Job::kStatistics && r.rows < 1) throw ParametersError("plan: there are no rows");
  if ((r.job != Job::kTrain && r.job != Job::kAggregate) || r.rows > r.features) return;
  const std::string given = "plan: " + counted(r.rows, "row") + " for " + counted(r.features, "feature");
  throw ParametersError(r.job == Job::kTrain
                            ? given + "; training needs more rows than features"
                            : given +
                                  "; give the most rows that all owners have together, which must be "
                                  "more than the features");
}

// What was given for a number, and what is needed.
[[noreturn]] void refuse_number(const char* field, double given, const char* needed) {
  throw ParametersError("plan: " + std::string(field) + " is " + short_number(given) + "; give " + needed);
}

void check_numbers(const JobRequest& r) {
  if (!(r.max_error > 0)) refuse_number("max_error", r.max_error, "a number above 0");
  if (!(r.feature_bound >= 1) || !(r.feature_bound <= 1e6))
    refuse_number("feature_bound", r.feature_bound, "1 to 1e6");
  if (!(r.ridge >= 0)) refuse_number("ridge", r.ridge, "0 or more");
  if (r.sigmoid_degree != 0 && r.sigmoid_degree != 3 && r.sigmoid_degree != 5 && r.sigmoid_degree != 7)
    refuse_number("sigmoid_degree", r.sigmoid_degree, "3, 5 or 7");
  if (r.log2_degree != 0 && (r.log2_degree < kMinLog2Degree || r.log2_degree > kMaxLog2Degree))
    refuse_number("log2_degree", r.log2_degree, "12 to 17");
}

}  // namespace

void check_request(const JobRequest& r) {
  if (r.features < 1) throw ParametersError("plan: there are no features; keep at least one column");
  if (r.features > 4096)
    throw ParametersError("plan: " + std::to_string(r.features) +
                          " features; at most 4096 are supported, drop columns");
  check_rows(r);
  if (r.iterations < 0 || r.iterations > kMaxIterations)
    throw ParametersError("plan: " + counted(r.iterations, "iteration") + "; give 1 to " +
                          std::to_string(kMaxIterations));
  if (r.batches < 1 || r.batches > kMaxBatches ||
      (r.batches > 1 && (r.job != Job::kTrain || r.model != ModelKind::kLogistic)))
    throw ParametersError("plan: " + std::to_string(r.batches) + " batches; logistic trainings take 1 to " +
                          std::to_string(kMaxBatches) + ", everything else sees all rows at once");
  check_numbers(r);
  if (r.iterations_per_bootstrap.value_or(0) < 0 ||
      (r.iterations_per_bootstrap.value_or(0) > 0 && (r.job != Job::kTrain || r.scheme != Scheme::kCkks)))
    throw ParametersError("plan: bootstraps are for trainings with ckks");
  check_floor(r);
  check_method(r);
  const std::size_t width = StripPacking::width_of(r.features + std::size_t{1});
  if (r.row_slots != 0 && (r.row_slots < 0 || !std::has_single_bit(static_cast<unsigned>(r.row_slots)) ||
                           static_cast<std::size_t>(r.row_slots) > width ||
                           (needs_whole_rows(r) && static_cast<std::size_t>(r.row_slots) != width)))
    throw ParametersError("plan: " + std::to_string(r.row_slots) + " slots a row; give " +
                          (needs_whole_rows(r) ? "" : "a power of two up to ") + std::to_string(width) +
                          ", or leave it to the planner");
  if (r.job == Job::kAggregate && (r.scheme != Scheme::kPaillier || r.model != ModelKind::kLinear))
    throw ParametersError("plan: aggregated sums are for linear regression with Paillier");
  if (r.job == Job::kStatistics
          ? r.scheme != Scheme::kPaillier || !r.column_ranges || r.bins > kMaxHistogramBins || r.ridge > 0
          : r.bins > 0 || r.column_ranges.has_value())
    throw ParametersError("plan: statistics are with Paillier, of columns with ranges, in at most " +
                          std::to_string(kMaxHistogramBins) + " bins and without a ridge");
  if (r.job == Job::kTrain && r.scheme == Scheme::kPaillier)
    throw ParametersError(
        "plan: Paillier cannot train on encrypted rows (it only adds); plan with ckks, or aggregate "
        "encrypted sums");
}

}  // namespace cloister::ml
