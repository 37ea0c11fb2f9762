#pragma once

#include <filesystem>
#include <optional>

#include "cloister/paillier/encrypted_vector.h"
#include "cloister/wire/container.h"

namespace cloister::pipeline {

// Paillier keys and vectors as files. Those of a plan carry its id. What no plan made, keys and ciphertexts
// of other libraries, carries the id of its key in that place, so that a file tells which key it needs.

/// Any plan's if none is named. Errors: the container's, the decoder's.
paillier::PublicKey load_public_key(const std::filesystem::path& path,
                                    const std::optional<wire::PlanId>& plan_id = std::nullopt);
/// A new file.
void save_public_key(const std::filesystem::path& path, const paillier::PublicKey& key,
                     const wire::PlanId& plan_id);

/// The most values that a vector's file may hold.
inline constexpr std::uint64_t kMaxVectorValues = std::uint64_t{1} << 24;

/// The id of the key that a vector's file is bound to. Errors: MismatchError for another kind of file.
Bytes32 vector_key_id(const std::filesystem::path& path);
/// Errors: the container's; MismatchError (ciphertexts of another key).
paillier::EncryptedVector load_vector(const std::filesystem::path& path, const paillier::PublicKey& key);
/// A new file.
void save_vector(const std::filesystem::path& path, const paillier::EncryptedVector& vector);

}  // namespace cloister::pipeline
