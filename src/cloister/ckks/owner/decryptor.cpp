#include "cloister/ckks/owner/decryptor.h"

#include "cloister/rlwe/owner/encryption.h"

namespace cloister::ckks {

std::vector<std::complex<double>> Decryptor::decrypt(const Ciphertext& ciphertext) const {
  if (ciphertext.parts.front().ring() != key_->parameters()->ring())
    throw MismatchError("the ciphertext belongs to other parameters", "ciphertext", "secret key");
  const std::size_t limbs =
      encoder_->limbs_to_decode(ciphertext.bound.total(), ciphertext.scale, ciphertext.level());
  const Plaintext plaintext{rlwe::phase(*key_, ciphertext.parts, limbs, *pool_), ciphertext.scale,
                            ciphertext.bound};
  return encoder_->decode(plaintext);
}

std::vector<double> Decryptor::decrypt_real(const Ciphertext& ciphertext) const {
  const auto slots = decrypt(ciphertext);
  std::vector<double> out(slots.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = slots[i].real();
  return out;
}

}  // namespace cloister::ckks
