#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace cloister::data {

// Scores and predictions must be finite, labels 0 or 1, both of one length that is not 0; anything else
// is a ParametersError.

/// Rows by what was predicted and what is true.
struct Confusion {
  std::size_t true_positives = 0;
  std::size_t false_positives = 0;
  std::size_t true_negatives = 0;
  std::size_t false_negatives = 0;

  double accuracy() const;
  double precision() const;  ///< 0 if nothing was predicted positive
  double recall() const;     ///< 0 if nothing is positive
  double f1() const;         ///< 0 if there are no true positives
};

/// A row is predicted positive if its score is at least `threshold`.
Confusion confusion(std::span<const double> scores, std::span<const double> labels, double threshold = 0.5);

struct RocPoint {
  double false_positive_rate = 0;
  double true_positive_rate = 0;
  double threshold = 0;  ///< scores at least this count as positive; infinite at (0, 0)
};

/// The ROC curve from (0, 0) to (1, 1), a point for each distinct score. Needs both classes.
std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const double> labels);

/// Area under the ROC curve: the chance that a random positive outscores a random negative, ties counting
/// half. Needs both classes.  Math: (R - p (p + 1) / 2) / (p n), R the sum of the positives' mid-ranks.
/// Source: Hanley, McNeil, "The meaning and use of the area under a ROC curve", 1982.
double auc(std::span<const double> scores, std::span<const double> labels);

/// Mean of -log of the probability given to the true label, probabilities being kept in
/// [1e-15, 1 - 1e-15], so that a value outside [0, 1] (an approximated sigmoid's) is no error.
double log_loss(std::span<const double> probabilities, std::span<const double> labels);

struct ClassificationMetrics {
  double accuracy = 0, precision = 0, recall = 0, f1 = 0, log_loss = 0;
  std::optional<double> auc;  ///< none if the labels are of one class
};
ClassificationMetrics classification_metrics(std::span<const double> probabilities,
                                             std::span<const double> labels);

/// 1 - (squared residuals) / (squared deviations from the mean). If all actual values are equal: 1 if
/// the predictions are exact, else 0.
double r2(std::span<const double> predicted, std::span<const double> actual);
/// Root of the mean squared error.
double rmse(std::span<const double> predicted, std::span<const double> actual);
/// Mean absolute error.
double mae(std::span<const double> predicted, std::span<const double> actual);

struct RegressionMetrics {
  double r2 = 0, rmse = 0, mae = 0;
};
RegressionMetrics regression_metrics(std::span<const double> predicted, std::span<const double> actual);

}  // namespace cloister::data
