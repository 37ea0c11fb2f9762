#include "bindings/plans.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <nlohmann/json.hpp>

#include "bindings/arrays.h"
#include "bindings/progress.h"
#include "cloister/base/bytes.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_newton.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/ml/planner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::python {
namespace {

using ml::JobRequest;

template <typename Value>
Value choice(const char* what, const std::map<std::string, Value>& values, const std::string& text) {
  const auto found = values.find(text);
  if (found != values.end()) return found->second;
  std::string known;
  for (const auto& [name, _] : values) known += (known.empty() ? "" : ", ") + name;
  throw ParametersError(std::string(what) + " is '" + text + "'; give one of " + known);
}

template <typename Value>
void take(const nb::kwargs& given, const char* name, Value& into) {
  if (given.contains(name)) into = nb::cast<Value>(given[name]);
}

// What it is asked by name; a name that it does not have is an error.
JobRequest request_from(const nb::kwargs& given) {
  JobRequest r;
  std::string model = "logistic", scheme = "ckks", job = "train", method = "auto";
  take(given, "model", model);
  take(given, "scheme", scheme);
  take(given, "job", job);
  take(given, "method", method);
  r.model = choice<ml::ModelKind>(
      "model", {{"logistic", ml::ModelKind::kLogistic}, {"linear", ml::ModelKind::kLinear}}, model);
  r.scheme = choice<ml::Scheme>("scheme", {{"ckks", ml::Scheme::kCkks}, {"paillier", ml::Scheme::kPaillier}},
                                scheme);
  r.job = choice<ml::Job>(
      "job", {{"train", ml::Job::kTrain}, {"predict", ml::Job::kPredict}, {"aggregate", ml::Job::kAggregate}},
      job);
  r.method = choice<ml::Method>(
      "method",
      {{"auto", ml::Method::kAuto}, {"nesterov", ml::Method::kNesterov}, {"newton", ml::Method::kNewton}},
      method);
  take(given, "rows", r.rows);
  take(given, "features", r.features);
  take(given, "predict_rows", r.predict_rows);
  take(given, "iterations", r.iterations);
  take(given, "products", r.products);
  take(given, "batches", r.batches);
  take(given, "seed", r.seed);
  take(given, "ridge", r.ridge);
  take(given, "tolerance", r.tolerance);
  take(given, "max_error", r.max_error);
  take(given, "feature_bound", r.feature_bound);
  take(given, "small_keys", r.small_keys);
  take(given, "spectrum_cap", r.spectrum_cap);
  take(given, "spectrum_floor", r.spectrum_floor);
  take(given, "sigmoid_degree", r.sigmoid_degree);
  take(given, "log2_degree", r.log2_degree);
  take(given, "iterations_per_bootstrap", r.iterations_per_bootstrap);
  take(given, "threads", r.threads);
  static const std::vector<std::string> kNames = {
      "model",          "scheme",       "job",
      "method",         "rows",         "features",
      "predict_rows",   "iterations",   "products",
      "batches",        "seed",         "ridge",
      "tolerance",      "max_error",    "feature_bound",
      "small_keys",     "spectrum_cap", "spectrum_floor",
      "sigmoid_degree", "log2_degree",  "iterations_per_bootstrap",
      "threads"};
  for (const auto [key, _] : given)
    if (std::ranges::find(kNames, nb::cast<std::string>(key)) == kNames.end())
      throw ParametersError("a plan has no '" + nb::cast<std::string>(key) + "'");
  return r;
}

ml::Plan make_plan(const nb::object& progress, const nb::kwargs& given) {
  const JobRequest request = request_from(given);
  PythonProgress told(progress);
  const nb::gil_scoped_release release;
  return ml::Planner(ml::Calibration::measure(select_kernels()), &told).plan(request);
}

/// Weights of the algorithm in the clear, the intercept's first where the model is logistic. `Schedules` has
/// one of the three.
template <typename Schedules>
std::vector<double> clear_weights(const Schedules& schedules, const data::Matrix& features,
                                  std::span<const double> target, ml::SigmoidKind sigmoid,
                                  std::size_t rows_per_block) {
  if (schedules.linear)
    return ml::chebyshev_iterates(ml::normal_equations(features, target, schedules.linear->ridge),
                                  *schedules.linear)
        .back();
  const data::Matrix rows = ml::signed_rows(features, target);
  if (schedules.newton) return ml::train_newton(rows, *schedules.newton, sigmoid).weights.back();
  return ml::train_logistic(rows, *schedules.logistic, sigmoid, rows_per_block).weights.back();
}

/// As an encrypted training by the plan is to come out.
std::vector<double> weights_of_plan(const ml::Plan& plan, const data::Matrix& features,
                                    std::span<const double> target) {
  if (!plan.ckks || !plan.ckks->trains)
    throw MismatchError("the plan trains nothing", std::string(to_string(plan.request.job)), "train");
  return clear_weights(plan, features, target, ml::SigmoidKind::kPolynomial,
                       plan.ckks->packing.rows_per_block());
}

/// The same iterations without a plan, with the sigmoid itself.
std::vector<double> weights_of_request(JobRequest request, const data::Matrix& features,
                                       std::span<const double> target) {
  request.rows = features.rows;
  request.features = static_cast<std::uint32_t>(features.columns);
  ml::check_request(request);
  // Of the schedule; the polynomial is not used.
  const int degree = request.sigmoid_degree != 0 ? request.sigmoid_degree : 7;
  return clear_weights(ml::plan_schedule(request, degree), features, target, ml::SigmoidKind::kExact, 1);
}

}  // namespace

void add_plans(nb::module_& module) {
  nb::class_<ml::Plan>(module, "Plan", "What a job needs and promises, made before any key exists.")
      .def_static(
          "make",
          [](const nb::object& progress, const nb::kwargs& given) { return make_plan(progress, given); },
          nb::arg("progress").none(), nb::arg("request"))
      .def_static(
          "from_json",
          [](const std::string& text) {
            const nb::gil_scoped_release release;
            nlohmann::ordered_json json;
            try {
              json = nlohmann::ordered_json::parse(text);
            } catch (const nlohmann::json::exception&) {
              throw DecodeError("plan", 0, "this is not JSON");
            }
            return ml::Plan::from_json(json);
          },
          nb::arg("text"))
      .def_static("load", &pipeline::load_plan, nb::arg("path"), nb::call_guard<nb::gil_scoped_release>())
      .def(
          "save",
          [](const ml::Plan& plan, const std::filesystem::path& path) { pipeline::save_plan(path, plan); },
          nb::arg("path"))
      .def(
          "clear_weights",
          [](const ml::Plan& plan, const MatrixView& features, const VectorView& target) {
            std::vector<double> out;
            {
              const nb::gil_scoped_release release;
              out = weights_of_plan(plan, matrix_of(features), span_of(target));
            }
            return to_numpy(std::move(out));
          },
          nb::arg("features"), nb::arg("target"),
          "What an encrypted training by this plan computes, in the clear: the intercept first where the "
          "model is logistic.")
      .def("to_json", [](const ml::Plan& plan) { return plan.to_json().dump(2); })
      .def_prop_ro("id", [](const ml::Plan& plan) { return to_hex(plan.id()); })
      .def_prop_ro("error_bound", [](const ml::Plan& plan) { return plan.error_bound; });

  module.def(
      "clear_weights",
      [](const MatrixView& features, const VectorView& target, const nb::kwargs& given) {
        const JobRequest request = request_from(given);
        std::vector<double> out;
        {
          const nb::gil_scoped_release release;
          out = weights_of_request(request, matrix_of(features), span_of(target));
        }
        return to_numpy(std::move(out));
      },
      nb::arg("features"), nb::arg("target"), nb::arg("request"));
  module.def(
      "suggested_spectrum_cap",
      [](const MatrixView& features, const VectorView& labels) {
        const nb::gil_scoped_release release;
        data::Matrix rows = matrix_of(features);
        if (labels.size() != 0) rows = ml::signed_rows(rows, span_of(labels));
        return ml::suggested_spectrum_cap(rows);
      },
      nb::arg("features"), nb::arg("labels"));
}

}  // namespace cloister::python
