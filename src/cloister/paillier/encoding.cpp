#include "cloister/paillier/encoding.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::paillier {

void put_integer(const BigInteger& value, std::size_t size, ByteWriter& out) {
  auto bytes = value.to_bytes(size);
  std::ranges::reverse(bytes);
  out.put_raw(bytes);
  wipe(bytes.data(), bytes.size());
}

BigInteger get_integer(ByteReader& in, std::size_t size, const char* field) {
  const auto raw = in.get_raw(size, field);
  auto bytes = SecretBuffer<std::uint8_t>::copy_of(raw);
  std::ranges::reverse(bytes);
  return BigInteger::from_bytes(bytes.span());
}

void encode(const PublicKey& key, ByteWriter& out) {
  const auto bytes = static_cast<std::size_t>(key.modulus_bits()) / 8;
  out.put(static_cast<std::uint32_t>(key.modulus_bits()));
  put_integer(key.n(), bytes, out);
  put_integer(key.h(), 2 * bytes, out);
}

PublicKey decode_public_key(ByteReader& in) {
  const std::uint64_t at = in.offset();
  const auto bits = in.get_in<std::uint32_t>("Paillier modulus bits", 1, kMaxModulusBits);
  check_modulus_bits(static_cast<int>(bits));
  BigInteger n = get_integer(in, bits / 8, "Paillier n");
  if (n.bit_length() != bits)
    throw DecodeError("Paillier n", at,
                      std::to_string(n.bit_length()) + " bits long, " + std::to_string(bits) + " are stated");
  BigInteger h = get_integer(in, bits / 4, "Paillier h");
  return PublicKey::create(std::move(n), std::move(h));
}

void encode(const EncryptedVector& vector, ByteWriter& out) {
  const VectorFormat& format = vector.format();
  out.put_raw(vector.key_id());
  out.put(format.size);
  out.put(static_cast<std::uint32_t>(format.fraction_bits));
  out.put(format.packing.slots);
  out.put(format.packing.bits_per_slot);
  const auto residues = vector.residues();
  put_integer(format.bound, residues.size_bytes() / vector.ciphertexts() / 2, out);
  out.put_raw({reinterpret_cast<const std::uint8_t*>(residues.data()), residues.size_bytes()});
}

EncryptedVector decode_vector(ByteReader& in, const PublicKey& key, const DecodeLimits& limits) {
  const std::uint64_t start = in.offset();
  check_same_key("decode", in.get_bytes32("vector key id"), key.id());
  VectorFormat format;
  format.size = in.get_in<std::uint64_t>("vector size", 1, limits.max_values);
  format.fraction_bits =
      static_cast<int>(in.get_in<std::uint32_t>("vector fraction bits", 0, kMaxFractionBits));
  const auto modulus_bits = static_cast<std::uint32_t>(key.modulus_bits());
  format.packing.slots = in.get_in<std::uint32_t>("vector slots", 1, modulus_bits);
  format.packing.bits_per_slot = in.get_in<std::uint32_t>("vector bits per slot", 2, modulus_bits);
  format.bound = get_integer(in, modulus_bits / 8, "vector bound");
  if (const auto fault = format.fault(key.modulus_bits())) throw DecodeError("vector format", start, *fault);

  const std::uint64_t at = in.offset();
  const std::size_t width = key.ciphertext_limbs() * sizeof(std::uint64_t);
  // Written so that no product of an unchecked size can overflow.
  if (format.size / format.packing.slots > in.remaining() / width)
    throw DecodeError("vector ciphertexts", at,
                      "truncated: " + std::to_string(format.size) + " values are stated");
  const auto raw = in.get_raw(format.ciphertexts() * width, "vector ciphertexts");
  auto residues = Buffer<std::uint64_t>::uninitialized(raw.size() / sizeof(std::uint64_t));
  std::ranges::copy(raw, reinterpret_cast<std::uint8_t*>(residues.data()));
  if (const auto found = find_fault(key, residues.span()))
    throw DecodeError("vector ciphertext " + std::to_string(found->index), at + found->index * width,
                      std::string(describe(found->fault)));
  return EncryptedVector::unchecked(key, std::move(format), std::move(residues));
}

void encode(const EncryptedMatrix& matrix, ByteWriter& out) {
  out.put(static_cast<std::uint32_t>(matrix.columns.size()));
  for (const EncryptedVector& column : matrix.columns) encode(column, out);
}

EncryptedMatrix decode_matrix(ByteReader& in, const PublicKey& key, const DecodeLimits& limits) {
  const auto columns = in.get_in<std::uint32_t>(
      "matrix columns", 1,
      static_cast<std::uint32_t>(std::min<std::uint64_t>(limits.max_columns, UINT32_MAX)));
  EncryptedMatrix out;
  for (std::uint32_t c = 0; c < columns; ++c) {
    const std::uint64_t at = in.offset();
    out.columns.push_back(decode_vector(in, key, limits));
    if (out.columns.back().size() != out.rows())
      throw DecodeError("matrix column " + std::to_string(c), at,
                        "its length differs from the first column's");
  }
  return out;
}

void encode(const EncryptedSums& sums, ByteWriter& out) {
  out.put(sums.plan.columns);
  out.put(static_cast<std::uint32_t>(sums.plan.format.fraction_bits));
  out.put(static_cast<std::uint32_t>(sums.plan.format.integer_bits));
  out.put(sums.plan.bins);
  out.put(sums.plan.max_rows);
  out.put(sums.rows);
  encode(sums.moments, out);
  if (sums.counts) encode(*sums.counts, out);
}

EncryptedSums decode_sums(ByteReader& in, const PublicKey& key, const SumsPlan& plan) {
  const std::uint64_t start = in.offset();
  const auto is = [&](std::uint32_t due, const char* field) { return in.get<std::uint32_t>(field) == due; };
  // All are read before any is judged, so that a cut is told from another plan.
  const bool columns = is(plan.columns, "sums columns"),
             fraction = is(static_cast<std::uint32_t>(plan.format.fraction_bits), "sums fraction bits"),
             integer = is(static_cast<std::uint32_t>(plan.format.integer_bits), "sums integer bits"),
             bins = is(plan.bins, "sums bins"),
             rows_planned = in.get<std::uint64_t>("sums planned rows") == plan.max_rows;
  if (!(columns && fraction && integer && bins && rows_planned))
    throw DecodeError("sums form", start, "it is not the one that the plan gives; encrypt them anew");
  const auto rows = in.get_in<std::uint64_t>("sums rows", 1, plan.max_rows);

  const auto vector = [&](const char* field, const VectorFormat& due) {
    const std::uint64_t at = in.offset();
    EncryptedVector out = decode_vector(in, key, {.max_values = due.size, .max_columns = 0});
    const VectorFormat& format = out.format();
    if (format.size != due.size || format.fraction_bits != due.fraction_bits ||
        !(format.packing == due.packing) || format.bound != due.bound)
      throw DecodeError(field, at, "their form is not the one that their plan gives");
    return out;
  };
  EncryptedSums out{plan, rows,
                    vector("sums moments", {plan.moments(), 2 * plan.format.fraction_bits,
                                            plan.packing(key.modulus_bits()), plan.bound(rows)}),
                    std::nullopt};
  if (plan.bins != 0)
    out.counts = vector("sums counts", {plan.counts(), 0, plan.counts_packing(key.modulus_bits()),
                                        BigInteger::from_limbs({&rows, 1})});
  return out;
}

}  // namespace cloister::paillier
