#include "cloister/paillier/encrypted_vector.h"

#include "cloister/base/error.h"

namespace cloister::paillier {

std::optional<std::string> VectorFormat::fault(int modulus_bits) const {
  if (size == 0) return "a vector of no values";
  if (fraction_bits < 0 || fraction_bits > kMaxFractionBits)
    return std::to_string(fraction_bits) + " fraction bits; at most " + std::to_string(kMaxFractionBits) +
           " are supported";
  if (!packing.fits(modulus_bits))
    return std::to_string(packing.slots) + " slots of " + std::to_string(packing.bits_per_slot) +
           " bits do not fit a key of " + std::to_string(modulus_bits) + " bits";
  if (bound.sign() < 0 || bound > packing.capacity())
    return "values of " + std::to_string(bound.bit_length()) + " bits do not fit slots of " +
           std::to_string(packing.bits_per_slot) + " (one for the sign)";
  return std::nullopt;
}

std::string_view describe(CiphertextFault fault) noexcept {
  switch (fault) {
    case CiphertextFault::kNone:
      return "is valid";
    case CiphertextFault::kNegative:
      return "is negative";
    case CiphertextFault::kZero:
      return "is zero";
    case CiphertextFault::kTooLarge:
      return "is not below n^2";
    case CiphertextFault::kSharesFactor:
      return "shares a factor with n";
  }
  return "is unknown";
}

CiphertextFault check_ciphertext(const PublicKey& key, const BigInteger& value) {
  if (value.sign() < 0) return CiphertextFault::kNegative;
  if (value.sign() == 0) return CiphertextFault::kZero;
  if (value >= key.n_squared()) return CiphertextFault::kTooLarge;
  if (gcd_vartime(value, key.n()) != BigInteger(1)) return CiphertextFault::kSharesFactor;
  return CiphertextFault::kNone;
}

std::optional<CiphertextFaultAt> find_fault(const PublicKey& key, std::span<const std::uint64_t> residues) {
  const std::size_t limbs = key.ciphertext_limbs();
  const std::size_t count = residues.size() / limbs;
  const auto at = [&](std::size_t i) { return BigInteger::from_limbs(residues.subspan(i * limbs, limbs)); };
  BigInteger product(1);  // coprime to n exactly if every factor is
  bool in_range = true;
  for (std::size_t i = 0; i < count && in_range; ++i) {
    const BigInteger value = at(i);
    in_range = value < key.n_squared();
    product = (product * value).mod(key.n());
  }
  if (in_range && gcd_vartime(product, key.n()) == BigInteger(1)) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i)
    if (const auto fault = check_ciphertext(key, at(i)); fault != CiphertextFault::kNone)
      return CiphertextFaultAt{i, fault};
  throw InternalError("ciphertexts are valid one by one and not together");
}

EncryptedVector EncryptedVector::create(const PublicKey& key, VectorFormat format,
                                        Buffer<std::uint64_t> residues) {
  if (const auto fault = format.fault(key.modulus_bits())) throw ParametersError(*fault);
  if (residues.size() != format.ciphertexts() * key.ciphertext_limbs())
    throw ParametersError(std::to_string(residues.size()) + " limbs are not " +
                          std::to_string(format.ciphertexts()) + " ciphertexts of this key");
  if (const auto found = find_fault(key, residues.span()))
    throw ParametersError("ciphertext " + std::to_string(found->index) + " " +
                          std::string(describe(found->fault)));
  return unchecked(key, std::move(format), std::move(residues));
}

EncryptedVector EncryptedVector::from_integers(const PublicKey& key, VectorFormat format,
                                               std::span<const BigInteger> ciphertexts) {
  const std::size_t limbs = key.ciphertext_limbs();
  Buffer<std::uint64_t> residues(ciphertexts.size() * limbs);
  for (std::size_t i = 0; i < ciphertexts.size(); ++i) {
    if (const auto fault = check_ciphertext(key, ciphertexts[i]); fault != CiphertextFault::kNone)
      throw ParametersError("ciphertext " + std::to_string(i) + " " + std::string(describe(fault)));
    ciphertexts[i].to_limbs(residues.span().subspan(i * limbs, limbs));
  }
  return create(key, std::move(format), std::move(residues));
}

}  // namespace cloister::paillier
