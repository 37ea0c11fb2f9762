#include "cloister/data/csv.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "cloister/base/file.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/random/prng.h"
#include "cloister/random/samplers.h"

namespace cloister::data {
namespace {

// The error that reading `bytes` ends in; a failure if there is none.
CsvError csv_error(std::string_view bytes, const CsvOptions& options = {}) {
  try {
    parse_csv(bytes, options);
  } catch (const CsvError& e) {
    return e;
  }
  ADD_FAILURE() << "was read: " << bytes;
  return CsvError(ErrorCode::kInternal, "", 0, 0, "", "");
}

void expect_error(std::string_view bytes, std::uint64_t line, std::size_t column, const std::string& name,
                  const std::string& part, const CsvOptions& options = {}) {
  const CsvError e = csv_error(bytes, options);
  EXPECT_EQ(e.line(), line) << e.what();
  EXPECT_EQ(e.column(), column) << e.what();
  EXPECT_EQ(e.column_name(), name) << e.what();
  EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
}

void expect_equal(const Table& a, const Table& b) {
  ASSERT_EQ(a.columns().size(), b.columns().size());
  ASSERT_EQ(a.rows(), b.rows());
  for (std::size_t c = 0; c < a.columns().size(); ++c) {
    const Column &x = a.columns()[c], &y = b.columns()[c];
    EXPECT_EQ(x.name(), y.name());
    ASSERT_EQ(x.type(), y.type()) << x.name();
    for (std::size_t r = 0; r < a.rows(); ++r) {
      ASSERT_EQ(x.is_missing(r), y.is_missing(r)) << x.name() << " row " << r;
      if (x.is_missing(r)) continue;
      if (x.is_numeric())
        ASSERT_EQ(std::bit_cast<std::uint64_t>(x.number(r)), std::bit_cast<std::uint64_t>(y.number(r)));
      else
        ASSERT_EQ(x.text_at(r), y.text_at(r));
    }
  }
}

TEST(Csv, ReadsNumbersTextsAndMissingCells) {
  const Table t = parse_csv("age,city,weight\n36,Ulm,7.5e1\n-4,,+2\nNA,Bonn,?\n");
  ASSERT_EQ(t.rows(), 3u);
  ASSERT_EQ(t.columns().size(), 3u);
  const Column &age = t.column("age"), &city = t.column("city"), &weight = t.column("weight");
  EXPECT_TRUE(age.is_numeric());
  EXPECT_EQ(age.number(0), 36);
  EXPECT_EQ(age.number(1), -4);
  EXPECT_TRUE(age.is_missing(2));
  EXPECT_TRUE(std::isnan(age.number(2)));
  EXPECT_EQ(age.missing_count(), 1u);
  EXPECT_FALSE(city.is_numeric());
  EXPECT_EQ(city.text_at(0), "Ulm");
  EXPECT_TRUE(city.is_missing(1));
  EXPECT_EQ(std::vector<std::string>(city.categories().begin(), city.categories().end()),
            (std::vector<std::string>{"Bonn", "Ulm"}));
  EXPECT_EQ(weight.number(0), 75);
  EXPECT_EQ(weight.number(1), 2);
  EXPECT_EQ(t.line(0), 2u);
  EXPECT_EQ(t.line(2), 4u);
}

TEST(Csv, EveryWordForMissing) {
  for (const char* word : {"", "NA", "N/A", "?", "NaN", "nan", "null", "\"\"", "\"NA\"", "  NA "}) {
    const Table t = parse_csv(std::string("a,b\n1,") + word + "\n2,3\n");
    ASSERT_TRUE(t.column("b").is_numeric()) << word;
    EXPECT_TRUE(t.column("b").is_missing(0)) << word;
    EXPECT_EQ(t.column("b").number(1), 3) << word;
  }
}

TEST(Csv, QuotesLineEndsAndByteOrderMark) {
  const char* same[] = {"a,b\n\"x, \"\"y\"\"\",1\nz,2\n", "a,b\r\n\"x, \"\"y\"\"\",1\r\nz,2\r\n",
                        "a,b\r\"x, \"\"y\"\"\",1\rz,2",
                        "\xEF\xBB\xBF"
                        "a,b\n\"x, \"\"y\"\"\",1\nz,2"};
  for (const char* text : same) {
    const Table t = parse_csv(text);
    ASSERT_EQ(t.rows(), 2u) << text;
    EXPECT_EQ(t.column("a").text_at(0), "x, \"y\"") << text;
    EXPECT_EQ(t.column("b").number(1), 2) << text;
    EXPECT_EQ(t.line(1), 3u) << text;
  }
}

TEST(Csv, LinesCountThroughBlankLinesAndQuotedLineBreaks) {
  const Table t = parse_csv("\n\na,b\r\n\r\n1,\"two\nlines\r\nof text\"\n  \n\n2,x\n");
  ASSERT_EQ(t.rows(), 2u);
  EXPECT_EQ(t.line(0), 5u);
  EXPECT_EQ(t.column("b").text_at(0), "two\nlines\r\nof text");
  EXPECT_EQ(t.line(1), 10u);
}

TEST(Csv, Utf8IsKept) {
  const Table t = parse_csv("größe,wort\n1,日本\n2,🙂\n");
  EXPECT_EQ(t.column("größe").number(0), 1);
  EXPECT_EQ(t.column("wort").text_at(1), "🙂");
}

TEST(Csv, OneTextMakesAColumnText) {
  const Table t = parse_csv("a,b\n1,0x10\n2,3\n");
  EXPECT_FALSE(t.column("b").is_numeric());
  EXPECT_EQ(t.column("b").text_at(1), "3");
  for (const char* word : {"1,5", "1 000", "--1", "+-1", "+", "-", ".", "e5", "1e", "1.2.3", "TRUE", "１"}) {
    const Table u = parse_csv(std::string("a,b\n1,\"") + word + "\"\n");
    EXPECT_FALSE(u.column("b").is_numeric()) << word;
  }
}

TEST(Csv, TextColumnsAreReadAsText) {
  const Table t = parse_csv("zip,x\n01,1\n2,NA\n", {.limits = {}, .text_columns = {"zip"}});
  EXPECT_EQ(t.column("zip").text_at(0), "01");
  EXPECT_TRUE(t.column("x").is_numeric());
  expect_error("a,b\n1,2\n", 1, 0, "", "\"zip\"", {.limits = {}, .text_columns = {"zip"}});
}

TEST(Csv, RefusesBadHeaders) {
  expect_error("", 1, 0, "", "empty");
  expect_error("\n\n", 3, 0, "", "empty");
  expect_error("\xEF\xBB\xBF", 1, 0, "", "empty");
  expect_error("a,,c\n1,2,3\n", 1, 2, "", "empty name");
  expect_error("a,b,a\n1,2,3\n", 1, 3, "", "twice");
  expect_error("a;b;c\n1;2;3\n", 1, 1, "", "semicolons");
}

TEST(Csv, AHeaderAloneIsATableWithoutRows) {
  EXPECT_EQ(parse_csv("a,b").rows(), 0u);
  EXPECT_EQ(parse_csv("a,b\n").columns().size(), 2u);
}

TEST(Csv, RefusesRaggedRows) {
  expect_error("a,b\n1,2\n3\n", 3, 0, "", "1 fields, the header 2");
  expect_error("a,b\n1,2,3\n", 2, 0, "", "3 fields, the header 2");
  expect_error("a,b\n1,2,\n", 2, 0, "", "3 fields");
}

TEST(Csv, RefusesWhatIsNoFiniteNumber) {
  expect_error("a,b\n1,2\n1,inf\n", 3, 2, "b", "infinite");
  for (const char* word : {"-inf", "infinity", "INF", "1e999", "-1e999", "1e-999", "NAN", "-nan"})
    expect_error(std::string("a,b\n1,") + word + "\n", 2, 2, "b", "infinite");
  // Among texts it is a text like any other.
  EXPECT_EQ(parse_csv("a,b\n1,inf\n2,sup\n").column("b").text_at(0), "inf");
}

TEST(Csv, RefusesBadBytes) {
  expect_error(std::string_view("a,b\n1,x\0y\n", 10), 2, 2, "b", "NUL");
  expect_error(std::string_view("a,b\0\n1,2\n", 9), 1, 2, "", "NUL");
  for (const char* bad : {"\xFF", "\xC3", "\xC3(", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF0\x9F\x99", "\x80", "\xF8\x88\x80\x80\x80"})
    expect_error(std::string("a,b\n1,2\n3,x") + bad + "\n", 3, 2, "b", "UTF-8");
}

TEST(Csv, RefusesBadQuotes) {
  expect_error("a,b\n1,x\"y\n", 2, 2, "b", "quote");
  expect_error("a,b\n1,\"x\"y\n", 2, 2, "b", "quote");
  expect_error("a,b\n1,2\n3,\"x\n4,5\n", 3, 2, "b", "closing quote");
}

TEST(Csv, LimitsAreKept) {
  const auto with = [](CsvLimits limits) { return CsvOptions{limits, {}}; };
  const std::string table = "a,b\n1,2\n3,4\n";
  EXPECT_EQ(parse_csv(table, with({table.size(), 2, 2, 1})).rows(), 2u);
  expect_error(table, 1, 0, "", "limit of 11 bytes", with({.max_bytes = 11}));
  expect_error(table, 3, 0, "", "limit of 1", with({.max_rows = 1}));
  expect_error(table, 1, 2, "", "limit of 1", with({.max_columns = 1}));
  expect_error("a,b\n1,22\n", 2, 2, "b", "limit of 1", with({.max_field_bytes = 1}));
  EXPECT_EQ(csv_error(table, with({.max_rows = 1})).code(), ErrorCode::kResourceExhausted);
  // A quote that is never closed stops at the field's limit, not at the end of the file.
  std::string open = "a,b\n1,\"";
  for (int i = 0; i < 100000; ++i) open += "line\n";
  expect_error(open, 2, 2, "b", "closing quote", with({.max_field_bytes = 1000}));
}

TEST(Csv, RoundTrips) {
  const std::vector<std::optional<std::string_view>> texts = {
      "plain", "a,b",        "say \"hi\"", "two\nlines",    " edge ",
      "tab\t", std::nullopt, "日本",       "\xEF\xBB\xBFx", "-",
  };
  std::vector<Column> columns;
  columns.push_back(Column::text("some, \"text\"", texts));
  columns.push_back(
      Column::numeric("x", {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, 1, -2.5, std::nan(""), 1e22, 7}));
  const Table t(std::move(columns));
  const std::string csv = to_csv(t);
  const Table back = parse_csv(csv);
  expect_equal(t, back);
  EXPECT_EQ(to_csv(back), csv);
}

TEST(Csv, WritingRefusesATextThatReadsAsMissing) {
  const std::vector<std::optional<std::string_view>> texts = {"x", "NA"};
  EXPECT_THROW(to_csv(Table({Column::text("t", texts)})), ParametersError);
}

class CsvFile : public ::testing::Test {
 protected:
  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
};

TEST_F(CsvFile, ReadsWhatItWrote) {
  const Table t = parse_csv("a,b\n1,x\n2,NA\n");
  const auto path = folder_ / "t.csv";
  write_csv(path, t);
  expect_equal(read_csv(path), t);
  EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THROW(write_csv(path, t), Error);
  write_csv(path, t, Overwrite::kReplace);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(CsvFile, ErrorsNameTheFile) {
  const auto path = folder_ / "broken.csv";
  std::ofstream(path) << "a,b\n1\n";
  try {
    read_csv(path);
    FAIL();
  } catch (const CsvError& e) {
    EXPECT_EQ(std::string(e.what()).rfind("broken.csv: line 2: ", 0), 0u) << e.what();
  }
  try {
    read_csv(folder_ / "absent.csv");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
  }
  EXPECT_THROW(read_csv(folder_), Error);
  EXPECT_THROW(read_csv(path, {.limits = {.max_bytes = 3}, .text_columns = {}}), ResourceError);
}

// Anything may be refused, by a CsvError alone; what is read has no NaN or infinity outside missing cells
// and reads the same again once written.
void read_hostile(std::string_view bytes) {
  Table table;
  try {
    table = parse_csv(bytes, {.limits = {.max_field_bytes = 64}, .text_columns = {}});
  } catch (const CsvError&) {
    return;
  }
  for (const Column& c : table.columns())
    for (std::size_t r = 0; c.is_numeric() && r < c.rows(); ++r)
      ASSERT_EQ(std::isfinite(c.number(r)), !c.is_missing(r));
  expect_equal(parse_csv(to_csv(table)), table);
}

TEST(CsvHostile, EveryTruncationIsReadOrRefused) {
  const std::string whole =
      "\xEF\xBB\xBFname,größe,x\r\n\"a \"\"b\"\", c\",1.5,NA\r\n\"two\nlines\",-2e3,?\r\n";
  for (std::size_t n = 0; n <= whole.size(); ++n) read_hostile(std::string_view(whole).substr(0, n));
}

TEST(CsvHostile, RandomBytes) {
  for (std::uint64_t stream = 0; stream < 20000; ++stream) {
    Prng prng(Seed(Bytes32{1}), stream);
    std::vector<std::uint8_t> bytes(1 + prng.next_u64() % 64);
    prng.fill(bytes);
    SCOPED_TRACE("stream " + std::to_string(stream));
    read_hostile({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

TEST(CsvHostile, RandomTextsOfTheFormat) {
  constexpr const char* kPieces[] = {",",  ",", "\n",  "\n",  "\r\n", "\r", "\"", "\"\"",
                                     "a",  "b", "1",   "2.5", "-",    "NA", "?",  " ",
                                     "\t", "é", "inf", "1e9", ";",    "0",  "e",  "nan"};
  std::size_t read = 0;
  for (std::uint64_t stream = 0; stream < 20000; ++stream) {
    Prng prng(Seed(Bytes32{2}), stream);
    std::vector<std::uint64_t> choices(prng.next_u64() % 40);
    sample_uniform(prng, std::size(kPieces), choices);
    std::string text;
    for (const std::uint64_t c : choices) text += kPieces[c];
    SCOPED_TRACE("stream " + std::to_string(stream));
    read_hostile(text);
    try {
      parse_csv(text);
      ++read;
    } catch (const CsvError&) {
    }
  }
  EXPECT_GT(read, 200u);  // the loop is worth little if nothing is ever accepted
}

TEST(Table, RefusesWhatIsNoTable) {
  const auto column = [](const char* name, std::size_t n) {
    return Column::numeric(name, std::vector<double>(n));
  };
  EXPECT_THROW(Table({column("a", 1), column("a", 1)}), ParametersError);
  EXPECT_THROW(Table({column("a", 1), column("b", 2)}), ParametersError);
  EXPECT_THROW(Table({column("", 1)}), ParametersError);
  EXPECT_THROW(Table({column("a", 1)}, {2, 3}), ParametersError);
  EXPECT_THROW(Column::numeric("a", {INFINITY}), ParametersError);
}

TEST(Table, AMissingColumnIsNamedWithTheNearest) {
  const Table t = parse_csv("age,TenYearCHD,BMI\n1,2,3\n");
  try {
    t.column("tenyearchd");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(e.what()).find("did you mean \"TenYearCHD\"?"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("age, TenYearCHD, BMI"), std::string::npos) << e.what();
  }
}

TEST(Table, SelectsRowsWithTheirLines) {
  const Table t = parse_csv("a,b\n1,x\n2,y\n3,NA\n");
  const std::vector<std::size_t> rows = {2, 0};
  const Table s = t.select_rows(rows);
  ASSERT_EQ(s.rows(), 2u);
  EXPECT_EQ(s.line(0), 4u);
  EXPECT_EQ(s.column("a").number(1), 1);
  EXPECT_TRUE(s.column("b").is_missing(0));
  EXPECT_EQ(s.column("b").categories().size(), 1u);
}

}  // namespace
}  // namespace cloister::data
