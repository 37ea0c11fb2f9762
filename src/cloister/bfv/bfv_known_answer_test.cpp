#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cloister/bfv/internal/scaled_message.h"
#include "cloister/bfv/testing/parties.h"
#include "cloister/ring/automorphism.h"
#include "cloister/ring/poly_ops.h"

// The vectors are those of tests/vectors/bfv_kat.py, which shares no code with Cloister: big integers and
// schoolbook products in Python.
namespace cloister::bfv {
namespace {

using Values = std::vector<std::uint64_t>;

class BfvKnownAnswers : public ::testing::Test {
 protected:
  nlohmann::json vectors = nlohmann::json::parse(std::ifstream(CLOISTER_VECTORS "/bfv_kat.json"));
  ThreadPool pool{1};
  std::shared_ptr<const Parameters> parameters = parameters_of("plaintext_modulus");
  Encoder encoder{parameters};
  Evaluator evaluator{parameters, nullptr, pool};
  rlwe::SecretKey secret = read_secret();
  Decryptor decryptor{parameters, secret, pool};

  std::shared_ptr<const Parameters> parameters_of(const char* plaintext_modulus) {
    return InsecureParametersForTests::create({vectors[plaintext_modulus].get<std::uint64_t>(),
                                               {.log2_degree = vectors["log2_degree"].get<int>(),
                                                .q_primes = values("primes"),
                                                .p_primes = {vectors["special"].get<std::uint64_t>()},
                                                .digits = 3}},
                                              scalar_kernels());
  }
  rlwe::SecretKey read_secret() {
    const auto coefficients = vectors["secret"].get<std::vector<std::int8_t>>();
    SecretBuffer<std::int8_t> buffer(coefficients.size());
    std::ranges::copy(coefficients, buffer.data());
    return rlwe::SecretKey::from_coefficients(parameters->rlwe(), std::move(buffer), pool);
  }
  Values values(const char* name) { return vectors[name].get<Values>(); }
  EvaluationPoly poly_of(const Parameters& of, const nlohmann::json& residues) {
    CoefficientPoly poly(of.ring(), {residues.size(), 0});
    for (std::size_t i = 0; i < residues.size(); ++i)
      std::ranges::copy(residues[i].get<Values>(), poly.limb(i));
    return to_evaluation(std::move(poly), pool);
  }
  // A ciphertext as an engine of any make could have written it.
  Ciphertext ciphertext(const char* name) {
    Ciphertext out{{}, fresh_secret_noise(*parameters), {}};
    for (const auto& part : vectors[name]) out.parts.push_back(poly_of(*parameters, part));
    return out;
  }
  static void expect_same(const EvaluationPoly& a, const EvaluationPoly& b) {
    ASSERT_EQ(a.limbs(), b.limbs());
    for (std::size_t i = 0; i < a.limbs().q; ++i)
      ASSERT_TRUE(std::ranges::equal(a.limb_span(i), b.limb_span(i))) << i;
  }
  void expect_decrypts(const char* name, const char* message, const char* budget) {
    const auto c = ciphertext(name);
    EXPECT_EQ(encoder.decode_coefficients(decryptor.decrypt(c)), values(message)) << name;
    // Logarithms of numbers that doubles hold to 2^-52.
    EXPECT_NEAR(decryptor.noise_budget_bits(c), vectors[budget].get<double>(), 1e-9) << name;
  }
};

TEST_F(BfvKnownAnswers, EncodingInterpolates) {
  const auto plaintext = encoder.encode(values("slots"));
  EXPECT_EQ(encoder.decode_coefficients(plaintext), values("message"));
  EXPECT_EQ(encoder.decode(encoder.encode_coefficients(values("message"))), values("slots"));
}

TEST_F(BfvKnownAnswers, MessagesAreScaledToTheNearestInteger) {
  expect_same(internal::scaled_message(*parameters, encoder.encode(values("slots")), 2, pool),
              poly_of(*parameters, vectors["scaled"]));
  const auto other = parameters_of("other_modulus");
  expect_same(
      internal::scaled_message(*other, Encoder(other).encode_coefficients(values("coefficients")), 2, pool),
      poly_of(*other, vectors["coefficients_scaled"]));
}

TEST_F(BfvKnownAnswers, DecryptionOfTwoAndThreePartsWithItsExactBudget) {
  expect_decrypts("ciphertext", "message", "budget");
  expect_decrypts("product", "product_message", "product_budget");
  expect_decrypts("switched", "message", "switched_budget");
}

TEST_F(BfvKnownAnswers, ModulusSwitchesRoundToTheNearestInteger) {
  const auto switched = evaluator.modulus_switch(ciphertext("ciphertext"), 1);
  const auto expected = ciphertext("switched");
  for (std::size_t k = 0; k < 2; ++k) expect_same(switched.parts[k], expected.parts[k]);
}

// Products in residues are rounded at other places than those of whole integers. What they decrypt to is the
// same, and so is the noise but for the rounding to R, 2^12 times Q: at most N/2 + 1 = 17 in a coefficient
// beside an error of 21 at most, and about 5 where it is largest in a slot: 17 / 5 / 2^12 of the noise.
TEST_F(BfvKnownAnswers, Products) {
  const auto product = evaluator.multiply_lazy(ciphertext("ciphertext"), ciphertext("other"));
  EXPECT_EQ(encoder.decode_coefficients(decryptor.decrypt(product)), values("product_message"));
  EXPECT_NEAR(decryptor.noise_budget_bits(product), vectors["product_budget"].get<double>(),
              std::log2(1 + 17.0 / 5 / 4096));
}

TEST_F(BfvKnownAnswers, AutomorphismsMoveTheSlots) {
  const int log2_degree = parameters->ring()->log2_degree();
  const auto moved = [&](std::uint64_t element) {
    auto c = ciphertext("ciphertext");
    const Automorphism automorphism(log2_degree, element);
    // Under the moved secret: what is decrypted is the moved phase.
    EvaluationPoly s(parameters->ring(), {3, 0});
    for (std::size_t i = 0; i < 3; ++i) std::copy_n(secret.evaluation().limb(i), s.degree(), s.limb(i));
    mul(c.parts[1], s, c.parts[1], pool);
    add(c.parts[0], c.parts[1], c.parts[0], pool);
    c.parts[0] = automorphism.apply(c.parts[0], pool);
    c.parts[1] = EvaluationPoly(parameters->ring(), {3, 0});
    return encoder.decode_coefficients(decryptor.decrypt(c));
  };
  EXPECT_EQ(moved(rlwe::galois_element_of_rotation(1, log2_degree)), values("rotated"));
  EXPECT_EQ(moved(rlwe::galois_element_of_conjugation(log2_degree)), values("exchanged"));
}

}  // namespace
}  // namespace cloister::bfv
