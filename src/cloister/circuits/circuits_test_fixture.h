#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <vector>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::circuits {

/// A small ring with all parties in one place.
class CircuitsTest : public ::testing::Test {
 protected:
  using Slots = std::vector<std::complex<double>>;

  static constexpr int kLog2Degree = 10;
  static constexpr int kLevels = 8;
  ThreadPool pool{2};
  std::shared_ptr<const ckks::Parameters> parameters = ckks::InsecureParametersForTests::create(
      {.log2_degree = kLog2Degree, .levels = kLevels, .scale_bits = 40, .first_prime_bits = 50, .digits = 3},
      scalar_kernels());
  Prng prng{Seed(Bytes32{}), 23};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::KeyGenerator generator{secret, pool};
  rlwe::EvaluationKeys keys;
  ckks::Encoder encoder{parameters, pool};
  ckks::Evaluator evaluator{parameters, &keys, pool};
  ckks::Decryptor decryptor{secret, encoder, pool};

  CircuitsTest() { keys.set_relinearization(generator.relinearization_key(prng, kLevels + 1)); }

  void add_rotations(const std::vector<std::int64_t>& steps) {
    for (const std::int64_t s : steps)
      keys.add_galois(
          generator.galois_key(rlwe::galois_element_of_rotation(s, kLog2Degree), prng, kLevels + 1));
  }

  double unit() { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }
  std::vector<double> random_real(double low, double high) {
    std::vector<double> out(parameters->slots());
    for (auto& v : out) v = low + (high - low) * (unit() + 1) / 2;
    return out;
  }
  Slots random_complex() {
    Slots out(parameters->slots());
    for (auto& v : out) v = {unit() / 2, unit() / 2};
    return out;
  }
  template <typename Values>
  ckks::Ciphertext encrypted(const Values& x, int level) {
    return ckks::encrypt(*parameters, secret, encoder.encode(x, level), prng, pool);
  }

  /// The result is in normal form at `level`, within its own bound of the exact slots, and the bound is
  /// below `most`.
  template <typename Values>
  void expect_result(const ckks::Ciphertext& c, const Values& exact, int level, double most) {
    EXPECT_EQ(c.parts.size(), 2u);
    EXPECT_EQ(c.level(), level);
    EXPECT_EQ(c.scale, parameters->scale_at(level));
    EXPECT_LT(c.bound.error, most);
    const auto got = decryptor.decrypt(c);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      ASSERT_LE(std::abs(got[i] - exact[i]), c.bound.error) << "slot " << i;
      ASSERT_LE(std::abs(exact[i]), c.bound.magnitude * (1 + 1e-12)) << "slot " << i;
    }
  }
};

}  // namespace cloister::circuits
