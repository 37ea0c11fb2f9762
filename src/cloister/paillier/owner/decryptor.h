#pragma once

#include <span>
#include <vector>

#include "cloister/paillier/encrypted_sums.h"
#include "cloister/paillier/owner/crt.h"
#include "cloister/paillier/owner/prime_factor.h"
#include "cloister/paillier/owner/secret_key.h"

namespace cloister::paillier {

/// The integers of a decrypted vector; they stand for integer * 2^-fraction_bits.
struct DecryptedVector {
  std::vector<BigInteger> integers;
  int fraction_bits = 0;

  /// Each rounded once.
  std::vector<double> to_doubles() const;
};

/// Decrypted sums, exact. Variable 0 stands for the constant, variable c + 1 for column c.
struct DecryptedSums {
  SumsPlan plan;
  std::uint64_t rows = 0;
  DecryptedVector moments;
  std::vector<std::uint64_t> counts;  ///< [columns][bins]

  /// The sum over all rows of variable i times variable j, as an integer of 2^-(2 fraction_bits).
  const BigInteger& moment(std::size_t i, std::size_t j) const { return moments.integers[plan.index(i, j)]; }
  long double value(std::size_t i, std::size_t j) const {
    return moment(i, j).to_long_double_scaled(moments.fraction_bits);
  }
};

/// Decrypts for the key's owner, modulo p^2 and q^2. Ciphertexts are blinded first, each by an encryption of
/// zero with 128 secret random bits, so that whoever chose them does not know what is computed with; and a
/// check ciphertext is decrypted with every 63 (DecryptionCheck). Cost: two exponentiations of half n's bits
/// modulo n-sized numbers a ciphertext, eight at once where there are kernels for that. Secrets: constant
/// time in the key; unpacking takes variable time in the values. Errors: InternalError (the machine computed
/// wrongly; nothing is given out), MismatchError (another key), DecodeError (a value outside of the vector's
/// stated bound: the ciphertexts were made by other operations than stated, or damaged).
class Decryptor {
 public:
  /// The pool must outlive this object.
  Decryptor(const SecretKey& key, const ThreadPool& pool);

  DecryptedVector decrypt(const EncryptedVector& vector) const;
  /// The plaintexts in [0, n) of residues [count][limbs of n^2], checked to be ciphertexts.
  std::vector<BigInteger> decrypt_residues(std::span<const std::uint64_t> ciphertexts) const;
  /// Column by column.
  std::vector<DecryptedVector> decrypt(const EncryptedMatrix& matrix) const;
  /// Throws DecodeError also if the encrypted count of rows is not the stated one, or the counts of a
  /// column's bins do not add up to it.
  DecryptedSums decrypt(const EncryptedSums& sums) const;

 private:
  /// The plaintexts in [0, n) of ciphertexts [count][limbs of n^2].
  std::vector<BigInteger> decrypt_blinded(std::span<const std::uint64_t> ciphertexts) const;
  std::vector<BigInteger> decrypt_block(std::span<const std::uint64_t> ciphertexts, Prng& prng) const;

  PublicKey public_key_;
  const ThreadPool& pool_;
  PrimeFactor p_, q_;
  Crt crt_;
  std::unique_ptr<const internal::FixedBase> blinding_;  ///< of h
};

}  // namespace cloister::paillier
