#include "cloister/pipeline/owner/key_folder.h"

#include <algorithm>

#include "cloister/base/error.h"
#include "cloister/paillier/owner/encoding.h"

namespace cloister::pipeline {

paillier::SecretKey load_paillier_secret(const std::filesystem::path& path,
                                         const std::optional<wire::PlanId>& plan_id,
                                         const wire::Passphrase* passphrase) {
  const auto secret = wire::load_secret(
      path, {.type = wire::PayloadType::kPaillierSecretKey, .plan_id = plan_id}, passphrase);
  ByteReader in(secret.span());
  auto key = paillier::decode_secret_key(in);
  in.expect_end("secret key");
  return key;
}

std::filesystem::path KeyFolder::public_key(const Bytes32& id) const {
  return root_ / (wire::short_id(id) + ".public.key");
}

std::filesystem::path KeyFolder::secret_key(const Bytes32& id) const {
  return root_ / (wire::short_id(id) + ".secret.key");
}

std::vector<std::pair<Bytes32, std::filesystem::path>> KeyFolder::secrets() const {
  if (!std::filesystem::is_directory(root_))
    throw Error(ErrorCode::kNotFound, root_.string() + " is no folder of keys; name one with --keys");
  std::vector<std::pair<Bytes32, std::filesystem::path>> out;
  for (const auto& entry : std::filesystem::directory_iterator(root_)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".key") continue;
    try {
      const wire::ContainerHeader header = wire::peek(entry.path());
      if (header.type == wire::PayloadType::kPaillierSecretKey)
        out.emplace_back(header.plan_id, entry.path());
    } catch (const DecodeError&) {
      continue;  // another program's
    }
  }
  std::ranges::sort(out);
  return out;
}

std::filesystem::path KeyFolder::find_secret(const Bytes32& id) const {
  std::string there;
  for (const auto& [other, path] : secrets()) {
    if (other == id) return path;
    there += (there.empty() ? "" : ", ") + wire::short_id(other);
  }
  throw Error(ErrorCode::kNotFound, root_.string() + " has no secret key " + wire::short_id(id) +
                                        "; it has " + (there.empty() ? "none" : there));
}

}  // namespace cloister::pipeline
