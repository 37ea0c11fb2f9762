#include "cloister/ml/internal/method_json.h"

#include <cmath>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

using Json = nlohmann::ordered_json;

Json cost_json(const MethodCost& c) {
  Json j{{"iterations", c.iterations}, {"products", c.products}};
  if (c.cost) j["cost"] = *c.cost;
  return j;
}

MethodCost cost_from(const Json& j) {
  MethodCost out{j.at("iterations").get<int>(), j.at("products").get<int>(), std::nullopt};
  if (out.iterations < 0 || out.iterations > kMaxIterations || out.products < 0 ||
      out.products > kMaxNewtonProducts)
    throw DecodeError("methods", 0, "out of range");
  if (j.contains("cost")) out.cost = j.at("cost").get<double>();
  return out;
}

}  // namespace

Json newton_schedule_json(const NewtonSchedule& s) {
  return {{"spectrum_cap", s.spectrum_cap},
          {"sigmoid_range", s.sigmoid.range},
          {"sigmoid_degree", s.sigmoid.degree()},
          {"sigmoid_error", s.sigmoid.max_error},
          {"sigmoid_coefficients", s.sigmoid.power},
          {"margin_limit", default_margin_limit(s.sigmoid)},
          {"curvature", s.curvature},
          {"newton_step", s.step},
          {"start", s.solve.start},
          {"step", s.solve.step},
          {"momentum", s.solve.momentum}};
}

Json methods_json(const MethodComparison& m) {
  return {{"measure", to_string(m.measure)},
          {"most", m.most},
          {"nesterov", cost_json(m.nesterov)},
          {"newton", cost_json(m.newton)}};
}

MethodComparison methods_from(const Json& j) {
  MethodComparison out;
  const auto measure = j.at("measure").get<std::string>();
  if (measure != to_string(AccuracyMeasure::kDistance) && measure != to_string(AccuracyMeasure::kLoss))
    throw DecodeError("methods", 0, "'" + measure + "' is not known");
  out.measure =
      measure == to_string(AccuracyMeasure::kLoss) ? AccuracyMeasure::kLoss : AccuracyMeasure::kDistance;
  out.most = j.at("most").get<double>();
  out.nesterov = cost_from(j.at("nesterov"));
  out.newton = cost_from(j.at("newton"));
  return out;
}

}  // namespace cloister::ml
