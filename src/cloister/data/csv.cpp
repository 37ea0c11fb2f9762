#include "cloister/data/csv.h"

#include <csv.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <unordered_set>

#include "cloister/base/file.h"
#include "cloister/data/internal/fields.h"

namespace cloister::data {
namespace {

std::string place(const std::string& source, std::uint64_t line, std::size_t column,
                  const std::string& name) {
  std::string text = source + ": line " + std::to_string(line);
  if (column != 0) text += ", column " + std::to_string(column);
  if (!name.empty()) text += " (" + name + ")";
  return text + ": ";
}

/// The fields of one column, back to back, until its type is known.
struct RawColumn {
  std::string name;
  std::string bytes;
  std::vector<std::size_t> ends;

  std::string_view field(std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : ends[row - 1];
    return std::string_view(bytes).substr(begin, ends[row] - begin);
  }
};

/// Drives libcsv's state machine a line at a time, so that each row's line is known.
class Reader {
 public:
  Reader(const CsvOptions& options, std::string source) : options_(options), source_(std::move(source)) {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw InternalError("libcsv did not start");
    csv_set_blk_size(&parser_, 4096);
  }
  ~Reader() { csv_free(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Table read(std::string_view bytes);

 private:
  // libcsv is C: no exception may pass through it, so the first one is kept and thrown afterwards.
  template <typename Step>
  static void guarded(void* self, Step step) noexcept {
    Reader& reader = *static_cast<Reader*>(self);
    if (reader.failure_) return;
    try {
      step(reader);
    } catch (...) {
      reader.failure_ = std::current_exception();
    }
  }
  static void on_field(void* text, std::size_t size, void* self) noexcept {
    guarded(self, [&](Reader& r) { r.add_field({static_cast<const char*>(text), size}); });
  }
  static void on_row(int, void* self) noexcept {
    guarded(self, [](Reader& r) { r.end_row(); });
  }

  void parse(std::string_view line);
  void check_field_size(std::size_t bytes) const;
  void add_field(std::string_view field);
  void end_row();
  void end_header();
  Table finish();
  Column convert(RawColumn& raw, std::size_t index) const;

  [[noreturn]] void fail(const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument) const {
    fail_at(row_line_, fields_in_row_ + 1, message, code);
  }
  [[noreturn]] void fail_at(std::uint64_t line, std::size_t column, const std::string& message,
                            ErrorCode code = ErrorCode::kInvalidArgument) const {
    const bool named = has_header_ && column > 0 && column <= columns_.size();
    throw CsvError(code, source_, line, column, named ? columns_[column - 1].name : std::string(), message);
  }

  const CsvOptions& options_;
  std::string source_;
  csv_parser parser_{};
  std::exception_ptr failure_;

  std::uint64_t line_ = 1;      // being fed
  std::uint64_t row_line_ = 1;  // on which the row being read started

  bool has_header_ = false;
  std::size_t fields_in_row_ = 0;
  std::vector<RawColumn> columns_;
  std::vector<std::uint64_t> lines_;
};

Table Reader::read(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.size() > options_.limits.max_bytes)
    fail_at(line_, 0,
            "the table is larger than the limit of " + std::to_string(options_.limits.max_bytes) +
                " bytes; split it or raise the limit",
            ErrorCode::kResourceExhausted);
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  while (!bytes.empty()) {
    // find_first_of would call a function for every character.
    auto end = static_cast<std::size_t>(
        std::ranges::find_if(bytes, [](char c) { return c == '\r' || c == '\n'; }) - bytes.begin());
    if (end < bytes.size()) end += bytes.substr(end).starts_with("\r\n") ? 2 : 1;
    const std::string_view line = bytes.substr(0, end);
    parse(line);
    const bool blank = line.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (blank && row_line_ == line_) row_line_ = line_ + 1;
    ++line_;
    bytes.remove_prefix(line.size());
  }
  return finish();
}

void Reader::parse(std::string_view line) {
  const std::size_t read = csv_parse(&parser_, line.data(), line.size(), on_field, on_row, this);
  if (failure_) std::rethrow_exception(failure_);
  if (read != line.size()) {
    if (csv_error(&parser_) != CSV_EPARSE) throw ResourceError(source_ + ": out of memory");
    fail("a quote stands inside a field; put the whole field in quotes and double the quotes within it");
  }
  check_field_size(parser_.entry_pos);  // of a quoted field that goes on in the next line
}

void Reader::check_field_size(std::size_t bytes) const {
  if (bytes > options_.limits.max_field_bytes)
    fail("a field is longer than the limit of " + std::to_string(options_.limits.max_field_bytes) +
             " bytes; is a closing quote missing?",
         ErrorCode::kResourceExhausted);
}

void Reader::add_field(std::string_view field) {
  check_field_size(field.size());
  if (field.find('\0') != std::string_view::npos)
    fail("a NUL byte, which no text has; save the table as CSV in UTF-8");
  if (!internal::is_valid_utf8(field)) fail("not valid UTF-8; save the table as CSV in UTF-8");
  if (!has_header_) {
    if (columns_.size() == options_.limits.max_columns)
      fail("more columns than the limit of " + std::to_string(options_.limits.max_columns) +
               "; drop some or raise the limit",
           ErrorCode::kResourceExhausted);
    columns_.push_back({std::string(field), {}, {}});
  } else if (fields_in_row_ < columns_.size()) {
    RawColumn& column = columns_[fields_in_row_];
    column.bytes += field;
    column.ends.push_back(column.bytes.size());
  }
  ++fields_in_row_;
}

void Reader::end_row() {
  if (!has_header_) {
    end_header();
  } else {
    if (fields_in_row_ != columns_.size())
      fail_at(row_line_, 0,
              "the row has " + std::to_string(fields_in_row_) + " fields, the header " +
                  std::to_string(columns_.size()) +
                  "; give every row one field a column, and quote fields that hold a comma");
    if (lines_.size() == options_.limits.max_rows)
      fail_at(row_line_, 0,
              "more rows than the limit of " + std::to_string(options_.limits.max_rows) +
                  "; split the table or raise the limit",
              ErrorCode::kResourceExhausted);
    lines_.push_back(row_line_);
  }
  fields_in_row_ = 0;
  row_line_ = line_ + 1;
}

void Reader::end_header() {
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string& name = columns_[i].name;
    if (name.empty()) fail_at(row_line_, i + 1, "the header has an empty name; name every column");
    if (!names.insert(name).second)
      fail_at(row_line_, i + 1, "the header has the name \"" + name + "\" twice; rename one of the columns");
  }
  if (columns_.size() == 1 && columns_[0].name.find_first_of(";\t") != std::string::npos)
    fail_at(row_line_, 1, "the columns are separated by semicolons or tabs; save the table with commas");
  for (const std::string& name : options_.text_columns)
    if (!names.contains(name)) fail_at(row_line_, 0, "there is no column \"" + name + "\" to read as text");
  has_header_ = true;
}

Table Reader::finish() {
  if (csv_fini(&parser_, on_field, on_row, this) != 0 && !failure_)
    fail("the file ends inside a quoted field; add the closing quote");
  if (failure_) std::rethrow_exception(failure_);
  if (!has_header_)
    fail_at(line_, 0, "the file is empty; give a header line with the columns' names, then rows");
  std::vector<Column> columns;
  columns.reserve(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns.push_back(convert(columns_[i], i));
    columns_[i].bytes = {};
    columns_[i].ends = {};
  }
  return Table(std::move(columns), std::move(lines_));
}

Column Reader::convert(RawColumn& raw, std::size_t index) const {
  const auto& forced = options_.text_columns;
  bool numeric = std::find(forced.begin(), forced.end(), raw.name) == forced.end();
  std::size_t first_not_finite = lines_.size();
  std::vector<double> numbers;
  for (std::size_t r = 0; numeric && r < lines_.size(); ++r) {
    double value = std::numeric_limits<double>::quiet_NaN();
    if (!internal::is_missing_field(raw.field(r))) {
      const internal::NumberKind kind = internal::parse_number(raw.field(r), value);
      numeric = kind != internal::NumberKind::kNone;
      if (kind == internal::NumberKind::kNotFinite) first_not_finite = std::min(first_not_finite, r);
    }
    numbers.push_back(value);
  }
  if (numeric && first_not_finite < lines_.size())
    fail_at(lines_[first_not_finite], index + 1,
            "infinite, not a number or beyond the range of numbers; correct it, or leave the field empty if "
            "the value is missing");
  if (numeric) return Column::numeric(raw.name, std::move(numbers));

  std::vector<std::optional<std::string_view>> cells(lines_.size());
  for (std::size_t r = 0; r < lines_.size(); ++r)
    if (!internal::is_missing_field(raw.field(r))) cells[r] = raw.field(r);
  return Column::text(raw.name, cells);
}

}  // namespace

CsvError::CsvError(ErrorCode code, const std::string& source, std::uint64_t line, std::size_t column,
                   std::string column_name, const std::string& message)
    : Error(code, place(source, line, column, column_name) + message),
      line_(line),
      column_(column),
      column_name_(std::move(column_name)) {}

Table read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const Buffer<std::uint8_t> bytes = read_file(path, options.limits.max_bytes);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options,
                   path.filename().string());
}

Table parse_csv(std::string_view bytes, const CsvOptions& options, const std::string& source) {
  return Reader(options, source).read(bytes);
}

}  // namespace cloister::data
