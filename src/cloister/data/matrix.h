#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cloister::data {

/// A dense row-major matrix of clear values.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;  ///< [rows][columns]

  Matrix() = default;
  Matrix(std::size_t rows_, std::size_t columns_)
      : rows(rows_), columns(columns_), values(rows_ * columns_, 0.0) {}

  double& operator()(std::size_t r, std::size_t c) { return values[r * columns + c]; }
  double operator()(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
  std::span<double> row(std::size_t r) { return {values.data() + r * columns, columns}; }
  std::span<const double> row(std::size_t r) const { return {values.data() + r * columns, columns}; }
};

}  // namespace cloister::data
