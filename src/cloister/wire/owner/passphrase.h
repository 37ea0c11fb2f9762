#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "cloister/base/memory.h"

namespace cloister::wire {

/// A passphrase in wiped, locked memory. Never empty; never printed or compared.
/// Errors of every source: SecurityError (empty), ParametersError (over 1024 bytes).
class Passphrase {
 public:
  /// A copy of text that the caller holds (and wipes, if it is to be wiped).
  static Passphrase from_text(std::string_view text);
  /// An environment variable; kNotFound if it is not set.
  static Passphrase from_environment(const char* variable);
  /// The first line of a file or pipe, without its line ending.
  static Passphrase from_file(const std::filesystem::path& path);
  enum class Prompt { kOnce, kTwice };
  /// Asks on the controlling terminal, without echo; kTwice asks again and wants the same, for new keys.
  /// Errors: kFailedPrecondition (no terminal), kCancelled (interrupted), SecurityError (the two differ).
  static Passphrase from_terminal(const char* prompt, Prompt mode);

  std::span<const char> text() const noexcept { return text_.span(); }
  Passphrase clone() const;

 private:
  explicit Passphrase(SecretBuffer<char> text) : text_(std::move(text)) {}

  SecretBuffer<char> text_;
};

}  // namespace cloister::wire
