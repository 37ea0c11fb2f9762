// The figures of README.md's tables, on the real data where it is present.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "cloister/data/csv.h"
#include "cloister/data/metrics.h"
#include "cloister/data/split.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_spectrum.h"

namespace cloister::ml {
namespace {

constexpr std::uint64_t kSeeds = 20;

class RealData : public testing::Test {
 protected:
  static std::filesystem::path file(const std::string& name) {
    return std::filesystem::path(CLOISTER_DEFAULT_DATA_DIR) / name;
  }
  void SetUp() override {
    if (!std::filesystem::exists(file("framingham.csv")) ||
        !std::filesystem::exists(file("employee_salary.csv")))
      GTEST_SKIP() << "the real data is not at " << CLOISTER_DEFAULT_DATA_DIR;
  }
};

data::PreparedSplit chd_reference(std::uint64_t seed) {
  data::PreparationSpec spec;
  spec.target = "TenYearCHD";
  spec.drop = {"education", "currentSmoker", "BPMeds", "diabetes", "diaBP", "BMI"};
  spec.missing = data::MissingPolicy::kDropIncompleteRows;
  spec.balance = true;
  spec.seed = seed;
  return data::prepare_split(
      data::read_csv(std::filesystem::path(CLOISTER_DEFAULT_DATA_DIR) / "framingham.csv"), spec);
}

data::Examples whole_table(const std::string& name, const std::string& target, data::Task task) {
  data::PreparationSpec spec;
  spec.target = target;
  spec.task = task;
  const data::Table table = data::read_csv(std::filesystem::path(CLOISTER_DEFAULT_DATA_DIR) / name);
  return data::Preparation::fit(table, spec).apply(table, data::TargetUse::kRequired);
}

double accuracy(const data::Examples& examples, const std::vector<double>& weights) {
  return data::confusion(margins(with_intercept(examples.features), weights), examples.target, 0).accuracy();
}

TEST_F(RealData, ChdReferenceStaysInRangeAndNearTheSigmoid) {
  for (const auto& [degree, mean_gap] : {std::pair{7, 0.004}, {3, 0.006}}) {
    for (const int iterations : {5, 7, 10}) {
      const LogisticSchedule schedule =
          plan_logistic({.features = 10, .iterations = iterations, .degree = degree});
      double margin = 0, gap = 0, to_fit = 0, mean = 0;
      for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const data::PreparedSplit split = chd_reference(seed);
        const data::Matrix rows = signed_rows(split.train.features, split.train.target);
        ASSERT_EQ(rows.rows, 780u);
        require_spectrum_cap(rows, schedule.spectrum_cap);
        const LogisticTrace polynomial = train_logistic(rows, schedule);
        const LogisticTrace exact = train_logistic(rows, schedule, SigmoidKind::kExact);
        margin = std::max(margin, polynomial.largest_margin);
        const double reached = accuracy(split.test, polynomial.weights.back());
        mean += reached / kSeeds;
        gap += std::abs(reached - accuracy(split.test, exact.weights.back())) / kSeeds;
        to_fit += (reached - accuracy(split.test, fit_logistic(rows).weights)) / kSeeds;
      }
      EXPECT_LT(margin, schedule.sigmoid.range) << degree << " " << iterations;
      EXPECT_LT(gap, mean_gap) << degree << " " << iterations;
      EXPECT_LT(std::abs(to_fit), 0.006) << degree << " " << iterations;
      std::printf(
          "degree %d, %2d iterations: accuracy %.4f, to the sigmoid %.4f, to the fit %+.4f, margin %.1f\n",
          degree, iterations, mean, gap, to_fit, margin);
    }
  }
}

TEST_F(RealData, ChdAllColumnsReachTheFitsAuc) {
  const data::Examples all = whole_table("framingham.csv", "TenYearCHD", data::Task::kClassification);
  const data::Matrix rows = signed_rows(all.features, all.target), plain = with_intercept(all.features);
  ASSERT_EQ(rows.rows, 3656u);
  ASSERT_EQ(rows.columns, 16u);
  EXPECT_EQ(suggested_spectrum_cap(rows), 4);
  const LogisticFit fit = fit_logistic(rows);
  ASSERT_TRUE(fit.converged);
  const double best = data::auc(margins(plain, fit.weights), all.target);
  EXPECT_NEAR(best, 0.739, 5e-4);
  const auto gap = [&](int degree, int iterations, std::optional<double> cap) {
    const LogisticSchedule schedule =
        plan_logistic({.features = 16, .iterations = iterations, .degree = degree, .spectrum_cap = cap});
    const LogisticTrace trace = train_logistic(rows, schedule);
    EXPECT_LT(trace.largest_margin, 0.8 * schedule.sigmoid.range);
    const double below = best - data::auc(margins(plain, trace.weights.back()), all.target);
    std::printf("degree %d, %2d iterations, cap %.0f: AUC %.4f below the fit, margin %.1f\n", degree,
                iterations, schedule.spectrum_cap, below, trace.largest_margin);
    return below;
  };
  for (const int degree : {3, 7}) {
    EXPECT_LT(gap(degree, 7, std::nullopt), 0.0035);
    EXPECT_LT(gap(degree, 10, std::nullopt), 0.0015);
    EXPECT_LT(gap(degree, 5, 4.0), 0.003);
    EXPECT_LT(gap(degree, 7, 4.0), 0.0015);
    EXPECT_LT(gap(degree, 10, 16.0), 0.006);
  }
}

TEST_F(RealData, SalaryReachesOrdinaryLeastSquares) {
  const data::Examples all = whole_table("employee_salary.csv", "salary", data::Task::kRegression);
  ASSERT_EQ(all.features.rows, 1000u);
  require_spectrum_cap(all.features, default_spectrum_cap(4));
  const auto r2 = [&](const std::vector<double>& w) {
    return data::r2(margins(all.features, w), all.target);
  };
  const double best = r2(solve_least_squares(all.features, all.target));
  EXPECT_NEAR(best, 0.860, 5e-4);
  const NormalEquations equations = normal_equations(all.features, all.target);
  const auto below = [&](int products) {
    const LinearSchedule schedule = plan_linear({.features = 4, .iterations = products});
    const double gap = best - r2(chebyshev_iterates(equations, schedule).back());
    std::printf("%d products: R2 %.1e below least squares\n", products, gap);
    return gap;
  };
  EXPECT_LT(below(3), 2.5e-4);
  EXPECT_LT(below(4), 1.5e-4);
  EXPECT_LT(below(5), 1e-4);

  const std::vector<long double> a(equations.a.values.begin(), equations.a.values.end());
  const std::vector<long double> b(equations.b.begin(), equations.b.end());
  EXPECT_NEAR(r2(solve_normal_equations(a, b).weights), best, 1e-12);
}

}  // namespace
}  // namespace cloister::ml
