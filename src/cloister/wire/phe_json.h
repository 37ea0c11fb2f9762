#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloister/paillier/encrypted_number.h"

namespace cloister::wire {

// The JSON of python-paillier's command line (pheutil, of 1.2 to 1.5): its public keys and encrypted numbers.
// What it writes is read, and what is written here it reads; fields that it does not know are passed over.
// Its private keys are in owner/phe_secret_json.h.
//
//   key     {"kty": "DAJ", "alg": "PAI-GN1", "key_ops": ["encrypt"], "n": "<base64url>", "kid": "<any text>"}
//   number  {"v": "<decimal>", "e": <integer>}

/// The largest text of a key.
inline constexpr std::size_t kMaxPheKeyBytes = 64 << 10;

/// The key gets the standard noise base: see paillier::PublicKey::from_modulus, which also says what is
/// checked. Errors: kDataLoss, naming the field (not JSON, another kty or alg, an n that is no modulus or
/// whose length is not supported), SecurityError (an n below 2048 bits), ResourceError (the text is too
/// long).
paillier::PublicKey parse_phe_public_key(std::string_view text);
/// `kid` is any text for people, of valid UTF-8 or it is mended.
std::string phe_public_key_json(const paillier::PublicKey& key, std::string_view kid);

/// One number, a list of them, or one a line.
/// Errors: kDataLoss, naming number and field (not JSON, no decimal, not in (0, n^2), not coprime to n, an
/// exponent beyond paillier::kMaxExponent), ParametersError (none), ResourceError (more than `max_numbers`).
std::vector<paillier::EncryptedNumber> parse_phe_numbers(std::string_view text,
                                                         const paillier::PublicKey& key,
                                                         std::uint64_t max_numbers);
/// How several numbers are laid out: a JSON list, or an object a line.
enum class PheLayout { kList, kLines };
/// One number alone is an object in either layout, which `pheutil decrypt` takes.
std::string phe_numbers_json(std::span<const paillier::EncryptedNumber> numbers, PheLayout layout);

}  // namespace cloister::wire
