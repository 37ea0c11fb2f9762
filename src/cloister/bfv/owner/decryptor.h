#pragma once

#include <memory>

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"
#include "cloister/rlwe/owner/secret_key.h"

namespace cloister::bfv {

/// Opens ciphertexts. Results are exact integers and carry no noise, but whether a ciphertext decrypts at all
/// may depend on the secret: tell nobody about errors of ciphertexts that were made to be tested.
class Decryptor {
 public:
  /// Throws MismatchError for a key of other parameters.
  Decryptor(std::shared_ptr<const Parameters> parameters, const rlwe::SecretKey& key, const ThreadPool& pool);

  /// The message, exactly. Throws PrecisionError if the noise leaves less than one bit: then it is damaged,
  /// or was made by operations that this library refuses. Cost: a transform a limb. Constant time but for
  /// that.
  Plaintext decrypt(const Ciphertext& ciphertext) const;

  /// -log2(2 |v|) for the largest coefficient of the invariant noise v: the bits of noise that still fit.
  /// Exact; at most log2(Q / t), and 0 where v reaches 1/2. Depends on the secret. Cost: N big integers of
  /// Q's size.
  double noise_budget_bits(const Ciphertext& ciphertext) const;

 private:
  // t / Q times the phase, as a sum of fractions: row i holds numerators over q_i.
  CoefficientPoly fractions(const Ciphertext& ciphertext) const;

  std::shared_ptr<const Parameters> parameters_;
  const rlwe::SecretKey* key_;
  const ThreadPool* pool_;
};

}  // namespace cloister::bfv
