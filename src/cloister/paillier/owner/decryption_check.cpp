#include "cloister/paillier/owner/decryption_check.h"

#include "cloister/base/error.h"
#include "cloister/paillier/internal/secret_modulus.h"

namespace cloister::paillier {

DecryptionCheck::DecryptionCheck(const PublicKey& key, std::span<const std::uint64_t> ciphertexts, Prng& prng)
    : key_(key), weights_(ciphertexts.size() / key.ciphertext_limbs()), ciphertext_(key.ciphertext_limbs()) {
  std::vector<const std::uint64_t*> bases;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    bases.push_back(ciphertexts.data() + i * key.ciphertext_limbs());
    weights_[i] = prng.next_u64() >> 32;
  }
  internal::SecretLimbs offset(key.plaintext_limbs());
  prng.fill(offset.span());
  offset_ = BigInteger::from_limbs(offset.span()).mod(key.n());
  offset_.to_limbs(offset.span());
  key.arithmetic().multi_power_vartime(bases, weights_, ciphertext_.data(), 1);
  key.arithmetic().add_clear(ciphertext_.data(), offset.data(), ciphertext_.data(), 1);
}

void DecryptionCheck::verify(std::span<const BigInteger> plaintexts) const {
  BigInteger sum = offset_.clone();
  for (std::size_t i = 0; i < weights_.size(); ++i)
    sum = sum + plaintexts[i] * BigInteger::from_limbs({&weights_[i], 1});
  if (sum.mod(key_.n()) != plaintexts[weights_.size()])
    throw InternalError("decryption failed its check; the machine's arithmetic is at fault");
}

}  // namespace cloister::paillier
