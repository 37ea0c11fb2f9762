#include "cloister/paillier/owner/decryptor.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

using internal::SecretLimbs;

[[noreturn]] void refuse(std::size_t index, std::string_view why) {
  throw DecodeError("ciphertext " + std::to_string(index), index,
                    std::string(why) + "; it is damaged or was not made as its vector states");
}

/// The signed slots of a plaintext in (-n/2, n/2), into out[first ...].
void unpack(BigInteger plaintext, const VectorFormat& format, std::size_t ciphertext,
            std::span<BigInteger> out) {
  const std::size_t bits = format.packing.bits_per_slot;
  const BigInteger base = BigInteger::power_of_two(bits);
  const BigInteger half = BigInteger::power_of_two(bits - 1);
  for (BigInteger& value : out) {
    BigInteger high = plaintext >> bits;
    BigInteger low = plaintext - (high << bits);
    if (low >= half) {
      low = low - base;
      high = high + BigInteger(1);
    }
    if (low.magnitude() > format.bound) refuse(ciphertext, "a value is outside of its bound");
    value = std::move(low);
    plaintext = std::move(high);
  }
  if (plaintext.sign() != 0) refuse(ciphertext, "a slot that should be empty is not");
}

}  // namespace

std::vector<double> DecryptedVector::to_doubles() const {
  std::vector<double> out;
  out.reserve(integers.size());
  for (const BigInteger& integer : integers) out.push_back(integer.to_double_scaled(fraction_bits));
  return out;
}

Decryptor::Decryptor(const SecretKey& key, const ThreadPool& pool)
    : public_key_(key.public_key()),
      pool_(pool),
      p_(key.p(), key.q()),
      q_(key.q(), key.p()),
      crt_(key.p(), key.q()) {}

void Decryptor::decrypt_block(const std::uint64_t* ciphertexts, std::span<BigInteger> out) const {
  const std::size_t limbs = public_key_.plaintext_limbs(), half = limbs / 2;
  SecretLimbs m_p(out.size() * half), m_q(out.size() * half), m(limbs);
  p_.decrypt(ciphertexts, m_p.data(), out.size());
  q_.decrypt(ciphertexts, m_q.data(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    crt_.combine(m_p.data() + i * half, m_q.data() + i * half, m.data());
    BigInteger plaintext = BigInteger::from_limbs(m.span());
    out[i] = (plaintext << 1) > public_key_.n() ? plaintext - public_key_.n() : std::move(plaintext);
  }
}

DecryptedVector Decryptor::decrypt(const EncryptedVector& vector) const {
  check_same_key("decrypt", vector.key_id(), public_key_.id());
  if (const auto found = find_fault(public_key_, vector.residues()))
    refuse(found->index, describe(found->fault));
  const VectorFormat& format = vector.format();
  DecryptedVector out{std::vector<BigInteger>(format.size), format.fraction_bits};
  internal::for_blocks(pool_, vector.ciphertexts(), p_.block(), [&](std::size_t first, std::size_t count) {
    std::vector<BigInteger> plaintexts(count);
    decrypt_block(vector.ciphertext(first).data(), plaintexts);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = (first + i) * format.packing.slots;
      const std::size_t slots = std::min<std::size_t>(format.packing.slots, format.size - at);
      unpack(std::move(plaintexts[i]), format, first + i, std::span(out.integers).subspan(at, slots));
    }
  });
  return out;
}

DecryptedSums Decryptor::decrypt(const EncryptedSums& sums) const {
  DecryptedSums out{sums.plan, sums.rows, decrypt(sums.moments)};
  if (out.moments.integers.size() != sums.plan.moments())
    throw DecodeError("sums moments", 0, "their number is not the one that their plan gives");
  const BigInteger expected = BigInteger::from_limbs({&sums.rows, 1})
                              << 2 * static_cast<std::size_t>(sums.plan.format.fraction_bits);
  if (out.moment(0, 0) != expected)
    throw DecodeError(
        "sums rows", 0,
        "the encrypted number of rows is not the stated one; a contribution is missing, doubled or damaged");
  return out;
}

}  // namespace cloister::paillier
