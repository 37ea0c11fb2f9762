#include "apps/cloister/evaluation.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "apps/cloister/clear_training.h"
#include "apps/cloister/decrypted_files.h"
#include "apps/cloister/json_file.h"
#include "apps/cloister/prepared_data.h"
#include "apps/common/plan_view.h"
#include "cloister/base/error.h"
#include "cloister/data/metrics.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// The intercept first, as ClearTraining has them.
std::vector<double> with_intercept_first(const pipeline::ClearModel& model) {
  std::vector<double> weights = {model.intercept};
  weights.insert(weights.end(), model.weights.begin(), model.weights.end());
  return weights;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// Turns margins into metrics of a task.
class Metrics {
 public:
  explicit Metrics(const data::Preparation& preparation) : preparation_(&preparation) {}

  bool classifies() const { return preparation_->spec().task == data::Task::kClassification; }
  // Probabilities, or values in the target's unit.
  std::vector<double> predictions(const std::vector<double>& margins) const {
    return classifies() ? ml::probabilities(margins) : in_units(margins);
  }
  std::vector<double> actual(const std::vector<double>& target) const {
    return classifies() ? target : in_units(target);
  }
  Json of(const std::vector<double>& margins, const std::vector<double>& target) const {
    const auto predicted = predictions(margins), truth = actual(target);
    if (!classifies()) {
      const auto m = data::regression_metrics(predicted, truth);
      return {{"r2", m.r2}, {"rmse", m.rmse}, {"mae", m.mae}};
    }
    const auto m = data::classification_metrics(predicted, truth);
    Json j{{"accuracy", m.accuracy}};
    if (m.auc) j["auc"] = *m.auc;
    j.update({{"precision", m.precision}, {"recall", m.recall}, {"f1", m.f1}, {"log_loss", m.log_loss}});
    return j;
  }

 private:
  std::vector<double> in_units(std::vector<double> values) const {
    for (double& v : values) v = preparation_->target_in_original_units(v);
    return values;
  }
  const data::Preparation* preparation_;
};

Json roc_points(const std::vector<double>& scores, const std::vector<double>& labels) {
  Json points = Json::array();
  const bool both = std::ranges::count(labels, 1.0) > 0 && std::ranges::count(labels, 0.0) > 0;
  if (!both) return points;
  for (const data::RocPoint& p : data::roc_curve(scores, labels))
    points.push_back({p.false_positive_rate, p.true_positive_rate});
  return points;
}

// The margins that the server predicted for the test rows; none if there are none.
std::optional<std::vector<double>> served_margins(const OwnerFolder& owner, const std::string& name,
                                                  std::size_t rows) {
  const fs::path file = owner.predictions(name);
  if (!fs::exists(file)) return std::nullopt;
  const auto margins = load_margins(file);
  if (margins.size() != rows)
    throw MismatchError(file.string() +
                            " is not of the rows kept for testing; encrypt those under a name of their own: "
                            "`cloister encrypt --test --name test`, and give `--name test` from then on",
                        std::to_string(margins.size()), std::to_string(rows));
  return margins;
}

struct Subject {
  ml::Plan plan;
  data::Preparation preparation;
  data::Examples train, test;
  std::optional<pipeline::DecryptedModel> model;
  ClearTraining clear;
};

Subject load_subject(const OwnerFolder& owner, const ServerFolder& server) {
  require_present(owner.plan(), "make it with `cloister plan`");
  ml::Plan plan = pipeline::load_plan(owner.plan());
  if (plan.request.job == ml::Job::kStatistics)
    throw Error(ErrorCode::kFailedPrecondition,
                "the plan is for statistics, which have no model to evaluate; `cloister decrypt` shows them");
  Subject s{std::move(plan), load_preparation(owner.preparation()), {}, {}, std::nullopt, {}};
  if (fs::exists(owner.training_rows())) s.train = load_examples(owner.training_rows(), s.preparation);
  if (fs::exists(owner.test_rows()))
    s.test = s.preparation.apply(read_table(owner.test_rows(), s.preparation));
  if (s.plan.request.job == ml::Job::kPredict) {
    if (fs::exists(server.clear_model()))
      s.clear.weights = with_intercept_first(pipeline::load_clear_model(server.clear_model()));
    return s;
  }
  require_present(owner.model(), "decrypt the model with `cloister decrypt`");
  s.model = load_decrypted_model(owner.model());
  s.clear = train_in_clear(s.plan, s.train);
  if (s.model->model.weights.size() + 1 != s.clear.weights.size())
    throw MismatchError(owner.model().string() + " is of another plan",
                        std::to_string(s.model->model.weights.size()),
                        std::to_string(s.plan.request.features));
  return s;
}

void add_weights(const Subject& s, Json& out) {
  if (!s.model) return;
  const auto encrypted = with_intercept_first(s.model->model);
  const double error = largest_difference(encrypted, s.clear.weights);
  out["weights_max_abs_error"] = error;
  out["error_bound"] = s.model->error_bound;
  out["within_bound"] = error <= s.model->error_bound;
  if (s.clear.largest_margin) {
    out["largest_margin"] = *s.clear.largest_margin;
    out["margin_limit"] = *s.clear.margin_limit;
    out["guaranteed"] = *s.clear.largest_margin <= *s.clear.margin_limit;
  }
  std::vector<std::string> names = {"(intercept)"};
  for (auto& name : s.preparation.feature_names()) names.push_back(std::move(name));
  out["plots"]["weights"] = {{"names", names}, {"clear", s.clear.weights}, {"encrypted", encrypted}};
}

void add_training_rows(const Subject& s, const Metrics& metrics, Json& out) {
  if (!s.model || s.train.target.empty()) return;
  const auto of = [&](const std::vector<double>& weights) {
    return metrics.of(predict_in_clear(s.train.features, weights), s.train.target);
  };
  out["train"]["clear"] = of(s.clear.weights);
  out["train"]["encrypted"] = of(with_intercept_first(s.model->model));
  if (!s.clear.yardstick.empty()) out["train"]["yardstick"] = of(s.clear.yardstick);
}

void add_prediction_errors(const Subject& s, const std::vector<double>& encrypted,
                           const std::vector<double>& clear, const Metrics& metrics, bool served, Json& out) {
  const double unit = metrics.classifies() ? 1 : s.preparation.target_scale();
  std::vector<double> errors(encrypted.size());
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = (encrypted[i] - clear[i]) * unit;
  out["prediction_max_abs_error"] = largest_difference(encrypted, clear);
  out["plots"]["prediction_errors"] = errors;
  out["plots"]["prediction_unit"] = metrics.classifies() ? "log-odds" : s.preparation.spec().target;
  if (!served || !s.plan.ckks) return;
  out["prediction_error_bound"] = s.plan.ckks->margins.error;
  out["plots"]["prediction_error_bound"] = s.plan.ckks->margins.error * unit;
}

void add_test_rows(const Subject& s, const Metrics& metrics, std::optional<std::vector<double>> served,
                   Json& out) {
  if (s.test.features.rows == 0) return;
  out["predicted_by"] = served ? "server" : "owner";
  if (!served && !s.model)
    throw Error(ErrorCode::kNotFound,
                "there are neither predictions nor a model; decrypt them with `cloister decrypt`");
  const bool by_server = served.has_value();
  const auto encrypted = by_server ? std::move(*served)
                                   : predict_in_clear(s.test.features, with_intercept_first(s.model->model));
  std::optional<std::vector<double>> clear;
  if (!s.clear.weights.empty()) clear = predict_in_clear(s.test.features, s.clear.weights);
  if (clear) add_prediction_errors(s, encrypted, *clear, metrics, by_server, out);
  if (s.test.target.empty()) return;  // rows to predict whose answers nobody knows

  const auto& target = s.test.target;
  out["encrypted"] = metrics.of(encrypted, target);
  if (clear) out["clear"] = metrics.of(*clear, target);
  if (!s.clear.yardstick.empty())
    out["yardstick"] = metrics.of(predict_in_clear(s.test.features, s.clear.yardstick), target);
  Json& plots = out["plots"];
  plots["target"] = s.preparation.spec().target;
  if (metrics.classifies()) {
    plots["roc_encrypted"] = roc_points(encrypted, target);
    if (clear) plots["roc_clear"] = roc_points(*clear, target);
  } else {
    plots["actual"] = metrics.actual(target);
    plots["predicted_encrypted"] = metrics.predictions(encrypted);
    if (clear) plots["predicted_clear"] = metrics.predictions(*clear);
  }
}

Json sizes(const Subject& s, const ServerFolder& server, const std::string& name) {
  Json bytes = Json::object();
  const auto add = [&](const char* what, const fs::path& path) {
    if (fs::exists(path)) bytes[what] = fs::file_size(path);
  };
  add(s.plan.ckks ? "evaluation_keys" : "public_key",
      s.plan.ckks ? server.evaluation_keys() : server.public_key());
  add("dataset", server.training_rows());
  add("rows", server.rows(name));
  add("sums", server.sums());
  add("model", server.encrypted_model());
  add("predictions", server.predictions(name));
  return bytes;
}

}  // namespace

Json evaluate(const OwnerFolder& owner, const ServerFolder& server, const std::string& name) {
  const Subject s = load_subject(owner, server);
  const Metrics metrics(s.preparation);
  Json out{{"task", data::to_string(s.preparation.spec().task)},
           {"scheme", s.plan.ckks ? "CKKS" : "Paillier"},
           {"model", ml::to_string(s.plan.request.model)},
           {"job", ml::to_string(s.plan.request.job)},
           {"rows_train", s.train.features.rows},
           {"rows_test", s.test.features.rows},
           {"features", s.plan.request.features},
           {"interactive", false},
           {"security_bits", security_bits(s.plan)},
           {"threads", s.plan.request.threads},
           {"dataset", {{"target", s.preparation.spec().target}}}};
  if (s.plan.request.job == ml::Job::kTrain) out["iterations"] = s.plan.request.iterations;
  out["plots"] = Json::object();
  add_test_rows(s, metrics, served_margins(owner, name, s.test.features.rows), out);
  add_weights(s, out);
  add_training_rows(s, metrics, out);
  if (!s.clear.yardstick_name.empty()) out["yardstick_name"] = s.clear.yardstick_name;
  out["bytes"] = sizes(s, server, name);
  out["parameters"] = parameters_summary(s.plan);
  out["plan_rows"] = plan_rows_json(s.plan);
  return out;
}

}  // namespace cloister::app
