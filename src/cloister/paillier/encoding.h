#pragma once

#include "cloister/base/bytes.h"
#include "cloister/paillier/encrypted_sums.h"
#include "cloister/paillier/encrypted_vector.h"

namespace cloister::paillier {

/// Payloads of the public types; the container around them adds type, plan and checksum. Integers are
/// little-endian of a fixed length that the key gives; a vector starts with its key's id.
/// Decoders allocate nothing before its length has been checked against the limits and the bytes at
/// hand, and return only objects whose invariants hold (ciphertexts in range and coprime to n).
/// Errors: DecodeError (field, offset); MismatchError (ciphertexts of another key); as
/// PublicKey::create for a key.
struct DecodeLimits {
  std::uint64_t max_values = 0;   ///< of a vector, and rows of a matrix
  std::uint64_t max_columns = 0;  ///< of a matrix
};

void encode(const PublicKey& key, ByteWriter& out);
void encode(const EncryptedVector& vector, ByteWriter& out);
void encode(const EncryptedMatrix& matrix, ByteWriter& out);
void encode(const EncryptedSums& sums, ByteWriter& out);

PublicKey decode_public_key(ByteReader& in);
EncryptedVector decode_vector(ByteReader& in, const PublicKey& key, const DecodeLimits& limits);
EncryptedMatrix decode_matrix(ByteReader& in, const PublicKey& key, const DecodeLimits& limits);
/// Sums of the plan that is expected, and of no other.
EncryptedSums decode_sums(ByteReader& in, const PublicKey& key, const SumsPlan& plan);

/// `size` bytes of a non-negative integer, least significant first.
void put_integer(const BigInteger& value, std::size_t size, ByteWriter& out);
BigInteger get_integer(ByteReader& in, std::size_t size, const char* field);

}  // namespace cloister::paillier
