#include "apps/cloister/terminal/terminal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "apps/cloister/terminal/format.h"
#include "apps/cloister/terminal/interrupt.h"
#include "apps/cloister/terminal/progress_bar.h"
#include "apps/cloister/terminal/rate_estimator.h"
#include "apps/cloister/terminal/text.h"
#include "apps/cloister/terminal/text_table.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

TEST(Format, BytesHaveThreeDigitsAndTheRightUnit) {
  EXPECT_EQ(format_bytes(0), "0 bytes");
  EXPECT_EQ(format_bytes(1), "1 byte");
  EXPECT_EQ(format_bytes(999), "999 bytes");
  EXPECT_EQ(format_bytes(1000), "1.00 kB");
  EXPECT_EQ(format_bytes(12345), "12.3 kB");
  EXPECT_EQ(format_bytes(999499), "999 kB");
  EXPECT_EQ(format_bytes(999500), "1.00 MB");  // never "1000 kB"
  EXPECT_EQ(format_bytes(683000000), "683 MB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "18.4 EB");
}

TEST(Format, SecondsFromMicrosecondsToDays) {
  EXPECT_EQ(format_seconds(0), "0 s");
  EXPECT_EQ(format_seconds(1e-9), "1 µs");
  EXPECT_EQ(format_seconds(350e-6), "350 µs");
  EXPECT_EQ(format_seconds(0.0123), "12 ms");
  EXPECT_EQ(format_seconds(0.9999), "1.00 s");
  EXPECT_EQ(format_seconds(9.999), "10.0 s");
  EXPECT_EQ(format_seconds(59.97), "1 min 00 s");
  EXPECT_EQ(format_seconds(125), "2 min 05 s");
  EXPECT_EQ(format_seconds(3600 + 119), "1 h 02 min");
  EXPECT_EQ(format_seconds(3 * 86400 + 4 * 3600), "3 d 04 h");
  EXPECT_THROW(format_seconds(-1), ParametersError);
  EXPECT_THROW(format_seconds(std::numeric_limits<double>::quiet_NaN()), ParametersError);
}

TEST(Format, ProbabilityNeverRoundsToCertainty) {
  EXPECT_EQ(format_probability(0), "0%");
  EXPECT_EQ(format_probability(1), "100%");
  EXPECT_EQ(format_probability(0.153), "15.3%");
  EXPECT_EQ(format_probability(0.9999999), "99.99%");
  EXPECT_EQ(format_probability(0.0012), "0.12%");
  EXPECT_EQ(format_probability(1.0 / (1ull << 40)), "1 in 2^40");
  EXPECT_THROW(format_probability(1.01), ParametersError);
  EXPECT_THROW(format_probability(std::numeric_limits<double>::quiet_NaN()), ParametersError);
}

TEST(Text, WidthCountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("Größe"), 5u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);  // e and a combining acute accent
  EXPECT_EQ(display_width("年収"), 4u);
  EXPECT_EQ(display_width("\xFF\xC3"), 2u);  // malformed bytes, each shown as one replacement
}

TEST(Text, SanitizedLeavesNoControlCharacters) {
  EXPECT_EQ(sanitized("age\x1b[2J\tyears\n"), "age\xEF\xBF\xBD[2J years ");
  EXPECT_EQ(sanitized("a\xE2\x80\xAE"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");                                                        // right-to-left override
  EXPECT_EQ(sanitized("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");          // overlong
  EXPECT_EQ(sanitized("\xED\xA0\x80").find('\xED'), std::string::npos);  // surrogate
  EXPECT_EQ(sanitized("Größe 年収"), "Größe 年収");
}

TEST(Text, FittedCutsWholeCharacters) {
  EXPECT_EQ(fitted("encrypt", 7), "encrypt");
  EXPECT_EQ(fitted("encrypt", 4), "enc…");
  EXPECT_EQ(fitted("年収年収", 4), "年…");
  EXPECT_EQ(fitted("abc", 0), "");
}

TEST(Terminal, EmphasisOnlyWithColour) {
  EXPECT_EQ(emphasized("x", Emphasis::kBold, false), "x");
  EXPECT_EQ(emphasized("x", Emphasis::kBold, true), "\x1b[1mx\x1b[0m");
  EXPECT_EQ(emphasized("x", Emphasis::kNone, true), "x");
}

TEST(Terminal, AFileIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  const TerminalTraits traits = TerminalTraits::of(fileno(file));
  EXPECT_FALSE(traits.interactive);
  EXPECT_FALSE(traits.colour);
  EXPECT_EQ(terminal_columns(fileno(file)), 80);
  std::fclose(file);
}

TEST(TextTable, AlignsByDisplayWidth) {
  TextTable table({{"name"}, {"bytes", TextTable::Align::kRight}});
  table.add_row({"Größe", "12"});
  table.add_row({"年収", "345 MB"});
  EXPECT_EQ(table.render({.unicode = false}),
            "name    bytes\n"
            "-----  ------\n"
            "Größe      12\n"
            "年収   345 MB\n");
}

TEST(TextTable, WrapsTheLastColumnAndKeepsItsIndent) {
  TextTable table({{""}, {""}});
  table.add_row({"ring degree", "16384 because the chain needs 425 bits at 128-bit security"});
  const std::string text = table.render({.columns = 40});
  EXPECT_EQ(text,
            "ring degree  16384 because the chain\n"
            "             needs 425 bits at 128-bit\n"
            "             security\n");
}

TEST(TextTable, RefusesRowsOfAnotherWidthAndHostileCells) {
  TextTable table({{"a"}, {"b"}});
  EXPECT_THROW(table.add_row({"1"}), ParametersError);
  EXPECT_THROW(TextTable({}), ParametersError);
  table.add_row({"\x1b[31mred", ""});
  EXPECT_EQ(table.render({}).find('\x1b'), std::string::npos);
}

TEST(RateEstimator, AConstantRateGivesTheExactTimeLeft) {
  RateEstimator rate(15);
  EXPECT_FALSE(rate.seconds_left(100));
  for (int i = 0; i <= 40; ++i) rate.observe(1000 + 0.5 * i, static_cast<std::uint64_t>(i));
  ASSERT_TRUE(rate.seconds_left(100));
  EXPECT_NEAR(*rate.seconds_left(100), 30, 1e-9);
  EXPECT_EQ(*rate.seconds_left(10), 0);
}

TEST(RateEstimator, FollowsAChangeOfPaceAndStartsAnewWhenTheCountFalls) {
  RateEstimator rate(2);
  for (int i = 0; i <= 20; ++i) rate.observe(i, static_cast<std::uint64_t>(i));
  for (int i = 1; i <= 20; ++i) rate.observe(20 + 0.1 * i, static_cast<std::uint64_t>(20 + i));
  // After one window of ten a second the old pace still weighs e^-1; far nearer 6 s than the old 60 s.
  EXPECT_LT(*rate.seconds_left(100), 20);
  EXPECT_GT(*rate.seconds_left(100), 6);
  rate.observe(30, 0);
  EXPECT_FALSE(rate.seconds_left(100));
}

/// A terminal and a clock made of strings and numbers.
struct FakeTerminal {
  std::string written;
  int columns = 80;
  double now = 50;

  ProgressBarSettings settings(bool interactive, bool verbose = false) {
    ProgressBarSettings s;
    s.traits = {.interactive = interactive, .colour = false, .unicode = false};
    s.verbose = verbose;
    s.write = [this](std::string_view text) { written += text; };
    s.columns = [this] { return columns; };
    s.clock = [this] {
      return std::chrono::steady_clock::time_point(
          std::chrono::duration_cast<std::chrono::steady_clock::duration>(
              std::chrono::duration<double>(now)));
    };
    return s;
  }

  /// What the last redraw left on the line.
  std::string line() const {
    const std::size_t end = written.rfind("\x1b[K");
    if (end == std::string::npos) return {};
    const std::size_t start = written.rfind('\r', end);
    return written.substr(start + 1, end - start - 1);
  }
};

TEST(ProgressBar, ShowsStagePercentElapsedAndTimeLeft) {
  FakeTerminal fake;
  ProgressBar bar(fake.settings(true));
  bar.update("train", 0, 4);
  EXPECT_EQ(fake.line().substr(0, 7), "train  ");
  fake.now += 10;
  bar.update("train", 1, 4);
  EXPECT_NE(fake.line().find(" 25%  10 s, 30 s left"), std::string::npos) << fake.line();
  EXPECT_NE(fake.line().find("[####"), std::string::npos) << fake.line();
  fake.now += 30;
  bar.update("train", 4, 4);
  EXPECT_NE(fake.line().find("100%  40 s"), std::string::npos) << fake.line();
  EXPECT_EQ(fake.line().find("left"), std::string::npos);
}

TEST(ProgressBar, RedrawsAtMostTenTimesASecond) {
  FakeTerminal fake;
  ProgressBar bar(fake.settings(true));
  for (int i = 0; i <= 1000; ++i) {
    bar.update("encrypt", static_cast<std::uint64_t>(i), 1000);
    fake.now += 0.001;
  }
  const auto redraws = std::count(fake.written.begin(), fake.written.end(), '\r');
  EXPECT_LE(redraws, 11);
  EXPECT_GE(redraws, 9);
}

TEST(ProgressBar, FitsEveryWidth) {
  for (int columns = 1; columns <= 200; ++columns) {
    FakeTerminal fake;
    fake.columns = columns;
    ProgressBarSettings settings = fake.settings(true);
    settings.traits.unicode = columns % 2 == 0;
    ProgressBar bar(std::move(settings));
    bar.update("predicting the Größe of 年収 in a long stage", 0, 10);
    fake.now += 100;
    bar.update("predicting the Größe of 年収 in a long stage", 3, 10);
    EXPECT_LT(display_width(fake.line()), static_cast<std::size_t>(columns)) << fake.line();
    if (columns >= 8) {
      EXPECT_NE(fake.line().find(" 30%"), std::string::npos) << columns << fake.line();
    }
  }
}

TEST(ProgressBar, ClearsItselfAtTheEnd) {
  FakeTerminal fake;
  {
    ProgressBar bar(fake.settings(true));
    bar.update("keygen", 1, 2);
  }
  EXPECT_TRUE(fake.written.ends_with("\r\x1b[K"));
  EXPECT_EQ(fake.line(), "");
  EXPECT_EQ(fake.written.find('\n'), std::string::npos);
}

TEST(ProgressBar, IsSilentWhereThereIsNoTerminalUnlessVerbose) {
  FakeTerminal fake;
  {
    ProgressBar bar(fake.settings(false));
    bar.update("encrypt", 1, 1);
    bar.finish();
  }
  EXPECT_EQ(fake.written, "");
  {
    ProgressBar bar(fake.settings(false, true));
    bar.update("encrypt", 0, 2);
    fake.now += 2;
    bar.update("encrypt", 2, 2);
    bar.update("train", 0, 5);
    fake.now += 5;
    bar.update("train", 3, 5);  // never ends: not reported as finished
  }
  EXPECT_EQ(fake.written, "encrypt: 2.00 s\n");
}

TEST(ProgressBar, AnUnknownTotalShowsTheTimeAlone) {
  FakeTerminal fake;
  ProgressBar bar(fake.settings(true));
  bar.update("plan", 0, 0);
  fake.now += 3;
  bar.update("plan", 0, 0);
  EXPECT_EQ(fake.line(), "plan  3 s");
}

TEST(ProgressBar, ASignalBecomesACancelledError) {
  FakeTerminal fake;
  const InterruptGuard guard;
  ProgressBarSettings settings = fake.settings(true);
  settings.interrupt = &guard;
  ProgressBar bar(std::move(settings));
  bar.update("train", 1, 5);
  EXPECT_FALSE(guard.requested());
  std::raise(SIGINT);
  EXPECT_TRUE(guard.requested());
  try {
    bar.update("train", 2, 5);
    FAIL() << "the request to stop was not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_EQ(fake.line(), "") << "the error's message would be written over the bar";
}

TEST(InterruptGuard, PutsTheOldHandlerBackAndIsAloneInTheProcess) {
  struct sigaction before {
  }, after{};
  ::sigaction(SIGINT, nullptr, &before);
  {
    const InterruptGuard guard;
    EXPECT_THROW(InterruptGuard(), InternalError);
    std::raise(SIGTERM);
    EXPECT_TRUE(guard.requested());
  }
  ::sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  const InterruptGuard fresh;
  EXPECT_FALSE(fresh.requested());
}

}  // namespace
}  // namespace cloister::app
