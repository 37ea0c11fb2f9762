#pragma once

#include <map>
#include <vector>

#include "cloister/paillier/owner/decryptor.h"

namespace cloister::paillier {

/// Secret keys by the id that vectors are bound to, for an owner of several.
/// Functions that change nothing may be called from many threads.
class KeyRing {
 public:
  /// The pool must outlive this object.
  explicit KeyRing(const ThreadPool& pool) : pool_(pool) {}

  /// Errors: kAlreadyExists if a key of this id is there; it stays.
  void add(SecretKey key);
  bool contains(const Bytes32& id) const noexcept { return keys_.contains(id); }
  /// In ascending order.
  std::vector<Bytes32> ids() const;
  /// Errors: kNotFound, naming the id.
  const PublicKey& public_key(const Bytes32& id) const { return entry(id).key.public_key(); }

  /// With the key that the vector is bound to. Errors: kNotFound, naming the id that is missing; the
  /// decryptor's.
  DecryptedVector decrypt(const EncryptedVector& vector) const;

 private:
  struct Entry {
    SecretKey key;
    Decryptor decryptor;
  };
  const Entry& entry(const Bytes32& id) const;

  const ThreadPool& pool_;
  std::map<Bytes32, Entry> keys_;
};

}  // namespace cloister::paillier
