#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "cloister/base/testing/temporary_folder.h"
#include "cloister/data/csv.h"
#include "cloister/data/split.h"
#include "cloister/ml/clear_linear.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/testing/test_parties.h"
#include "cloister/pipeline/owner/paillier_owner.h"
#include "cloister/pipeline/paillier_server.h"
#include "cloister/pipeline/paillier_session.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {
namespace {

namespace fs = std::filesystem;
using paillier::TestParties;

constexpr int kTestBits = 2048;  // of the fixed key

double unit(Prng& prng) { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }

// Columns of variance one and mean 0.1 column, and a target that depends on them.
data::Examples examples(std::size_t rows, std::size_t features, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  data::Examples out;
  out.features = data::Matrix(rows, features);
  for (std::size_t i = 0; i < rows; ++i) {
    double y = 0.3 * unit(prng) - 0.2;
    for (std::size_t j = 0; j < features; ++j) {
      out.features(i, j) = std::sqrt(3.0) * unit(prng) + 0.1 * static_cast<double>(j);
      y += out.features(i, j) * (j % 2 == 0 ? 0.5 : -0.3);
    }
    out.target.push_back(y);
  }
  return out;
}

void append(data::Examples& to, const data::Examples& more) {
  to.features.rows += more.features.rows;
  to.features.columns = more.features.columns;
  to.features.values.insert(to.features.values.end(), more.features.values.begin(),
                            more.features.values.end());
  to.target.insert(to.target.end(), more.target.begin(), more.target.end());
}

ml::JobRequest predict_request(ml::ModelKind model, std::uint32_t features) {
  return {.model = model, .scheme = ml::Scheme::kPaillier, .job = ml::Job::kPredict, .features = features};
}
ml::JobRequest sums_request(std::uint64_t rows, std::uint32_t features) {
  return {.model = ml::ModelKind::kLinear,
          .scheme = ml::Scheme::kPaillier,
          .job = ml::Job::kAggregate,
          .rows = rows,
          .features = features};
}

// One owner of a key, further owners who have its public part, and a server, in one folder.
class PaillierPipeline : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) const { return folder / name; }

  // A plan, and the fixed key in the files that generate_paillier_keys would write.
  void plan_with_fixed_key(const ml::JobRequest& request) {
    const ml::Plan plan = ml::plan_paillier(request, kTestBits);
    save_plan(at("plan.json"), plan);
    save_fixed_key(plan, wire::Protection::none_at_callers_word());
  }
  void save_fixed_key(const ml::Plan& plan, const wire::Protection& protection) {
    const auto secret = TestParties::load();
    wire::save_secret(at("secret.key"), paillier::encode_secret_key(secret).span(),
                      wire::PayloadType::kPaillierSecretKey, plan.id(), protection);
    PaillierSession(plan, plan.request.job, machine).save_public_key(at("public.key"), secret.public_key());
  }
  void replace_plan(const ml::JobRequest& request) {
    save_plan(at("plan.json"), ml::plan_paillier(request, kTestBits), Overwrite::kReplace);
  }

  ClearModel server_model(ml::ModelKind kind, std::size_t features) {
    ClearModel model{kind, {}, {}, -0.75};
    for (std::size_t j = 0; j < features; ++j)
      model.weights.push_back(j % 2 == 0 ? 0.31 * (j + 1.0) : -1.7 / (j + 1.0));
    save_clear_model(at("model.json"), model);
    return model;
  }
  PaillierEncryptFiles to(const std::string& name, bool with_secret = false) const {
    PaillierEncryptFiles files{at("plan.json"), at("public.key"), std::nullopt, at(name)};
    if (with_secret) files.secret_key = at("secret.key");
    return files;
  }
  void encrypt_rows(const data::Matrix& rows, bool with_secret = true) {
    encrypt_paillier_rows(to("rows.enc", with_secret), rows, nullptr, machine);
  }
  void predict() {
    predict_paillier(
        {at("plan.json"), at("public.key"), at("rows.enc"), at("model.json"), at("predictions.enc")},
        machine);
  }
  DecryptedPredictions predictions(const wire::Passphrase* passphrase = nullptr) {
    return decrypt_paillier_predictions({at("plan.json"), at("secret.key"), at("predictions.enc")},
                                        passphrase, machine);
  }
  void encrypt_sums(const std::string& name, const data::Examples& rows) {
    encrypt_paillier_sums(to(name), rows, nullptr, machine);
  }
  void aggregate(std::vector<fs::path> sums) {
    aggregate_paillier({at("plan.json"), at("public.key"), std::move(sums), at("sums.enc")}, machine);
  }
  DecryptedRegression regression() {
    return decrypt_paillier_sums({at("plan.json"), at("secret.key"), at("sums.enc")}, nullptr, machine);
  }

  TemporaryFolder temporary;
  fs::path folder = temporary.path();
  ThreadPool pool{2};
  NoProgress progress;
  Machine machine{scalar_kernels(), pool, progress};
};

double clear_margin(const ClearModel& model, std::span<const double> x) {
  double sum = model.intercept;
  for (std::size_t j = 0; j < x.size(); ++j) sum += model.weights[j] * x[j];
  return sum;
}

void expect_margins(const DecryptedPredictions& got, const ClearModel& model, const data::Matrix& rows) {
  ASSERT_EQ(got.margins.size(), rows.rows);
  EXPECT_LE(got.error_bound, 1e-3);
  double worst = 0;
  for (std::size_t r = 0; r < rows.rows; ++r)
    worst = std::max(worst, std::abs(got.margins[r] - clear_margin(model, rows.row(r))));
  EXPECT_LE(worst, got.error_bound);
  EXPECT_GT(worst, 0);  // values are rounded, so exact equality would mean that something else was compared
}

TEST_F(PaillierPipeline, PredictsOnRowsOfSeveralBlocks) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLogistic, 2));
  const ml::Plan plan = load_plan(at("plan.json"));
  const auto rows = examples(ml::block_rows(plan) + 3, 2, 1).features;
  const ClearModel model = server_model(ml::ModelKind::kLogistic, 2);
  encrypt_rows(rows);
  predict();
  expect_margins(predictions(), model, rows);
}

TEST_F(PaillierPipeline, PredictsLinearModelsOnRowsOfWhoHasThePublicKeyAlone) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLinear, 4));
  const auto rows = examples(5, 4, 2).features;
  const ClearModel model = server_model(ml::ModelKind::kLinear, 4);
  encrypt_rows(rows, false);
  predict();
  expect_margins(predictions(), model, rows);
}

TEST_F(PaillierPipeline, EstimatedBytesAreThoseOfTheFiles) {
  auto request = predict_request(ml::ModelKind::kLinear, 3);
  request.predict_rows = 77;
  plan_with_fixed_key(request);
  server_model(ml::ModelKind::kLinear, 3);
  encrypt_rows(examples(77, 3, 3).features);
  predict();
  const auto estimates = load_plan(at("plan.json")).estimates;
  const auto expect = [&](const char* file, std::uint64_t bytes) {
    EXPECT_NEAR(static_cast<double>(fs::file_size(at(file))), static_cast<double>(bytes), 64) << file;
  };
  expect("rows.enc", estimates.dataset_bytes);
  expect("predictions.enc", estimates.prediction_bytes);
  expect("public.key", estimates.evaluation_key_bytes);
}

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
  const auto weights = ml::solve_least_squares(x, y);
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

TEST_F(PaillierPipeline, ValuesBeyondThePlanAreRefusedBeforeAnythingIsWritten) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLinear, 2));
  auto rows = examples(3, 2, 26).features;
  rows(1, 1) = 16.001;
  EXPECT_THROW(encrypt_rows(rows), ParametersError);
  rows(1, 1) = std::nan("");
  EXPECT_THROW(encrypt_rows(rows), ParametersError);
  EXPECT_THROW(encrypt_rows(examples(3, 3, 26).features), MismatchError);
  EXPECT_THROW(encrypt_rows(data::Matrix(0, 2)), ParametersError);
  EXPECT_FALSE(fs::exists(at("rows.enc")));
  EXPECT_THROW(encrypt_sums("part.enc", examples(3, 2, 26)), ParametersError);  // the plan is to predict
}

TEST_F(PaillierPipeline, ModelsThatDoNotFitThePlanAreRefused) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLogistic, 2));
  encrypt_rows(examples(3, 2, 27).features);
  const auto refused = [&]<typename Expected>(const ClearModel& model, Expected*) {
    save_clear_model(at("model.json"), model, Overwrite::kReplace);
    EXPECT_THROW(predict(), Expected);
  };
  refused({ml::ModelKind::kLinear, {}, {1, 1}, 0}, static_cast<MismatchError*>(nullptr));
  refused({ml::ModelKind::kLogistic, {}, {1, 1, 1}, 0}, static_cast<MismatchError*>(nullptr));
  refused({ml::ModelKind::kLogistic, {}, {1, -64.5}, 0}, static_cast<ParametersError*>(nullptr));
  EXPECT_FALSE(fs::exists(at("predictions.enc")));
}

TEST_F(PaillierPipeline, FilesOfAnotherPlanAreRefused) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLogistic, 2));
  server_model(ml::ModelKind::kLogistic, 2);
  encrypt_rows(examples(3, 2, 28).features);
  predict();
  auto other = predict_request(ml::ModelKind::kLogistic, 2);
  other.feature_bound = 15;
  replace_plan(other);
  EXPECT_THROW(predictions(), MismatchError);
  fs::remove(at("predictions.enc"));
  EXPECT_THROW(predict(), MismatchError);
  fs::remove(at("rows.enc"));
  EXPECT_THROW(encrypt_rows(examples(3, 2, 28).features), MismatchError);
  replace_plan(sums_request(100, 2));
  EXPECT_THROW(predict(), ParametersError);  // of another job
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

// Files whose checksums are right and whose contents are not: what a hostile sender can make.
TEST_F(PaillierPipeline, ForgedTablesAreRefused) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLogistic, 2));
  server_model(ml::ModelKind::kLogistic, 2);
  const ml::Plan plan = load_plan(at("plan.json"));
  const auto rows = examples(ml::block_rows(plan) + 3, 2, 32).features;
  encrypt_rows(rows);
  std::vector<std::vector<std::uint8_t>> frames;
  std::vector<std::uint32_t> tags;
  const auto genuine = wire::ContainerReader::open(
      at("rows.enc"), {.type = wire::PayloadType::kPaillierDataset, .plan_id = plan.id()});
  for (std::size_t i = 0; i < genuine.size(); ++i) {
    const auto frame = genuine.frame(i);
    frames.emplace_back(frame.payload.begin(), frame.payload.end());
    tags.push_back(frame.tag);
  }
  ASSERT_EQ(frames.size(), 3u);
  const auto predict_with = [&](auto change) {
    auto forged = frames;
    auto forged_tags = tags;
    change(forged, forged_tags);
    std::vector<std::uint8_t> bytes;
    wire::ContainerWriter container(bytes, wire::PayloadType::kPaillierDataset, plan.id());
    for (std::size_t i = 0; i < forged.size(); ++i) container.write_frame(forged_tags[i], forged[i]);
    container.finish();
    write_file(at("rows.enc"), bytes, Overwrite::kReplace);
    predict();
  };
  using Frames = std::vector<std::vector<std::uint8_t>>;
  using Tags = std::vector<std::uint32_t>;
  const auto refused = [&](const char* what, auto change) {
    EXPECT_THROW(predict_with(change), DecodeError) << what;
    EXPECT_FALSE(fs::exists(at("predictions.enc"))) << what;
  };
  refused("a block is missing", [](Frames& f, Tags&) { f.pop_back(); });
  refused("no header", [](Frames& f, Tags& t) { f.erase(f.begin()), t.erase(t.begin()); });
  refused("nothing", [](Frames& f, Tags&) { f.clear(); });
  refused("no rows", [](Frames& f, Tags&) { std::fill_n(f[0].begin(), 8, 0); });
  refused("2^63 rows", [](Frames& f, Tags&) { f[0][7] = 0x80; });
  refused("a row too many", [](Frames& f, Tags&) { ++f[0][0]; });
  refused("a column too many", [](Frames& f, Tags&) { ++f[0][8]; });
  refused("another size of blocks", [](Frames& f, Tags&) { ++f[0][16]; });
  refused("a longer header", [](Frames& f, Tags&) { f[0].push_back(0); });
  refused("swapped blocks", [](Frames& f, Tags&) { std::swap(f[1], f[2]); });
  refused("another tag", [](Frames&, Tags& t) { t[2] = 7; });
  refused("one column", [](Frames& f, Tags&) { f[2][0] = 1; });
  refused("a cut block", [](Frames& f, Tags&) { f[2].pop_back(); });
  refused("a zero for a ciphertext",
          [](Frames& f, Tags&) { std::fill_n(f[2].end() - kTestBits / 4, kTestBits / 4, 0); });
  // In the first column: key id 32, size 8, then fraction bits 4, slots 4, bits 4 and the bound.
  refused("other fraction bits", [](Frames& f, Tags&) { ++f[2][4 + 40]; });
  refused("another bound", [](Frames& f, Tags&) { f[2][4 + 52] ^= 1; });
  EXPECT_THROW(predict_with([](Frames& f, Tags&) { f[2][4] ^= 1; }), MismatchError);  // another key's id
  predict_with([](Frames&, Tags&) {});
  expect_margins(predictions(), load_clear_model(at("model.json")), rows);
}

TEST_F(PaillierPipeline, TheSecretKeyOpensWithItsPassphraseAlone) {
  save_plan(at("plan.json"), ml::plan_paillier(predict_request(ml::ModelKind::kLogistic, 2), kTestBits));
  const wire::Passphrase right = wire::Passphrase::from_text("a long passphrase");
  const wire::Passphrase wrong = wire::Passphrase::from_text("another passphrase");
  save_fixed_key(load_plan(at("plan.json")), wire::Protection::passphrase(right, {.log2_n = 14}));
  const ClearModel model = server_model(ml::ModelKind::kLogistic, 2);
  const auto rows = examples(3, 2, 30).features;
  EXPECT_THROW(encrypt_paillier_rows(to("rows.enc", true), rows, &wrong, machine), SecurityError);
  encrypt_paillier_rows(to("rows.enc", true), rows, &right, machine);
  predict();
  EXPECT_THROW(predictions(&wrong), SecurityError);
  EXPECT_THROW(predictions(nullptr), SecurityError);
  expect_margins(predictions(&right), model, rows);
}

TEST_F(PaillierPipeline, NothingIsOverwritten) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLogistic, 2));
  server_model(ml::ModelKind::kLogistic, 2);
  const auto rows = examples(3, 2, 31).features;
  encrypt_rows(rows);
  predict();
  const auto refused = [](const auto& step) {
    try {
      step();
      ADD_FAILURE() << "something was overwritten";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kAlreadyExists) << e.what();
    }
  };
  refused([&] { encrypt_rows(rows); });
  refused([&] { predict(); });
  refused([&] {
    generate_paillier_keys({at("plan.json"), at("secret.key"), at("public.key")},
                           wire::Protection::none_at_callers_word(), machine);
  });
  expect_margins(predictions(), load_clear_model(at("model.json")), rows);
  fs::remove(at("secret.key"));
  refused([&] {
    generate_paillier_keys({at("plan.json"), at("secret.key"), at("public.key")},
                           wire::Protection::none_at_callers_word(), machine);
  });
  EXPECT_FALSE(fs::exists(at("secret.key")));  // no half of a key
}

class SlowPaillierPipeline : public PaillierPipeline {
 protected:
  void plan_and_keys(const ml::JobRequest& request) {
    const ml::Plan plan = ml::plan_paillier(request);
    EXPECT_EQ(plan.paillier->modulus_bits, 3072);
    save_plan(at("plan.json"), plan, Overwrite::kReplace);
    generate_paillier_keys({at("plan.json"), at("secret.key"), at("public.key")},
                           wire::Protection::none_at_callers_word(), machine);
  }
};

TEST_F(SlowPaillierPipeline, WorksWithFreshKeysOfFullLength) {
  plan_and_keys(predict_request(ml::ModelKind::kLogistic, 3));
  EXPECT_EQ(fs::status(at("secret.key")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const ClearModel model = server_model(ml::ModelKind::kLogistic, 3);
  const auto rows = examples(100, 3, 40).features;
  encrypt_rows(rows, false);
  predict();
  expect_margins(predictions(), model, rows);

  // Another key of the same plan decrypts nothing of this one's.
  fs::remove(at("secret.key"));
  fs::rename(at("public.key"), at("first.key"));
  plan_and_keys(predict_request(ml::ModelKind::kLogistic, 3));
  EXPECT_THROW(predictions(), MismatchError);
  fs::remove(at("predictions.enc"));
  EXPECT_THROW(predict(), MismatchError);
  fs::rename(at("first.key"), at("public.key"));
  EXPECT_THROW(encrypt_paillier_rows(to("again.enc", true), rows, nullptr, machine), MismatchError);
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
