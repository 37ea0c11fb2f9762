#pragma once

#include <memory>
#include <span>

#include "cloister/base/bytes.h"

namespace cloister::wire::internal {

/// SHA-256 over several pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& add(std::span<const std::uint8_t> bytes);
  Bytes32 digest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cloister::wire::internal
