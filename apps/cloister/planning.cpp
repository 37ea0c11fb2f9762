#include "apps/cloister/planning.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "apps/cloister/prepared_data.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/ml/planner.h"

namespace cloister::app {
namespace {

template <typename Value>
Value choice(const std::map<std::string, Value>& values, const std::string& text) {
  return values.at(text);  // the command line has checked it
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Columns that are neither learnt from nor predicted.
std::vector<std::string> unused_columns(const data::Table& table, const PlanningOptions& o) {
  if (o.keep.empty()) return o.drop;
  std::vector<std::string> unused;
  for (const data::Column& c : table.columns())
    if (c.name() != o.target && !contains(o.keep, c.name())) unused.push_back(c.name());
  return unused;
}

ml::ModelKind model_of(const PlanningOptions& o, const data::Schema& schema) {
  if (!o.model.empty()) return o.model == "logistic" ? ml::ModelKind::kLogistic : ml::ModelKind::kLinear;
  for (const data::ColumnSchema& c : schema.columns) {
    if (c.name != o.target) continue;
    const bool one_value = c.range && c.range->min == c.range->max;
    // One class, or texts, are for the preparation to refuse with its reason.
    if (c.kind != data::ColumnKind::kNumeric || one_value) return ml::ModelKind::kLogistic;
  }
  return ml::ModelKind::kLinear;
}

data::PreparationSpec preparation_spec(const PlanningOptions& o, ml::ModelKind model) {
  data::PreparationSpec spec;
  spec.target = o.target;
  spec.task = model == ml::ModelKind::kLogistic ? data::Task::kClassification : data::Task::kRegression;
  spec.drop = o.drop;
  spec.keep = o.keep;
  spec.missing = choice<data::MissingPolicy>({{"drop", data::MissingPolicy::kDropRows},
                                              {"drop-incomplete", data::MissingPolicy::kDropIncompleteRows},
                                              {"impute", data::MissingPolicy::kImpute}},
                                             o.missing);
  spec.scaling = choice<data::Scaling>({{"standardize", data::Scaling::kStandardize},
                                        {"min-max", data::Scaling::kMinMax},
                                        {"none", data::Scaling::kNone}},
                                       o.scaling);
  spec.balance = o.balance;
  spec.clip = o.clip;
  spec.test_fraction = o.test_fraction;
  spec.seed = o.seed;
  return spec;
}

data::PreparedSplit with_given_preparation(const PlanningOptions& o, const data::Table& table) {
  data::Preparation preparation = load_preparation(o.preparation);
  data::Examples rows = preparation.apply(table);
  const std::size_t dropped = table.rows() - rows.source_row.size();
  return {std::move(preparation), {}, std::move(rows), dropped, 0};
}

double parse_cap(const std::string& text) {
  double cap = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cap);
  if (error != std::errc() || end != text.data() + text.size() || !(cap > 0) || !std::isfinite(cap))
    throw ParametersError("--spectrum-cap is neither `auto` nor a positive number");
  return cap;
}

// The rows whose second moments the spectrum cap bounds.
data::Matrix spectrum_rows(const data::Examples& train, ml::ModelKind model) {
  return model == ml::ModelKind::kLogistic ? ml::signed_rows(train.features, train.target) : train.features;
}

void check_spectrum(const Planning& p, ml::ModelKind model) {
  const double cap = *p.plan.spectrum_cap();
  const data::Matrix rows = spectrum_rows(p.split.train, model);
  if (p.plan.logistic && p.plan.logistic->batches > 1)
    ml::require_batch_spectrum_cap(rows, cap, p.plan.ckks->packing.rows_per_block(),
                                   p.plan.logistic->batches);
  else if (ml::largest_eigenvalue(rows) > cap)
    throw ParametersError(
        "the columns go together more strongly than the plan assumes (its spectrum cap is " +
        std::to_string(cap) +
        "); give --spectrum-cap auto, which makes one coarse number of the "
        "data public, or drop columns that say the same");
}

}  // namespace

ReadTable read_table_to_plan(const PlanningOptions& o, std::size_t max_categories) {
  data::CsvOptions csv;
  csv.text_columns = o.text;
  if (!o.preparation.empty()) csv.text_columns = load_preparation(o.preparation).text_columns();
  data::Table table = data::read_csv(o.data, csv);
  if (!o.target.empty()) table.column(o.target);
  data::Schema schema = data::infer_schema(table, unused_columns(table, o), max_categories);
  return {std::move(table), std::move(schema)};
}

Planning plan_job(const PlanningOptions& o, const KernelTable& kernels, int threads) {
  const auto job = choice<ml::Job>(
      {{"train", ml::Job::kTrain}, {"predict", ml::Job::kPredict}, {"aggregate", ml::Job::kAggregate}},
      o.job);
  if (!o.ranges.empty()) throw ParametersError("--range is for --job statistics");
  if (!o.preparation.empty() && job != ml::Job::kPredict)
    throw ParametersError("--preparation is for --job predict: training fits its own");
  if (o.preparation.empty() && o.target.empty())
    throw ParametersError("no target column is named; give --target NAME, the column to predict");
  auto [table, schema] = read_table_to_plan(o);

  ml::ModelKind model = model_of(o, schema);
  data::PreparedSplit split = o.preparation.empty() ? data::prepare_split(table, preparation_spec(o, model))
                                                    : with_given_preparation(o, table);
  if (split.preparation.spec().task == data::Task::kClassification) model = ml::ModelKind::kLogistic;
  if (model == ml::ModelKind::kLinear && job == ml::Job::kTrain && o.scaling != "standardize")
    throw ParametersError(
        "a linear model is trained on standardized columns; leave --scaling at standardize");

  ml::JobRequest request;
  request.model = model;
  request.scheme = o.scheme == "ckks" ? ml::Scheme::kCkks : ml::Scheme::kPaillier;
  request.job = job;
  request.rows = job == ml::Job::kPredict ? 0 : std::max<std::uint64_t>(o.rows, split.train.features.rows);
  request.features = static_cast<std::uint32_t>(split.preparation.features().size());
  request.predict_rows = split.test.features.rows;
  request.iterations = o.iterations;
  request.batches = o.batches;
  request.seed = o.batches > 1 ? o.batch_seed : 0;
  request.ridge = o.ridge;
  request.method = choice<ml::Method>(
      {{"auto", ml::Method::kAuto}, {"nesterov", ml::Method::kNesterov}, {"newton", ml::Method::kNewton}},
      o.method);
  request.products = o.products;
  request.max_error = o.max_error;
  request.feature_bound = o.feature_bound;
  request.small_keys = o.small_keys;
  request.log2_degree = o.log2_degree;
  request.digits = o.digits;
  request.row_slots = o.row_slots;
  request.iterations_per_bootstrap = o.iterations_per_bootstrap;
  if (!o.rotation_keys.empty()) request.rotation_keys = ml::rotation_keys_from(o.rotation_keys);
  request.threads = threads;
  std::optional<double> published;
  if (o.spectrum_cap == "auto")
    published = ml::suggested_spectrum_cap(spectrum_rows(split.train, model));
  else if (!o.spectrum_cap.empty())
    published = parse_cap(o.spectrum_cap);
  request.spectrum_cap = published;
  request.spectrum_floor = o.spectrum_floor;
  request.tolerance = o.tolerance;

  Planning out{std::move(table), std::move(schema), std::move(split),
               ml::Planner(ml::Calibration::measure(kernels)).plan(request), published};
  if (out.plan.spectrum_cap()) check_spectrum(out, model);
  if (o.spectrum_floor.value_or(0) > 0)
    ml::require_spectrum_floor(spectrum_rows(out.split.train, model), *o.spectrum_floor);
  return out;
}

}  // namespace cloister::app
