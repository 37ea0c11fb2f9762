#include "cloister/ml/clear_spectrum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "cloister/base/error.h"

namespace cloister::ml {
namespace {

/// n rows whose second moments are [[1, c], [c, 1]] exactly.
data::Matrix correlated(double c) {
  data::Matrix rows(4, 2);
  const double s = std::sqrt(1 - c * c);
  const double y[4] = {c + s, c - s, -c + s, -c - s};
  for (std::size_t i = 0; i < 4; ++i) {
    rows(i, 0) = i < 2 ? 1 : -1;
    rows(i, 1) = y[i];
  }
  return rows;
}

TEST(Spectrum, EigenvaluesOfThePathGraph) {
  // The tridiagonal matrix (-1, 2, -1) has the eigenvalues 2 - 2 cos(pi k / (n + 1)).
  constexpr std::size_t n = 24;
  data::Matrix m(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    m(i, i) = 2;
    if (i + 1 < n) m(i, i + 1) = m(i + 1, i) = -1;
  }
  const std::vector<double> values = symmetric_eigenvalues(m);
  for (std::size_t k = 0; k < n; ++k)
    EXPECT_NEAR(values[k], 2 - 2 * std::cos(std::numbers::pi * static_cast<double>(k + 1) / (n + 1)), 1e-13);
}

TEST(Spectrum, LargestEigenvalueOfCorrelatedColumns) {
  for (const double c : {0.0, 0.3, -0.9})
    EXPECT_NEAR(largest_eigenvalue(correlated(c)), 1 + std::abs(c), 1e-14);
}

TEST(Spectrum, SuggestedCapIsCoarseAndAbove) {
  EXPECT_EQ(suggested_spectrum_cap(correlated(0.4)), 1.5);
  EXPECT_EQ(suggested_spectrum_cap(correlated(0.6)), 2);
  data::Matrix rows(1, 1);
  for (const auto& [value, cap] :
       {std::pair{0.1, 1.0}, {2.5, 3.0}, {3.1, 4.0}, {4.5, 6.0}, {6.5, 8.0}, {8.5, 12.0}}) {
    rows(0, 0) = std::sqrt(value);
    EXPECT_EQ(suggested_spectrum_cap(rows), cap) << value;
  }
}

TEST(Spectrum, OwnersCheckRefusesDataBeyondTheCap) {
  EXPECT_NO_THROW(require_spectrum_cap(correlated(0.5), 1.5));
  try {
    require_spectrum_cap(correlated(0.6), 1.5);
    FAIL() << "data beyond the cap was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  }
  data::Matrix bad(1, 1);
  bad(0, 0) = NAN;
  EXPECT_THROW(require_spectrum_cap(bad, 1), ParametersError);
  EXPECT_THROW(largest_eigenvalue(data::Matrix()), ParametersError);
}

TEST(Spectrum, OwnersCheckRefusesColumnsBelowTheFloor) {
  EXPECT_NO_THROW(require_spectrum_floor(correlated(0.5), 0.5));  // its eigenvalues are 0.5 and 1.5
  try {
    require_spectrum_floor(correlated(0.5), 0.51);
    FAIL() << "columns below the floor were accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace cloister::ml
