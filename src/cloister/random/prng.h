#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "cloister/base/bytes.h"

namespace cloister {

/// 32 secret or public bytes that a generator expands. Wiped when it is destroyed.
class Seed {
 public:
  /// From the operating system's generator. Throws ResourceError if it fails.
  static Seed from_system();
  explicit Seed(const Bytes32& bytes) : bytes_(bytes) {}
  Seed(const Seed&) = default;
  Seed& operator=(const Seed&) = default;
  ~Seed();
  const Bytes32& bytes() const noexcept { return bytes_; }

 private:
  Bytes32 bytes_;
};

/// A deterministic random generator: the AES-256-CTR key stream under a seed. One seed has 2^64
/// independent streams of 2^68 bytes each; a stream's number is the upper half of the counter block.
/// Part of the file formats: seeded halves of keys and ciphertexts are expanded with it.
/// Cost: about 0.2-1 ns a byte (OpenSSL's AES-NI).  Source: NIST SP 800-38A, CTR mode.
class Prng {
 public:
  explicit Prng(const Seed& seed, std::uint64_t stream = 0);
  /// A fresh generator seeded by the operating system.
  static Prng from_system() { return Prng(Seed::from_system()); }
  Prng(Prng&&) noexcept;
  Prng& operator=(Prng&&) noexcept;
  ~Prng();

  void fill(std::span<std::uint8_t> out);
  void fill(std::span<std::uint64_t> out);
  std::uint64_t next_u64();
  Seed next_seed();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cloister
