#include "apps/cloister/terminal/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "apps/cloister/terminal/format.h"
#include "apps/cloister/terminal/text.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr std::size_t kStageColumns = 24, kSmallestBar = 8, kLargestBar = 40;

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

/// A duration in whole units, so that the line does not flicker: "7 s", "2 min 05 s".
std::string whole_seconds(double seconds) {
  return seconds < 59.5 ? fmt::format("{:.0f} s", seconds) : format_seconds(seconds);
}

}  // namespace

ProgressBarSettings ProgressBarSettings::standard_error(bool verbose, const InterruptGuard* interrupt) {
  ProgressBarSettings settings;
  settings.traits = TerminalTraits::of(STDERR_FILENO);
  settings.verbose = verbose;
  settings.write = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  };
  settings.columns = [] { return terminal_columns(STDERR_FILENO); };
  settings.clock = [] { return std::chrono::steady_clock::now(); };
  settings.interrupt = interrupt;
  return settings;
}

ProgressBar::ProgressBar(ProgressBarSettings settings) : settings_(std::move(settings)) {
  if (!settings_.write || !settings_.columns || !settings_.clock)
    throw ParametersError("progress bar: write, columns and clock must be given");
}

ProgressBar::~ProgressBar() {
  try {
    clear();
  } catch (...) {  // nothing more can be shown, and nothing depends on it
  }
}

void ProgressBar::update(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  if (settings_.interrupt != nullptr && settings_.interrupt->requested()) {
    clear();
    throw Error(
        ErrorCode::kCancelled,
        "stopped on request; files written so far are whole, and running the same step again starts it "
        "afresh (a training with checkpoints goes on from the last)");
  }
  const double now = seconds_now();
  const bool first = stage != stage_ || done < done_;
  if (first) begin_stage(stage, now);
  done_ = done;
  total_ = total;
  last_seen_ = now;
  rate_.observe(now, done);
  if (!settings_.traits.interactive) return;
  if (first || now - last_drawn_ >= kRedrawSeconds) draw(now);
}

void ProgressBar::finish() {
  clear();
  if (settings_.verbose && !stage_.empty() && done_ >= total_)
    settings_.write(fmt::format("{}: {}\n", sanitized(stage_), format_seconds(last_seen_ - stage_start_)));
  stage_.clear();
  note_.clear();
  done_ = total_ = 0;
}

void ProgressBar::begin_stage(std::string_view stage, double now) {
  finish();
  stage_ = stage;
  stage_start_ = now;
  rate_ = RateEstimator();
}

void ProgressBar::draw(double now) {
  // One column stays free: a full line would wrap on some terminals.
  const auto columns = static_cast<std::size_t>(std::max(1, settings_.columns()) - 1);
  settings_.write("\r" + line(now, columns) + "\x1b[K");
  on_screen_ = true;
  last_drawn_ = now;
}

void ProgressBar::clear() {
  if (!on_screen_) return;
  on_screen_ = false;
  settings_.write(kClearLine);
}

/// As much as fits, the most important first: percent, stage, time left, elapsed, bar.
std::string ProgressBar::line(double now, std::size_t columns) const {
  const std::string elapsed = whole_seconds(now - stage_start_);
  const std::string name = sanitized(stage_);
  if (total_ == 0) return fitted(name + "  " + elapsed, columns);

  const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  const std::string percent = fmt::format("{:3.0f}%", std::floor(share * 100));
  std::string times = elapsed;
  if (const auto left = rate_.seconds_left(total_); left && done_ < total_)
    times += ", " + whole_seconds(*left) + " left";

  if (columns < percent.size() + 3) return fitted(percent, columns);
  const std::string shown = fitted(name, std::min(kStageColumns, columns - percent.size() - 2));
  const std::size_t shown_width = display_width(shown);
  const std::size_t base = shown_width + 2 + percent.size();
  if (base + 2 + times.size() > columns) return shown + "  " + percent;
  std::size_t spare = columns - base - 2 - times.size();
  if (const std::string note = sanitized(note_); !note.empty() && display_width(note) + 2 <= spare) {
    times += "  " + note;
    spare -= display_width(note) + 2;
  }
  std::string bar;
  if (spare >= kSmallestBar + 4) {
    const std::size_t width = std::min(kLargestBar, spare - 4);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    const bool unicode = settings_.traits.unicode;
    const bool colour = settings_.traits.colour;
    bar = emphasized(repeated(unicode ? "━" : "#", filled), Emphasis::kGood, colour) +
          emphasized(repeated(unicode ? "─" : "-", width - filled), Emphasis::kFaint, colour);
    bar = (unicode ? bar : "[" + bar + "]") + "  ";
  }
  return shown + "  " + bar + percent + "  " + times;
}

double ProgressBar::seconds_now() const {
  return std::chrono::duration<double>(settings_.clock().time_since_epoch()).count();
}

}  // namespace cloister::app
