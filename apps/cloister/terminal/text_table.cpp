#include "apps/cloister/terminal/text_table.h"

#include <algorithm>
#include <numeric>

#include "apps/cloister/terminal/text.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

constexpr std::size_t kGap = 2, kNarrowest = 12;

/// `text` in lines of at most `columns`, broken at spaces where it can be; never without a line.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines(1);
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::string word = text.substr(start, end - start);
    start = end + 1;
    if (word.empty()) continue;
    std::string& line = lines.back();
    if (line.empty())
      line = word;
    else if (display_width(line) + 1 + display_width(word) <= columns)
      line += " " + word;
    else
      lines.push_back(word);
  }
  return lines;
}

std::string padded(const std::string& text, std::size_t width, TextTable::Align align) {
  const std::string fill(width - std::min(width, display_width(text)), ' ');
  return align == TextTable::Align::kLeft ? text + fill : fill + text;
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  if (columns_.empty()) throw ParametersError("text table: needs at least one column");
  for (Column& column : columns_) column.header = sanitized(column.header);
}

void TextTable::add_row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size())
    throw ParametersError("text table: a row has " + std::to_string(cells.size()) + " cells, needs " +
                          std::to_string(columns_.size()));
  for (std::string& cell : cells) cell = sanitized(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::render(const Style& style) const {
  const std::size_t last = columns_.size() - 1;
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c <= last; ++c) {
    widths.push_back(display_width(columns_[c].header));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], display_width(row[c]));
  }
  const std::size_t before = std::accumulate(widths.begin(), widths.end() - 1, last * kGap);
  if (columns_[last].align == Align::kLeft && before + kNarrowest <= style.columns)
    widths[last] = std::min(widths[last], style.columns - before);

  std::string out;
  const auto emit = [&](const std::vector<std::string>& cells, Emphasis emphasis) {
    bool first = true;
    for (const std::string& tail : wrapped(cells[last], widths[last])) {
      std::string line;
      for (std::size_t c = 0; c < last; ++c)
        line += padded(first ? cells[c] : "", widths[c], columns_[c].align) + std::string(kGap, ' ');
      line += padded(tail, widths[last], columns_[last].align);
      trim_end(line);
      out += emphasized(line, emphasis, style.colour) + "\n";
      first = false;
    }
  };
  if (std::ranges::any_of(columns_, [](const Column& c) { return !c.header.empty(); })) {
    std::vector<std::string> headers, rules;
    for (std::size_t c = 0; c <= last; ++c) {
      headers.push_back(columns_[c].header);
      std::string rule;
      for (std::size_t i = 0; i < widths[c]; ++i) rule += style.unicode ? "─" : "-";
      rules.push_back(std::move(rule));
    }
    emit(headers, Emphasis::kBold);
    emit(rules, Emphasis::kFaint);
  }
  for (const auto& row : rows_) emit(row, Emphasis::kNone);
  return out;
}

}  // namespace cloister::app
