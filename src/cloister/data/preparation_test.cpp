#include "cloister/data/preparation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cloister/base/error.h"
#include "cloister/data/csv.h"

namespace cloister::data {
namespace {

constexpr double kEpsilon = 0x1p-52;

// 8 rows of small numbers, a text, a target of two classes and one that is a quantity.
constexpr const char* kTable =
    "age,size,city,ill,pay\n"
    "30,1,Ulm,no,10\n"
    "40,2,Bonn,yes,20\n"
    "50,3,Trier,no,30\n"
    "60,4,Bonn,yes,45\n"
    "35,5,Ulm,no,12\n"
    "45,6,Bonn,yes,22\n"
    "55,7,Trier,no,33\n"
    "65,8,Ulm,yes,48\n";

PreparationSpec spec_for(const std::string& target, Task task = Task::kClassification) {
  PreparationSpec spec;
  spec.target = target;
  spec.task = task;
  spec.drop = {target == "pay" ? "ill" : "pay"};
  return spec;
}

// The message of the Error that `step` ends in.
template <typename Step>
std::string error_of(Step step, ErrorCode code = ErrorCode::kInvalidArgument) {
  try {
    step();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

void expect_in(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

std::string fit_error(const std::string& csv, const PreparationSpec& spec,
                      ErrorCode code = ErrorCode::kInvalidArgument) {
  return error_of([&] { Preparation::fit(parse_csv(csv), spec); }, code);
}

TEST(Preparation, NamesFeaturesAndClasses) {
  const Preparation p = Preparation::fit(parse_csv(kTable), spec_for("ill"));
  EXPECT_EQ(p.feature_names(), (std::vector<std::string>{"age", "size", "city=Trier", "city=Ulm"}));
  EXPECT_EQ(p.positive_class(), "yes");
  EXPECT_EQ(p.negative_class(), "no");
  EXPECT_EQ(p.text_columns(), std::vector<std::string>{"city"});
  EXPECT_EQ(p.training_rows(), 8u);
}

TEST(Preparation, StandardizesToMeanZeroAndDeviationOne) {
  const Table t = parse_csv(kTable);
  const Examples e = Preparation::fit(t, spec_for("ill")).apply(t);
  ASSERT_EQ(e.features.rows, 8u);
  ASSERT_EQ(e.features.columns, 4u);
  for (std::size_t j = 0; j < 4; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      sum += e.features(i, j);
      squares += e.features(i, j) * e.features(i, j);
    }
    // Eight terms below 2, each of a few roundings.
    EXPECT_NEAR(sum, 0, 64 * kEpsilon);
    EXPECT_NEAR(squares, 8, 256 * kEpsilon);
  }
  EXPECT_EQ(e.target, (std::vector<double>{0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(e.source_row, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Preparation, MinMaxAndNone) {
  const Table t = parse_csv(kTable);
  PreparationSpec spec = spec_for("ill");
  spec.scaling = Scaling::kMinMax;
  const Examples e = Preparation::fit(t, spec).apply(t);
  EXPECT_EQ(e.features(0, 0), 0);
  EXPECT_EQ(e.features(7, 0), 1);
  EXPECT_DOUBLE_EQ(e.features(3, 0), 30.0 / 35);
  EXPECT_EQ(e.features(2, 2), 1);  // Trier
  EXPECT_EQ(e.features(1, 2), 0);
  spec.scaling = Scaling::kNone;
  EXPECT_EQ(Preparation::fit(t, spec).apply(t).features(3, 0), 60);
}

TEST(Preparation, FitsOnTheGivenRowsAlone) {
  const Table t = parse_csv(kTable);
  PreparationSpec spec = spec_for("ill");
  spec.keep = {"age"};
  const std::vector<std::size_t> rows = {0, 1, 2, 3};  // ages 30, 40, 50, 60
  const Preparation p = Preparation::fit(t, spec, rows);
  EXPECT_DOUBLE_EQ(p.features()[0].centre, 45);
  EXPECT_DOUBLE_EQ(p.features()[0].scale, std::sqrt(125));
  EXPECT_DOUBLE_EQ(p.apply(t).features(7, 0), 20 / std::sqrt(125));
}

TEST(Preparation, ClipsAtDeviationsFromTheMean) {
  std::string csv = "x,y\n";
  for (int i = 0; i < 50; ++i) csv += std::to_string(i % 2) + "," + std::to_string(i % 3 == 0) + "\n";
  csv += "1000,1\n";
  const Table t = parse_csv(csv);
  PreparationSpec spec;
  spec.target = "y";
  spec.clip = 4;
  const Preparation p = Preparation::fit(t, spec);
  EXPECT_NEAR(p.apply(t).features(50, 0), 4, 16 * kEpsilon);
  spec.scaling = Scaling::kMinMax;
  const Examples e = Preparation::fit(t, spec).apply(t);
  EXPECT_EQ(e.features(50, 0), 1);
  EXPECT_EQ(e.features(0, 0), 0);
  EXPECT_GT(e.features(1, 0), 1.0 / 1000);  // the outlier no longer sets the range
}

TEST(Preparation, RegressionTargetsAreScaledAndComeBack) {
  const Table t = parse_csv(kTable);
  const Preparation p = Preparation::fit(t, spec_for("pay", Task::kRegression));
  EXPECT_DOUBLE_EQ(p.target_centre(), 27.5);
  const Examples e = p.apply(t);
  for (std::size_t i = 0; i < 8; ++i)
    EXPECT_NEAR(p.target_in_original_units(e.target[i]), t.column("pay").number(i), 50 * 4 * kEpsilon);
}

TEST(Preparation, WeightsInOriginalUnitsPredictTheSame) {
  const Table t = parse_csv(kTable);
  for (const Scaling scaling : {Scaling::kStandardize, Scaling::kMinMax, Scaling::kNone})
    for (const Task task : {Task::kRegression, Task::kClassification}) {
      PreparationSpec spec = spec_for(task == Task::kRegression ? "pay" : "ill", task);
      spec.scaling = scaling;
      const Preparation p = Preparation::fit(t, spec);
      const std::vector<double> weights = {0.5, -1.25, 2, 0.75};
      const LinearWeights original = p.weights_in_original_units(weights, 0.3);
      const Examples e = p.apply(t);
      for (std::size_t i = 0; i < 8; ++i) {
        double scaled = 0.3;
        for (std::size_t j = 0; j < 4; ++j) scaled += weights[j] * e.features(i, j);
        if (task == Task::kRegression) scaled = p.target_in_original_units(scaled);
        const std::string& city = t.column("city").text_at(i);
        const double raw[] = {t.column("age").number(i), t.column("size").number(i),
                              city == "Trier" ? 1.0 : 0.0, city == "Ulm" ? 1.0 : 0.0};
        double direct = original.intercept;
        for (std::size_t j = 0; j < 4; ++j) direct += original.weights[j] * raw[j];
        EXPECT_NEAR(scaled, direct, 200 * 16 * kEpsilon);
      }
    }
  EXPECT_THROW(Preparation::fit(t, spec_for("ill")).weights_in_original_units(std::vector<double>(3), 0),
               MismatchError);
}

TEST(Preparation, NumericClassesMayBeAnyTwo) {
  const Table t = parse_csv("x,y\n1,10\n2,9\n4,10\n5,9\n");
  PreparationSpec spec;
  spec.target = "y";
  const Preparation p = Preparation::fit(t, spec);
  EXPECT_EQ(p.positive_class(), "10");  // as a number, not as a text
  EXPECT_EQ(p.apply(t).target, (std::vector<double>{1, 0, 1, 0}));
}

TEST(Preparation, ImputesMedianAndMostFrequentCategory) {
  const Table t = parse_csv("x,c,y\n1,b,0\n2,b,1\n10,a,0\n11,a,1\nNA,c,0\n3,,1\n");
  PreparationSpec spec;
  spec.target = "y";
  spec.missing = MissingPolicy::kImpute;
  spec.scaling = Scaling::kNone;
  const Examples e = Preparation::fit(t, spec).apply(t);
  ASSERT_EQ(e.features.rows, 6u);
  EXPECT_EQ(e.features(4, 0), 3);  // of 1, 2, 3, 10, 11
  // a and b are equally frequent: the first in order, which is the baseline.
  EXPECT_EQ(e.features(5, 1), 0);
  EXPECT_EQ(e.features(5, 2), 0);
  EXPECT_EQ(e.features(4, 2), 1);  // c=c
}

TEST(Preparation, DropsRowsThatLackValues) {
  const Table t = parse_csv("x,other,y\n1,1,0\n2,NA,1\nNA,3,0\n5,5,1\n3,3,NA\n9,9,0\n");
  PreparationSpec spec;
  spec.target = "y";
  spec.drop = {"other"};
  EXPECT_EQ(Preparation::fit(t, spec).training_rows(), 4u);
  const Examples e = Preparation::fit(t, spec).apply(t, TargetUse::kRequired);
  EXPECT_EQ(e.source_row, (std::vector<std::size_t>{0, 1, 3, 5}));
  spec.missing = MissingPolicy::kDropIncompleteRows;
  EXPECT_EQ(Preparation::fit(t, spec).training_rows(), 3u);
}

TEST(Preparation, NewRowsNeedNoTarget) {
  const Preparation p = Preparation::fit(parse_csv(kTable), spec_for("ill"));
  const Table rows = parse_csv("city,size,age\nUlm,3,41\nBonn,NA,50\nTrier,4,60\n",
                               {.limits = {}, .text_columns = p.text_columns()});
  const Examples e = p.apply(rows);
  EXPECT_TRUE(e.target.empty());
  EXPECT_EQ(e.source_row, (std::vector<std::size_t>{0, 2}));
  expect_in(error_of([&] { p.apply(rows, TargetUse::kRequired); }, ErrorCode::kNotFound), "\"ill\"");
  // With targets for some rows only, prediction has none and evaluation leaves the others out.
  const Table some = parse_csv("city,size,age,ill\nUlm,3,41,NA\nTrier,4,60,yes\n");
  EXPECT_TRUE(p.apply(some).target.empty());
  EXPECT_EQ(p.apply(some, TargetUse::kRequired).target, std::vector<double>{1});
  EXPECT_EQ(p.apply(some, TargetUse::kRequired).source_row, std::vector<std::size_t>{1});
}

TEST(Preparation, NewRowsAreChecked) {
  const Preparation p = Preparation::fit(parse_csv(kTable), spec_for("ill"));
  const auto apply_error = [&](const std::string& csv, ErrorCode code = ErrorCode::kInvalidArgument) {
    return error_of([&] { p.apply(parse_csv(csv)); }, code);
  };
  expect_in(apply_error("age,size,city\n1,2,Ulm\n1,2,Köln\n"), "column \"city\", line 3");
  expect_in(apply_error("age,size,city\n1,2,Ulm\nold,2,Ulm\n"), "column \"age\", line 3");
  expect_in(apply_error("age,size,city\n1,2,7\n"), "read it as text");
  expect_in(apply_error("age,size\n1,2\n", ErrorCode::kNotFound), "\"city\"");
  expect_in(apply_error("age,size,city,ill\n1,2,Ulm,perhaps\n"), "column \"ill\", line 2");
  // Too large to be scaled: this deviation is below 1.
  PreparationSpec spec;
  spec.target = "y";
  const Preparation fine = Preparation::fit(parse_csv("x,y\n0.001,0\n0.002,1\n0.003,1\n"), spec);
  expect_in(error_of([&] { fine.apply(parse_csv("x\n1e308\n")); }), "column \"x\", line 2");
  EXPECT_EQ(p.apply(parse_csv("age,size,city\n")).features.rows, 0u);
}

TEST(Preparation, RefusesWhatCannotBeLearntFrom) {
  PreparationSpec spec;
  spec.target = "y";
  expect_in(fit_error("x,z\n1,2\n", spec, ErrorCode::kNotFound), "no column \"y\"");
  expect_in(fit_error("x,Y\n1,2\n", spec, ErrorCode::kNotFound), "did you mean \"Y\"?");
  expect_in(fit_error("x,y\n1,1\n2,1\n3,1\n", spec), "only one");
  expect_in(fit_error("x,y\n1,1\n2,2\n3,3\n", spec), "exactly two");
  expect_in(fit_error("x,y\n1,0\n1,1\n1,0\n", spec), "\"x\" has the same value");
  expect_in(fit_error("x,y\nu,0\nu,1\nu,0\n", spec), "\"x\" has the same category");
  expect_in(fit_error("a,b,c,y\n1,2,3,0\n3,1,2,1\n4,4,1,0\n", spec),
            "3 training rows are too few for 3 features");
  expect_in(fit_error("x,y\n", spec), "no rows");
  expect_in(fit_error("x,y\n1,NA\n2,NA\n", spec), "the target, has no value");
  expect_in(fit_error("x,z,y\n1,NA,1\n2,NA,0\n", spec), "\"z\" lacks most of all, 2");
  expect_in(fit_error("y\n1\n0\n", spec), "no column is left");
  expect_in(fit_error("x,y\n1e308,0\n-1e308,1\n1,1\n", spec), "too large");
  expect_in(fit_error("x,y\n1e-300,0\n2e-300,1\n3e-300,1\n", spec), "scaled");

  PreparationSpec impute = spec;
  impute.missing = MissingPolicy::kImpute;
  expect_in(fit_error("x,z,y\n1,NA,1\n2,NA,0\n", impute), "\"z\" has no value");

  PreparationSpec regression = spec;
  regression.task = Task::kRegression;
  expect_in(fit_error("x,y\n1,2\n2,3\n3,high\n", regression), "column \"y\", line 4: text");
  expect_in(fit_error("x,y\n1,2\n2,2\n3,2\n", regression), "target \"y\" has the same value");

  std::string many = "name,y\n";
  for (int i = 0; i < 100; ++i) many += "p" + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  expect_in(fit_error(many, spec), "drop it");
}

TEST(Preparation, ConstantColumnsPassUnscaled) {
  PreparationSpec spec;
  spec.target = "y";
  spec.scaling = Scaling::kNone;
  spec.clip = 3;
  const Table t = parse_csv("x,y\n7,0\n7,1\n7,0\n");
  EXPECT_EQ(Preparation::fit(t, spec).apply(t).features(2, 0), 7);
}

TEST(Preparation, RefusesSpecsThatContradictThemselves) {
  const Table t = parse_csv(kTable);
  const auto refused = [&](auto change, const char* part, ErrorCode code = ErrorCode::kInvalidArgument) {
    PreparationSpec spec = spec_for("ill");
    change(spec);
    expect_in(error_of([&] { Preparation::fit(t, spec); }, code), part);
  };
  refused([](auto& s) { s.target = ""; }, "no target");
  refused([](auto& s) { s.drop = {"ill"}; }, "is the target");
  refused([](auto& s) { s.keep = {"ill"}; }, "is the target");
  refused([](auto& s) { s.keep = {"pay"}; }, "both dropped and kept");
  refused([](auto& s) { s.drop = {"agee"}; }, "did you mean \"age\"?", ErrorCode::kNotFound);
  refused([](auto& s) { s.test_fraction = 1; }, "test fraction");
  refused([](auto& s) { s.test_fraction = -0.1; }, "test fraction");
  refused([](auto& s) { s.test_fraction = std::nan(""); }, "test fraction");
  refused([](auto& s) { s.clip = -1; }, "clip");
  refused([](auto& s) { s.clip = 0.5; }, "clip");
  refused([](auto& s) { s.clip = INFINITY; }, "clip");
  refused([](auto& s) { s.balance = true, s.task = Task::kRegression; }, "balanc");
}

TEST(Preparation, JsonRoundTripsToTheSameBits) {
  const Table t = parse_csv(kTable);
  for (const double clip : {0.0, 1.5})
    for (const Task task : {Task::kRegression, Task::kClassification}) {
      PreparationSpec spec = spec_for(task == Task::kRegression ? "pay" : "ill", task);
      spec.clip = clip;
      spec.seed = ~std::uint64_t{0};
      const Preparation p = Preparation::fit(t, spec);
      const Preparation q = Preparation::from_json(nlohmann::json::parse(p.to_json().dump()));
      EXPECT_EQ(q.spec(), p.spec());
      EXPECT_TRUE(
          std::equal(p.features().begin(), p.features().end(), q.features().begin(), q.features().end()));
      EXPECT_TRUE(std::equal(p.sources().begin(), p.sources().end(), q.sources().begin(), q.sources().end()));
      EXPECT_EQ(q.apply(t).features.values, p.apply(t).features.values);
      EXPECT_EQ(q.apply(t).target, p.apply(t).target);
      EXPECT_EQ(q.training_rows(), p.training_rows());
    }
}

TEST(Preparation, RefusesDamagedJson) {
  const nlohmann::json good = Preparation::fit(parse_csv(kTable), spec_for("ill")).to_json();
  const auto refused = [](const nlohmann::json& json) {
    try {
      Preparation::from_json(json);
      return false;
    } catch (const Error& e) {
      return e.code() == ErrorCode::kDataLoss;
    }
  };
  ASSERT_FALSE(refused(good));
  const nlohmann::json flat = good.flatten();
  for (const auto& [path, value] : flat.items()) {
    nlohmann::json json = good;
    const nlohmann::json::json_pointer where(path);
    json[where] = nlohmann::json::object();
    EXPECT_TRUE(refused(json)) << path;
    json[where] = nullptr;
    EXPECT_TRUE(refused(json)) << path;
    json = good;
    auto& parent = json[where.parent_pointer()];
    if (!parent.is_object()) continue;
    parent.erase(where.back());
    EXPECT_TRUE(refused(json)) << path;
  }
  const auto patched = [&](const char* path, nlohmann::json value) {
    nlohmann::json json = good;
    json[nlohmann::json::json_pointer(path)] = std::move(value);
    return refused(json);
  };
  EXPECT_TRUE(patched("/version", 2));
  EXPECT_TRUE(patched("/features", nlohmann::json::array()));
  EXPECT_TRUE(patched("/features/0/scale", 0));
  EXPECT_TRUE(patched("/features/0/scale", -1));
  EXPECT_TRUE(patched("/features/0/source", 3));
  EXPECT_TRUE(patched("/features/0/source", -1));
  EXPECT_TRUE(patched("/features/0/category", 1));
  EXPECT_TRUE(patched("/features/2/category", 3));
  EXPECT_TRUE(patched("/sources/2/categories", {"b", "a"}));
  EXPECT_TRUE(patched("/sources/2/fill", "Rom"));
  EXPECT_TRUE(patched("/classes/positive", "no"));
  EXPECT_TRUE(patched("/spec/task", "guess"));
  EXPECT_TRUE(refused(nullptr));
}

}  // namespace
}  // namespace cloister::data
