// Pipeline: encrypting and training a table of CHD's reference shape (780 x 9, 5 iterations), from files to
// files. The argument is the number of threads; counters hold the bytes that travel.
#include <benchmark/benchmark.h>

#include <cmath>
#include <filesystem>

#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/planner.h"
#include "cloister/pipeline/ckks_server.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/plan_file.h"

namespace {

using namespace cloister;
namespace fs = std::filesystem;

data::Examples table(std::size_t rows, std::size_t features) {
  Prng prng(Seed(Bytes32{}));
  const auto unit = [&] { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; };
  data::Examples out;
  out.features = data::Matrix(rows, features);
  for (std::size_t i = 0; i < rows; ++i) {
    double y = unit();
    for (std::size_t j = 0; j < features; ++j) y += (out.features(i, j) = std::sqrt(3.0) * unit()) * 0.3;
    out.target.push_back(y > 0 ? 1 : 0);
  }
  return out;
}

void encrypt_and_train(benchmark::State& state) {
  const ThreadPool pool(static_cast<int>(state.range(0)));
  NoProgress progress;
  const KernelTable& kernels = select_kernels();
  const pipeline::Machine machine{kernels, pool, progress};
  const fs::path folder =
      fs::temp_directory_path() / ("cloister-bench-" + to_hex(Seed::from_system().bytes()));
  fs::create_directories(folder);
  const auto at = [&](const char* name) { return folder / name; };
  const data::Examples data = table(780, 9);
  const ml::Plan plan = ml::Planner(ml::Calibration::measure(kernels))
                            .plan({.model = ml::ModelKind::kLogistic,
                                   .rows = 780,
                                   .features = 9,
                                   .iterations = 5,
                                   .threads = pool.threads()});
  pipeline::save_plan(at("plan.json"), plan);
  pipeline::generate_ckks_keys({at("plan.json"), at("secret.key"), at("evaluation.keys")},
                               wire::Protection::none_at_callers_word(), machine);
  for (auto _ : state) {
    fs::remove(at("train.enc"));
    fs::remove(at("model.enc"));
    pipeline::encrypt_training_rows({at("plan.json"), at("secret.key"), at("train.enc")}, data, nullptr,
                                    machine);
    pipeline::train_ckks({at("plan.json"), at("evaluation.keys"), at("train.enc"), at("model.enc")}, machine);
  }
  const auto model =
      pipeline::decrypt_ckks_model({at("plan.json"), at("secret.key"), at("model.enc")}, nullptr, machine);
  const auto clear =
      ml::train_logistic(ml::signed_rows(data.features, data.target), *plan.logistic).weights.back();
  for (std::size_t j = 0; j < 9; ++j)
    if (std::abs(model.model.weights[j] - clear[j + 1]) > model.error_bound)
      state.SkipWithError("wrong weights");
  state.counters["evaluation_keys_bytes"] = static_cast<double>(fs::file_size(at("evaluation.keys")));
  state.counters["dataset_bytes"] = static_cast<double>(fs::file_size(at("train.enc")));
  state.counters["log2N"] = plan.ckks->parameters.log2_degree;
  state.counters["estimated_train_seconds"] = plan.estimates.train_seconds;
  fs::remove_all(folder);
}
BENCHMARK(encrypt_and_train)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1)
    ->Repetitions(3)
    ->ReportAggregatesOnly();

}  // namespace
