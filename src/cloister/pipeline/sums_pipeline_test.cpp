#include <filesystem>

#include "cloister/data/csv.h"
#include "cloister/data/split.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/pipeline/paillier_pipeline_test_fixture.h"

namespace cloister::pipeline {
namespace {

// Ordinary or ridge least squares of all rows in the clear, by QR on centred columns and sqrt(n ridge) I
// below them: another way than the one under test.
std::vector<double> clear_fit(const data::Examples& all, double ridge, double* intercept) {
  const std::size_t n = all.features.rows, d = all.features.columns;
  std::vector<double> means(d, 0.0);
  double target_mean = 0;
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t j = 0; j < d; ++j) means[j] += all.features(r, j) / static_cast<double>(n);
    target_mean += all.target[r] / static_cast<double>(n);
  }
  data::Matrix x(n + d, d);
  std::vector<double> y(n + d, 0.0);
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t j = 0; j < d; ++j) x(r, j) = all.features(r, j) - means[j];
    y[r] = all.target[r] - target_mean;
  }
  for (std::size_t j = 0; j < d; ++j) x(n + j, j) = std::sqrt(static_cast<double>(n) * ridge);
  auto weights = ml::solve_least_squares(x, y);
  *intercept = target_mean;
  for (std::size_t j = 0; j < d; ++j) *intercept -= weights[j] * means[j];
  return weights;
}

double clear_r2(const data::Examples& all, std::span<const double> weights, double intercept) {
  double mean = 0, residual = 0, spread = 0;
  for (const double y : all.target) mean += y / static_cast<double>(all.target.size());
  for (std::size_t r = 0; r < all.target.size(); ++r) {
    double margin = intercept;
    for (std::size_t j = 0; j < weights.size(); ++j) margin += weights[j] * all.features(r, j);
    residual += (all.target[r] - margin) * (all.target[r] - margin);
    spread += (all.target[r] - mean) * (all.target[r] - mean);
  }
  return 1 - residual / spread;
}

void expect_fit(const DecryptedRegression& got, const data::Examples& all, double ridge) {
  double intercept = 0;
  const auto weights = clear_fit(all, ridge, &intercept);
  ASSERT_EQ(got.model.weights.size(), weights.size());
  EXPECT_EQ(got.rows, all.features.rows);
  EXPECT_LE(got.error_bound, 1e-7);
  for (std::size_t j = 0; j < weights.size(); ++j)
    EXPECT_LE(std::abs(got.model.weights[j] - weights[j]), std::min(got.error_bound, 1e-9)) << j;
  EXPECT_LE(std::abs(got.model.intercept - intercept), std::min(got.error_bound, 1e-9));
  EXPECT_NEAR(got.r2, clear_r2(all, weights, intercept), 1e-9);
}

TEST_F(PaillierPipeline, SumsOfThreeOwnersGiveLeastSquaresOfAllRows) {
  plan_with_fixed_key(sums_request(200, 4));
  data::Examples all;
  std::vector<fs::path> parts;
  for (const std::size_t owner : {0, 1, 2}) {
    const auto rows = examples(40 + 20 * owner, 4, 10 + owner);
    const std::string name = "sums-" + std::to_string(owner) + ".enc";
    encrypt_sums(name, rows);
    parts.push_back(at(name));
    append(all, rows);
  }
  aggregate(parts);
  expect_fit(regression(), all, 0);
}

TEST_F(PaillierPipeline, RidgeLeavesTheInterceptAlone) {
  auto request = sums_request(100, 3);
  request.ridge = 0.5;
  plan_with_fixed_key(request);
  auto rows = examples(100, 3, 20);
  for (double& y : rows.target) y += 5;
  encrypt_sums("part.enc", rows);
  aggregate({at("part.enc")});
  expect_fit(regression(), rows, 0.5);
}

TEST_F(PaillierPipeline, TheAggregateIsRerandomized) {
  plan_with_fixed_key(sums_request(100, 2));
  encrypt_sums("part.enc", examples(50, 2, 21));
  aggregate({at("part.enc")});
  const PaillierSession session(load_plan(at("plan.json")), ml::Job::kAggregate, machine);
  const auto key = session.load_public_key(at("public.key"));
  const auto part = session.load_sums(at("part.enc"), key), total = session.load_sums(at("sums.enc"), key);
  for (std::size_t i = 0; i < part.moments.ciphertexts(); ++i)
    EXPECT_FALSE(std::ranges::equal(part.moments.ciphertext(i), total.moments.ciphertext(i)));
}

TEST_F(PaillierPipeline, SumsRefuseMoreRowsThanPlannedAndTheSameTwice) {
  plan_with_fixed_key(sums_request(100, 2));
  EXPECT_THROW(encrypt_sums("big.enc", examples(101, 2, 22)), PrecisionError);
  EXPECT_FALSE(fs::exists(at("big.enc")));
  encrypt_sums("a.enc", examples(60, 2, 23));
  encrypt_sums("b.enc", examples(60, 2, 24));
  EXPECT_THROW(aggregate({at("a.enc"), at("b.enc")}), PrecisionError);
  EXPECT_THROW(aggregate({at("a.enc"), at("a.enc")}), ParametersError);
  EXPECT_THROW(aggregate({}), ParametersError);
  EXPECT_FALSE(fs::exists(at("sums.enc")));
}

TEST_F(PaillierPipeline, DependentColumnsAreRefusedUnlessThereIsARidge) {
  auto rows = examples(50, 3, 25);
  for (std::size_t r = 0; r < 50; ++r) rows.features(r, 2) = rows.features(r, 0) - 2 * rows.features(r, 1);
  auto request = sums_request(50, 3);
  request.feature_bound = 32;
  plan_with_fixed_key(request);
  encrypt_sums("part.enc", rows);
  aggregate({at("part.enc")});
  EXPECT_THROW(regression(), PrecisionError);

  for (const char* file : {"plan.json", "secret.key", "public.key", "part.enc", "sums.enc"})
    fs::remove(at(file));
  request.ridge = 0.25;
  plan_with_fixed_key(request);
  encrypt_sums("part.enc", rows);
  aggregate({at("part.enc")});
  expect_fit(regression(), rows, 0.25);
}

TEST_F(PaillierPipeline, DamagedFilesAreRefused) {
  plan_with_fixed_key(sums_request(100, 2));
  encrypt_sums("part.enc", examples(50, 2, 29));
  const auto bytes = read_file(at("part.enc"), 1 << 20);
  const auto refused = [&](std::span<const std::uint8_t> damaged) {
    write_file(at("damaged.enc"), damaged, Overwrite::kReplace);
    EXPECT_THROW(aggregate({at("damaged.enc")}), Error);
    EXPECT_FALSE(fs::exists(at("sums.enc")));
  };
  for (std::size_t place = 0; place < bytes.size(); place += 61) {
    auto flipped = bytes.clone();
    flipped[place] ^= 1;
    refused(flipped.span());
    refused(bytes.span().first(place));
  }
  refused(read_file(at("public.key"), 1 << 20).span());
}

// The yardstick: the sums of several owners' rows give ordinary least squares.
TEST_F(SlowPaillierPipeline, SalariesOfThreeOwners) {
  const fs::path path = fs::path(CLOISTER_DEFAULT_DATA_DIR) / "employee_salary.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "the data folder is not there";
  const auto split = data::prepare_split(
      data::read_csv(path),
      {.target = "salary", .task = data::Task::kRegression, .drop = {}, .keep = {}, .clip = 16});
  plan_and_keys(sums_request(split.train.features.rows, 4));
  const std::size_t third = split.train.features.rows / 3, columns = 4;
  std::vector<fs::path> parts;
  for (std::size_t owner = 0; owner < 3; ++owner) {
    const std::size_t first = owner * third, count = owner == 2 ? split.train.features.rows - first : third;
    data::Examples own{data::Matrix(count, columns), {}, {}};
    std::copy_n(&split.train.features.values[first * columns], count * columns, own.features.values.begin());
    own.target.assign(&split.train.target[first], &split.train.target[first] + count);
    const std::string name = "sums-" + std::to_string(owner) + ".enc";
    encrypt_sums(name, own);
    parts.push_back(at(name));
  }
  aggregate(parts);
  const auto got = regression();
  expect_fit(got, split.train, 0);
  double intercept = 0;
  const auto weights = clear_fit(split.train, 0, &intercept);
  EXPECT_NEAR(clear_r2(split.test, got.model.weights, got.model.intercept),
              clear_r2(split.test, weights, intercept), 1e-6);
  EXPECT_GT(got.r2, 0.8);
}

TEST_F(SlowPaillierPipeline, SumsWithFreshKeysOfFullLength) {
  plan_and_keys(sums_request(100, 4));
  data::Examples all;
  for (const std::string part : {"a.enc", "b.enc"}) {
    const auto rows = examples(50, 4, static_cast<std::uint64_t>(part[0]));
    encrypt_sums(part, rows);
    append(all, rows);
  }
  aggregate({at("a.enc"), at("b.enc")});
  expect_fit(regression(), all, 0);
}

}  // namespace
}  // namespace cloister::pipeline
