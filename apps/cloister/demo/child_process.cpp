#include "apps/cloister/demo/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::app {
namespace {

constexpr int kInterruptPollMilliseconds = 200;

/// A descriptor that is closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return descriptor_; }
  void reset() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_;
};

/// The actions that posix_spawn takes between fork and exec.
class SpawnActions {
 public:
  SpawnActions() { check(posix_spawn_file_actions_init(&actions_)); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  void change_folder(const char* folder) { check(posix_spawn_file_actions_addchdir_np(&actions_, folder)); }
  void duplicate(int from, int to) { check(posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0)
      throw ResourceError(std::string("demo: cannot prepare a process: ") + std::strerror(error));
  }
  posix_spawn_file_actions_t actions_;
};

/// Collects what the child writes until it closes its end, passing on one wish to stop.
std::string collect(int descriptor, pid_t child, const InterruptGuard& interrupt) {
  std::string output;
  std::array<char, 65536> block;
  bool told = false;
  while (true) {
    if (interrupt.requested() && !std::exchange(told, true)) ::kill(child, SIGTERM);
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, kInterruptPollMilliseconds) <= 0) continue;
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return output;
    output.append(block.data(), static_cast<std::size_t>(count));
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw InternalError(std::string("demo: lost a process: ") + std::strerror(errno));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::filesystem::path own_executable() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error)
    throw Error(ErrorCode::kNotFound, "cannot tell which file this program runs from: " + error.message());
  return path;
}

ChildResult run_own_program(std::span<const std::string> arguments, const std::filesystem::path& folder,
                            const InterruptGuard& interrupt) {
  const std::string program = own_executable().string();
  std::vector<std::string> owned{program};
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw ResourceError(std::string("demo: cannot open a pipe: ") + std::strerror(errno));
  Descriptor reading(ends[0]), writing(ends[1]);
  SpawnActions actions;
  actions.change_folder(folder.c_str());
  actions.duplicate(writing.get(), STDOUT_FILENO);

  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (const int error = posix_spawn(&child, program.c_str(), actions.get(), nullptr, argv.data(), environ);
      error != 0)
    throw ResourceError(std::string("demo: cannot start ") + program + ": " + std::strerror(error));
  writing.reset();
  ChildResult result;
  result.output = collect(reading.get(), child, interrupt);
  result.exit_status = wait_for(child);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace cloister::app
