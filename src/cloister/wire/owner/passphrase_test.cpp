#include "cloister/wire/owner/passphrase.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/testing/temporary_folder.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;

std::string text_of(const Passphrase& passphrase) {
  return {passphrase.text().begin(), passphrase.text().end()};
}

std::string from_file_with(const std::string& contents) {
  const TemporaryFolder temporary;
  const fs::path path = temporary.path() / "passphrase";
  std::ofstream(path, std::ios::binary) << contents;
  try {
    return text_of(Passphrase::from_file(path));
  } catch (const Error& e) {
    return std::string(info(e.code()).name);
  }
}

TEST(Passphrase, ComesFromTextAndIsNeverEmpty) {
  const Passphrase passphrase = Passphrase::from_text("two words");
  EXPECT_EQ(text_of(passphrase), "two words");
  EXPECT_EQ(text_of(passphrase.clone()), "two words");
  EXPECT_THROW(Passphrase::from_text(""), SecurityError);
  EXPECT_NO_THROW(Passphrase::from_text(std::string(1024, 'x')));
  EXPECT_THROW(Passphrase::from_text(std::string(1025, 'x')), ParametersError);
}

TEST(Passphrase, ComesFromTheEnvironment) {
  ASSERT_EQ(::setenv("CLOISTER_TEST_PASSPHRASE", "from outside", 1), 0);
  EXPECT_EQ(text_of(Passphrase::from_environment("CLOISTER_TEST_PASSPHRASE")), "from outside");
  ASSERT_EQ(::unsetenv("CLOISTER_TEST_PASSPHRASE"), 0);
  try {
    Passphrase::from_environment("CLOISTER_TEST_PASSPHRASE");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(e.what()).find("CLOISTER_TEST_PASSPHRASE"), std::string::npos);
  }
}

TEST(Passphrase, IsTheFirstLineOfAFile) {
  EXPECT_EQ(from_file_with("two words"), "two words");
  EXPECT_EQ(from_file_with("two words\n"), "two words");
  EXPECT_EQ(from_file_with(" two words \r\nsecond line\n"), " two words ");
  EXPECT_EQ(from_file_with(""), "PERMISSION_DENIED");
  EXPECT_EQ(from_file_with("\nsecond line"), "PERMISSION_DENIED");
  EXPECT_EQ(from_file_with(std::string(2000, 'x')), "INVALID_ARGUMENT");
  EXPECT_EQ(from_file_with(std::string(100'000, 'x')), "RESOURCE_EXHAUSTED");
  EXPECT_THROW(Passphrase::from_file("/nonexistent/passphrase"), Error);
}

/// A child process that asks on a terminal of its own; its exit status tells what came of it.
class Terminal {
 public:
  static constexpr int kAsExpected = 40;

  Terminal(Passphrase::Prompt mode, const std::string& expected) {
    child_ = ::forkpty(&master_, nullptr, nullptr, nullptr);
    if (child_ != 0) return;
    int status = 0;
    try {
      status = text_of(Passphrase::from_terminal("Passphrase: ", mode)) == expected ? kAsExpected : 1;
    } catch (const Error& e) {
      status = info(e.code()).exit_code;
    }
    ::_exit(status);
  }

  /// Types a line once the terminal has stopped echoing and asked `prompts` times.
  void type(const std::string& line, int prompts) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!ready(prompts) && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_TRUE(ready(prompts)) << shown_;
    ASSERT_EQ(::write(master_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }

  int wait() {
    char buffer[256];
    ssize_t got;
    while ((got = ::read(master_, buffer, sizeof buffer)) > 0)
      shown_.append(buffer, static_cast<std::size_t>(got));
    int status = 0;
    ::waitpid(child_, &status, 0);
    ::close(master_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const std::string& shown() const { return shown_; }

 private:
  bool ready(int prompts) {
    pollfd waiting{master_, POLLIN, 0};
    char buffer[256];
    while (::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0) {
      const ssize_t got = ::read(master_, buffer, sizeof buffer);
      if (got <= 0) break;
      shown_.append(buffer, static_cast<std::size_t>(got));
    }
    int seen = 0;
    for (std::size_t at = 0; (at = shown_.find("Passphrase: ", at)) != std::string::npos; ++at) ++seen;
    termios settings;
    return seen >= prompts && ::tcgetattr(master_, &settings) == 0 && (settings.c_lflag & ECHO) == 0;
  }

  int master_ = -1;
  pid_t child_ = -1;
  std::string shown_;
};

TEST(PassphrasePrompt, ReadsWithoutEcho) {
  Terminal terminal(Passphrase::Prompt::kOnce, "two words");
  terminal.type("two words\n", 1);
  EXPECT_EQ(terminal.wait(), Terminal::kAsExpected);
  EXPECT_NE(terminal.shown().find("Passphrase: "), std::string::npos);
  EXPECT_EQ(terminal.shown().find("two words"), std::string::npos);
}

TEST(PassphrasePrompt, AsksTwiceForNewKeys) {
  Terminal same(Passphrase::Prompt::kTwice, "two words");
  same.type("two words\n", 1);
  same.type("two words\n", 2);
  EXPECT_EQ(same.wait(), Terminal::kAsExpected);
  Terminal differing(Passphrase::Prompt::kTwice, "two words");
  differing.type("two words\n", 1);
  differing.type("two wards\n", 2);
  EXPECT_EQ(differing.wait(), info(ErrorCode::kPermissionDenied).exit_code);
}

TEST(PassphrasePrompt, AnInterruptIsACancellation) {
  Terminal terminal(Passphrase::Prompt::kOnce, "");
  terminal.type("\x03", 1);
  EXPECT_EQ(terminal.wait(), info(ErrorCode::kCancelled).exit_code);
}

TEST(PassphrasePrompt, WithoutATerminalSaysSo) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    int status = 1;
    try {
      Passphrase::from_terminal("Passphrase: ", Passphrase::Prompt::kOnce);
    } catch (const Error& e) {
      status = info(e.code()).exit_code;
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), info(ErrorCode::kFailedPrecondition).exit_code);
}

}  // namespace
}  // namespace cloister::wire
