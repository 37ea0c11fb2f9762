// Evaluation keys of about 1 GB (N = 65536, 21 limbs of 45 bits, 3 digits, 11 keys), loaded into memory and
// mapped from their expanded file: what opening them takes and leaves resident, and what a rotation takes
// whose key was not the last one used. With mapped keys in 4 KiB pages, as file systems without large pages
// give them, too.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/pipeline/key_store.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace {

using namespace cloister;
namespace fs = std::filesystem;

constexpr wire::PlanId kPlan{1};
constexpr int kRotations = 10, kThreads = 2;
constexpr std::size_t kLimbs = 21;

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  return 0;
}

/// Parameters and a file of keys, made once and removed at the end.
class Setting {
 public:
  static Setting& get() {
    static Setting setting;
    return setting;
  }
  ~Setting() { fs::remove_all(folder_); }

  rlwe::EvaluationKeys open(pipeline::KeyMemory memory) {
    return pipeline::open_keys(folder_ / "evaluation.keys", kPlan, *parameters->rlwe(),
                               {.max_keys = kRotations + 1, .max_memory_bytes = std::uint64_t{1} << 32},
                               {kernels, pool, progress, nullptr, memory});
  }
  void forget_expanded() { fs::remove_all(pipeline::expanded_keys_folder(folder_ / "evaluation.keys")); }
  const ckks::Ciphertext& operand() const { return *operand_; }

  const KernelTable& kernels = select_kernels();
  ThreadPool pool{kThreads};
  NoProgress progress;
  std::shared_ptr<const ckks::Parameters> parameters = ckks::Parameters::create(
      {.log2_degree = 16, .levels = 20, .scale_bits = 45, .first_prime_bits = 50, .digits = 3}, kernels);

 private:
  Setting() {
    fs::create_directories(folder_);
    Prng prng(Seed(Bytes32{}));
    const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
    const rlwe::KeyGenerator generator(secret, pool);
    AtomicFile file(folder_ / "evaluation.keys");
    wire::ContainerWriter container(file, wire::PayloadType::kEvaluationKeys, kPlan);
    wire::EvaluationKeysWriter writer(container, *parameters->rlwe(), pool);
    writer.write_relinearization(generator.relinearization_key(prng, kLimbs));
    for (int i = 0; i < kRotations; ++i)
      writer.write_galois(generator.galois_key(rlwe::galois_element_of_rotation(1 << i, 16), prng, kLimbs));
    container.finish();
    file.commit();
    const ckks::Encoder encoder(parameters, pool);
    const std::vector<double> values(parameters->slots(), 0.5);
    operand_.emplace(ckks::encrypt(*parameters, secret, encoder.encode(values, 20), prng, pool));
  }

  fs::path folder_ = fs::temp_directory_path() / ("cloister-bench-" + to_hex(Seed::from_system().bytes()));
  std::optional<ckks::Ciphertext> operand_;
};

void open_keys(benchmark::State& state, pipeline::KeyMemory memory, bool anew) {
  Setting& setting = Setting::get();
  double before = 0, after = 0;
  for (auto _ : state) {
    state.PauseTiming();
    if (anew) setting.forget_expanded();
    before = resident_mb();
    state.ResumeTiming();
    const auto keys = setting.open(memory);
    state.PauseTiming();
    after = resident_mb();
    if (keys.galois_keys().size() != kRotations) state.SkipWithError("keys are missing");
    state.ResumeTiming();
  }
  // Of loaded keys the first run's alone says how much they take: later ones find it in the ring's pool.
  state.counters["resident_MB"] = after - before;
}

void use_small_pages(const rlwe::EvaluationKeys& keys, const Setting& setting) {
  const std::uint64_t bytes = rlwe::memory_bytes_of_key(setting.parameters->rlwe()->spec(), kLimbs);
  for (const auto& [element, key] : keys.galois_keys())
    (void)::madvise(const_cast<std::uint64_t*>(key.key.b[0].limb(0)), bytes, MADV_NOHUGEPAGE);
}

void rotate(benchmark::State& state, pipeline::KeyMemory memory, bool small_pages) {
  Setting& setting = Setting::get();
  const auto keys = setting.open(memory);
  if (small_pages) use_small_pages(keys, setting);
  const ckks::Evaluator evaluator(setting.parameters, &keys, setting.pool);
  const ckks::Rotations rotations(evaluator);
  for (int i = 0; i < kRotations; ++i) rotations.rotate(setting.operand(), 1 << i);  // all are fetched
  int i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(rotations.rotate(setting.operand(), 1 << (i++ % kRotations)));
  const auto due = setting.open(pipeline::KeyMemory::kLoaded);
  const ckks::Evaluator reference(setting.parameters, &due, setting.pool);
  const auto a = rotations.rotate(setting.operand(), 1),
             b = ckks::Rotations(reference).rotate(setting.operand(), 1);
  if (!std::ranges::equal(a.parts[0].limb_span(0), b.parts[0].limb_span(0)))
    state.SkipWithError("mapped keys give another result");
}

using pipeline::KeyMemory;
BENCHMARK_CAPTURE(open_keys, loaded, KeyMemory::kLoaded, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(open_keys, made, KeyMemory::kMapped, true)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(open_keys, mapped, KeyMemory::kMapped, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(rotate, loaded, KeyMemory::kLoaded, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(rotate, mapped, KeyMemory::kMapped, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(rotate, small_pages, KeyMemory::kMapped, true)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
