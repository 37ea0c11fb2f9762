#include "apps/common/step_output.h"

#include <sys/resource.h>

#include <cstdio>

#include "apps/cloister/terminal/format.h"
#include "apps/cloister/terminal/text.h"
#include "cloister/base/error.h"
#include "cloister/wire/container.h"

namespace cloister::app {
namespace {

constexpr int kStandardOutput = 1;

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

}  // namespace

StepOutput::StepOutput(std::string verb, bool json)
    : verb_(std::move(verb)), json_(json), start_(std::chrono::steady_clock::now()) {}

void StepOutput::belongs_to(const ml::Plan& plan) { plan_id_ = wire::short_id(plan.id()); }

void StepOutput::wrote(const std::filesystem::path& path) {
  files_.emplace_back(path.string(), std::filesystem::file_size(path));
}

void StepOutput::say(const std::string& text) {
  said_ += text;
  if (text.empty() || text.back() != '\n') said_ += '\n';
}

void StepOutput::say(const TextTable& table) { say(table.render(standard_style())); }

double StepOutput::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::string StepOutput::text() const {
  std::string text = said_;
  for (const auto& [path, bytes] : files_)
    text += "Wrote " + sanitized(path) + " (" + format_bytes(bytes) + ").\n";
  text += "Took " + format_seconds(seconds()) + ".\n";
  if (!next_.empty()) text += "Next: " + next_ + "\n";
  return text;
}

void StepOutput::print() const {
  std::string out;
  if (json_) {
    nlohmann::ordered_json object{{"verb", verb_}};
    if (!plan_id_.empty()) object["plan_id"] = plan_id_;
    object["seconds"] = seconds();
    std::uint64_t total = 0;
    auto files = nlohmann::ordered_json::array();
    for (const auto& [path, bytes] : files_) {
      total += bytes;
      files.push_back({{"path", path}, {"bytes", bytes}});
    }
    object["bytes"] = total;
    object["files"] = std::move(files);
    object["peak_memory_bytes"] = peak_memory_bytes();
    object.update(details_);
    out = object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  } else {
    out = text();
  }
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
    throw ResourceError("standard output cannot be written; what the step made is in its files");
}

TextTable::Style standard_style() {
  const TerminalTraits traits = TerminalTraits::of(kStandardOutput);
  return {.columns = static_cast<std::size_t>(traits.interactive ? terminal_columns(kStandardOutput) : 110),
          .colour = traits.colour,
          .unicode = traits.unicode};
}

}  // namespace cloister::app
