#include "cloister/pipeline/paillier_pipeline_test_fixture.h"

namespace cloister::pipeline {
namespace {

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

TEST_F(PaillierPipeline, ValuesBeyondThePlanAreRefusedBeforeAnythingIsWritten) {
  plan_with_fixed_key(predict_request(ml::ModelKind::kLinear, 2));
  auto rows = examples(3, 2, 26).features;
  rows(1, 1) = 16.001;
  EXPECT_THROW(encrypt_rows(rows), ParametersError);
  rows(1, 1) = std::nan("");
  try {
    encrypt_rows(rows);
    ADD_FAILURE() << "what is not a number was encrypted";
  } catch (const ParametersError& e) {
    EXPECT_STREQ(e.what(),
                 "encrypt: the feature in column 1 of row 1 (counted from 0) is not a number; drop "
                 "or impute such rows");
  }
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

TEST_F(PaillierPipeline, AStoppedKeyGenerationLeavesNothingInTheWay) {
  save_plan(at("plan.json"), ml::plan_paillier(predict_request(ml::ModelKind::kLinear, 2), kTestBits));
  struct Stop final : Progress {
    void update(std::string_view, std::uint64_t, std::uint64_t) override { throw Stop(); }
  } stop;
  const KeyFiles files{at("plan.json"), at("secret.key"), at("public.key")};
  const auto protection = wire::Protection::none_at_callers_word();
  EXPECT_THROW(generate_paillier_keys(files, protection, {scalar_kernels(), pool, stop}), Stop);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);  // the plan
  generate_paillier_keys(files, protection, machine);
  EXPECT_TRUE(fs::exists(at("secret.key")) && fs::exists(at("public.key")));
}

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

}  // namespace
}  // namespace cloister::pipeline
