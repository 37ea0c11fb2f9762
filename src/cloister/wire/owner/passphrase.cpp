#include "cloister/wire/owner/passphrase.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "cloister/base/error.h"
#include "cloister/base/file.h"

namespace cloister::wire {
namespace {

constexpr std::size_t kMaxBytes = 1024;
/// A passphrase file may hold more lines than the one that counts.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 10;

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return false;
  ::close(terminal);
  return true;
}

}  // namespace

Passphrase Passphrase::from_text(std::string_view text) {
  if (text.empty()) throw SecurityError("the passphrase is empty; give one");
  if (text.size() > kMaxBytes)
    throw ParametersError("the passphrase is longer than " + std::to_string(kMaxBytes) + " bytes");
  return Passphrase(SecretBuffer<char>::copy_of({text.data(), text.size()}));
}

Passphrase Passphrase::from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr)
    throw Error(ErrorCode::kNotFound, std::string("the environment variable ") + variable +
                                          " is not set; set it to the passphrase");
  return from_text(value);
}

Passphrase Passphrase::from_file(const std::filesystem::path& path) {
  const SecretBuffer<std::uint8_t> bytes = read_secret_file(path, kMaxFileBytes);
  std::string_view line(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  line = line.substr(0, line.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return from_text(line);
}

Passphrase Passphrase::from_terminal(const char* prompt, Prompt mode) {
  if (!has_terminal())
    throw Error(
        ErrorCode::kFailedPrecondition,
        "there is no terminal to ask for the passphrase on; give it in a file or an environment variable");
  SecretBuffer<char> typed(kMaxBytes + 1);
  const int status = EVP_read_pw_string_min(typed.data(), 0, static_cast<int>(typed.size()), prompt,
                                            mode == Prompt::kTwice ? 1 : 0);
  ERR_clear_error();
  if (status == -2) throw Error(ErrorCode::kCancelled, "interrupted while asking for the passphrase");
  if (status != 0)
    throw SecurityError(mode == Prompt::kTwice
                            ? "the passphrases differ, or are too long; type the same one twice"
                            : "no passphrase could be read; it may be too long");
  return from_text({typed.data(), ::strnlen(typed.data(), typed.size())});
}

Passphrase Passphrase::clone() const { return Passphrase(text_.clone()); }

}  // namespace cloister::wire
