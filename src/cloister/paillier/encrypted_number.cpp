#include "cloister/paillier/encrypted_number.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

constexpr int kBitsOfSixteen = 4;

void check_numbers(const PublicKey& key, std::span<const EncryptedNumber> numbers) {
  if (numbers.empty()) throw ParametersError("there are no numbers to make a vector of");
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (std::abs(numbers[i].exponent) > kMaxExponent)
      throw ParametersError("number " + std::to_string(i) + " has the exponent " +
                            std::to_string(numbers[i].exponent) + "; at most " +
                            std::to_string(kMaxExponent) + " either way is supported");
    if (const auto fault = check_ciphertext(key, numbers[i].ciphertext); fault != CiphertextFault::kNone)
      throw ParametersError("number " + std::to_string(i) + " " + std::string(describe(fault)));
  }
}

VectorFormat aligned_format(const PublicKey& key, std::span<const EncryptedNumber> numbers,
                            int integer_bits) {
  const auto [least, largest] = std::ranges::minmax_element(numbers, {}, &EncryptedNumber::exponent);
  VectorFormat out{.size = numbers.size(),
                   .fraction_bits = -kBitsOfSixteen * std::min(least->exponent, 0),
                   .packing = Packing::single(key.modulus_bits()),
                   .bound = {}};
  if (kBitsOfSixteen * largest->exponent > integer_bits)
    throw PrecisionError("a number of the exponent " + std::to_string(largest->exponent) +
                         " cannot be within the stated 2^" + std::to_string(integer_bits) +
                         "; state a larger bound of the values");
  const int bits = integer_bits + out.fraction_bits;
  const int room = static_cast<int>(out.packing.bits_per_slot) - 2;
  if (bits < 0 || bits > room)
    throw PrecisionError("values up to 2^" + std::to_string(integer_bits) + " with " +
                         std::to_string(out.fraction_bits) +
                         " fraction bits do not fit a key that has room for " + std::to_string(room) +
                         " bits; state the bound that they have, or encrypt them with a "
                         "larger exponent");
  out.bound = BigInteger::power_of_two(static_cast<std::size_t>(bits));
  return out;
}

}  // namespace

EncryptedVector align(const PublicKey& key, std::span<const EncryptedNumber> numbers, int integer_bits,
                      const ThreadPool& pool) {
  check_numbers(key, numbers);
  VectorFormat format = aligned_format(key, numbers, integer_bits);
  const std::size_t limbs = key.ciphertext_limbs();
  Buffer<std::uint64_t> residues(numbers.size() * limbs);
  pool.parallel_for(numbers.size(), [&](std::size_t i) {
    const auto shift = static_cast<std::size_t>(kBitsOfSixteen * numbers[i].exponent + format.fraction_bits);
    power_vartime(numbers[i].ciphertext, BigInteger::power_of_two(shift), key.n_squared())
        .to_limbs(residues.span().subspan(i * limbs, limbs));
  });
  return EncryptedVector::create(key, std::move(format), std::move(residues));
}

std::vector<EncryptedNumber> numbers_of(const EncryptedVector& vector, const Evaluator& evaluator) {
  const PublicKey& key = evaluator.public_key();
  check_same_key("numbers_of", vector.key_id(), key.id());
  if (vector.format().packing.slots != 1)
    throw ParametersError("packed slots cannot be taken apart into numbers; encrypt with one slot");
  if (const int over = vector.format().fraction_bits % kBitsOfSixteen; over != 0)
    return numbers_of(
        evaluator.multiply(vector, 1, {.fraction_bits = kBitsOfSixteen - over, .integer_bits = 0}),
        evaluator);
  if ((vector.format().bound + BigInteger(1)) * BigInteger(3) > key.n())
    throw PrecisionError("values of this bound can reach a third of n, where their sign would be lost");
  std::vector<EncryptedNumber> out;
  out.reserve(vector.ciphertexts());
  for (std::size_t i = 0; i < vector.ciphertexts(); ++i)
    out.push_back(
        {BigInteger::from_limbs(vector.ciphertext(i)), -vector.format().fraction_bits / kBitsOfSixteen});
  return out;
}

}  // namespace cloister::paillier
