#include "apps/cloister/server_program.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "cloister/base/error.h"

namespace cloister::app {
namespace {

[[noreturn]] void become_server(char** argv) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "cloister-server";
  ::execv(program.c_str(), argv);
  const std::error_code error(errno, std::generic_category());
  throw Error(ErrorCode::kNotFound, "the server's program " + program.string() + " cannot be run (" +
                                        error.message() +
                                        "); it belongs beside this one: `./run build` makes both");
}

}  // namespace

void add_server_commands(CLI::App& app, char** argv) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kVerbs{{
      {"train", "Server: train a model on encrypted rows"},
      {"predict", "Server: predict encrypted rows"},
      {"aggregate", "Server: add several owners' encrypted sums"},
  }};
  for (const auto& [name, description] : kVerbs) {
    CLI::App* verb = app.add_subcommand(name, description);
    verb->prefix_command();  // its options, --help among them, are the other program's
    verb->set_help_flag();
    verb->callback([argv] { become_server(argv); });
  }
}

}  // namespace cloister::app
