#include "apps/cloister/demo/record.h"

#include <array>
#include <chrono>
#include <ctime>

#include "apps/cloister/report/report.h"
#include "apps/common/program.h"

namespace cloister::app {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

std::string now_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

json without_plots(json run) {
  for (const char* key : {"plots", "plan_rows", "parties"}) run.erase(key);
  return run;
}

}  // namespace

json printed_run(const json& run) {
  json out = without_plots(run);
  if (out.contains("schemes"))
    for (json& entry : out["schemes"]) entry = without_plots(std::move(entry));
  return out;
}

fs::path write_report(const fs::path& folder, const json& run, Overwrite overwrite) {
  json shown = run;
  shown["created"] = now_utc();
  shown["version"] = program_version();
  const std::string page = render_report(shown);
  const fs::path path = folder / "report.html";
  write_file(path, {reinterpret_cast<const std::uint8_t*>(page.data()), page.size()}, overwrite,
             FileMode::kSecret);
  return path;
}

}  // namespace cloister::app
