#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/cloister/report/html.h"

namespace cloister::app {

/// What a series stands for; the page's script gives each role its colour and mark, in light and dark.
/// clear, encrypted, reference, bound, owner, server, other, negative, positive
using Role = std::string;
using Points = std::vector<std::pair<double, double>>;

/// Lines or points over two axes of numbers.
struct XyChart {
  struct Axis {
    std::string title;
    std::optional<double> low, high;
  };
  struct Series {
    std::string label;
    Role role;
    bool line = false;  ///< joined by lines, else marks
    Points points;
  };
  Axis x, y;
  std::vector<Series> series;
  nlohmann::json spec() const;
};

/// Horizontal bars, one category a row; a missing value has no bar.
struct BarChart {
  struct Series {
    std::string label;
    Role role;
    std::vector<std::optional<double>> values;
  };
  enum class Unit { kNumber, kSeconds, kBytes };
  std::vector<std::string> categories;
  Unit unit = Unit::kNumber;
  bool stacked = false;  ///< series share a bar's row instead of lying side by side
  std::vector<Series> series;
  nlohmann::json spec() const;
};

/// Counts by size of error on a logarithmic axis, with the bound as a vertical line.
struct ErrorChart {
  std::string x_title;
  std::vector<double> log10_centers;  ///< equally spaced
  std::vector<std::size_t> negative, positive;
  std::optional<double> log10_bound;
  nlohmann::json spec() const;
};

/// A chart with its caption and its figures as a table: folded away under it, or in full view beside it.
struct Figure {
  std::string id;       ///< unique in the page, of letters, digits and dashes
  std::string caption;  ///< what there is to see
  nlohmann::json spec;
  HtmlTable table;
  bool table_beside = false;
  std::string css_class;  ///< "square" or "" (wide)
};
std::string render_figure(const Figure& figure);

}  // namespace cloister::app
