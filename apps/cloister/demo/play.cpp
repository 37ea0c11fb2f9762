#include "apps/cloister/demo/play.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "apps/cloister/demo/child_process.h"
#include "apps/cloister/terminal/format.h"
#include "apps/cloister/terminal/text.h"
#include "cloister/base/error.h"

namespace cloister::app {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kWidestText = 100;

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "%+,-./:=@_";
  const bool plain = !word.empty() && std::ranges::all_of(word, [&](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) || kPlain.find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The error by which a command ended, as it printed it; its exit status is in base/error.h's table.
Error error_of(const ChildResult& child, const std::string& command) {
  const auto table = error_code_table();
  const auto row = std::ranges::find(table, child.exit_status, &ErrorCodeInfo::exit_code);
  const ErrorCode code = row == table.end() ? ErrorCode::kInternal : row->code;
  const json printed = json::parse(child.output, nullptr, false);
  const std::string why =
      printed.is_object() && printed.contains("error") ? printed["error"].value("message", "") : "";
  return {code, fmt::format("`{}` ended with exit status {}{}{}", command, child.exit_status,
                            why.empty() ? "" : ": ", why)};
}

double reported_seconds(const json& output, double measured) {
  const auto found = output.find("seconds");
  return found != output.end() && found->is_number() ? found->get<double>() : measured;
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

Play::Play(std::filesystem::path folder, bool json_only, const InterruptGuard& interrupt)
    : folder_(std::move(folder)),
      interrupt_(interrupt),
      out_(json_only ? std::cerr : std::cout),
      descriptor_(json_only ? STDERR_FILENO : STDOUT_FILENO),
      traits_(TerminalTraits::of(descriptor_)) {}

void Play::heading(std::string_view text) {
  out_ << '\n' << emphasized(sanitized(text), Emphasis::kBold, traits_.colour) << std::endl;
}

void Play::say(std::string_view text) {
  TextTable paragraph({{""}});
  paragraph.add_row({std::string(text)});
  show(paragraph);
}

void Play::show(const TextTable& table) {
  const auto columns = std::min(kWidestText, static_cast<std::size_t>(terminal_columns(descriptor_)));
  out_ << table.render({columns, traits_.colour, traits_.unicode}) << std::flush;
}

StepResult Play::run(std::vector<std::string> arguments) {
  if (interrupt_.requested()) throw Error(ErrorCode::kCancelled, "demo: stopped, as you asked");
  arguments.emplace_back("--json");
  std::vector<std::string> words{"cloister"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::string line = shell_line(words);
  commands_.push_back(line);
  out_ << emphasized("$ " + sanitized(line), Emphasis::kGood, traits_.colour) << std::endl;

  const ChildResult child = run_own_program(arguments, folder_, interrupt_);
  if (child.exit_status != 0) throw error_of(child, line);
  StepResult result{json::parse(child.output, nullptr, false), 0};
  if (!result.output.is_object()) throw InternalError("demo: `" + line + "` printed no JSON object");
  result.seconds = reported_seconds(result.output, child.seconds);
  out_ << emphasized("  " + format_seconds(child.seconds), Emphasis::kFaint, traits_.colour) << std::endl;
  return result;
}

}  // namespace cloister::app
