#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bindings/ckks_engine.h"

namespace cloister::python {

// Keys and ciphertexts as bytes, by the wire encodings; readers take hostile bytes. Errors: those of wire.

using Bytes = std::vector<std::uint8_t>;

/// A count, then each row after its length.
Bytes to_bytes(const CkksEngine& engine, const Ciphertexts& ciphertexts);
Ciphertexts ciphertexts_from(const CkksEngine& engine, std::span<const std::uint8_t> bytes);

/// The secret, as the caller asked for by name.
Bytes to_bytes(const SecretKeyHandle& key);
SecretKeyHandle secret_key_from(const CkksEngine& engine, std::span<const std::uint8_t> bytes);
Bytes to_bytes(const CkksEngine& engine, const PublicKeyHandle& key);
PublicKeyHandle public_key_from(const CkksEngine& engine, std::span<const std::uint8_t> bytes);

/// Relinearization keys, Galois keys, or both.
Bytes to_bytes(const CkksEngine& engine, const rlwe::EvaluationKeys& keys);
std::shared_ptr<const rlwe::EvaluationKeys> evaluation_keys_from(const CkksEngine& engine,
                                                                 std::span<const std::uint8_t> bytes);

}  // namespace cloister::python
