#include "bindings/plans.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <nlohmann/json.hpp>

#include "bindings/arrays.h"
#include "bindings/progress.h"
#include "bindings/request_arguments.h"
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

// What it is asked by name; a name that it does not have is an error.
JobRequest request_from(const nb::kwargs& given) {
  RequestArguments arguments(given);
  JobRequest r;
  arguments.take("model", r.model,
                 {{"logistic", ml::ModelKind::kLogistic}, {"linear", ml::ModelKind::kLinear}});
  arguments.take("scheme", r.scheme, {{"ckks", ml::Scheme::kCkks}, {"paillier", ml::Scheme::kPaillier}});
  arguments.take(
      "job", r.job,
      {{"train", ml::Job::kTrain}, {"predict", ml::Job::kPredict}, {"aggregate", ml::Job::kAggregate}});
  arguments.take(
      "method", r.method,
      {{"auto", ml::Method::kAuto}, {"nesterov", ml::Method::kNesterov}, {"newton", ml::Method::kNewton}});
  arguments.take("rows", r.rows);
  arguments.take("features", r.features);
  arguments.take("predict_rows", r.predict_rows);
  arguments.take("iterations", r.iterations);
  arguments.take("products", r.products);
  arguments.take("batches", r.batches);
  arguments.take("seed", r.seed);
  arguments.take("ridge", r.ridge);
  arguments.take("tolerance", r.tolerance);
  arguments.take("max_error", r.max_error);
  arguments.take("feature_bound", r.feature_bound);
  arguments.take("small_keys", r.small_keys);
  arguments.take("spectrum_cap", r.spectrum_cap);
  arguments.take("spectrum_floor", r.spectrum_floor);
  arguments.take("sigmoid_degree", r.sigmoid_degree);
  arguments.take("log2_degree", r.log2_degree);
  arguments.take("iterations_per_bootstrap", r.iterations_per_bootstrap);
  arguments.take("threads", r.threads);
  arguments.require_no_others();
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
