#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "cloister/bfv/encoder.h"
#include "cloister/bfv/evaluator.h"
#include "cloister/bfv/noise.h"
#include "cloister/bfv/owner/decryptor.h"
#include "cloister/bfv/owner/secret_encryptor.h"
#include "cloister/bfv/rotations.h"
#include "cloister/bfv/testing/insecure_parameters.h"
#include "cloister/math/primes.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::bfv {

/// A chain of so many primes of Q of so many bits, in digits of one, and a special one.
inline rlwe::ParametersSpec test_chain(int log2_degree, int primes, int bits, int special_bits) {
  rlwe::ParametersSpec out{.log2_degree = log2_degree, .q_primes = {}, .p_primes = {}, .digits = primes};
  const std::uint64_t step = std::uint64_t{2} << log2_degree;
  for (int i = 0; i < primes; ++i)
    out.q_primes.push_back(nearest_prime(std::exp2(bits - 0.01), step, out.q_primes));
  out.p_primes.push_back(nearest_prime(std::exp2(special_bits - 0.01), step, out.q_primes));
  return out;
}

/// All parties over given parameters; everything is determined by `stream`.
struct Parties {
  explicit Parties(std::shared_ptr<const Parameters> p, int threads = 2, std::uint64_t stream = 5)
      : pool(threads), parameters(std::move(p)), prng(Seed(Bytes32{}), stream) {
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    const auto columns = rlwe::galois_element_of_conjugation(parameters->ring()->log2_degree());
    keys.add_galois(generator.galois_key(columns, prng, limbs));
  }
  void add_rotation_key(std::int64_t steps) {
    const auto element = rlwe::galois_element_of_rotation(steps, parameters->ring()->log2_degree());
    keys.add_galois(generator.galois_key(element, prng, limbs));
  }
  std::uint64_t t() const { return parameters->plaintext_modulus().value(); }
  std::vector<std::uint64_t> random_values() {
    std::vector<std::uint64_t> out(encoder.slots());
    for (auto& v : out) v = prng.next_u64() % t();
    return out;
  }
  Ciphertext encrypt(const Plaintext& plaintext) {
    return bfv::encrypt(*parameters, secret, plaintext, prng, pool);
  }
  Ciphertext encrypt(const std::vector<std::uint64_t>& values) { return encrypt(encoder.encode(values)); }

  ThreadPool pool;
  std::shared_ptr<const Parameters> parameters;
  std::size_t limbs = parameters->ring()->q_count();
  Prng prng;
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::KeyGenerator generator{secret, pool};
  rlwe::EvaluationKeys keys;
  Encoder encoder{parameters};
  Evaluator evaluator{parameters, &keys, pool};
  Rotations rotations{evaluator};
  Decryptor decryptor{parameters, secret, pool};
};

}  // namespace cloister::bfv
