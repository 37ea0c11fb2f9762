#include "cloister/paillier/owner/key_ring.h"

#include "cloister/base/error.h"

namespace cloister::paillier {

void KeyRing::add(SecretKey key) {
  const Bytes32 id = key.public_key().id();
  if (contains(id))
    throw Error(ErrorCode::kAlreadyExists, "the key " + to_hex(id) + " is on the ring already; add it once");
  Decryptor decryptor(key, pool_);
  keys_.emplace(id, Entry{std::move(key), std::move(decryptor)});
}

std::vector<Bytes32> KeyRing::ids() const {
  std::vector<Bytes32> out;
  for (const auto& [id, unused] : keys_) out.push_back(id);
  return out;
}

const KeyRing::Entry& KeyRing::entry(const Bytes32& id) const {
  const auto found = keys_.find(id);
  if (found == keys_.end())
    throw Error(ErrorCode::kNotFound,
                "there is no secret key " + to_hex(id) + " on the ring; add the one that made the vector's");
  return found->second;
}

DecryptedVector KeyRing::decrypt(const EncryptedVector& vector) const {
  return entry(vector.key_id()).decryptor.decrypt(vector);
}

}  // namespace cloister::paillier
