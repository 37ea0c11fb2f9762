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

// Of two gigabytes a second; measuring a disk would take longer than planning.
constexpr double kDiskNsPerByte = 0.5;
// Of starting a program and reading its small files.
constexpr double kStartSeconds = 0.05;
// Of rings above this a limb and its roots no longer stay in the second cache from one pass to the next.
constexpr double kMaxCachedDegree = 32768;
// Of a prime's tables, for each of the N coefficients: two roots with their quotients, by division.
constexpr double kTableNsPerWord = 60;

// How a sum over slots is made of the rotations that have keys: three at once, or one by one.
struct SlotSum {
  double threes = 0, ones = 0;

  SlotSum(const ckks::RotationBasis& basis, std::int64_t stride, std::int64_t count) {
    const auto has = [&](std::int64_t step) { return std::ranges::count(basis.steps(), step) != 0; };
    while (count > 1) {
      if (count % 4 == 0 && has(stride) && has(2 * stride) && has(3 * stride)) {
        threes += 1;
        stride *= 4;
        count /= 4;
      } else {
        ones += static_cast<double>(basis.path(stride).size());
        stride *= 2;
        count /= 2;
      }
    }
  }
};

// Of a training.
struct Sums {
  SlotSum row, spread, rows;
  Sums(const RowPacking& packing, const ckks::RotationBasis& basis)
      : row(basis, 1, static_cast<std::int64_t>(packing.width)),
        spread(basis, -1, static_cast<std::int64_t>(packing.width)),
        rows(basis, static_cast<std::int64_t>(packing.width),
             static_cast<std::int64_t>(packing.rows_per_ciphertext())) {}
};

// Counts what runs, in units of the calibration, and turns it into seconds.
class Counter {
 public:
  Counter(const rlwe::ParametersSpec& chain, const Calibration& calibration)
      : c_(calibration),
        n_(std::exp2(chain.log2_degree)),
        transform_(n_ / 2 * chain.log2_degree * c_.butterfly_ns),
        special_(static_cast<double>(chain.p_primes.size())),
        digit_size_(std::ceil(static_cast<double>(chain.q_primes.size()) / chain.digits)) {}

  // The stages of a key switch, in the limbs that each transforms, converts, sums and fetches from beyond the
  // second cache; a transform's roots are two limbs.
  void decompose(int level, double times = 1) {
    const double l = level + 1, k = special_, raised = digits(l) * (l + k) - l;
    transforms(times * (l + raised));
    converted(times * l, times * raised, std::min(digit_size_, l));
    fetched(times * (2 * l + 3 * l + 2 * raised + 2 * (l + k)));
  }
  void key_products(int level, double times = 1) {
    const double l = level + 1, k = special_, terms = digits(l) * (l + k);
    ns_ += times * n_ * (2 * terms * c_.multiply_add_ns + 2 * (l + k) * c_.stream_ns);
    fetched(times * 2 * terms);
  }
  void mod_down(int level, double times = 1) {
    const double l = level + 1, k = special_;
    transforms(times * 2 * (k + l));
    converted(times * 2 * k, times * 2 * l, k);
    ns_ += times * n_ * 4 * l * c_.stream_ns;
    fetched(times * (4 * k + 7 * l + 2 * (k + l)));
  }
  void key_switch(int level, double times = 1) {
    decompose(level, times);
    key_products(level, times);
    mod_down(level, times);
    switches_ += times;
  }
  // A sum over slots with the plan's rotations: see Rotations::sum_slots.
  void sum_slots(const SlotSum& sum, int level, double times = 1) {
    decompose(level, times * sum.threes);
    key_products(level, times * 3 * sum.threes);
    mod_down(level, times * sum.threes);
    ns_ += times * sum.threes * n_ * (level + 1) * 12 * c_.stream_ns;  // what is moved and added
    switches_ += times * 3 * sum.threes;
    key_switch(level, times * sum.ones);
  }
  void rescale(int level, double times = 1) {  // of two parts
    const double l = level + 1;
    transforms(times * 2 * l);
    ns_ += times * 2 * n_ * 3 * l * c_.stream_ns;
    fetched(times * (6 * l + 4 * l));
  }
  void product(int level, double times = 1) {  // and relinearization, the rescaling merged into it
    ns_ += times * n_ * 5 * (level + 1) * c_.multiply_add_ns;
    fetched(times * 7 * (level + 1));
    key_switch(level, times);
  }
  void encode(int level, double times = 1) {
    transforms(times * (level + 3));
    ns_ += times * n_ * (level + 1) * c_.stream_ns;
  }
  void encrypt(int level, double times = 1) {
    encode(level, times);
    transforms(times * (level + 1));
    ns_ += times * n_ * (level + 1) * (c_.sample_ns + 3 * c_.stream_ns);
  }
  void key(int limbs, double times = 1) {
    const double l = limbs + special_;
    transforms(times * digits(limbs) * l);
    ns_ += times * digits(limbs) * l * n_ * (c_.sample_ns + 4 * c_.stream_ns + 2 * c_.touch_ns);
  }
  // Reading a key from bytes in memory: half of it is expanded.
  void load_key(int limbs, double times = 1) {
    ns_ +=
        times * digits(limbs) * (limbs + special_) * n_ * (c_.sample_ns + 4 * c_.stream_ns + 2 * c_.touch_ns);
  }
  // Tables, of roots and their quotients both ways, twice over.
  void tables(double primes) { ns_ += primes * n_ * (kTableNsPerWord + 8 * c_.touch_ns); }
  // Of memory that a job touches for the first time.
  void touched(double limbs) { ns_ += limbs * n_ * c_.touch_ns; }
  double seconds() { return std::exchange(ns_, 0) * 1e-9; }
  int switches() { return static_cast<int>(std::exchange(switches_, 0)); }

 private:
  double digits(double limbs) const { return std::ceil(limbs / digit_size_); }
  void transforms(double count) {
    ns_ += count * transform_;
    if (n_ > kMaxCachedDegree) fetched(count);
  }
  void converted(double in, double out, double terms) {
    ns_ += n_ * (in * 4 * c_.stream_ns + out * ((terms + 1) * c_.multiply_add_ns + c_.stream_ns));
  }
  void fetched(double limbs) { ns_ += limbs * n_ * c_.fetch_ns; }

  Calibration c_;
  double n_, transform_, special_, digit_size_;
  double ns_ = 0, switches_ = 0;
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
  counter.sum_slots(sums.rows, level);
  counter.rescale(level);
  close("iteration 1", level - 1);
  for (int t = 2; t <= plan.logistic->iterations(); ++t) {
    counter.rescale(level + 1, blocks);
    counter.product(level, blocks);
    counter.sum_slots(sums.row, level - 1, blocks);
    counter.rescale(level - 1, blocks);
    counter.sum_slots(sums.spread, level - 2, blocks);
    counter.product(level - 2, 2 * blocks);  // u^2 and x u
    counter.rescale(level - 2, blocks);
    if (degree >= 5) {
      counter.product(level - 3, (degree == 7 ? 2 : 1) * blocks);
      counter.rescale(level - 3, blocks);
    }
    const int end = level - each;
    counter.product(end + 1);
    counter.rescale(end + 1, 3);
    counter.sum_slots(sums.rows, end);
    close("iteration " + std::to_string(t), end);
  }
}

void count_linear(const Plan& plan, Counter& counter, const Sums& sums, double blocks,
                  std::vector<PlanStep>& steps, double& seconds) {
  const double width = static_cast<double>(plan.ckks->packing.width), half = width / 2;
  const ckks::RotationBasis basis = plan.ckks->rotations();
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
  counter.sum_slots(sums.rows, level - 1, half + 1);
  counter.key_switch(level - 1, backward);
  close("moments", level - 1);
  counter.rescale(level, width);
  close("matrix", level - 1);
  counter.rescale(level);
  close("first vector", level - 1);
  for (int t = 1; t <= plan.linear->iterations(); ++t) {
    counter.rescale(level + 1, width);
    counter.key_switch(level, forward);
    counter.product(level);
    counter.rescale(level, 2);
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
  const double words = static_cast<double>(n);
  Calibration c;
  c.butterfly_ns = fastest_ns([&] { kernels.ntt_forward(tables, a.data(), a.data()); }) / (words / 2 * kLog2);
  c.multiply_add_ns = fastest_ns([&] {
                        kernels.dot_constants(q, rows.data(), constants.data(), 8, q.bits(), out.data(), n);
                      }) /
                      (8 * words);
  c.stream_ns =
      fastest_ns([&] { kernels.mul_scalar(q, a.data(), tables.roots()[1], out.data(), n); }) / words;
  c.sample_ns = fastest_ns([&] {
                  prng.fill(std::span(out));
                  kernels.reduce_uniform(q, out.data(), n);
                }) /
                words;
  // Beyond the caches, on pages as a polynomial's: written for the first time, then read.
  constexpr std::size_t kLarge = std::size_t{1} << 22;
  const auto once_ns = [](const std::function<void()>& run) {
    const auto start = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  };
  auto fresh = Buffer<std::uint64_t>::uninitialized(kLarge);
  c.touch_ns = once_ns([&] {
                 for (std::size_t i = 0; i < kLarge; i += n) std::copy_n(a.data(), n, fresh.data() + i);
               }) /
               static_cast<double>(kLarge);
  c.fetch_ns = fastest_ns([&] {
                 for (std::size_t i = 0; i < kLarge; i += n) std::copy_n(fresh.data() + i, n, out.data());
               }) /
               static_cast<double>(kLarge);
  const std::vector<std::uint8_t> bytes(std::size_t{1} << 20);
  c.file_ns = fastest_ns([&] { sha256(bytes); }) / static_cast<double>(bytes.size()) + kDiskNsPerByte;
  return c;
}

void estimate(Plan& plan, const rlwe::ParametersSpec& chain, const Calibration& calibration) {
  const CkksPlan& ckks = *plan.ckks;
  const ckks::RotationBasis basis = ckks.rotations();
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
    (plan.logistic ? count_logistic : count_linear)(plan, counter, Sums(ckks.packing, basis), blocks,
                                                    plan.steps, e.train_seconds);
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
  counter.sum_slots(SlotSum(basis, 1, static_cast<std::int64_t>(ckks.packing.width)), kPredictionLevels - 1,
                    predicted);
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
  // Keys are made once, and read back for every job, which also makes its tables and takes its memory.
  const double keys_file = static_cast<double>(e.evaluation_key_bytes) * calibration.file_ns * 1e-9;
  counter.load_key(key_limbs, keys);
  const double loading = counter.seconds() / threads;
  counter.tables(limbs);
  const double tables = counter.seconds();
  counter.touched(limbs * (2 * (12 + kept) + chain.digits + 4));
  const double memory = counter.seconds();
  const double start = kStartSeconds + tables;
  e.keygen_seconds += start + keys_file;
  e.encrypt_seconds += start;
  e.predict_seconds += start + keys_file + loading;
  if (trains) e.train_seconds += start + keys_file + loading + memory;
  e.encrypt_seconds += static_cast<double>(e.dataset_bytes) * calibration.file_ns * 1e-9;
  plan.estimates = e;
}

}  // namespace cloister::ml
