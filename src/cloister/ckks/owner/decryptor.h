#pragma once

#include <complex>
#include <vector>

#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/encoder.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::ckks {

/// Opens ciphertexts for the owner's eyes. What it returns carries CKKS noise that depends on the secret
/// key: never pass it on, use Publisher for that (CKKS is not IND-CPA-D secure: Li, Micciancio, 2021).
class Decryptor {
 public:
  Decryptor(const rlwe::SecretKey& key, const Encoder& encoder, const ThreadPool& pool)
      : key_(&key), encoder_(&encoder), pool_(&pool) {}

  /// The N/2 slots; each is within ciphertext.bound.error of the exact value. Reads at most two limbs.
  std::vector<std::complex<double>> decrypt(const Ciphertext& ciphertext) const;
  std::vector<double> decrypt_real(const Ciphertext& ciphertext) const;

 private:
  // The message with its noise, of the limbs that decoding reads.
  Plaintext phase(const Ciphertext& ciphertext) const;

  const rlwe::SecretKey* key_;
  const Encoder* encoder_;
  const ThreadPool* pool_;
};

}  // namespace cloister::ckks
