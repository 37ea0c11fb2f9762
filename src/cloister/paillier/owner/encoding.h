#pragma once

#include "cloister/base/bytes.h"
#include "cloister/paillier/owner/secret_key.h"

namespace cloister::paillier {

/// The secret key's payload: bits of n, p, q, h. It is in the clear: whoever stores it encrypts it and
/// wipes the writer's bytes. Errors of decoding: DecodeError, SecurityError (too short), and
/// ParametersError that names the condition which the factors do not meet.
void encode(const SecretKey& key, ByteWriter& out);
SecretKey decode_secret_key(ByteReader& in);

}  // namespace cloister::paillier
