#include "cloister/data/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cloister/base/error.h"

namespace cloister::data {
namespace {

void check_values(std::span<const double> predicted, std::span<const double> actual) {
  if (predicted.size() != actual.size())
    throw ParametersError("metrics: " + std::to_string(predicted.size()) + " predictions for " +
                          std::to_string(actual.size()) + " rows; give one a row");
  if (predicted.empty()) throw ParametersError("metrics: there are no rows; give at least one");
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!std::all_of(predicted.begin(), predicted.end(), finite) ||
      !std::all_of(actual.begin(), actual.end(), finite))
    throw ParametersError("metrics: a value is infinite or not a number; every prediction must be finite");
}

void check_labels(std::span<const double> scores, std::span<const double> labels) {
  check_values(scores, labels);
  if (!std::all_of(labels.begin(), labels.end(), [](double y) { return y == 0 || y == 1; }))
    throw ParametersError("metrics: a label is neither 0 nor 1; prepare the target for classification");
}

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct ClassCounts {
  double positives, negatives;
};

ClassCounts check_both_classes(std::span<const double> scores, std::span<const double> labels) {
  check_labels(scores, labels);
  const double positives = std::accumulate(labels.begin(), labels.end(), 0.0);
  const double negatives = static_cast<double>(labels.size()) - positives;
  if (positives == 0 || negatives == 0)
    throw ParametersError(
        "metrics: all labels are of one class, so there is no ROC curve; give rows of both");
  return {positives, negatives};
}

// Calls use(score, positives, negatives) for each distinct score with its counts, the highest first.
template <typename Use>
void for_each_score(std::span<const double> scores, std::span<const double> labels, Use use) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  for (std::size_t i = 0; i < order.size();) {
    const double score = scores[order[i]];
    double positives = 0, total = 0;
    for (; i < order.size() && scores[order[i]] == score; ++i, ++total) positives += labels[order[i]];
    use(score, positives, total - positives);
  }
}

}  // namespace

double Confusion::accuracy() const {
  return ratio(true_positives + true_negatives,
               true_positives + true_negatives + false_positives + false_negatives);
}
double Confusion::precision() const { return ratio(true_positives, true_positives + false_positives); }
double Confusion::recall() const { return ratio(true_positives, true_positives + false_negatives); }
double Confusion::f1() const {
  return ratio(2 * true_positives, 2 * true_positives + false_positives + false_negatives);
}

Confusion confusion(std::span<const double> scores, std::span<const double> labels, double threshold) {
  check_labels(scores, labels);
  Confusion out;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const bool predicted = scores[i] >= threshold;
    if (labels[i] == 1)
      ++(predicted ? out.true_positives : out.false_negatives);
    else
      ++(predicted ? out.false_positives : out.true_negatives);
  }
  return out;
}

std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const double> labels) {
  const ClassCounts all = check_both_classes(scores, labels);
  std::vector<RocPoint> curve = {{0, 0, std::numeric_limits<double>::infinity()}};
  double true_positives = 0, false_positives = 0;
  for_each_score(scores, labels, [&](double score, double positives, double negatives) {
    true_positives += positives;
    false_positives += negatives;
    curve.push_back({false_positives / all.negatives, true_positives / all.positives, score});
  });
  return curve;
}

double auc(std::span<const double> scores, std::span<const double> labels) {
  const ClassCounts all = check_both_classes(scores, labels);
  // From the highest score down, `left` rows remain; ties share the mean of their ranks.
  double left = static_cast<double>(scores.size()), rank_sum = 0;
  for_each_score(scores, labels, [&](double, double positives, double negatives) {
    const double tied = positives + negatives;
    rank_sum += positives * (left - (tied - 1) / 2);
    left -= tied;
  });
  return (rank_sum - all.positives * (all.positives + 1) / 2) / (all.positives * all.negatives);
}

double log_loss(std::span<const double> probabilities, std::span<const double> labels) {
  check_labels(probabilities, labels);
  constexpr double kLeast = 1e-15;
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(probabilities[i], kLeast, 1 - kLeast);
    sum -= labels[i] == 1 ? std::log(p) : std::log1p(-p);
  }
  return sum / static_cast<double>(labels.size());
}

ClassificationMetrics classification_metrics(std::span<const double> probabilities,
                                             std::span<const double> labels) {
  const Confusion counts = confusion(probabilities, labels);
  ClassificationMetrics out{
      counts.accuracy(), counts.precision(), counts.recall(), counts.f1(), log_loss(probabilities, labels),
      std::nullopt};
  const bool one_class = std::equal(labels.begin() + 1, labels.end(), labels.begin());
  if (!one_class) out.auc = auc(probabilities, labels);
  return out;
}

double r2(std::span<const double> predicted, std::span<const double> actual) {
  check_values(predicted, actual);
  const double mean = std::accumulate(actual.begin(), actual.end(), 0.0) / static_cast<double>(actual.size());
  double residual = 0, total = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    residual += (actual[i] - predicted[i]) * (actual[i] - predicted[i]);
    total += (actual[i] - mean) * (actual[i] - mean);
  }
  const bool constant = std::equal(actual.begin() + 1, actual.end(), actual.begin());
  if (constant) return residual == 0 ? 1 : 0;
  return 1 - residual / total;
}

double rmse(std::span<const double> predicted, std::span<const double> actual) {
  check_values(predicted, actual);
  double sum = 0;
  for (std::size_t i = 0; i < actual.size(); ++i)
    sum += (actual[i] - predicted[i]) * (actual[i] - predicted[i]);
  return std::sqrt(sum / static_cast<double>(actual.size()));
}

double mae(std::span<const double> predicted, std::span<const double> actual) {
  check_values(predicted, actual);
  double sum = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) sum += std::abs(actual[i] - predicted[i]);
  return sum / static_cast<double>(actual.size());
}

RegressionMetrics regression_metrics(std::span<const double> predicted, std::span<const double> actual) {
  return {r2(predicted, actual), rmse(predicted, actual), mae(predicted, actual)};
}

}  // namespace cloister::data
