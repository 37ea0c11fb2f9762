#include "cloister/data/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "cloister/base/error.h"
#include "cloister/random/prng.h"

namespace cloister::data {
namespace {

using Values = std::vector<double>;

TEST(Metrics, ConfusionByHand) {
  const Values scores = {0.9, 0.5, 0.49, 0.1, 0.7};
  const Values labels = {1, 1, 1, 0, 0};
  const Confusion c = confusion(scores, labels);
  EXPECT_EQ(c.true_positives, 2u);  // 0.5 is at the threshold: positive
  EXPECT_EQ(c.false_negatives, 1u);
  EXPECT_EQ(c.true_negatives, 1u);
  EXPECT_EQ(c.false_positives, 1u);
  EXPECT_DOUBLE_EQ(c.accuracy(), 0.6);
  EXPECT_DOUBLE_EQ(c.precision(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(c.recall(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(c.f1(), 2.0 / 3);
}

TEST(Metrics, NothingPositiveGivesZeros) {
  const Confusion none = confusion(Values{0.1, 0.2}, Values{0, 1});
  EXPECT_EQ(none.precision(), 0);
  EXPECT_EQ(none.recall(), 0);
  EXPECT_EQ(none.f1(), 0);
  EXPECT_EQ(confusion(Values{0.1}, Values{0}).recall(), 0);
  EXPECT_EQ(confusion(Values{0.1}, Values{0}).accuracy(), 1);
}

TEST(Metrics, AucByHand) {
  EXPECT_EQ(auc(Values{0.1, 0.2, 0.8, 0.9}, Values{0, 0, 1, 1}), 1);
  EXPECT_EQ(auc(Values{0.1, 0.2, 0.8, 0.9}, Values{1, 1, 0, 0}), 0);
  EXPECT_EQ(auc(Values{0.3, 0.3, 0.3}, Values{1, 0, 0}), 0.5);
  EXPECT_EQ(auc(Values{0.1, 0.4, 0.35, 0.8}, Values{0, 0, 1, 1}), 0.75);
}

// Independent definition: the share of (positive, negative) pairs in order, ties half.
double auc_of_pairs(const Values& scores, const Values& labels) {
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] != 1 || labels[j] != 0) continue;
      pairs += 1;
      won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  return won / pairs;
}

TEST(Metrics, AucIsTheShareOfPairsAndTheAreaUnderTheCurve) {
  for (std::uint64_t stream = 0; stream < 200; ++stream) {
    Prng prng(Seed(Bytes32{3}), stream);
    const std::size_t n = 2 + prng.next_u64() % 60;
    Values scores(n), labels(n);
    for (std::size_t i = 0; i < n; ++i) {
      scores[i] = static_cast<double>(prng.next_u64() % 12);  // many ties
      labels[i] = static_cast<double>(prng.next_u64() % 2);
    }
    labels[0] = 0;
    labels[1] = 1;
    const double area = auc(scores, labels);
    // Counts and half-counts below 2^53 are exact, so only the division rounds.
    EXPECT_DOUBLE_EQ(area, auc_of_pairs(scores, labels)) << "stream " << stream;
    const std::vector<RocPoint> curve = roc_curve(scores, labels);
    double trapezoids = 0;
    for (std::size_t k = 1; k < curve.size(); ++k)
      trapezoids += (curve[k].false_positive_rate - curve[k - 1].false_positive_rate) *
                    (curve[k].true_positive_rate + curve[k - 1].true_positive_rate) / 2;
    // At most 13 terms below 1, each of 4 roundings of relative 2^-53.
    EXPECT_NEAR(area, trapezoids, 13 * 4 * 0x1p-52) << "stream " << stream;
    EXPECT_EQ(curve.front().false_positive_rate, 0);
    EXPECT_EQ(curve.back().true_positive_rate, 1);
    EXPECT_EQ(curve.back().false_positive_rate, 1);
  }
}

TEST(Metrics, RocCurveByHand) {
  const std::vector<RocPoint> curve = roc_curve(Values{0.9, 0.9, 0.4, 0.1}, Values{1, 0, 1, 0});
  ASSERT_EQ(curve.size(), 4u);
  EXPECT_EQ(curve[1].true_positive_rate, 0.5);
  EXPECT_EQ(curve[1].false_positive_rate, 0.5);
  EXPECT_EQ(curve[1].threshold, 0.9);
  EXPECT_EQ(curve[2].true_positive_rate, 1);
  EXPECT_EQ(curve[2].false_positive_rate, 0.5);
}

TEST(Metrics, LogLossByHandAndOutsideTheUnitInterval) {
  EXPECT_DOUBLE_EQ(log_loss(Values{0.8, 0.25}, Values{1, 0}), -(std::log(0.8) + std::log(0.75)) / 2);
  EXPECT_DOUBLE_EQ(log_loss(Values{1.2}, Values{0}), -std::log1p(-(1 - 1e-15)));
  EXPECT_DOUBLE_EQ(log_loss(Values{-0.3}, Values{1}), -std::log(1e-15));
  EXPECT_NEAR(log_loss(Values{1}, Values{1}), 0, 2e-15);
}

TEST(Metrics, RegressionByHand) {
  const Values predicted = {2, 4, 5}, actual = {1, 4, 7};
  EXPECT_DOUBLE_EQ(r2(predicted, actual), 1 - 5.0 / 18);
  EXPECT_DOUBLE_EQ(rmse(predicted, actual), std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(mae(predicted, actual), 1);
  EXPECT_EQ(r2(actual, actual), 1);
  EXPECT_DOUBLE_EQ(r2(Values{4, 4, 4}, actual), 0);
  EXPECT_EQ(r2(Values{3, 3}, Values{3, 3}), 1);
  EXPECT_EQ(r2(Values{3, 4}, Values{3, 3}), 0);
  const RegressionMetrics all = regression_metrics(predicted, actual);
  EXPECT_EQ(all.r2, r2(predicted, actual));
  EXPECT_EQ(all.mae, 1);
}

TEST(Metrics, OneClassHasNoAuc) {
  EXPECT_THROW(auc(Values{0.1, 0.2}, Values{1, 1}), ParametersError);
  EXPECT_THROW(roc_curve(Values{0.1, 0.2}, Values{0, 0}), ParametersError);
  EXPECT_FALSE(classification_metrics(Values{0.1, 0.2}, Values{0, 0}).auc);
  const ClassificationMetrics both = classification_metrics(Values{0.1, 0.2}, Values{0, 1});
  EXPECT_EQ(both.auc, 1);
  EXPECT_EQ(both.accuracy, 0.5);
}

TEST(Metrics, RefuseWhatCannotBeMeasured) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  using Metric = std::function<void(const Values&, const Values&)>;
  const Metric metrics[] = {
      [](auto& p, auto& y) { confusion(p, y); }, [](auto& p, auto& y) { auc(p, y); },
      [](auto& p, auto& y) { roc_curve(p, y); }, [](auto& p, auto& y) { log_loss(p, y); },
      [](auto& p, auto& y) { r2(p, y); },        [](auto& p, auto& y) { rmse(p, y); },
      [](auto& p, auto& y) { mae(p, y); }};
  for (const Metric& m : metrics) {
    EXPECT_THROW(m({}, {}), ParametersError);
    EXPECT_THROW(m({0.1, 0.2, 0.3}, {0, 1}), ParametersError);
    EXPECT_THROW(m({nan, 0.2}, {0, 1}), ParametersError);
    EXPECT_THROW(m({0.1, inf}, {0, 1}), ParametersError);
    EXPECT_THROW(m({0.1, 0.2}, {0, nan}), ParametersError);
  }
  EXPECT_THROW(confusion(Values{0.1, 0.2}, Values{0, 0.5}), ParametersError);
  EXPECT_THROW(auc(Values{0.1, 0.2}, Values{-1, 1}), ParametersError);
}

}  // namespace
}  // namespace cloister::data
