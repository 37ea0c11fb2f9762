#include <csv.h>

#include "cloister/data/csv.h"
#include "cloister/data/internal/fields.h"

namespace cloister::data {
namespace {

void append_text(std::string& out, std::string_view text) {
  const bool plain = text.find_first_of(",\"\r\n") == std::string_view::npos && text.front() != ' ' &&
                     text.front() != '\t' && text.back() != ' ' && text.back() != '\t' &&
                     !text.starts_with("\xEF\xBB\xBF");
  if (plain) {
    out += text;
    return;
  }
  const std::size_t at = out.size();
  const std::size_t size = csv_write(nullptr, 0, text.data(), text.size());
  out.resize(at + size);
  csv_write(out.data() + at, size, text.data(), text.size());
}

void append_cell(std::string& out, const Table& table, const Column& column, std::size_t row) {
  if (column.is_missing(row)) {
    out += "NA";
  } else if (column.is_numeric()) {
    out += internal::format_number(column.number(row));
  } else {
    if (internal::is_missing_field(column.text_at(row)))
      throw ParametersError("column \"" + column.name() + "\", line " + std::to_string(table.line(row)) +
                            ": the text would read back as missing; rename the category");
    append_text(out, column.text_at(row));
  }
}

}  // namespace

std::string to_csv(const Table& table) {
  std::string out;
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    if (c > 0) out += ',';
    append_text(out, table.columns()[c].name());
  }
  out += '\n';
  for (std::size_t r = 0; r < table.rows(); ++r) {
    for (std::size_t c = 0; c < table.columns().size(); ++c) {
      if (c > 0) out += ',';
      append_cell(out, table, table.columns()[c], r);
    }
    out += '\n';
  }
  return out;
}

void write_csv(const std::filesystem::path& path, const Table& table, Overwrite overwrite, FileMode mode) {
  const std::string text = to_csv(table);
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, overwrite, mode);
}

}  // namespace cloister::data
