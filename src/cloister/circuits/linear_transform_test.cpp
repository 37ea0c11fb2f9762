#include "cloister/circuits/linear_transform.h"

#include <algorithm>

#include "cloister/circuits/circuits_test_fixture.h"
#include "cloister/ckks/noise.h"
#include "cloister/rlwe/noise.h"

namespace cloister::circuits {
namespace {

class LinearTransformTest : public CircuitsTest {
 protected:
  using Diagonals = std::map<std::int64_t, LinearTransform::Diagonal>;

  Slots expected(const Diagonals& diagonals, const Slots& x) {
    const auto n = static_cast<std::int64_t>(x.size());
    Slots out(x.size());
    for (const auto& [d, diagonal] : diagonals)
      for (std::int64_t i = 0; i < n; ++i)
        out[static_cast<std::size_t>(i)] +=
            diagonal[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(((i + d) % n + n) % n)];
    return out;
  }
  Diagonals random_diagonals(const std::vector<std::int64_t>& indices) {
    Diagonals out;
    for (const std::int64_t d : indices) out.emplace(d, random_complex());
    return out;
  }
  ckks::Ciphertext apply(const LinearTransform& transform, const ckks::Ciphertext& x, int level) {
    add_rotations(transform.rotations());
    return EncodedLinearTransform(transform, encoder, level).apply(evaluator, x);
  }
};

TEST_F(LinearTransformTest, SumsItsDiagonalsWhereverTheyLie) {
  const auto n = static_cast<std::int64_t>(parameters->slots());
  const std::vector<std::vector<std::int64_t>> shapes{{0},
                                                      {7},
                                                      {0, 1, 2, 3},  // only baby steps
                                                      {-1},          // only a giant step, which rotates
                                                      {-1, 0},       // only giant steps
                                                      {-1, 0, 1},
                                                      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
                                                      {-48, -16, 0, 32, 64},
                                                      {n / 2, n - 1, -n / 2 + 3, 2 * n + 5}};
  for (const auto& shape : shapes) {
    const auto diagonals = random_diagonals(shape);
    const Slots x = random_complex();
    const auto result = apply(LinearTransform(diagonals, parameters->slots()), encrypted(x, 3), 3);
    expect_result(result, expected(diagonals, x), 2, 1e-6);
  }
}

TEST_F(LinearTransformTest, TakesOneLevelAndBringsHigherOperandsDown) {
  const auto diagonals = random_diagonals({0, 1, 2, 3});
  const LinearTransform transform(diagonals, parameters->slots());
  const Slots x = random_complex();
  expect_result(apply(transform, encrypted(x, kLevels), 1), expected(diagonals, x), 0, 1e-6);
  EXPECT_THROW(EncodedLinearTransform(transform, encoder, 0), LevelExhaustedError);
  const EncodedLinearTransform encoded(transform, encoder, 4);
  EXPECT_THROW(encoded.apply(evaluator, encrypted(x, 3)), LevelExhaustedError);
}

TEST_F(LinearTransformTest, MultipliesRepeatedVectorsByAMatrix) {
  constexpr std::size_t kDimension = 16;
  std::vector<double> matrix(kDimension * kDimension), x(kDimension);
  for (auto& v : matrix) v = unit();
  for (auto& v : x) v = unit();
  std::vector<double> repeated(parameters->slots()), exact(parameters->slots());
  for (std::size_t i = 0; i < repeated.size(); ++i) {
    repeated[i] = x[i % kDimension];
    for (std::size_t j = 0; j < kDimension; ++j) exact[i] += matrix[i % kDimension * kDimension + j] * x[j];
  }
  const auto transform =
      LinearTransform::from_matrix(std::span<const double>(matrix), kDimension, parameters->slots());
  EXPECT_EQ(transform.rotations(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  expect_result(apply(transform, encrypted(repeated, 2), 2), exact, 1, 1e-6);
}

TEST_F(LinearTransformTest, AZeroMatrixEntryCostsNothing) {
  std::vector<double> matrix(16);
  for (std::size_t i = 0; i < 4; ++i) matrix[i * 4 + (i + 2) % 4] = 1;
  const auto transform =
      LinearTransform::from_matrix(std::span<const double>(matrix), 4, parameters->slots());
  EXPECT_EQ(transform.diagonals().size(), 1u);
  EXPECT_EQ(transform.rotations(), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(transform.row_norm(), 1);
}

TEST_F(LinearTransformTest, PlansFewRotations) {
  std::vector<std::int64_t> dense(256), spaced;
  for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<std::int64_t>(i);
  for (std::int64_t i = -8; i < 8; ++i) spaced.push_back(i * 32);
  const std::size_t slots = 4096;
  // At a third of a giant step's cost: 31 baby and 7 giant steps rather than 15 of each, or 63 and 3.
  EXPECT_EQ(BabyStepGiantStep::choose(dense, slots).giant_stride, 32);
  EXPECT_EQ(BabyStepGiantStep::choose(dense, slots).rotations(dense).size(), 38u);
  EXPECT_EQ(BabyStepGiantStep::choose(spaced, slots).giant_stride, 8 * 32);
  EXPECT_EQ(BabyStepGiantStep::choose(spaced, slots).rotations(spaced).size(), 8u);
  for (const std::int64_t d : {-2048, -33, -1, 0, 5, 4095}) {
    const auto plan = BabyStepGiantStep::choose(dense, slots);
    EXPECT_EQ((plan.baby(d) + plan.giant(d) - d) % 4096, 0);
    EXPECT_EQ(plan.giant(d) % plan.giant_stride, 0);
  }
}

// How far a result is from the map of what its operand decrypts to: the last rounding, the errors of the baby
// steps' keys and the diagonals' rounding; a giant step's own is at the product's scale. A rounding of each
// baby step, as without double hoisting, would show: it would add 9 / 6 of the last one, where the rest is
// about 5 / 2 of that.
TEST_F(LinearTransformTest, RoundsOnce) {
  constexpr int kRuns = 100, kLevel = 3;
  const LinearTransform transform(random_diagonals({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}),
                                  parameters->slots());
  add_rotations(transform.rotations());
  const EncodedLinearTransform encoded(transform, encoder, kLevel);
  double measured = 0, squares = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto operand = encrypted(random_complex(), kLevel);
    const auto result = encoded.apply(evaluator, operand);
    const Slots x = decryptor.decrypt(operand), exact = expected(transform.diagonals(), x);
    const Slots got = decryptor.decrypt(result);
    for (std::size_t i = 0; i < x.size(); ++i) {
      measured += std::norm(got[i] - exact[i]) / static_cast<double>(x.size() * kRuns);
      squares += std::norm(x[i]) / static_cast<double>(x.size() * kRuns);
    }
  }
  double rotated = 0;  // mean square of a row, over the diagonals whose baby step has a key
  for (const auto& [d, diagonal] : transform.diagonals())
    if (transform.plan().baby(d) != 0)
      for (const auto& v : diagonal) rotated += std::norm(v) / static_cast<double>(parameters->slots());
  const double n = static_cast<double>(parameters->ring()->degree());
  const double s = parameters->scale_at(kLevel).value(), after = parameters->scale_at(kLevel - 1).value();
  const double variance = n * rlwe::rounding_variance(*parameters->rlwe()) / (after * after) +
                          n * rotated * rlwe::key_error_variance(*parameters->rlwe(), kLevel + 1) / (s * s) +
                          n * static_cast<double>(transform.diagonals().size()) * squares / 12 / (s * s);
  // Slots' errors are products of two Gaussians, whose squares have a relative variance of 3, so that of
  // their mean over N / 2 slots and all runs is 6 / (N runs). All runs share the secret's norm, 1 / (2 N),
  // and three keys' errors, 2 / (3 N) together. Six deviations; the seed is fixed.
  EXPECT_NEAR(measured / variance, 1, 6 * std::sqrt(6 / (n * kRuns) + 1 / (2 * n) + 2 / (3 * n)));
}

TEST_F(LinearTransformTest, IsTheSameForAnyNumberOfThreads) {
  const LinearTransform transform(random_diagonals({-5, 0, 1, 2, 17, 40, 41}), parameters->slots());
  add_rotations(transform.rotations());
  const EncodedLinearTransform encoded(transform, encoder, 4);
  const auto x = encrypted(random_complex(), 4);
  const auto first = encoded.apply(evaluator, x);
  for (const int threads : {1, 3, 8}) {
    const ThreadPool others(threads);
    const auto result = encoded.apply(ckks::Evaluator(parameters, &keys, others), x);
    for (std::size_t part = 0; part < 2; ++part)
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_TRUE(std::ranges::equal(result.parts[part].limb_span(i), first.parts[part].limb_span(i)));
    EXPECT_EQ(result.bound, first.bound);
  }
}

TEST_F(LinearTransformTest, NamesTheRotationThatHasNoKey) {
  const LinearTransform transform(random_diagonals({0, 1, 2, 3}), parameters->slots());
  const EncodedLinearTransform encoded(transform, encoder, 1);
  const auto x = encrypted(random_complex(), 1);
  add_rotations({1, 2});
  try {
    encoded.apply(evaluator, x);
    FAIL();
  } catch (const MissingKeyError& e) {
    EXPECT_EQ(e.galois_element(), rlwe::galois_element_of_rotation(3, kLog2Degree));
    EXPECT_NE(std::string(e.what()).find("rotate by 3"), std::string::npos);
  }
  EXPECT_THROW(encoded.apply(ckks::Evaluator(parameters, nullptr, pool), x), MissingKeyError);
}

TEST_F(LinearTransformTest, NeedsExactlyTheKeysItNames) {
  const LinearTransform transform(random_diagonals({0, 1, 5, 6, -3}), parameters->slots());
  const auto steps = transform.rotations();
  const EncodedLinearTransform encoded(transform, encoder, 1);
  EXPECT_EQ(encoded.rotations(), steps);
  const auto x = encrypted(random_complex(), 1);
  for (const std::int64_t missing : steps) {
    keys = rlwe::EvaluationKeys();
    std::vector<std::int64_t> others;
    std::ranges::copy_if(steps, std::back_inserter(others), [&](std::int64_t s) { return s != missing; });
    add_rotations(others);
    EXPECT_THROW(encoded.apply(evaluator, x), MissingKeyError) << missing;
  }
  keys = rlwe::EvaluationKeys();
  add_rotations(steps);
  EXPECT_NO_THROW(encoded.apply(evaluator, x));
}

TEST_F(LinearTransformTest, RefusesWhatHasNoMeaning) {
  const std::size_t slots = parameters->slots();
  const LinearTransform::Diagonal one(slots, 1.0), zero(slots), short_one(slots - 1, 1.0);
  LinearTransform::Diagonal bad = one;
  bad[3] = NAN;
  EXPECT_THROW(LinearTransform({}, slots), ParametersError);
  EXPECT_THROW(LinearTransform({{0, one}, {1, zero}}, slots), ParametersError);
  EXPECT_THROW(LinearTransform({{0, short_one}}, slots), ParametersError);
  EXPECT_THROW(LinearTransform({{0, bad}}, slots), ParametersError);
  EXPECT_THROW(LinearTransform({{1, one}, {1 - static_cast<std::int64_t>(slots), one}}, slots),
               ParametersError);
  const std::vector<double> zeros(9), entries(9, 1.0);
  EXPECT_THROW(LinearTransform::from_matrix(std::span<const double>(entries), 3, slots), ParametersError);
  EXPECT_THROW(LinearTransform::from_matrix(std::span<const double>(entries), 4, slots), ParametersError);
  EXPECT_THROW(LinearTransform::from_matrix(std::span<const double>(zeros).first(4), 2, slots),
               ParametersError);
  const LinearTransform small({{0, LinearTransform::Diagonal(4, 1.0)}}, 4);
  EXPECT_THROW(EncodedLinearTransform(small, encoder, 1), ParametersError);
}

}  // namespace
}  // namespace cloister::circuits
