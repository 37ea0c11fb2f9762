#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "bindings/watched_pool.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::python {

/// Keys as Python holds them; copies share.
template <typename Key>
struct Shared {
  std::shared_ptr<const Key> key;
};
using SecretKeyHandle = Shared<rlwe::SecretKey>;
using PublicKeyHandle = Shared<rlwe::PublicKey>;
struct RelinearizationKeys : Shared<rlwe::EvaluationKeys> {};
struct GaloisKeys : Shared<rlwe::EvaluationKeys> {};

/// What encrypts.
using EncryptionKey = std::variant<SecretKeyHandle, PublicKeyHandle>;

using Bytes = std::vector<std::uint8_t>;

/// The keys of one scheme's parameters: made, and as bytes, by the wire encodings. Const and safe to call
/// from many threads. Readers take hostile bytes; errors: those of wire.
class RlweKeys {
 public:
  virtual ~RlweKeys() = default;

  const rlwe::Parameters& rlwe() const noexcept { return *rlwe_; }
  const ThreadPool& pool() const noexcept { return pool_->pool(); }
  const WatchedPool& watched() const noexcept { return *pool_; }

  SecretKeyHandle secret_key() const;
  // Of a secret key of the same parameters, else MismatchError.
  PublicKeyHandle public_key(const SecretKeyHandle& secret) const;
  RelinearizationKeys relinearization_keys(const SecretKeyHandle& secret) const;
  /// Of the scheme's rotations: by them every rotation can be made.
  GaloisKeys galois_keys(const SecretKeyHandle& secret) const;

  /// The secret, as the caller asked for by name.
  Bytes to_bytes(const SecretKeyHandle& key) const;
  SecretKeyHandle secret_key_from(std::span<const std::uint8_t> bytes) const;
  Bytes to_bytes(const PublicKeyHandle& key) const;
  PublicKeyHandle public_key_from(std::span<const std::uint8_t> bytes) const;
  /// Relinearization keys, or Galois keys.
  Bytes to_bytes(const rlwe::EvaluationKeys& keys) const;
  std::shared_ptr<const rlwe::EvaluationKeys> evaluation_keys_from(std::span<const std::uint8_t> bytes) const;

 protected:
  RlweKeys(std::shared_ptr<const rlwe::Parameters> rlwe, std::shared_ptr<const WatchedPool> pool)
      : rlwe_(std::move(rlwe)), pool_(std::move(pool)) {}
  RlweKeys(const RlweKeys&) = default;

 private:
  virtual std::vector<std::uint64_t> galois_elements() const = 0;

  std::shared_ptr<const rlwe::Parameters> rlwe_;
  std::shared_ptr<const WatchedPool> pool_;
};

/// A count, then each row after its length.
Bytes joined_rows(const std::vector<Bytes>& rows);
/// The inverse, of hostile bytes.
std::vector<std::span<const std::uint8_t>> split_rows(std::span<const std::uint8_t> bytes);

}  // namespace cloister::python
