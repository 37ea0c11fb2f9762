#include "apps/common/info_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "apps/cloister/terminal/format.h"
#include "apps/cloister/terminal/text.h"
#include "apps/common/common_options.h"
#include "apps/common/plan_view.h"
#include "apps/common/program.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/pipeline/clear_model.h"
#include "cloister/pipeline/plan_file.h"
#include "cloister/wire/container.h"

namespace cloister::app {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  CommonOptions common;
  std::vector<std::string> files;
  bool cpu = false;
};

// What the id in a file's header is of: keys and vectors that no plan made have their key's.
const char* bound_to(wire::PayloadType type) {
  using enum wire::PayloadType;
  if (type == kPaillierVector) return "key";
  return type == kPaillierPublicKey || type == kPaillierSecretKey ? "plan or key" : "plan";
}

void describe_container(const std::filesystem::path& path, StepOutput& out, Json& entry) {
  const wire::Description d = wire::describe(path);
  const wire::PayloadTypeInfo& type = wire::info(d.header.type);
  entry["type"] = type.name;
  entry["secret"] = type.secret;
  entry[d.header.type == wire::PayloadType::kPaillierVector ? "key_id" : "plan_id"] =
      wire::short_id(d.header.plan_id);
  entry["version"] = d.header.version;
  entry["bytes"] = d.bytes;
  out.say(fmt::format("{}: {}{}, {}, of the {} {}; every checksum is right", sanitized(path.string()),
                      type.phrase, type.secret ? " (the owner's alone: never send it)" : "",
                      format_bytes(d.bytes), bound_to(d.header.type), wire::short_id(d.header.plan_id)));
}

// Plans and clear models are JSON, which starts with a brace; everything else is a container.
void describe(const std::filesystem::path& path, StepOutput& out) {
  Json entry{{"path", path.string()}};
  if (path.extension() != ".json") {
    describe_container(path, out, entry);
  } else if (path.filename() == "model.json") {
    const pipeline::ClearModel model = pipeline::load_clear_model(path);
    entry["type"] = "clear-model";
    entry["model"] = ml::to_string(model.kind);
    entry["features"] = model.weights.size();
    out.say(fmt::format("{}: a {} model in the clear, {} weights and an intercept", sanitized(path.string()),
                        ml::to_string(model.kind), model.weights.size()));
  } else {
    const ml::Plan plan = pipeline::load_plan(path);
    entry["type"] = "plan";
    entry["plan_id"] = wire::short_id(plan.id());
    entry.update(plan_summary(plan));
    out.say(fmt::format("{}: the plan {}", sanitized(path.string()), wire::short_id(plan.id())));
    out.say(facts_table(plan));
    if (!plan.steps.empty()) out.say(steps_table(plan));
  }
  out.details()["described"].push_back(std::move(entry));
}

Json names_of(std::span<const Target> targets) {
  Json out = Json::array();
  for (const Target t : targets) out.push_back(name(t));
  return out;
}

std::string joined(const Json& names) {
  std::string out;
  for (const auto& n : names) out += (out.empty() ? "" : ", ") + n.get<std::string>();
  return out.empty() ? "none" : out;
}

void describe_cpu(StepOutput& out) {
  const KernelTable& kernels = kernels_of_environment();
  Json present = Json::array(), missing = Json::array();
  for (const CpuFeature& feature : cpu_features())
    (feature.present ? present : missing).push_back(feature.name);
  const Json built = names_of(built_targets()), targets = names_of(available_targets());
  const unsigned threads = std::thread::hardware_concurrency();
  out.details()["cpu"] = {{"features", present},
                          {"missing", missing},
                          {"built", built},
                          {"targets", targets},
                          {"chosen", name(kernels.target)},
                          {"threads", threads}};
  out.say(fmt::format(
      "Cloister {}\nInstructions that kernels can use: {}; not here: {}\nKernels that this build has: {}\n"
      "Kernels that this CPU can run: {}\nChosen: {} (CLOISTER_TARGET forces one)\nThreads: {}",
      program_version(), joined(present), joined(missing), joined(built), joined(targets),
      name(kernels.target), threads));
}

void run(const Options& options) {
  if (options.files.empty() && !options.cpu) throw ParametersError("name a file to describe, or give --cpu");
  StepOutput out("info", options.common.json);
  if (options.cpu) describe_cpu(out);
  for (const std::string& file : options.files) describe(file, out);
  out.print();
}

}  // namespace

void add_info_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("info", "Say what a file of Cloister is, and verify it");
  verb->add_option("FILE", options->files, "Plans, keys, encrypted rows, models, predictions");
  verb->add_flag("--cpu", options->cpu, "What this machine computes with");
  add_common_options(*verb, options->common);
  verb->footer("Example:\n  " + app.get_name() + " info server/plan.json server/evaluation.keys");
  verb->callback([options] { run(*options); });
}

}  // namespace cloister::app
