#include "cloister/data/column_ranges.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "cloister/base/error.h"
#include "cloister/data/internal/fields.h"

namespace cloister::data {
namespace {

using Json = nlohmann::json;
constexpr const char* kFormat = "cloister columns 1";
constexpr double kLargestEnd = 1e150;
constexpr std::uint32_t kMaxBins = 1u << 16;

void check_column(const ColumnRange& c) {
  if (c.name.empty()) throw ParametersError("a column of statistics has no name");
  if (!(std::abs(c.low) <= kLargestEnd) || !(std::abs(c.high) <= kLargestEnd) || !(c.low < c.high))
    throw ParametersError("the range of column \"" + c.name +
                          "\" is none; give two finite numbers, the smaller one first");
}

// k 10^exponent, as near as a double can be.
double multiple(double k, int exponent) {
  return exponent >= 0 ? k * std::pow(10.0, exponent) : k / std::pow(10.0, -exponent);
}

std::vector<const Column*> numeric_columns(const Table& table, std::span<const ColumnRange> columns) {
  std::vector<const Column*> out;
  for (const ColumnRange& c : columns) {
    const Column& column = table.column(c.name);
    if (!column.is_numeric())
      throw ParametersError("column \"" + c.name + "\", line " +
                            std::to_string(internal::first_text_line(table, column)) +
                            ": text where a number is due; correct it, or leave the column out");
    out.push_back(&column);
  }
  return out;
}

// 0 below the first edge, 1 from it up to the next, and so on.
std::uint32_t bin_of(double x, std::span<const double> edges) {
  if (x == edges.back()) return static_cast<std::uint32_t>(edges.size() - 1);
  return static_cast<std::uint32_t>(std::ranges::upper_bound(edges, x) - edges.begin());
}

}  // namespace

double ColumnRange::unit() const {
  int exponent = 0;
  const double most = std::max(std::abs(low), std::abs(high)), part = std::frexp(most, &exponent);
  return std::ldexp(1.0, part == 0.5 ? exponent - 1 : exponent);
}

std::vector<double> ColumnRange::edges(std::uint32_t bins) const {
  std::vector<double> out(bins + std::size_t{1});
  for (std::uint32_t k = 0; k <= bins; ++k) out[k] = low + (high - low) * (k / static_cast<double>(bins));
  out.back() = high;
  return out;
}

Range rounded_outwards(const Range& range) {
  const double length = range.max - range.min;
  if (!std::isfinite(length)) throw ParametersError("a range is too long; give one with --range");
  const double scale = length > 0 ? length : std::max(1.0, std::abs(range.min));
  const int exponent = static_cast<int>(std::floor(std::log10(scale)));
  const double step = multiple(1, exponent);
  const double first = std::floor(range.min / step), last = std::ceil(range.max / step);
  return {multiple(first, exponent), multiple(std::max(last, first + 1), exponent)};
}

ColumnRanges::ColumnRanges(std::vector<ColumnRange> columns, std::uint32_t bins, const Bytes32& salt)
    : columns_(std::move(columns)), bins_(bins), salt_(salt) {
  if (columns_.empty()) throw ParametersError("statistics need at least one column of numbers");
  if (bins_ > kMaxBins)
    throw ParametersError("statistics have at most " + std::to_string(kMaxBins) + " bins");
  std::set<std::string> names;
  for (const ColumnRange& c : columns_) {
    check_column(c);
    if (!names.insert(c.name).second) throw ParametersError("column \"" + c.name + "\" is named twice");
  }
}

ColumnRanges ColumnRanges::create(std::vector<ColumnRange> columns, std::uint32_t bins, Prng& prng) {
  Bytes32 salt;
  prng.fill(std::span<std::uint8_t>(salt));
  return {std::move(columns), bins, salt};
}

Bytes32 ColumnRanges::digest() const {
  const std::string text = to_json().dump();
  return sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Json ColumnRanges::to_json() const {
  Json columns = Json::array();
  for (const ColumnRange& c : columns_)
    columns.push_back({{"name", c.name}, {"low", c.low}, {"high", c.high}});
  return {{"format", kFormat}, {"columns", columns}, {"bins", bins_}, {"salt", to_hex(salt_)}};
}

ColumnRanges ColumnRanges::from_json(const Json& json) {
  try {
    if (json.at("format").get<std::string>() != kFormat)
      throw DecodeError("format", 0, "these are no columns of this version of Cloister");
    std::vector<ColumnRange> columns;
    for (const Json& c : json.at("columns"))
      columns.push_back(
          {c.at("name").get<std::string>(), c.at("low").get<double>(), c.at("high").get<double>()});
    const auto bytes = from_hex(json.at("salt").get<std::string>());
    Bytes32 salt;
    if (bytes.size() != salt.size()) throw DecodeError("salt", 0, "not 32 bytes");
    std::ranges::copy(bytes, salt.begin());
    ColumnRanges out(std::move(columns), json.at("bins").get<std::uint32_t>(), salt);
    if (out.to_json() != json) throw DecodeError("columns", 0, "there is more in it than columns");
    return out;
  } catch (const Json::exception& e) {
    throw DecodeError("columns", 0, std::string("these are no columns: ") + e.what());
  } catch (const ParametersError& e) {
    throw DecodeError("columns", 0, e.what());
  }
}

BinnedRows ColumnRanges::apply(const Table& table) const {
  const auto sources = numeric_columns(table, columns_);
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < table.rows(); ++r)
    if (std::ranges::none_of(sources, [r](const Column* c) { return c->is_missing(r); })) rows.push_back(r);
  BinnedRows out{Matrix(rows.size(), columns_.size()), {}, table.rows() - rows.size()};
  if (bins_ > 0) out.bins.resize(out.values.values.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const double unit = columns_[c].unit();
    const auto edges = bins_ > 0 ? columns_[c].edges(bins_) : std::vector<double>();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const double x = sources[c]->number(rows[r]);
      out.values(r, c) = x / unit;
      if (bins_ > 0) out.bins[r * columns_.size() + c] = bin_of(x, edges);
    }
  }
  return out;
}

}  // namespace cloister::data
