#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "cloister/paillier/owner/secret_key.h"
#include "cloister/wire/container.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::pipeline {

/// Any plan's if none is named. Errors: the container's, the decoder's.
paillier::SecretKey load_paillier_secret(const std::filesystem::path& path,
                                         const std::optional<wire::PlanId>& plan_id,
                                         const wire::Passphrase* passphrase);

/// An owner's folder of Paillier keys that no plan made: for each a public file, which may be copied to
/// whoever encrypts or computes, and a sealed secret one. Files are found by the key's id in their header,
/// under any name that ends in ".key".
class KeyFolder {
 public:
  explicit KeyFolder(std::filesystem::path root) : root_(std::move(root)) {}

  /// "<first digits of the id>.public.key", and ".secret.key".
  std::filesystem::path public_key(const Bytes32& id) const;
  std::filesystem::path secret_key(const Bytes32& id) const;

  /// The file of a secret key; what is no key's file is passed over. Errors: kNotFound, naming the id and
  /// those that are there.
  std::filesystem::path find_secret(const Bytes32& id) const;

 private:
  std::vector<std::pair<Bytes32, std::filesystem::path>> secrets() const;

  std::filesystem::path root_;
};

}  // namespace cloister::pipeline
