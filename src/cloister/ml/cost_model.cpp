#include "cloister/ml/cost_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <set>

#include "cloister/base/bytes.h"
#include "cloister/base/memory.h"
#include "cloister/circuits/homomorphic_dft.h"
#include "cloister/math/primes.h"
#include "cloister/ml/internal/operation_counter.h"
#include "cloister/ml/internal/training_cost.h"
#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/newton_trainer.h"
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

// A linear map of a bootstrap: baby steps share a decomposition, and everything comes down from QP once, but
// for the half of each giant step that is decomposed.
void count_transform(OperationCounter& counter, const std::vector<std::int64_t>& diagonals, std::size_t slots,
                     int level) {
  const auto grouping = circuits::BabyStepGiantStep::choose(diagonals, slots);
  std::set<std::int64_t> babies, giants;
  for (const std::int64_t d : diagonals) {
    babies.insert(grouping.baby(d));
    giants.insert(grouping.giant(d));
  }
  const auto moved = [](const std::set<std::int64_t>& steps) {
    return static_cast<double>(steps.size() - (steps.contains(0) ? 1 : 0));
  };
  counter.decompose(level, 1 + moved(giants));
  counter.key_products(level, moved(babies) + moved(giants));
  counter.mod_down(level, 1 + moved(giants) / 2);
  counter.multiply_extended(level, static_cast<double>(diagonals.size()));
}

// Without repetitions.
void count_bootstrap_once(OperationCounter& counter, const CkksPlan& ckks) {
  const circuits::BootstrappingSpec& spec = *ckks.bootstrapping;
  const std::size_t slots = ckks.packing.slots;
  using circuits::DftDirection;
  int level = spec.slots_to_coefficients;
  for (const auto& stage : circuits::dft_diagonals(DftDirection::kSlotsToCoefficients, spec.log2_slots,
                                                   spec.slots_to_coefficients))
    count_transform(counter, stage, slots, level--);
  level = ckks.parameters.top_level();
  counter.raise(level);
  counter.sum_slots(SlotSum::in_radix_four(slots >> spec.log2_slots), level);
  for (const auto& stage : circuits::dft_diagonals(DftDirection::kCoefficientsToSlots, spec.log2_slots,
                                                   spec.coefficients_to_slots))
    count_transform(counter, stage, slots, level--);
  counter.key_switch(level);  // the conjugate
  static const int kProducts = circuits::ModularReduction(circuits::ModularReduction::Range{}).key_switches();
  constexpr int kTail = circuits::ModularReduction::kSquarings + 1;
  constexpr int kPolynomialLevels = circuits::ModularReduction::kLevels - kTail;
  for (int i = 0; i < kPolynomialLevels; ++i)
    counter.product(level--, static_cast<double>(kProducts - kTail) / kPolynomialLevels);
  for (int i = 0; i < kTail; ++i) counter.product(level--);
  counter.key_switch(level, 2);  // the conjugate again, and the half that is rotated
  counter.rescale(level, 2);
}

// Bootstrapper::bootstrap_two. Repeated, with the mean of each vector over what repeats, and what brings it
// down and its difference back.
void count_bootstrap(OperationCounter& counter, const CkksPlan& ckks) {
  count_bootstrap_once(counter, ckks);
  const circuits::BootstrappingSpec& spec = *ckks.bootstrapping;
  if (spec.repetitions == 0) return;
  const int level = ckks.parameters.levels - 1;
  for (int i = 0; i < 2; ++i)
    counter.sum_slots(SlotSum::in_radix_four(ckks.packing.slots >> spec.log2_slots), level);
  counter.key_switch(level, 2);
  counter.rescale(level, 2);
  for (int i = 0; i < spec.repetitions; ++i) {
    counter.rescale(spec.slots_to_coefficients + 1, 2);
    count_bootstrap_once(counter, ckks);
    counter.rescale(level, 2);
  }
}

void count_logistic(const Plan& plan, OperationCounter& counter, const Sums& sums, double all_blocks,
                    std::vector<PlanStep>& steps, double& seconds) {
  const CkksPlan& ckks = *plan.ckks;
  const int degree = plan.logistic->sigmoid.degree(), data_level = ckks.data_level;
  const int each = LogisticTrainer::levels_per_iteration(degree);
  const LevelSchedule levels = LogisticTrainer::level_schedule(*plan.logistic, ckks.model_level,
                                                               ckks.bootstrapping, ckks.parameters.levels);
  const double blocks = all_blocks / static_cast<double>(plan.logistic->batches);
  int level = data_level;
  const auto close = [&](std::string name, int after) {
    steps.push_back({std::move(name), level, after, counter.switches()});
    seconds += counter.seconds();
    level = after;
  };
  const auto sum_of_rows = [&] { count_sum_of_rows(counter, sums, data_level, blocks); };
  sum_of_rows();
  counter.rescale(level);
  close("iteration 1", level - 1);
  std::set<std::uint32_t> seen{plan.logistic->batch.front()};
  for (int t = 2; t <= plan.logistic->iterations(); ++t) {
    const auto& iteration = levels.iterations[static_cast<std::size_t>(t) - 1];
    if (iteration.renewed) {
      count_bootstrap(counter, ckks);
      counter.rescale(iteration.start, 2);
      close("bootstrap", iteration.start);
    }
    if (seen.insert(plan.logistic->batch[static_cast<std::size_t>(t) - 1]).second) sum_of_rows();
    const int end = level - each;
    count_gradient(counter, ckks, sums, degree, level, blocks);
    close("iteration " + std::to_string(t), end);
  }
}

template <typename Use>
void for_each_key(const EvaluationKeyUses& keys, const rlwe::ParametersSpec& chain, const Use& use) {
  if (keys.relinearization_limbs != 0) use(static_cast<int>(keys.relinearization_limbs));
  for (const auto& galois : keys.galois) use(static_cast<int>(galois.q_limbs));
  if (keys.encapsulation) use(static_cast<int>(chain.digit_size()));
}

// Of the encoded diagonals of a bootstrap, which repeat with the slots' period; and twice that many of the
// last stage to slots, whose halves lie one behind the other.
double bootstrapping_words(const CkksPlan& ckks, const rlwe::ParametersSpec& chain) {
  const circuits::BootstrappingSpec& spec = *ckks.bootstrapping;
  using circuits::DftDirection;
  double words = 0;
  const auto add = [&](DftDirection direction, int stages, int level) {
    for (const auto& stage : circuits::dft_diagonals(direction, spec.log2_slots, stages)) {
      const double period = std::exp2(spec.log2_slots + 2);
      const auto limbs = static_cast<std::size_t>(level-- + 1);
      words += static_cast<double>(stage.size() * (limbs + chain.special_limbs(limbs))) * period;
    }
  };
  add(DftDirection::kSlotsToCoefficients, spec.slots_to_coefficients, spec.slots_to_coefficients);
  add(DftDirection::kCoefficientsToSlots, spec.coefficients_to_slots, ckks.parameters.top_level());
  return words;
}

void count_linear(const Plan& plan, OperationCounter& counter, const Sums& sums, double blocks,
                  std::vector<PlanStep>& steps, double& seconds) {
  const CkksPlan& ckks = *plan.ckks;
  const LevelSchedule levels = LinearTrainer::level_schedule(*plan.linear, ckks.model_level,
                                                             ckks.bootstrapping, ckks.parameters.levels);
  const MomentCosts moments(ckks);
  int level = ckks.data_level;
  const auto close = [&](std::string name, int after) {
    steps.push_back({std::move(name), level, after, counter.switches()});
    seconds += counter.seconds();
    level = after;
  };
  moments.count_rows(counter, level, blocks);
  close("rows rotated", level - 1);
  moments.count_sums(counter, sums, level);
  close("moments", level - 1);
  moments.count_mask(counter, level);
  close("matrix", level - 1);
  counter.rescale(level);
  close("first vector", level - 1);
  for (int t = 1; t <= plan.linear->iterations(); ++t) {
    const auto& iteration = levels.iterations[static_cast<std::size_t>(t)];
    if (iteration.renewed) {
      counter.rescale(level + 1);
      count_bootstrap(counter, ckks);
      counter.rescale(iteration.start + 1, 2);
      close("bootstrap", iteration.start);
    }
    moments.count_product(counter, level);
    counter.rescale(level, 2);
    close("product " + std::to_string(t), level - 1);
  }
}

void count_newton(const Plan& plan, OperationCounter& counter, const Sums& sums, double blocks,
                  std::vector<PlanStep>& steps, double& seconds) {
  const CkksPlan& ckks = *plan.ckks;
  const NewtonSchedule& schedule = *plan.newton;
  const LevelSchedule levels =
      NewtonTrainer::level_schedule(schedule, ckks.model_level, ckks.bootstrapping, ckks.parameters.levels);
  const MomentCosts moments(ckks);
  int level = ckks.data_level;
  const auto close = [&](std::string name, int after) {
    steps.push_back({std::move(name), level, after, counter.switches()});
    seconds += counter.seconds();
    level = after;
  };
  const auto solution = [&](int from) {
    for (int j = 0; j < schedule.solve.iterations(); ++j) {
      moments.count_product(counter, from - j);
      counter.rescale(from - j, 3);
    }
    return from - schedule.solve.iterations();
  };
  counter.load(level, blocks);
  moments.count_rows(counter, level, blocks);
  close("rows rotated", level - 1);
  moments.count_sums(counter, sums, level);
  close("moments", level - 1);
  moments.count_mask(counter, level);
  close("matrix", level - 1);
  count_sum_of_rows(counter, sums, ckks.data_level, blocks);
  counter.rescale(level);
  close("iteration 1", solution(level - 1));
  for (std::size_t t = 1; t < levels.iterations.size(); ++t) {
    const auto& iteration = levels.iterations[t];
    if (iteration.renewed) {
      count_bootstrap(counter, ckks);
      close("bootstrap", iteration.start);
    } else if (level > iteration.start) {
      counter.rescale(level);
      close("brought down", iteration.start);
    }
    const int end = level - LogisticGradient::levels(schedule.sigmoid.degree());
    count_gradient(counter, ckks, sums, schedule.sigmoid.degree(), level, blocks);
    counter.rescale(end, 2);
    close("iteration " + std::to_string(t + 1), solution(end));
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
  const StripPacking& packing = ckks.packing;
  const auto strips = static_cast<double>(packing.strips());
  const double blocks = static_cast<double>(packing.blocks(plan.request.rows));
  const double predicted =
      static_cast<double>(packing.blocks(std::max<std::uint64_t>(plan.request.predict_rows, 1)));
  // Work spreads over limbs; what stays serial is about a tenth.
  const double threads = 1 / (0.1 + 0.9 / std::max(plan.request.threads, 1));
  OperationCounter counter(chain, calibration);
  Estimates e;
  plan.steps.clear();

  const EvaluationKeyUses keys = ckks.key_uses();
  const bool trains = plan.request.job == Job::kTrain;
  for_each_key(keys, chain, [&](int limbs) { counter.key(limbs); });
  e.keygen_seconds = counter.seconds() / threads;
  if (trains) {
    counter.encrypt(ckks.data_level, blocks * strips);
    e.encrypt_seconds = counter.seconds() / threads;
    (plan.logistic ? count_logistic
     : plan.newton ? count_newton
                   : count_linear)(plan, counter, Sums(packing, basis), blocks, plan.steps, e.train_seconds);
    e.train_seconds /= threads;
    e.dataset_bytes = static_cast<std::uint64_t>(blocks * strips) *
                      rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, ckks.data_level, true));
    e.model_bytes = rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, ckks.model_level, false));
  } else {
    counter.encrypt(kPredictionLevels, predicted * strips);
    e.encrypt_seconds = counter.seconds() / threads;
    e.dataset_bytes = static_cast<std::uint64_t>(predicted * strips) *
                      rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, kPredictionLevels, true));
  }
  counter.load(kPredictionLevels, predicted * strips);
  counter.add_product(kPredictionLevels, predicted * strips);
  if (trains) {
    counter.rotate_multiples(RotationMultiples(basis, packing), kPredictionLevels);
    counter.key_switch(kPredictionLevels, predicted);
  } else {
    counter.encode(kPredictionLevels, strips);
    counter.rescale(kPredictionLevels, predicted);
  }
  counter.sum_slots(SlotSum(basis, 1, static_cast<std::int64_t>(packing.row_slots)), kPredictionLevels - 1,
                    predicted);
  counter.rescale(kPredictionLevels - 1, predicted);
  plan.steps.push_back({"prediction", kPredictionLevels, 0, counter.switches()});
  e.predict_seconds = counter.seconds() / threads;
  e.prediction_bytes = static_cast<std::uint64_t>(predicted) *
                       rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(chain, 0, false));
  e.evaluation_key_bytes = keys.encoded_bytes(chain);
  // Keys with both halves, a dozen ciphertexts, and the digits of one; for every strip the weights that meet
  // it, and the three parts of its sum.
  const double words = std::exp2(chain.log2_degree) * 8;
  const double limbs = static_cast<double>(chain.q_primes.size() + chain.p_primes.size());
  const double kept =
      plan.linear || plan.newton ? static_cast<double>(ckks.packing.width) : 0;  // the matrix's diagonals
  const double held = 2 * (12 + kept) + (trains ? 5 : 1) * (strips - 1) + chain.digits + 4;
  const double diagonals = ckks.bootstrapping ? bootstrapping_words(ckks, chain) : 0;
  e.server_memory_bytes =
      keys.memory_bytes(chain) + static_cast<std::uint64_t>(words * limbs * held + 8 * diagonals);
  // Keys are made once, and read back for every job, which also makes its tables and takes its memory.
  const double keys_file = static_cast<double>(e.evaluation_key_bytes) * calibration.file_ns * 1e-9;
  for_each_key(keys, chain, [&](int key_limbs) { counter.load_key(key_limbs); });
  const double loading = counter.seconds() / threads;
  counter.tables(limbs);
  const double tables = counter.seconds();
  counter.touched(limbs * held);
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
