#include "cloister/ml/internal/amplification.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "cloister/ml/schedule.h"

namespace cloister::ml {
namespace {

/// Nesterov's momentum with the spectrum [least, 1] in every step.
std::vector<AmplifyingStep> nesterov_steps(int n, double least) {
  std::vector<AmplifyingStep> steps;
  steps.reserve(static_cast<std::size_t>(n));
  for (int j = 0; j < n; ++j) steps.push_back({.momentum = j / (j + 3.0), .least = least, .most = 1});
  return steps;
}

/// The worst of all sequences of scalar maps at either end of the spectrum: a lower bound on any true gain.
double worst_scalar_sequence(const std::vector<AmplifyingStep>& steps, std::size_t first) {
  const std::size_t n = steps.size() - first;
  double worst = 0;
  for (std::size_t choice = 0; choice < (std::size_t{1} << n); ++choice) {
    double error = 1, previous = 0;
    for (std::size_t k = 0; k < n; ++k) {
      const AmplifyingStep& step = steps[first + k];
      const double map = (choice >> k & 1) != 0 ? step.least : step.most;
      const double next = map * ((1 + step.momentum) * error - step.momentum * previous);
      previous = error;
      error = next;
    }
    worst = std::max(worst, std::abs(error));
  }
  return worst;
}

TEST(Amplification, LiesCloselyAboveTheWorstScalarSequence) {
  for (const double least : {0.0, -1.0 / 3}) {
    const std::vector<AmplifyingStep> steps = nesterov_steps(9, least);
    const std::vector<double> gains = amplification_gains(steps);
    ASSERT_EQ(gains.size(), 10u);
    for (std::size_t s = 0; s < gains.size(); ++s) {
      const double worst = worst_scalar_sequence(steps, s);
      EXPECT_GE(gains[s], worst) << s;
      EXPECT_LE(gains[s], worst * 1.5) << s;
    }
  }
}

TEST(Amplification, CoversRandomSequencesOfMatrices) {
  // Two-dimensional maps with eigenvalues at the ends of the spectrum and a random axis in each step.
  const std::vector<AmplifyingStep> steps = nesterov_steps(6, -1.0 / 3);
  const double gain = amplification_gains(steps).front();
  std::mt19937_64 engine(5);
  std::uniform_real_distribution<double> angle(0, 3.14159265);
  double worst = 0;
  for (int trial = 0; trial < 200000; ++trial) {
    double e[2] = {1, 0}, previous[2] = {0, 0};
    for (const AmplifyingStep& step : steps) {
      const double a = angle(engine), c = std::cos(a), s = std::sin(a);
      const double ux = (1 + step.momentum) * e[0] - step.momentum * previous[0];
      const double uy = (1 + step.momentum) * e[1] - step.momentum * previous[1];
      const double along = step.most * (c * ux + s * uy), across = step.least * (c * uy - s * ux);
      previous[0] = e[0];
      previous[1] = e[1];
      e[0] = c * along - s * across;
      e[1] = s * along + c * across;
    }
    worst = std::max(worst, std::hypot(e[0], e[1]));
  }
  EXPECT_LE(worst, gain);
  EXPECT_GT(worst, gain / 3);
}

TEST(Amplification, WithoutMomentumAContractionNeverAmplifies) {
  const std::vector<AmplifyingStep> steps(20, {.momentum = 0, .least = -0.9, .most = 0.9});
  const std::vector<double> gains = amplification_gains(steps);
  EXPECT_EQ(gains.back(), 1);
  for (const double gain : gains) EXPECT_LE(gain, 1 + 1e-8);
  EXPECT_NEAR(gains.front(), std::pow(0.9, 20), 1e-3);
}

TEST(Amplification, StaysCloseToTheWorstScalarSequenceBeyondTheWindow) {
  // Twenty steps: the multipliers of the last four are not sought again for an error that enters first.
  for (const double least : {0.0, -1.0 / 3}) {
    const std::vector<AmplifyingStep> steps = nesterov_steps(20, least);
    const std::vector<double> gains = amplification_gains(steps);
    for (const std::size_t s : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
      const double worst = worst_scalar_sequence(steps, s);
      EXPECT_GE(gains[s], worst) << s;
      EXPECT_LE(gains[s], worst * 4) << s;
    }
  }
}

TEST(Amplification, LongRunsGrowByTheRateOfShortOnes) {
  // The windows lose nothing that grows with the length: each of 400 equal steps adds about what the first
  // eight of sixteen add, whose multipliers are all sought together.
  const auto constant = [](int n) {
    return std::vector<AmplifyingStep>(static_cast<std::size_t>(n), {.momentum = 0.8, .least = 0, .most = 1});
  };
  const std::vector<double> short_run = amplification_gains(constant(16)),
                            long_run = amplification_gains(constant(400));
  const double rate = std::log(short_run[0] / short_run[8]) / 8;
  const double long_rate = std::log(long_run[0] / long_run[384]) / 384;
  EXPECT_GT(long_rate, 0);
  EXPECT_LE(long_rate, rate * 1.1);
}

TEST(Amplification, AThousandStepsOfUnlimitedMomentumHaveAFiniteBound) {
  const std::vector<double> gains = amplification_gains(nesterov_steps(1000, -1.0 / 3));
  ASSERT_EQ(gains.size(), 1001u);
  for (const double gain : gains) EXPECT_TRUE(std::isfinite(gain));
  EXPECT_GT(gains.front(), 1e100);  // as the worst scalar sequence: 5e32 at 200 steps
}

TEST(Amplification, IsInfiniteOnlyBeyondADouble) {
  const std::vector<AmplifyingStep> steps(1000, {.momentum = 0.9, .least = -3, .most = 3});
  const std::vector<double> gains = amplification_gains(steps);
  EXPECT_TRUE(std::isinf(gains.front()));
  EXPECT_TRUE(std::isfinite(gains[900]));
}

TEST(Amplification, SteadyMomentumAddsErrorsUpForAsLongAsOneLikes) {
  for (const std::size_t n : {std::size_t{50}, std::size_t{1000}}) {
    std::vector<AmplifyingStep> steps = nesterov_steps(static_cast<int>(n), -1.0 / 3);
    for (AmplifyingStep& step : steps) step.momentum = std::min(step.momentum, kSteadyMomentum);
    // An error that nothing contracts goes to 1 / (1 - momentum) of itself; no sequence does much worse.
    const std::vector<double> gains = amplification_gains(steps);
    EXPECT_LE(std::accumulate(gains.begin(), gains.end(), 0.0),
              1.01 * static_cast<double>(n + 1) / (1 - kSteadyMomentum));
  }
}

}  // namespace
}  // namespace cloister::ml
