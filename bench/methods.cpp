// Nesterov's method against the fixed Hessian: on a table, the fewest iterations of each that reach an
// accuracy in the clear, the planner's cheapest plan of those, and the training, encrypted for real. One JSON
// object a line on standard output.
//   ./run bench methods --data framingham.csv --threads 2
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/data/csv.h"
#include "cloister/data/metrics.h"
#include "cloister/data/preparation.h"
#include "cloister/ml/clear_dense.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_newton.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/newton_trainer.h"
#include "cloister/ml/planner.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace {

using namespace cloister;
using Json = nlohmann::ordered_json;
using Weights = std::vector<double>;

struct Options {
  std::string data;
  int threads = 2, runs = 1;
  bool clear = false;
};

struct Table {
  std::string name;
  data::Examples examples;
  double ridge = 0;
};

Table chd(const std::string& path) {
  data::PreparationSpec spec;
  spec.target = "TenYearCHD";
  spec.task = data::Task::kClassification;
  const data::Table table = data::read_csv(path);
  return {"CHD, all columns", data::Preparation::fit(table, spec).apply(table, data::TargetUse::kRequired),
          0};
}

// Half of the columns are sums of two others but for a thousandth of their variance; standardized.
Table ill_conditioned() {
  constexpr std::size_t kRows = 2000, kColumns = 12, kHalf = kColumns / 2;
  constexpr double kOwn = 0.002;
  Prng prng(Seed(Bytes32{}), 77);
  const auto unit = [&] { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -53); };
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(1 - unit())) * std::cos(2 * 3.14159265358979323846 * unit());
  };
  Table out{"ill-conditioned", {}, 0.01};
  data::Matrix& x = out.examples.features;
  x = data::Matrix(kRows, kColumns);
  for (std::size_t i = 0; i < kRows; ++i) {
    double z = -0.5;
    for (std::size_t j = 0; j < kHalf; ++j) x(i, j) = normal();
    for (std::size_t j = 0; j < kHalf; ++j)
      x(i, kHalf + j) =
          std::sqrt((1 - kOwn) / 2) * (x(i, j) + x(i, (j + 1) % kHalf)) + std::sqrt(kOwn) * normal();
    for (std::size_t j = 0; j < kColumns; ++j) z += (j % 2 == 0 ? 0.5 : -0.3) * x(i, j);
    out.examples.target.push_back(unit() < ml::sigmoid(z) ? 1 : 0);
  }
  for (std::size_t j = 0; j < kColumns; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < kRows; ++i) sum += x(i, j);
    for (std::size_t i = 0; i < kRows; ++i) squares += std::pow(x(i, j) -= sum / kRows, 2);
    for (std::size_t i = 0; i < kRows; ++i) x(i, j) /= std::sqrt(squares / kRows);
  }
  return out;
}

class Rows final : public ml::BlockSource {
 public:
  std::vector<std::vector<ckks::Ciphertext>> ciphertexts;
  std::size_t blocks() const override { return ciphertexts.size(); }
  ckks::Ciphertext load(std::size_t block, std::size_t strip, int level) const override {
    auto out = ciphertexts[block][strip].clone();
    for (auto& part : out.parts)
      part.keep_limbs(std::min(part.limbs().q, static_cast<std::size_t>(level) + 1));
    return out;
  }
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of all threads: where a machine is shared, less noisy than time.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// What is used up to the first iteration: for Newton's method, by the matrix and the sum over rows.
class Beginning final : public Progress {
 public:
  void update(std::string_view stage, std::uint64_t, std::uint64_t) override {
    if (stage == "train" && !used_) used_ = processor_seconds();
  }
  double used() const { return used_.value_or(0); }

 private:
  std::optional<double> used_;
};

struct Trained {
  double seconds = 0, processor_seconds = 0, of_it_before_iterations = 0;
  Weights weights;
};

// With keys and rows in memory.
Trained train(const ml::Plan& plan, const data::Matrix& rows, const ThreadPool& pool) {
  const ml::CkksPlan& c = *plan.ckks;
  const auto parameters = ckks::Parameters::create(c.parameters, select_kernels());
  Prng prng(Seed(Bytes32{}), 5);
  const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  const ckks::Encoder encoder(parameters, pool);
  const ml::TrainingLayout layout = c.layout(rows.rows);
  const rlwe::KeyGenerator generator(secret, pool);
  const ml::EvaluationKeyUses uses = c.key_uses();
  rlwe::EvaluationKeys keys;
  keys.set_relinearization(generator.relinearization_key(prng, uses.relinearization_limbs));
  if (uses.encapsulation) keys.set_encapsulation(generator.encapsulation_keys(prng));
  for (const auto& use : uses.galois) keys.add_galois(generator.galois_key(use.element, prng, use.q_limbs));
  const ckks::Evaluator evaluator(parameters, &keys, pool);
  Rows source;
  for (std::size_t b = 0; b < c.packing.blocks(rows.rows); ++b) {
    auto& block = source.ciphertexts.emplace_back();
    for (std::size_t j = 0; j < c.packing.strips(); ++j) {
      auto slots = c.packing.pack(rows, b, j);
      for (double& v : slots) v *= c.row_scale;
      block.push_back(ckks::encrypt(*parameters, secret, encoder.encode(slots, c.data_level), prng, pool));
    }
  }
  Beginning progress;
  ml::NoJournal journal;
  const double used = processor_seconds();
  const auto start = std::chrono::steady_clock::now();
  std::optional<circuits::Bootstrapper> bootstrapper;
  if (c.bootstrapping) bootstrapper.emplace(*c.bootstrapping, encoder, pool);
  const circuits::Bootstrapper* renews = bootstrapper ? &*bootstrapper : nullptr;
  const auto model = plan.newton ? ml::NewtonTrainer(*plan.newton, layout, evaluator, encoder, renews)
                                       .train(source, progress, journal)
                                 : ml::LogisticTrainer(*plan.logistic, layout, evaluator, encoder, renews)
                                       .train(source, progress, journal);
  Trained out{seconds_since(start), processor_seconds() - used, progress.used() - used, {}};
  const auto slots = ckks::Decryptor(secret, encoder, pool).decrypt_real(model);
  for (std::size_t j = 0; j < rows.columns; ++j) out.weights.push_back(slots[j] / c.state_scale);
  return out;
}

double largest_difference(const Weights& a, const Weights& b) {
  double largest = 0;
  for (std::size_t j = 0; j < a.size(); ++j) largest = std::max(largest, std::abs(a[j] - b[j]));
  if (!std::isfinite(largest)) throw InternalError("weights ran away");
  return largest;
}

// A table with its yardsticks: the maximum-likelihood fit's AUC, and the polynomial's own fit.
class Comparison {
 public:
  Comparison(Table table, const Options& options)
      : table_(std::move(table)),
        options_(options),
        pool_(options.threads),
        rows_(ml::signed_rows(table_.examples.features, table_.examples.target)),
        plain_(ml::with_intercept(table_.examples.features)),
        cap_(ml::suggested_spectrum_cap(rows_)),
        planner_(ml::Calibration::measure(select_kernels())) {
    best_auc_ = auc(ml::fit_logistic(rows_, table_.ridge).weights);
    ml::NewtonSpec spec{.features = rows_.columns,
                        .iterations = ml::kMaxIterations,
                        .products = 16,
                        .ridge = table_.ridge,
                        .spectrum_cap = cap_};
    fit_ = ml::train_newton(rows_, ml::plan_newton(spec)).weights.back();
  }

  void run() {
    const auto eigenvalues = ml::symmetric_eigenvalues(ml::second_moments(rows_));
    std::cout << Json{{"table", table_.name},
                      {"rows", rows_.rows},
                      {"columns", rows_.columns},
                      {"ridge", table_.ridge},
                      {"cap", cap_},
                      {"auc_of_fit", best_auc_},
                      {"eigenvalues", {eigenvalues.front(), eigenvalues.back()}}}
              << std::endl;
    measure("auc within .001", [&](const Weights& w) { return best_auc_ - auc(w) <= 0.001; });
    measure("weights within .02", [&](const Weights& w) { return largest_difference(w, fit_) <= 0.02; });
  }

 private:
  using Reached = std::function<bool(const Weights&)>;
  double auc(const Weights& w) const { return data::auc(ml::margins(plain_, w), table_.examples.target); }
  ml::JobRequest request() const {
    ml::JobRequest r;
    r.rows = rows_.rows;
    r.features = static_cast<std::uint32_t>(rows_.columns - 1);
    r.predict_rows = 1000;
    r.ridge = table_.ridge;
    r.spectrum_cap = cap_;
    r.threads = options_.threads;
    return r;
  }
  // Nothing where margins leave the range in which the plan's error bound holds.
  std::optional<Weights> in_the_clear(const ml::PlannedSchedule& s) const {
    auto trace = s.newton ? ml::train_newton(rows_, *s.newton) : ml::train_logistic(rows_, *s.logistic);
    if (!(trace.largest_margin <= ml::default_margin_limit(*s.sigmoid()))) return std::nullopt;
    return std::move(trace.weights.back());
  }

  // The fewest iterations, of a schedule that may depend on how many there are.
  std::optional<int> fewest(ml::JobRequest r, int degree, const Reached& reached, int most) const {
    for (r.iterations = 1; r.iterations <= most; ++r.iterations) {
      const auto weights = in_the_clear(ml::plan_schedule(r, degree));
      if (weights && reached(*weights)) return r.iterations;
    }
    return std::nullopt;
  }

  void measure(const char* target, const Reached& reached) {
    for (const auto method : {ml::Method::kNesterov, ml::Method::kNewton}) {
      std::optional<ml::Plan> best;
      const bool newton = method == ml::Method::kNewton;
      for (const int variant : newton ? std::vector<int>{1, 2, 3, 4, 6, 8} : std::vector<int>{3, 7}) {
        ml::JobRequest r = request();
        r.method = method;
        if (newton) r.products = variant;
        r.sigmoid_degree = newton ? 7 : variant;
        const auto iterations = fewest(r, r.sigmoid_degree, reached, 120);
        Json line{
            {"target", target}, {"method", ml::to_string(method)}, {newton ? "products" : "degree", variant}};
        if (iterations) {
          r.iterations = *iterations;
          line["iterations"] = *iterations;
          try {
            ml::Plan plan = planner_.plan(r);
            line["planned_seconds"] = plan.estimates.train_seconds;
            line["planned_cost"] = ml::plan_cost(plan);
            if (!best || ml::plan_cost(plan) < ml::plan_cost(*best)) best = std::move(plan);
          } catch (const Error& e) {
            line["refused"] = e.what();
          }
        }
        std::cout << line << std::endl;
      }
      if (best && !options_.clear) report(target, *best);
    }
  }

  void report(const char* target, const ml::Plan& plan) {
    const Weights clear = plan.newton ? ml::train_newton(rows_, *plan.newton).weights.back()
                                      : ml::train_logistic(rows_, *plan.logistic).weights.back();
    for (int i = 0; i < options_.runs; ++i) {
      const Trained trained = train(plan, rows_, pool_);
      std::cout << Json{{"target", target},
                        {"trained", ml::to_string(plan.request.method)},
                        {"iterations", plan.request.iterations},
                        {"products", plan.request.products},
                        {"degree", plan.sigmoid()->degree()},
                        {"log2_degree", plan.ckks->parameters.log2_degree},
                        {"levels", plan.ckks->parameters.levels},
                        {"row_slots", plan.ckks->packing.row_slots},
                        {"iterations_per_bootstrap", plan.ckks->iterations_per_bootstrap},
                        {"key_bytes", plan.estimates.evaluation_key_bytes},
                        {"planned_seconds", plan.estimates.train_seconds},
                        {"seconds", trained.seconds},
                        {"processor_seconds", trained.processor_seconds},
                        {"of_it_before_iterations", trained.of_it_before_iterations},
                        {"auc_below_fit", best_auc_ - auc(trained.weights)},
                        {"to_fit", largest_difference(trained.weights, fit_)},
                        {"to_clear", largest_difference(trained.weights, clear)},
                        {"error_bound", plan.error_bound}}
                << std::endl;
      if (largest_difference(trained.weights, clear) > plan.error_bound)
        throw InternalError("the encrypted training is beyond its bound");
    }
  }

  Table table_;
  Options options_;
  ThreadPool pool_;
  data::Matrix rows_, plain_;
  double cap_;
  ml::Planner planner_;
  double best_auc_ = 0;
  Weights fit_;
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Nesterov's method against the fixed Hessian, encrypted, to the same accuracy");
  app.add_option("--data", o.data, "framingham.csv, for CHD besides the synthetic table");
  app.add_option("--threads", o.threads)->check(CLI::Range(1, 256));
  app.add_option("--runs", o.runs)->check(CLI::Range(1, 100));
  app.add_flag("--clear", o.clear, "Iterations and plans alone: no training");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!o.data.empty()) Comparison(chd(o.data), o).run();
    Comparison(ill_conditioned(), o).run();
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "methods: " << e.what() << "\n";
    return 1;
  }
}
