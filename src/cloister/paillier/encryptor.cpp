#include "cloister/paillier/encryptor.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

void check_format(const PublicKey& key, const VectorFormat& format) {
  if (format.size == 0) throw ParametersError("encrypt: there are no values; give at least one");
  if (const auto fault = format.fault(key.modulus_bits()))
    throw PrecisionError("encrypt: " + *fault + "; plan the packing for the largest result");
}

void check_bound(std::span<const Int128> integers, const BigInteger& bound) {
  // A bound of 2^127 and more holds every integer of this type but its least.
  const bool wide = bound.bit_length() > 127;
  std::uint64_t limbs[2] = {~std::uint64_t{0}, ~std::uint64_t{0} >> 1};
  if (!wide) bound.to_limbs(limbs);
  const auto limit = static_cast<Int128>(static_cast<unsigned __int128>(limbs[1]) << 64 | limbs[0]);
  for (std::size_t i = 0; i < integers.size(); ++i)
    if (integers[i] > limit || integers[i] < -limit)
      throw ParametersError("value " + std::to_string(i) +
                            " is beyond the stated bound; plan for a larger range");
}

}  // namespace

EncryptedVector Encryptor::encrypt(std::span<const double> values, const FixedPoint& format,
                                   const Packing& packing, Prng& prng) const {
  return encrypt_integers(encode_values(values, format), format.fraction_bits, format.bound(), packing, prng);
}

EncryptedVector Encryptor::encrypt_integers(std::span<const Int128> integers, int fraction_bits,
                                            const BigInteger& bound, const Packing& packing,
                                            Prng& prng) const {
  const PublicKey& key = public_key();
  VectorFormat format{integers.size(), fraction_bits, packing, bound.clone()};
  check_format(key, format);
  check_bound(integers, bound);
  Buffer<std::uint64_t> residues(format.ciphertexts() * key.ciphertext_limbs());
  noise_.fill(prng, residues.span(), pool_);
  add_clear_integers(key, packing, integers, residues.span(), pool_);
  return EncryptedVector::unchecked(key, std::move(format), std::move(residues));
}

EncryptedMatrix Encryptor::encrypt_matrix(std::span<const double> values, std::size_t columns,
                                          const FixedPoint& format, const Packing& packing,
                                          Prng& prng) const {
  if (columns == 0 || values.empty() || values.size() % columns != 0)
    throw ParametersError("encrypt: " + std::to_string(values.size()) + " values are not rows of " +
                          std::to_string(columns) + " columns");
  EncryptedMatrix out;
  std::vector<double> column(values.size() / columns);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t r = 0; r < column.size(); ++r) column[r] = values[r * columns + c];
    out.columns.push_back(encrypt(column, format, packing, prng));
  }
  return out;
}

void add_clear_integers(const PublicKey& key, const Packing& packing, std::span<const Int128> integers,
                        std::span<std::uint64_t> residues, const ThreadPool& pool) {
  const std::size_t limbs = key.ciphertext_limbs();
  const auto& arithmetic = key.arithmetic();
  internal::for_blocks(pool, packing.ciphertexts(integers.size()), arithmetic.block(),
                       [&](std::size_t first, std::size_t count) {
                         const std::size_t width = key.plaintext_limbs();
                         internal::SecretLimbs plaintexts(count * width);
                         for (std::size_t i = 0; i < count; ++i) {
                           const auto rest = integers.subspan((first + i) * packing.slots);
                           pack(rest.first(std::min<std::size_t>(packing.slots, rest.size())), packing,
                                key.n_limbs(), plaintexts.span().subspan(i * width, width));
                         }
                         std::uint64_t* at = residues.data() + first * limbs;
                         arithmetic.add_clear(at, plaintexts.data(), at, count);
                       });
}

}  // namespace cloister::paillier
