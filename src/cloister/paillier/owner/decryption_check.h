#pragma once

#include <span>
#include <vector>

#include "cloister/math/big_integer.h"
#include "cloister/paillier/public_key.h"
#include "cloister/random/prng.h"

namespace cloister::paillier {

/// Whether ciphertexts were decrypted without a fault, by the scheme's own linearity: with them goes a check
/// ciphertext C = (1 + s n) c_1^e_1 ... c_k^e_k for secret random numbers s < n and e_i of 32 bits, whose
/// plaintext must be s + e_1 m_1 + ... + e_k m_k modulo n. A result that is wrong modulo one factor alone
/// would betray the factors to whoever knows the right one (Boneh, DeMillo, Lipton 1997). Finds, but for one
/// chance in 2^32: any error in powers, quotients, products with the key's constants or the remainder
/// theorem, in one ciphertext or several, passing or (since s is not multiplied) permanent. Does not find:
/// faults before decryption, since then another ciphertext is decrypted well; after it; and a verification
/// that was itself skipped or bent.
class DecryptionCheck {
 public:
  /// Of ciphertexts [count][limbs of n^2]. Takes variable time in the coefficients, which are used once.
  DecryptionCheck(const PublicKey& key, std::span<const std::uint64_t> ciphertexts, Prng& prng);

  /// C, [limbs of n^2].
  std::span<const std::uint64_t> ciphertext() const noexcept { return ciphertext_; }
  /// Throws InternalError unless plaintexts in [0, n), those of the ciphertexts and then that of C, fit
  /// together.
  void verify(std::span<const BigInteger> plaintexts) const;

 private:
  PublicKey key_;
  std::vector<std::uint64_t> weights_, ciphertext_;
  BigInteger offset_;
};

}  // namespace cloister::paillier
