#include <gtest/gtest.h>

#include <cmath>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/predictor.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::ml {
namespace {

constexpr int kLog2Degree = 9;  // a small, insecure ring: what is tested here is the algorithm

class Parties {
 public:
  Parties(int levels, std::size_t columns, std::uint64_t rows, RotationKeys rotation_keys) {
    parameters = ckks::InsecureParametersForTests::create(
        {.log2_degree = kLog2Degree, .levels = levels, .scale_bits = 45, .first_prime_bits = 55, .digits = 4},
        scalar_kernels());
    layout.packing = RowPacking::create(parameters->slots(), columns);
    layout.rows = rows;
    secret.emplace(rlwe::SecretKey::generate(parameters->rlwe(), prng, pool));
    encoder.emplace(parameters, pool);
    layout.rotations = rotation_basis(layout.packing, rotation_keys, true);
    const rlwe::KeyGenerator generator(*secret, pool);
    const auto limbs = static_cast<std::size_t>(levels) + 1;
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    for (const auto s : layout.rotations.steps())
      keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(s, kLog2Degree), prng, limbs));
    evaluator.emplace(parameters, &keys, pool);
  }

  ckks::Ciphertext encrypt_block(const data::Matrix& rows, std::size_t block, int level) {
    return ckks::encrypt(*parameters, *secret, encoder->encode(layout.packing.pack(rows, block), level), prng,
                         pool);
  }
  std::vector<double> decrypt(const ckks::Ciphertext& c) {
    return ckks::Decryptor(*secret, *encoder, pool).decrypt_real(c);
  }

  ThreadPool pool{2};
  Prng prng{Seed(Bytes32{}), 11};
  TrainingLayout layout;
  std::shared_ptr<const ckks::Parameters> parameters;
  std::optional<rlwe::SecretKey> secret;
  std::optional<ckks::Encoder> encoder;
  rlwe::EvaluationKeys keys;
  std::optional<ckks::Evaluator> evaluator;
};

class MemoryBlocks final : public BlockSource {
 public:
  std::vector<ckks::Ciphertext> ciphertexts;
  std::size_t blocks() const override { return ciphertexts.size(); }
  ckks::Ciphertext load(std::size_t block) const override { return ciphertexts[block].clone(); }
};

double unit(Prng& prng) { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }

data::Matrix random_features(std::size_t rows, std::size_t columns, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  data::Matrix out(rows, columns);
  for (auto& v : out.values) v = std::sqrt(3.0) * unit(prng);  // mean 0, variance 1
  return out;
}

class EncryptedLogistic : public ::testing::TestWithParam<int> {};

TEST_P(EncryptedLogistic, EqualsTheClearAlgorithm) {
  const int degree = GetParam();
  // 100 rows of 4 columns in two ciphertexts of 64 rows each.
  const data::Matrix features = random_features(100, 3, 21);
  std::vector<double> labels(100);
  Prng prng(Seed(Bytes32{}), 22);
  for (std::size_t i = 0; i < 100; ++i)
    labels[i] = features(i, 0) - features(i, 1) + unit(prng) > 0.2 ? 1 : 0;
  const data::Matrix rows = signed_rows(features, labels);
  const LogisticSchedule schedule =
      plan_logistic({.features = 4, .iterations = 4, .degree = degree, .ridge = 0.01});
  const LogisticTrace clear = train_logistic(rows, schedule);
  ASSERT_LT(clear.largest_margin, schedule.sigmoid.range);

  const int levels = LogisticTrainer::levels(degree, 4) + kPredictionLevels;
  Parties p(levels, 4, 100,
            degree == 3   ? RotationKeys::kFew
            : degree == 5 ? RotationKeys::kBinary
                          : RotationKeys::kQuaternary);
  p.layout.state_scale = 8;
  p.layout.weights = {16, 1e-4};
  MemoryBlocks blocks;
  for (std::size_t b = 0; b < p.layout.packing.ciphertexts(100); ++b)
    blocks.ciphertexts.push_back(p.encrypt_block(rows, b, levels));
  ASSERT_EQ(blocks.blocks(), 2u);
  NoProgress progress;
  const auto model = LogisticTrainer(schedule, p.layout, *p.evaluator, *p.encoder).train(blocks, progress);
  EXPECT_EQ(model.level(), kPredictionLevels);
  const auto slots = p.decrypt(model);
  // 45-bit scale at N = 512: about 2^-45 * 2^9 an operation, some 100 operations.
  for (std::size_t i = 0; i < slots.size(); ++i)
    ASSERT_NEAR(slots[i] / 8, clear.weights.back()[i % 4], 1e-7) << i;

  const Predictor predictor(p.layout, *p.evaluator, *p.encoder);
  const data::Matrix unseen = with_intercept(random_features(64, 3, 23));
  const auto expected = margins(unseen, clear.weights.back());
  const auto encrypted_rows = p.encrypt_block(unseen, 0, kPredictionLevels);
  for (const auto& prediction : {predictor.predict(encrypted_rows, model, {32, 1e-3}),
                                 predictor.predict(encrypted_rows, clear.weights.back(), {32, 1e-3})}) {
    EXPECT_EQ(prediction.level(), 0);
    const auto got = p.decrypt(prediction);
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], i % 4 == 0 ? expected[i / 4] : 0, 1e-6) << i;
  }
}

TEST(EncryptedLogisticSchedule, MiniBatchesAreRefused) {
  Parties p(4, 4, 100, RotationKeys::kFew);
  const LogisticSchedule schedule = plan_logistic({.features = 4, .iterations = 4, .batches = 2});
  EXPECT_THROW(LogisticTrainer(schedule, p.layout, *p.evaluator, *p.encoder), ParametersError);
}

INSTANTIATE_TEST_SUITE_P(Degrees, EncryptedLogistic, ::testing::Values(3, 5, 7),
                         [](const auto& degree) { return "Degree" + std::to_string(degree.param); });

class EncryptedLinear : public ::testing::TestWithParam<std::tuple<std::size_t, double>> {};

TEST_P(EncryptedLinear, EqualsTheClearIteration) {
  const auto [features, ridge] = GetParam();
  const std::size_t n = 90;
  const data::Matrix x = random_features(n, features, 31);
  data::Matrix rows(n, features + 1);
  std::vector<double> y(n);
  Prng prng(Seed(Bytes32{}), 32);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = 0.2 * unit(prng);
    for (std::size_t j = 0; j < features; ++j) {
      rows(i, j) = x(i, j);
      y[i] += x(i, j) * (j % 2 == 0 ? 0.5 : -0.25);
    }
    rows(i, features) = y[i];
  }
  const LinearSchedule schedule = plan_linear({.features = features, .iterations = 3, .ridge = ridge});
  const auto clear = chebyshev_iterates(normal_equations(x, y, ridge), schedule);

  const int levels = LinearTrainer::levels(3) + kPredictionLevels;
  const std::size_t width = std::bit_ceil(features + 1);
  Parties p(levels, features + 1, n, ridge == 0 ? RotationKeys::kFew : RotationKeys::kQuaternary);
  p.layout.state_scale = 4;
  p.layout.weights = {4, 1e-4};
  MemoryBlocks blocks;
  for (std::size_t b = 0; b < p.layout.packing.ciphertexts(n); ++b)
    blocks.ciphertexts.push_back(p.encrypt_block(rows, b, levels));
  NoProgress progress;
  const auto model = LinearTrainer(schedule, p.layout, *p.evaluator, *p.encoder).train(blocks, progress);
  EXPECT_EQ(model.level(), kPredictionLevels);
  const auto slots = p.decrypt(model);
  for (std::size_t i = 0; i < slots.size(); ++i)
    ASSERT_NEAR(slots[i] / 4, i % width < features ? clear.back()[i % width] : 0, 1e-7) << i;
}

INSTANTIATE_TEST_SUITE_P(Shapes, EncryptedLinear,
                         ::testing::Values(std::tuple{std::size_t{3}, 0.0}, std::tuple{std::size_t{4}, 0.1},
                                           std::tuple{std::size_t{1}, 0.0}));

TEST(CubicFactors, MultiplyBackToTheCubic) {
  for (const auto& [b, c, d] : {std::tuple{1.0, 2.0, 3.0}, std::tuple{-6.0, 11.0, -6.0},
                                std::tuple{0.0, 0.0, 0.0}, std::tuple{-2.5, 2.1, -0.7}}) {
    const CubicFactors f = factor_monic_cubic(b, c, d);
    EXPECT_NEAR(f.root + f.p, b, 1e-9);
    EXPECT_NEAR(f.root * f.p + f.q, c, 1e-9);
    EXPECT_NEAR(f.root * f.q, d, 1e-9);
  }
}

}  // namespace
}  // namespace cloister::ml
