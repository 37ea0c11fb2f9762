#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "cloister/base/file.h"
#include "cloister/base/memory.h"
#include "cloister/wire/container.h"
#include "cloister/wire/owner/passphrase.h"

namespace cloister::wire {

/// What a guess at a passphrase costs: scrypt takes 128 * 2^log2_n * r bytes of memory, p times over.
/// Value ranges: log2_n at least 14, r and p in [1, 16] and [1, 4], memory at most 256 MiB.
/// The default takes 128 MiB and about 0.4 s.  Source: RFC 7914; the default follows OWASP's advice of 2023.
struct SealingCost {
  int log2_n = 17;
  int r = 8;
  int p = 1;
};

/// How a secret lies on disk.
class Protection {
 public:
  /// Encrypted under a passphrase of at least 8 bytes (SecurityError otherwise). Borrows the passphrase.
  static Protection passphrase(const Passphrase& passphrase, SealingCost cost = {});
  static Protection passphrase(Passphrase&&, SealingCost = {}) = delete;
  /// In clear, because the caller says so: the file is marked as unprotected and anybody who reads it has
  /// the secret.
  static Protection none_at_callers_word() { return Protection(nullptr, {}); }

  const Passphrase* passphrase_or_null() const noexcept { return passphrase_; }
  const SealingCost& cost() const noexcept { return cost_; }

 private:
  Protection(const Passphrase* passphrase, SealingCost cost) : passphrase_(passphrase), cost_(cost) {}

  const Passphrase* passphrase_;
  SealingCost cost_;
};

/// A container of the given type (kSecretKey, kPaillierSecretKey) that holds a secret: encrypted with
/// AES-256-GCM under a key that scrypt makes of the passphrase and a fresh salt, with type, plan id and
/// scrypt's parameters as associated data; or, unprotected, in clear.
/// Errors: ParametersError (a cost out of bounds, a secret that is empty or over 64 MiB, a type that is not
/// a secret's).
SecretBuffer<std::uint8_t> seal(std::span<const std::uint8_t> secret, PayloadType type, const PlanId& plan_id,
                                const Protection& protection);

/// The secret of such a container. `passphrase` may be null, for files that are not protected; one that is
/// given for an unprotected file is not used. The stored cost is bounded before any memory is taken.
/// Errors: SecurityError (wrong passphrase or damaged file; a passphrase is needed), DecodeError (a cost
/// out of bounds), and the reader's.
SecretBuffer<std::uint8_t> open_sealed(std::span<const std::uint8_t> sealed, const Expectation& expected,
                                       const Passphrase* passphrase,
                                       const std::string& source = "the message");

/// Whether a file that holds a secret is encrypted under a passphrase. Errors: the reader's, and
/// ParametersError for a file of another type.
bool is_protected(const std::filesystem::path& path);

/// seal() into a new file of mode 0600; an existing file is never overwritten (kAlreadyExists). It appears
/// under its name with commit().
AtomicFile begin_secret(const std::filesystem::path& path, std::span<const std::uint8_t> secret,
                        PayloadType type, const PlanId& plan_id, const Protection& protection);
/// The same, with commit().
void save_secret(const std::filesystem::path& path, std::span<const std::uint8_t> secret, PayloadType type,
                 const PlanId& plan_id, const Protection& protection);
/// open_sealed() of a file.
SecretBuffer<std::uint8_t> load_secret(const std::filesystem::path& path, const Expectation& expected,
                                       const Passphrase* passphrase);

}  // namespace cloister::wire
