#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/ring/automorphism.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/encryption.h"

// The vectors are those of tests/vectors/ckks_kat.py, which shares no code with Cloister: big integers,
// schoolbook products and 200-bit trigonometry in Python.
namespace cloister::ckks {
namespace {

using Slots = std::vector<std::complex<double>>;
using Integers = std::vector<std::int64_t>;

class CkksKnownAnswers : public ::testing::Test {
 protected:
  nlohmann::json vectors = nlohmann::json::parse(std::ifstream(CLOISTER_VECTORS "/ckks_kat.json"));
  ThreadPool pool{1};
  std::shared_ptr<const Parameters> parameters =
      InsecureParametersForTests::create({.log2_degree = vectors["log2_degree"],
                                          .levels = vectors["levels"],
                                          .scale_bits = vectors["scale_bits"],
                                          .first_prime_bits = vectors["first_prime_bits"],
                                          .digits = 1},
                                         scalar_kernels());
  int top = parameters->max_level();
  Encoder encoder{parameters, pool};
  Evaluator evaluator{parameters, nullptr, pool};
  rlwe::SecretKey secret = read_secret();
  Decryptor decryptor{secret, encoder, pool};

  rlwe::SecretKey read_secret() {
    const auto values = vectors["secret"].get<std::vector<std::int8_t>>();
    SecretBuffer<std::int8_t> buffer(values.size());
    std::ranges::copy(values, buffer.data());
    return rlwe::SecretKey::from_coefficients(parameters->rlwe(), std::move(buffer), pool);
  }
  Integers integers(const char* name) { return vectors[name].get<Integers>(); }
  Slots slots(const char* name) {
    Slots out;
    for (const auto& pair : vectors[name]) out.emplace_back(pair[0].get<double>(), pair[1].get<double>());
    return out;
  }
  EvaluationPoly poly_of(const nlohmann::json& residues) {
    CoefficientPoly poly(parameters->ring(), {residues.size(), 0});
    for (std::size_t i = 0; i < residues.size(); ++i)
      std::ranges::copy(residues[i].get<std::vector<std::uint64_t>>(), poly.limb(i));
    return to_evaluation(std::move(poly), pool);
  }
  // A ciphertext as an engine of any make could have written it.
  Ciphertext ciphertext(const char* name, Scale scale) {
    Ciphertext out{{}, scale, {8, 0}, {}};
    for (const auto& part : vectors[name]) out.parts.push_back(poly_of(part));
    return out;
  }
  Scale top_scale() { return parameters->scale_at(top); }
  EvaluationPoly small(const Integers& x, std::size_t limbs) {
    return to_evaluation(from_small(parameters->ring(), {limbs, 0}, std::span<const std::int64_t>(x), pool),
                         pool);
  }

  static void expect_same(const EvaluationPoly& a, const EvaluationPoly& b) {
    ASSERT_EQ(a.limbs(), b.limbs());
    for (std::size_t i = 0; i < a.limbs().q; ++i)
      ASSERT_TRUE(std::ranges::equal(a.limb_span(i), b.limb_span(i))) << i;
  }
  // The transforms' rounding alone: their error in the mean square, log2 N stages of a few units of 2^-53
  // each, stays below 8 log2 N units of the largest slot.
  void expect_near(const Slots& got, const Slots& exact) {
    ASSERT_EQ(got.size(), exact.size());
    double largest = 0;
    for (const auto& v : exact) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_LE(std::abs(got[i] - exact[i]), 8 * parameters->ring()->log2_degree() * 0x1p-53 * largest) << i;
  }
};

TEST_F(CkksKnownAnswers, TheChainOfPrimesAndItsScales) {
  const auto primes = vectors["primes"].get<std::vector<std::uint64_t>>();
  EXPECT_EQ(parameters->rlwe()->spec().q_primes, primes);
  const auto scales = vectors["scales"].get<std::vector<double>>();
  for (int level = 0; level <= top; ++level)
    EXPECT_EQ(parameters->scale_at(level).value(), scales[static_cast<std::size_t>(level)]);
}

TEST_F(CkksKnownAnswers, EncodingRoundsTheCanonicalEmbedding) {
  const Plaintext p = encoder.encode(slots("slots"), top);
  expect_same(p.poly, small(integers("encoded"), p.poly.limbs().q));
  expect_near(encoder.decode(p), slots("encoded_slots"));
}

TEST_F(CkksKnownAnswers, DecryptionOfTwoAndThreeParts) {
  const Ciphertext c = ciphertext("ciphertext", top_scale());
  expect_same(rlwe::phase(secret, c.parts, 3, pool), small(integers("decrypted"), 3));
  expect_near(decryptor.decrypt(c), slots("decrypted_slots"));
  expect_near(decryptor.decrypt(ciphertext("tensor", top_scale() * top_scale())), slots("product_slots"));
}

TEST_F(CkksKnownAnswers, TheTensorProduct) {
  const Ciphertext product =
      evaluator.multiply_lazy(ciphertext("ciphertext", top_scale()), ciphertext("other", top_scale()));
  const Ciphertext expected = ciphertext("tensor", product.scale);
  ASSERT_EQ(product.parts.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) expect_same(product.parts[k], expected.parts[k]);
}

TEST_F(CkksKnownAnswers, RescalingRoundsToTheNearestInteger) {
  const Ciphertext rescaled = evaluator.rescale(ciphertext("ciphertext", top_scale()));
  const Ciphertext expected = ciphertext("rescaled", rescaled.scale);
  for (std::size_t k = 0; k < 2; ++k) expect_same(rescaled.parts[k], expected.parts[k]);
  expect_same(rlwe::phase(secret, rescaled.parts, 2, pool), small(integers("rescaled_phase"), 2));
}

TEST_F(CkksKnownAnswers, AutomorphismsMoveTheSlots) {
  const int log2_degree = parameters->ring()->log2_degree();
  const EvaluationPoly message = small(integers("encoded"), 3);
  const Automorphism by_one(log2_degree, rlwe::galois_element_of_rotation(1, log2_degree));
  const Automorphism conjugate(log2_degree, rlwe::galois_element_of_conjugation(log2_degree));
  expect_same(by_one.apply(message, pool), small(integers("rotated_by_1"), 3));
  expect_same(conjugate.apply(message, pool), small(integers("conjugated"), 3));

  Slots expected = slots("encoded_slots");
  const ValueBound bound{8, 0};
  for (auto& v : expected) v = std::conj(v);
  expect_near(encoder.decode({conjugate.apply(message, pool), top_scale(), bound}), expected);
  for (auto& v : expected) v = std::conj(v);
  std::ranges::rotate(expected, expected.begin() + 1);
  expect_near(encoder.decode({by_one.apply(message, pool), top_scale(), bound}), expected);
}

}  // namespace
}  // namespace cloister::ckks
