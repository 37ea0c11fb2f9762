#include "cloister/paillier/owner/decryptor.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "cloister/base/error.h"
#include "cloister/paillier/owner/decryption_check.h"

namespace cloister::paillier {
namespace {

using internal::SecretLimbs;

constexpr std::size_t kBlindingLimbs = 2;
/// Ciphertexts that share a check ciphertext, at most; with it they fill vectors of eight.
constexpr std::size_t kLargestBlock = 63;

/// Of a thread that has `share` ciphertexts to decrypt.
std::size_t block_size(std::size_t share) { return std::min(kLargestBlock, share / 8 * 8 + 7); }

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
      crt_(key.p(), key.q()) {
  std::vector<std::uint64_t> h(public_key_.ciphertext_limbs());
  public_key_.h().to_limbs(h);
  blinding_ = public_key_.arithmetic().fixed_base(h, kBlindingLimbs);
}

std::vector<BigInteger> Decryptor::decrypt_blinded(std::span<const std::uint64_t> ciphertexts) const {
  const std::size_t limbs = public_key_.plaintext_limbs(), half = limbs / 2;
  const std::size_t count = ciphertexts.size() / (2 * limbs);
  SecretLimbs m_p(count * half), m_q(count * half), m(limbs);
  pool_.parallel_for(2, [&](std::size_t i) {
    i == 0 ? p_.decrypt(ciphertexts.data(), m_p.data(), count)
           : q_.decrypt(ciphertexts.data(), m_q.data(), count);
  });
  std::vector<BigInteger> out;
  for (std::size_t i = 0; i < count; ++i) {
    crt_.combine(m_p.data() + i * half, m_q.data() + i * half, m.data());
    out.push_back(BigInteger::from_limbs(m.span()));
  }
  return out;
}

std::vector<BigInteger> Decryptor::decrypt_block(std::span<const std::uint64_t> ciphertexts,
                                                 Prng& prng) const {
  const std::size_t limbs = public_key_.ciphertext_limbs(), count = ciphertexts.size() / limbs;
  SecretLimbs exponents(count * kBlindingLimbs), blinded((count + 1) * limbs);
  prng.fill(exponents.span());
  blinding_->power(exponents.data(), blinded.data(), count);
  public_key_.arithmetic().multiply(blinded.data(), ciphertexts.data(), blinded.data(), count);
  const DecryptionCheck check(public_key_, blinded.span().first(count * limbs), prng);
  std::ranges::copy(check.ciphertext(), blinded.data() + count * limbs);
  auto plaintexts = decrypt_blinded(blinded.span());
  check.verify(plaintexts);
  plaintexts.pop_back();
  return plaintexts;
}

std::vector<BigInteger> Decryptor::decrypt_residues(std::span<const std::uint64_t> ciphertexts) const {
  if (const auto found = find_fault(public_key_, ciphertexts)) refuse(found->index, describe(found->fault));
  const Seed seed = Seed::from_system();
  const std::size_t threads = static_cast<std::size_t>(pool_.threads()),
                    limbs = public_key_.ciphertext_limbs(), total = ciphertexts.size() / limbs;
  std::vector<BigInteger> out(total);
  internal::for_blocks(pool_, total, block_size((total + threads - 1) / threads),
                       [&](std::size_t first, std::size_t count) {
                         Prng prng(seed, first);
                         auto block = decrypt_block(ciphertexts.subspan(first * limbs, count * limbs), prng);
                         std::ranges::move(block, out.begin() + static_cast<std::ptrdiff_t>(first));
                       });
  return out;
}

DecryptedVector Decryptor::decrypt(const EncryptedVector& vector) const {
  check_same_key("decrypt", vector.key_id(), public_key_.id());
  auto plaintexts = decrypt_residues(vector.residues());
  const VectorFormat& format = vector.format();
  DecryptedVector out{std::vector<BigInteger>(format.size), format.fraction_bits};
  pool_.parallel_for(plaintexts.size(), [&](std::size_t i) {
    BigInteger& plaintext = plaintexts[i];
    if ((plaintext << 1) > public_key_.n()) plaintext = plaintext - public_key_.n();
    const std::size_t at = i * format.packing.slots;
    const std::size_t slots = std::min<std::size_t>(format.packing.slots, format.size - at);
    unpack(std::move(plaintext), format, i, std::span(out.integers).subspan(at, slots));
  });
  return out;
}

std::vector<DecryptedVector> Decryptor::decrypt(const EncryptedMatrix& matrix) const {
  std::vector<DecryptedVector> out;
  for (const EncryptedVector& column : matrix.columns) out.push_back(decrypt(column));
  return out;
}

DecryptedSums Decryptor::decrypt(const EncryptedSums& sums) const {
  const SumsPlan& plan = sums.plan;
  DecryptedSums out{plan, sums.rows, decrypt(sums.moments), {}};
  if (out.moments.integers.size() != plan.moments())
    throw DecodeError("sums moments", 0, "their number is not the one that their plan gives");
  const BigInteger rows = BigInteger::from_limbs({&sums.rows, 1});
  if (out.moment(0, 0) != (rows << 2 * static_cast<std::size_t>(plan.format.fraction_bits)))
    throw DecodeError(
        "sums rows", 0,
        "the encrypted number of rows is not the stated one; a contribution is missing, doubled or damaged");
  if (plan.bins == 0) return out;
  if (!sums.counts || sums.counts->size() != plan.counts())
    throw DecodeError("sums counts", 0, "their number is not the one that their plan gives");
  const DecryptedVector counts = decrypt(*sums.counts);
  for (std::size_t column = 0; column < plan.columns; ++column) {
    BigInteger total;
    for (std::size_t bin = 0; bin < plan.bins; ++bin) {
      const BigInteger& count = counts.integers[column * plan.bins + bin];
      if (count.sign() < 0) throw DecodeError("sums counts", column, "a bin has fewer than no rows");
      std::uint64_t word = 0;
      count.to_limbs({&word, 1});
      out.counts.push_back(word);
      total = total + count;
    }
    if (total != rows)
      throw DecodeError("sums counts", column, "the bins of a column do not hold the stated number of rows");
  }
  return out;
}

}  // namespace cloister::paillier
