#include "cloister/ckks/owner/decryptor.h"

#include "cloister/rlwe/owner/encryption.h"

namespace cloister::ckks {

Plaintext Decryptor::phase(const Ciphertext& ciphertext) const {
  if (ciphertext.parts.front().ring() != key_->parameters()->ring())
    throw MismatchError("the ciphertext belongs to other parameters", "ciphertext", "secret key");
  const std::size_t limbs =
      encoder_->limbs_to_decode(ciphertext.bound.total(), ciphertext.scale, ciphertext.level());
  return {rlwe::phase(*key_, ciphertext.parts, limbs, *pool_), ciphertext.scale, ciphertext.bound};
}

std::vector<std::complex<double>> Decryptor::decrypt(const Ciphertext& ciphertext) const {
  return encoder_->decode(phase(ciphertext));
}

std::vector<double> Decryptor::decrypt_real(const Ciphertext& ciphertext) const {
  return encoder_->decode_real(phase(ciphertext));
}

}  // namespace cloister::ckks
