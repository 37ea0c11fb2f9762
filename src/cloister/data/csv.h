#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/data/table.h"

namespace cloister::data {

/// What a CSV may be at most. Nothing larger is held in memory.
struct CsvLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
  std::size_t max_rows = 10'000'000;
  std::size_t max_columns = 4096;
  std::size_t max_field_bytes = 64 * 1024;
};

struct CsvOptions {
  CsvLimits limits;
  /// Columns to read as text although all their fields may look like numbers: codes that stand for
  /// categories, and categories of an earlier table (Preparation::text_columns()).
  std::vector<std::string> text_columns;
};

/// A CSV that cannot be read, and where: code kInvalidArgument, or kResourceExhausted past a limit.
class CsvError : public Error {
 public:
  CsvError(ErrorCode code, const std::string& source, std::uint64_t line, std::size_t column,
           std::string column_name, const std::string& message);
  std::uint64_t line() const noexcept { return line_; }    ///< from 1: the line on which the row starts
  std::size_t column() const noexcept { return column_; }  ///< from 1; 0 if it is the row as a whole
  const std::string& column_name() const noexcept { return column_name_; }  ///< empty in the header

 private:
  std::uint64_t line_;
  std::size_t column_;
  std::string column_name_;
};

/// Reads a comma-separated table: a header of distinct names, then one row a line. Fields may be quoted
/// (`"a ""b"", c"`, with line breaks too); lines end in LF, CRLF or CR; blank lines are skipped; text is
/// UTF-8, with or without a byte order mark; spaces around an unquoted field do not count. A field that
/// is empty, `NA`, `N/A`, `?`, `NaN`, `nan` or `null`, quoted or not, is missing. A column is numeric if
/// all its other fields are decimal numbers, else text; infinities and numbers beyond a double's range
/// are refused. Errors: CsvError, and those of base's read_file.
Table read_csv(const std::filesystem::path& path, const CsvOptions& options = {});
/// The same of bytes in memory; `source` names them in errors.
Table parse_csv(std::string_view bytes, const CsvOptions& options = {}, const std::string& source = "CSV");

/// The table as CSV: LF line ends, `NA` for what is missing, numbers in the fewest digits that read back
/// exactly, quotes only where they are needed. parse_csv(to_csv(t)) has t's cells; the types of its
/// columns are inferred anew. Throws ParametersError on a category that would read back as missing.
std::string to_csv(const Table& table);
/// Writes to_csv(table) as base's write_file does: whole or not at all, for its owner alone by default.
void write_csv(const std::filesystem::path& path, const Table& table,
               Overwrite overwrite = Overwrite::kRefuse, FileMode mode = FileMode::kSecret);

}  // namespace cloister::data
