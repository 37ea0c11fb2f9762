#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cloister/paillier/encoding.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/evaluator.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/paillier/owner/encoding.h"
#include "cloister/paillier/owner/owner_noise.h"

namespace cloister::paillier {

inline constexpr DecodeLimits kTestLimits{.max_values = 1000, .max_columns = 20};

/// The known answers of tests/vectors/paillier_kat.py.
inline const nlohmann::json& known_answers() {
  static const nlohmann::json vectors =
      nlohmann::json::parse(std::ifstream(std::string(CLOISTER_VECTORS) + "/paillier_kat.json"));
  return vectors;
}

inline std::vector<std::uint8_t> known_bytes(const nlohmann::json& hex) {
  return from_hex(hex.get<std::string>());
}

inline BigInteger known_integer(const nlohmann::json& little_endian_hex) {
  auto bytes = known_bytes(little_endian_hex);
  std::ranges::reverse(bytes);
  return BigInteger::from_bytes(bytes);
}

/// One owner with the fixed 2048-bit key of the known answers, and a server with its public half.
/// Randomness is fixed by `seed`, so that every run does the same.
struct TestParties {
  explicit TestParties(std::uint8_t seed = 1, int threads = 2)
      : pool(threads),
        prng(Seed(Bytes32{seed})),
        key(load()),
        noise(key),
        encryptor(noise, pool),
        decryptor(key, pool),
        server(key.public_key(), pool) {}

  static SecretKey load() {
    const auto bytes = known_bytes(known_answers()["secret_key"]);
    ByteReader reader(bytes);
    return decode_secret_key(reader);
  }

  int bits() const { return key.public_key().modulus_bits(); }
  Packing single() const { return Packing::single(bits()); }

  ThreadPool pool;
  Prng prng;
  SecretKey key;
  OwnerNoise noise;
  Encryptor encryptor;
  Decryptor decryptor;
  Evaluator server;
};

}  // namespace cloister::paillier
