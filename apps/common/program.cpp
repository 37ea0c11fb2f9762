#include "apps/common/program.h"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/cloister/terminal/terminal.h"
#include "apps/cloister/terminal/text.h"
#include "apps/common/failure.h"

namespace cloister::app {
namespace {

constexpr int kStandardError = 2;

int tell(const std::string& who, const Failure& failure, bool json) {
  std::string message = sanitized(failure.message);
  // A step of the pipeline begins its messages with its name, which the verb has said already.
  const std::string verb = who.substr(who.find(' ') + 1) + ": ";
  if (message.starts_with(verb)) message.erase(0, verb.size());
  const bool colour = TerminalTraits::of(kStandardError).colour;
  std::cerr << emphasized(who + ":", Emphasis::kBad, colour) << ' ' << message << std::endl;
  const ErrorCodeInfo& code = info(failure.code);
  if (json) {
    const nlohmann::ordered_json object{{"error", {{"code", code.name}, {"message", message}}}};
    std::cout << object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
  }
  return code.exit_code;
}

// "cloister plan", as far as the command line says.
std::string name_of(const CLI::App& app, int argc, char** argv) {
  std::string name = app.get_name();
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (argc > 1 && verb->get_name() == argv[1]) name += " " + verb->get_name();
  return name;
}

}  // namespace

std::string program_version() { return CLOISTER_VERSION; }

std::unique_ptr<CLI::App> make_program(const std::string& name, const std::string& description) {
  auto app = std::make_unique<CLI::App>(description, name);
  app->set_version_flag("--version", name + " " + program_version());
  app->require_subcommand(1);
  app->get_formatter()->column_width(34);
  app->footer(
      "`" + name +
      " VERB --help` explains a verb and gives an example.\n"
      "Exit status: 0 done; 2 wrong argument or data; 3 files that do not belong together; 4 does not fit;\n"
      "5 not found; 6 would overwrite; 7 wrong passphrase or not secure; 8 disk, memory or a limit used up;\n"
      "9 damaged or foreign file; 10 not supported; 70 a defect of Cloister; 130 interrupted.");
  return app;
}

int run_program(CLI::App& app, int argc, char** argv) {
  // A limit on file sizes is then an error of the write, which cleans up, and not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  const bool json = std::any_of(argv, argv + argc, [](std::string_view a) { return a == "--json"; });
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return tell(name_of(app, argc, argv),
                {ErrorCode::kInvalidArgument, std::string(e.what()) + "; see --help"}, json);
  } catch (...) {
    return tell(name_of(app, argc, argv), current_failure(), json);
  }
}

}  // namespace cloister::app
