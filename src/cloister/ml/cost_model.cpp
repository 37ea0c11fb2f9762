#include "cloister/ml/cost_model.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "cloister/base/bytes.h"
#include "cloister/base/memory.h"
#include "cloister/math/primes.h"
#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/random/samplers.h"
#include "cloister/rlwe/encoded_size.h"

namespace cloister::ml {
namespace {

double fastest_ns(const std::function<void()>& run) {
  double best = 1e300;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(
        best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

// Of half a gigabyte a second; measuring a disk would take longer than planning.
constexpr double kDiskNsPerByte = 2;

// Counts what runs, in units of the calibration, and turns it into seconds.
class Counter {
 public:
  Counter(const rlwe::ParametersSpec& chain, const Calibration& calibration)
      : c_(calibration),
        n_(std::exp2(chain.log2_degree)),
        transform_(n_ / 2 * chain.log2_degree * c_.butterfly_ns),
        special_(static_cast<double>(chain.p_primes.size())),
        digit_size_(std::ceil(static_cast<double>(chain.q_primes.size()) / chain.digits)) {}

  void key_switch(int level, double times = 1) {
    const double l = level + 1, d = std::ceil(l / digit_size_), k = special_, a = std::min(digit_size_, l);
    const double transforms = l + d * (l + k) - l + 2 * (k + l);
    const double terms = d * (l + k - a) * (a + 1) + 2 * l * (k + 1) + 2 * (l + k) * d;
    // The key's digits are read from memory, those of the ciphertext written and read twice.
    const double words = 2 * d * (l + k) + 3 * d * (l + k);
    ns_ += times * (transforms * transform_ +
                    n_ * (terms * c_.multiply_add_ns + 8 * (l + k) * c_.stream_ns + words * c_.memory_ns));
    switches_ += times;
  }
  void rescale(int level, double times = 1) {  // of two parts
    const double l = level + 1;
    ns_ += times * 2 * (l * transform_ + n_ * 2 * l * (c_.stream_ns + c_.memory_ns));
  }
  void product(int level, double times = 1) {  // tensor and relinearization, without the rescaling
    ns_ += times * n_ * 5 * (level + 1) * c_.multiply_add_ns;
    key_switch(level, times);
  }
  void encode(int level, double times = 1) {
    ns_ += times * (transform_ * 2 + (level + 1) * (transform_ + n_ * c_.stream_ns));
  }
  void encrypt(int level, double times = 1) {
    encode(level, times);
    ns_ += times * (level + 1) * (transform_ + n_ * (c_.sample_ns + 3 * c_.multiply_add_ns));
  }
  void key(int limbs, double times = 1) {
    const double l = limbs + special_, d = std::ceil(limbs / digit_size_);
    ns_ += times * d * l * (transform_ + n_ * (c_.sample_ns + 4 * c_.multiply_add_ns));
  }
  double seconds() { return std::exchange(ns_, 0) * 1e-9; }
  int switches() { return static_cast<int>(std::exchange(switches_, 0)); }

 private:
  Calibration c_;
  double n_, transform_, special_, digit_size_;
  double ns_ = 0, switches_ = 0;
};

// How many key switches a sum over `count` slots takes with the plan's rotations.
double sum_switches(const ckks::RotationBasis& basis, std::int64_t stride, std::int64_t count) {
  double out = 0;
  for (const auto step : ckks::Rotations::sum_slots_steps(stride, count))
    out += static_cast<double>(basis.path(step).size());
  return out;
}

struct Sums {
  double row, spread, rows;
  Sums(const RowPacking& packing, const ckks::RotationBasis& basis)
      : row(sum_switches(basis, 1, static_cast<std::int64_t>(packing.width))),
        spread(sum_switches(basis, -1, static_cast<std::int64_t>(packing.width))),
        rows(sum_switches(basis, static_cast<std::int64_t>(packing.width),
                          static_cast<std::int64_t>(packing.rows_per_ciphertext()))) {}
};

void count_logistic(const Plan& plan, Counter& counter, const Sums& sums, double blocks,
                    std::vector<PlanStep>& steps, double& seconds) {
  const int degree = plan.logistic->sigmoid.degree();
  const int each = LogisticTrainer::levels_per_iteration(degree);
  int level = plan.ckks->data_level;
  const auto close = [&](std::string name, int after) {
    steps.push_back({std::move(name), level, after, counter.switches()});
    seconds += counter.seconds();
    level = after;
  };
  counter.key_switch(level, sums.rows);
  counter.rescale(level);
  close("iteration 1", level - 1);
  for (int t = 2; t <= plan.logistic->iterations(); ++t) {
    counter.rescale(level + 1, blocks);
    counter.product(level, blocks);
    counter.rescale(level, blocks);
    counter.key_switch(level - 1, blocks * sums.row);
    counter.rescale(level - 1, blocks);
    counter.key_switch(level - 2, blocks * sums.spread);
    counter.product(level - 2, 2 * blocks);  // u^2 and x u
    counter.rescale(level - 2, 3 * blocks);
    if (degree >= 5) {
      counter.product(level - 3, (degree == 7 ? 2 : 1) * blocks);
      counter.rescale(level - 3, (degree == 7 ? 3 : 2) * blocks);
    }
    const int end = level - each;
    counter.product(end + 1);
    counter.rescale(end + 1, 4);
    counter.key_switch(end, sums.rows);
    close("iteration " + std::to_string(t), end);
  }
}

void count_linear(const Plan& plan, Counter& counter, const Sums& sums, double blocks,
                  std::vector<PlanStep>& steps, double& seconds) {
  const double width = static_cast<double>(plan.ckks->packing.width), half = width / 2;
  const ckks::RotationBasis basis = rotation_basis(plan.ckks->packing, plan.ckks->small_keys);
  int level = plan.ckks->data_level;
  const auto close = [&](std::string name, int after) {
    steps.push_back({std::move(name), level, after, counter.switches()});
    seconds += counter.seconds();
    level = after;
  };
  double both_ways = 0, backward = 0, forward = 0;
  for (std::int64_t k = 1; k < static_cast<std::int64_t>(width); ++k) {
    const auto w = static_cast<std::int64_t>(width);
    const double ahead = static_cast<double>(basis.path(k).size()),
                 back = static_cast<double>(basis.path(k - w).size());
    forward += ahead;
    (k <= w / 2 ? both_ways : backward) += k <= w / 2 ? ahead + back : back;
  }
  counter.key_switch(level, blocks * both_ways);
  counter.encode(level, 2 * blocks * half);
  counter.rescale(level, blocks * (half + 1));
  close("rows rotated", level - 1);
  counter.product(level, half + 1);
  counter.rescale(level, half + 1);
  counter.key_switch(level - 1, (half + 1) * sums.rows + backward);
  close("moments", level - 1);
  counter.rescale(level, width);
  close("matrix", level - 1);
  counter.rescale(level);
  close("first vector", level - 1);
  for (int t = 1; t <= plan.linear->iterations(); ++t) {
    counter.rescale(level + 1, width);
    counter.key_switch(level, forward);
    counter.product(level);
    counter.rescale(level, 3);
    close("product " + std::to_string(t), level - 1);
  }
}

}  // namespace

Calibration Calibration::measure(const KernelTable& kernels) {
  constexpr int kLog2 = 14;
  const std::size_t n = std::size_t{1} << kLog2;
  const Modulus q(nearest_prime(0x1p45, 2 * n, {}));
  const NttTables tables(n, q);
  Prng prng(Seed(Bytes32{}));
  std::vector<std::uint64_t> a(n), out(n), constants(8, 12345);
  sample_uniform(prng, q.value(), a);
  const std::vector<const std::uint64_t*> rows(8, a.data());
  Calibration c;
  c.butterfly_ns =
      fastest_ns([&] { kernels.ntt_forward(tables, a.data(), a.data()); }) / (static_cast<double>(n) / 2 * kLog2);
  c.multiply_add_ns = fastest_ns([&] {
                        kernels.dot_constants(q, rows.data(), constants.data(), 8, q.bits(), out.data(), n);
                      }) /
                      (8 * static_cast<double>(n));
  c.stream_ns =
      fastest_ns([&] { kernels.add(q, a.data(), a.data(), out.data(), n); }) / static_cast<double>(n);
  constexpr std::size_t kLarge = std::size_t{1} << 22;  // 32 MiB, beyond the caches
  c.memory_ns = fastest_ns([&] {
                  auto fresh = Buffer<std::uint64_t>::uninitialized(kLarge);
                  for (std::size_t i = 0; i < kLarge; i += n) std::copy_n(a.data(), n, fresh.data() + i);
                }) /
                static_cast<double>(kLarge);
  const std::vector<std::uint8_t> bytes(std::size_t{1} << 20);
  c.file_ns = fastest_ns([&] { sha256(bytes); }) / static_cast<double>(bytes.size()) + kDiskNsPerByte;
  c.sample_ns = fastest_ns([&] { sample_uniform(prng, q.value(), out); }) / static_cast<double>(n);
  return c;
}

void estimate(Plan& plan, const rlwe::ParametersSpec& chain, const Calibration& calibration) {
  const CkksPlan& ckks = *plan.ckks;
  const ckks::RotationBasis basis = rotation_basis(ckks.packing, ckks.small_keys);
  const Sums sums(ckks.packing, basis);
  const double blocks = static_cast<double>(ckks.packing.ciphertexts(plan.request.rows));
  const double predicted =
      static_cast<double>(ckks.packing.ciphertexts(std::max<std::uint64_t>(plan.request.predict_rows, 1)));
  // Work spreads over limbs; what stays serial is about a tenth.
  const double threads = 1 / (0.1 + 0.9 / std::max(plan.request.threads, 1));
  Counter counter(chain, calibration);
  Estimates e;
  plan.steps.clear();

  const int key_limbs = ckks.parameters.levels + 1;
  const bool trains = plan.request.job == Job::kTrain;
  const auto keys = static_cast<double>(basis.steps().size() + (trains ? 1 : 0));
  counter.key(key_limbs, keys);
  e.keygen_seconds = counter.seconds() / threads;
  if (trains) {
    counter.encrypt(ckks.data_level, blocks);
    e.encrypt_seconds = counter.seconds() / threads;
    (plan.logistic ? count_logistic : count_linear)(plan, counter, sums, blocks, plan.steps, e.train_seconds);
    e.train_seconds /= threads;
    e.dataset_bytes = static_cast<std::uint64_t>(blocks) *
                      rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, ckks.data_level, true));
    e.model_bytes = rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, ckks.model_level, false));
  } else {
    counter.encrypt(kPredictionLevels, predicted);
    e.encrypt_seconds = counter.seconds() / threads;
    e.dataset_bytes = static_cast<std::uint64_t>(predicted) *
                      rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, kPredictionLevels, true));
  }
  if (trains) counter.product(kPredictionLevels, predicted);
  counter.rescale(kPredictionLevels, predicted);
  counter.key_switch(kPredictionLevels - 1, predicted * sums.row);
  counter.rescale(kPredictionLevels - 1, predicted);
  plan.steps.push_back({"prediction", kPredictionLevels, 0, counter.switches()});
  e.predict_seconds = counter.seconds() / threads;
  e.prediction_bytes = static_cast<std::uint64_t>(predicted) *
                       rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, 0, false));
  e.evaluation_key_bytes =
      static_cast<std::uint64_t>(keys) *
      rlwe::framed_bytes(rlwe::encoded_bytes_of_key(chain, static_cast<std::size_t>(key_limbs)));
  // Keys with both halves, a dozen ciphertexts, and the digits of one.
  const double words = std::exp2(chain.log2_degree) * 8;
  const double limbs = static_cast<double>(chain.q_primes.size() + chain.p_primes.size());
  const double kept = plan.linear ? static_cast<double>(ckks.packing.width) : 0;  // the matrix's diagonals
  e.server_memory_bytes = static_cast<std::uint64_t>(keys) *
                              rlwe::memory_bytes_of_key(chain, static_cast<std::size_t>(key_limbs)) +
                          static_cast<std::uint64_t>(words * limbs * (2 * (12 + kept) + chain.digits + 4));
  // Keys are made once, and read back for every job; half of each is expanded where it is read.
  const double keys_file = static_cast<double>(e.evaluation_key_bytes) * calibration.file_ns * 1e-9;
  e.keygen_seconds += keys_file;
  e.predict_seconds += keys_file;
  if (trains) e.train_seconds += keys_file;
  e.encrypt_seconds += static_cast<double>(e.dataset_bytes) * calibration.file_ns * 1e-9;
  plan.estimates = e;
}

}  // namespace cloister::ml
