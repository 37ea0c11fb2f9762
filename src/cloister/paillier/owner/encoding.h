#pragma once

#include "cloister/base/bytes.h"
#include "cloister/base/memory.h"
#include "cloister/paillier/owner/secret_key.h"

namespace cloister::paillier {

/// The secret key's payload: bits of n, p, q, h. It is in the clear: whoever stores it encrypts it.
SecretBuffer<std::uint8_t> encode_secret_key(const SecretKey& key);
/// The same into a writer, whose bytes the caller wipes.
void encode(const SecretKey& key, ByteWriter& out);
/// Errors: DecodeError, SecurityError (too short), and ParametersError that names the condition which the
/// factors do not meet.
SecretKey decode_secret_key(ByteReader& in);

}  // namespace cloister::paillier
