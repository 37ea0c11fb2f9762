#pragma once

#include <filesystem>
#include <system_error>

#include "cloister/base/file.h"

namespace cloister::pipeline::internal {

/// The end of a key generation: puts the secret key under its name, after the public part, which this call
/// made. Where it cannot, the public part goes too. In this order no secret key is ever removed, and none is
/// there that data may be encrypted with before the key generation has come to its end.
inline void commit_secret(AtomicFile& secret, const std::filesystem::path& public_part) {
  try {
    secret.commit();
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(public_part, ignored);
    throw;
  }
}

}  // namespace cloister::pipeline::internal
