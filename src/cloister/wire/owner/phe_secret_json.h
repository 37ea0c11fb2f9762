#pragma once

#include <span>
#include <string_view>

#include "cloister/base/memory.h"
#include "cloister/paillier/owner/secret_key.h"

namespace cloister::wire {

// The JSON of python-paillier's private keys, for their owner. Versions from 1.3 have the factors, those
// before a multiple of the group's exponent and its inverse modulo n:
//
//   {"kty": "DAJ", "key_ops": ["decrypt"], "p": ..., "q": ..., "pub": <public key>, "kid": "<any text>"}
//   {"kty": "DAJ", "key_ops": ["decrypt"], "lambda": ..., "mu": ..., "pub": <public key>, "kid": "<any
//   text>"}

/// Reads either form. Checked: p q = n, or that lambda factors n and mu is its inverse; the conditions on
/// factors (paillier::SecretKey); that n is what the public half says. Secrets: the JSON library is given the
/// text without its long numbers; these stay in wiped memory. Variable time, once at loading. The caller
/// wipes `text`. Errors: as parse_phe_public_key.
paillier::SecretKey parse_phe_secret_key(std::span<const char> text);

/// The form with the factors, which python-paillier 1.3 and later read. It is in the clear: whoever has it
/// decrypts everything.
SecretBuffer<char> phe_secret_key_json(const paillier::SecretKey& key, std::string_view kid);

}  // namespace cloister::wire
