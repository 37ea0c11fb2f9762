#pragma once

#include <cstdint>
#include <span>

#include "cloister/base/memory.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::wire::internal {

inline constexpr std::size_t kSaltBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kTagBytes = 16;

/// The memory scrypt takes: 128 * n * r bytes.
constexpr std::uint64_t scrypt_bytes(const SealingCost& cost) {
  return std::uint64_t{128} * static_cast<unsigned>(cost.r) << cost.log2_n;
}

/// A 32-byte key from a passphrase, by scrypt.  Source: RFC 7914.
SecretBuffer<std::uint8_t> scrypt_key(std::span<const char> passphrase,
                                      std::span<const std::uint8_t, kSaltBytes> salt,
                                      const SealingCost& cost);

/// AES-256-GCM.  Shapes: sealed has plain.size() + kTagBytes bytes, the tag last.  Source: NIST SP 800-38D.
void gcm_encrypt(std::span<const std::uint8_t> key, std::span<const std::uint8_t, kNonceBytes> nonce,
                 std::span<const std::uint8_t> associated, std::span<const std::uint8_t> plain,
                 std::span<std::uint8_t> sealed);
/// Whether key, nonce, associated data and bytes belong together; only then is `plain` valid.
bool gcm_decrypt(std::span<const std::uint8_t> key, std::span<const std::uint8_t, kNonceBytes> nonce,
                 std::span<const std::uint8_t> associated, std::span<const std::uint8_t> sealed,
                 std::span<std::uint8_t> plain);

}  // namespace cloister::wire::internal
