#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "cloister/data/internal/json_fields.h"
#include "cloister/data/preparation.h"

namespace cloister::data {
namespace {

using internal::fail_json;
using internal::json_field;

constexpr int kPreparationVersion = 1;
constexpr const char* kSpecWhat = "preparation spec";
constexpr const char* kWhat = "preparation";

constexpr internal::EnumNames<Task, 2> kTaskNames = {{
    {Task::kClassification, "classification"},
    {Task::kRegression, "regression"},
}};
constexpr internal::EnumNames<MissingPolicy, 3> kMissingNames = {{
    {MissingPolicy::kDropRows, "drop_rows"},
    {MissingPolicy::kDropIncompleteRows, "drop_incomplete_rows"},
    {MissingPolicy::kImpute, "impute"},
}};
constexpr internal::EnumNames<Scaling, 3> kScalingNames = {{
    {Scaling::kStandardize, "standardize"},
    {Scaling::kMinMax, "min_max"},
    {Scaling::kNone, "none"},
}};

nlohmann::json source_to_json(const SourceColumn& s) {
  if (s.categories.empty()) return {{"column", s.name}, {"fill", s.fill_number}};
  return {{"column", s.name}, {"categories", s.categories}, {"fill", s.fill_category}};
}

SourceColumn source_from_json(const nlohmann::json& json) {
  SourceColumn s;
  s.name = json_field<std::string>(json, "column", kWhat);
  if (!json.contains("categories")) {
    s.fill_number = json_field<double>(json, "fill", kWhat);
    return s;
  }
  s.categories = json_field<std::vector<std::string>>(json, "categories", kWhat);
  s.fill_category = json_field<std::string>(json, "fill", kWhat);
  const auto& all = s.categories;
  for (std::size_t k = 1; k < all.size(); ++k)
    if (!(all[k - 1] < all[k])) fail_json(kWhat, "the categories of a column are not in order");
  if (all.size() < 2 || std::find(all.begin(), all.end(), s.fill_category) == all.end())
    fail_json(kWhat, "the categories of a column are not as they are made");
  return s;
}

nlohmann::json feature_to_json(const Feature& f) {
  nlohmann::json json = {{"name", f.name},
                         {"source", f.source},
                         {"category", f.category},
                         {"centre", f.centre},
                         {"scale", f.scale}};
  if (std::isfinite(f.low)) {
    json["low"] = f.low;
    json["high"] = f.high;
  }
  return json;
}

Feature feature_from_json(const nlohmann::json& json, std::span<const SourceColumn> sources) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Feature f;
  f.name = json_field<std::string>(json, "name", kWhat);
  f.source = json_field<std::size_t>(json, "source", kWhat);
  f.category = json_field<std::size_t>(json, "category", kWhat);
  f.centre = json_field<double>(json, "centre", kWhat);
  f.scale = json_field<double>(json, "scale", kWhat);
  const bool clipped = json.contains("low") || json.contains("high");
  f.low = clipped ? json_field<double>(json, "low", kWhat) : -kInfinity;
  f.high = clipped ? json_field<double>(json, "high", kWhat) : kInfinity;
  if (f.source >= sources.size()) fail_json(kWhat, "a feature has no source column");
  const auto& categories = sources[f.source].categories;
  if (categories.empty() ? f.category != 0 : f.category == 0 || f.category >= categories.size())
    fail_json(kWhat, "a feature has no category");
  if (!(f.scale > 0) || !(f.low <= f.high))
    fail_json(kWhat, "a feature's scale or bounds are not as they are made");
  return f;
}

}  // namespace

std::string_view to_string(Task task) { return internal::enum_name(kTaskNames, task); }
std::string_view to_string(MissingPolicy policy) { return internal::enum_name(kMissingNames, policy); }
std::string_view to_string(Scaling scaling) { return internal::enum_name(kScalingNames, scaling); }

nlohmann::json PreparationSpec::to_json() const {
  return {{"target", target},   {"task", to_string(task)},        {"drop", drop},
          {"keep", keep},       {"missing", to_string(missing)},  {"scaling", to_string(scaling)},
          {"balance", balance}, {"test_fraction", test_fraction}, {"seed", seed},
          {"clip", clip}};
}

PreparationSpec PreparationSpec::from_json(const nlohmann::json& json) {
  PreparationSpec spec;
  spec.target = json_field<std::string>(json, "target", kSpecWhat);
  spec.task = internal::json_enum(kTaskNames, json, "task", kSpecWhat);
  spec.drop = json_field<std::vector<std::string>>(json, "drop", kSpecWhat);
  spec.keep = json_field<std::vector<std::string>>(json, "keep", kSpecWhat);
  spec.missing = internal::json_enum(kMissingNames, json, "missing", kSpecWhat);
  spec.scaling = internal::json_enum(kScalingNames, json, "scaling", kSpecWhat);
  spec.balance = json_field<bool>(json, "balance", kSpecWhat);
  spec.test_fraction = json_field<double>(json, "test_fraction", kSpecWhat);
  spec.seed = json_field<std::uint64_t>(json, "seed", kSpecWhat);
  spec.clip = json_field<double>(json, "clip", kSpecWhat);
  return spec;
}

nlohmann::json Preparation::to_json() const {
  nlohmann::json sources = nlohmann::json::array(), features = nlohmann::json::array();
  for (const SourceColumn& s : sources_) sources.push_back(source_to_json(s));
  for (const Feature& f : features_) features.push_back(feature_to_json(f));
  nlohmann::json json = {{"version", kPreparationVersion},
                         {"spec", spec_.to_json()},
                         {"training_rows", training_rows_},
                         {"sources", std::move(sources)},
                         {"features", std::move(features)}};
  if (spec_.task == Task::kClassification)
    json["classes"] = {{"negative", negative_class_}, {"positive", positive_class_}};
  else
    json["target"] = {{"centre", target_centre_}, {"scale", target_scale_}};
  return json;
}

Preparation Preparation::from_json(const nlohmann::json& json) {
  if (json_field<unsigned>(json, "version", kWhat) != kPreparationVersion)
    fail_json(kWhat, "unknown version");
  Preparation out;
  out.spec_ = PreparationSpec::from_json(json_field<nlohmann::json>(json, "spec", kWhat));
  out.training_rows_ = json_field<std::size_t>(json, "training_rows", kWhat);
  for (const auto& entry : json_field<nlohmann::json::array_t>(json, "sources", kWhat))
    out.sources_.push_back(source_from_json(entry));
  for (const auto& entry : json_field<nlohmann::json::array_t>(json, "features", kWhat))
    out.features_.push_back(feature_from_json(entry, out.sources_));
  if (out.features_.empty()) fail_json(kWhat, "there are no features");
  if (out.spec_.task == Task::kClassification) {
    const auto classes = json_field<nlohmann::json>(json, "classes", kWhat);
    out.negative_class_ = json_field<std::string>(classes, "negative", kWhat);
    out.positive_class_ = json_field<std::string>(classes, "positive", kWhat);
    if (out.negative_class_ == out.positive_class_) fail_json(kWhat, "the two classes are one");
  } else {
    const auto target = json_field<nlohmann::json>(json, "target", kWhat);
    out.target_centre_ = json_field<double>(target, "centre", kWhat);
    out.target_scale_ = json_field<double>(target, "scale", kWhat);
    if (!(out.target_scale_ > 0)) fail_json(kWhat, "the target's scale is not positive");
  }
  return out;
}

}  // namespace cloister::data
