#include "cloister/ml/paillier_planner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>

#include "cloister/ml/internal/advice.h"
#include "cloister/paillier/evaluator.h"

namespace cloister::ml {
namespace {

constexpr int kPredictFractionBits = 24, kSumsFractionBits = 32, kStatisticsFractionBits = 40;
constexpr std::uint64_t kBlockCiphertexts = 32;  // of every column

int integer_bits_for(double bound) { return static_cast<int>(std::ceil(std::log2(bound))); }

double error_bound(const JobRequest& r, int fraction_bits) {
  const double u = std::exp2(-fraction_bits - 1), d = r.features;
  if (r.job == Job::kStatistics) return u;
  if (r.job == Job::kPredict) return u * (d * (kClearWeightBound + r.feature_bound) + 1);
  const double mu = kAssumedLeastEigenvalue + r.ridge;
  return u * std::sqrt(d) * (2 + std::sqrt(d / mu)) / mu;
}

paillier::SumsPlan sums_plan(const JobRequest& r, int fraction_bits, int integer_bits) {
  const bool statistics = r.job == Job::kStatistics;
  return {.columns = r.features + (statistics ? 0 : 1),
          .format = {fraction_bits, integer_bits},
          .max_rows = r.rows,
          .bins = statistics && r.bins > 0 ? r.bins + 2 : 0};
}

bool sums_fit(const paillier::SumsPlan& sums) {
  return sums.bound(sums.max_rows) <= BigInteger::power_of_two(paillier::kMaxIntegerBits);
}

// The least fraction bits that keep to the largest error, and the most that formats allow.
struct FractionBits {
  int least, most;
};
FractionBits fraction_bits_of(const JobRequest& r) {
  const int most =
      paillier::kMaxFormatBits - std::max(integer_bits_for(r.feature_bound),
                                          r.job == Job::kPredict ? integer_bits_for(kClearWeightBound) : 0);
  int least = 0;
  while (least <= most && !(error_bound(r, least) <= r.max_error)) ++least;
  return {least, most};
}

std::optional<int> choose_fraction_bits(const JobRequest& r) {
  const auto [least, most] = fraction_bits_of(r);
  if (least > most) return std::nullopt;
  const int usual = r.job == Job::kPredict      ? kPredictFractionBits
                    : r.job == Job::kStatistics ? kStatisticsFractionBits
                                                : kSumsFractionBits;
  int bits = std::clamp(usual, least, most);
  if (r.job == Job::kPredict) return bits;
  for (; bits >= least; --bits)
    if (sums_fit(sums_plan(r, bits, integer_bits_for(r.feature_bound)))) return bits;
  return std::nullopt;
}

[[noreturn]] void refuse(const JobRequest& r) {
  const auto [least, most] = fraction_bits_of(r);
  std::ostringstream message;
  message << "plan: ";
  if (least > most) {
    message << "an error of at most " << r.max_error << " needs more than the " << most
            << " fraction bits that are supported; the nearest job that fits allows an error of "
            << error_bound(r, most) << ": give " << setting("max_error", short_number(error_bound(r, most)));
  } else {
    // Rows enter the sums' bound as a factor.
    const int room = paillier::kMaxIntegerBits - 2 * (least + integer_bits_for(r.feature_bound));
    message << "exact sums over " << r.rows << " rows with an error of at most " << r.max_error
            << " do not fit " << paillier::kMaxIntegerBits << " bits; the nearest job that fits ";
    if (room >= 0)
      message << "has " << (std::uint64_t{1} << std::min(room, 40)) << " rows; ";
    else
      message << "has smaller values; ";
    message << "or scale the columns to a smaller bound than " << r.feature_bound
            << ", or allow a larger error";
  }
  throw PrecisionError(message.str());
}

// Bytes of files, as wire/container.h and paillier/encoding.h lay them out.
constexpr std::uint64_t kContainerBytes = 40 + 48 + 40, kFrameBytes = 48, kTableHeaderBytes = 24,
                        kMatrixBytes = 8, kVectorBytes = 56, kSumsBytes = 32;
std::uint64_t vector_bytes(const paillier::VectorFormat& format, int modulus_bits) {
  const auto n_bytes = static_cast<std::uint64_t>(modulus_bits) / 8;
  return kVectorBytes + n_bytes + format.ciphertexts() * 2 * n_bytes;
}

// What Paillier's operations take in exponentiations by half n's bits modulo n^2: encryption and
// re-randomization are one each, and a key's primes are found in about fifty. Ratios of GMP's functions,
// which differ little between machines.
constexpr double kKeygenPowers = 50;

double seconds_of_power(int modulus_bits) {
  const auto number = [](int bits) {
    std::vector<std::uint64_t> limbs(static_cast<std::size_t>(bits) / 64, 0x9e3779b97f4a7c15);
    return BigInteger::from_limbs(limbs);
  };
  const BigInteger modulus = number(2 * modulus_bits), exponent = number(modulus_bits / 2);
  const BigInteger base = modulus - BigInteger(2);
  double best = 1e300;
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    power(base, exponent, modulus);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

std::uint64_t table_bytes(const Plan& plan, std::uint64_t rows, std::uint64_t columns) {
  const auto frame = [&](std::uint64_t block) {
    return kFrameBytes + kMatrixBytes +
           columns * vector_bytes(column_format(plan, block), plan.paillier->modulus_bits);
  };
  const std::uint64_t block = block_rows(plan), rest = rows % block;
  return kContainerBytes + kFrameBytes + kTableHeaderBytes + rows / block * frame(block) +
         (rest != 0 ? frame(rest) : 0);
}

void estimate_predictions(Plan& plan, double power_seconds) {
  const PaillierPlan& p = *plan.paillier;
  const std::uint64_t rows = plan.request.predict_rows, block = block_rows(plan);
  const double columns = plan.request.features, ciphertexts = std::ceil(static_cast<double>(rows) / p.slots);
  const double weight_powers = 2.0 * (p.weight_fraction_bits + p.weight_integer_bits) / p.modulus_bits;
  Estimates& e = plan.estimates;
  e.encrypt_seconds = columns * ciphertexts * power_seconds;
  e.predict_seconds = ciphertexts * (1 + columns * weight_powers) * power_seconds;
  e.dataset_bytes = table_bytes(plan, rows, plan.request.features);
  e.prediction_bytes = table_bytes(plan, rows, 1);
  // A block's columns, its results and their noise.
  e.server_memory_bytes =
      (plan.request.features + 2) * vector_bytes(column_format(plan, block), p.modulus_bits);
}

void estimate_sums(Plan& plan, double power_seconds) {
  const PaillierPlan& p = *plan.paillier;
  const auto sums = sums_plan(plan);
  const paillier::VectorFormat moments{sums.moments(), 2 * p.value_fraction_bits,
                                       sums.packing(p.modulus_bits), sums.bound(sums.max_rows)};
  const paillier::VectorFormat counts{sums.counts(), 0, sums.counts_packing(p.modulus_bits), BigInteger()};
  const std::uint64_t bytes =
      vector_bytes(moments, p.modulus_bits) + (sums.bins > 0 ? vector_bytes(counts, p.modulus_bits) : 0);
  Estimates& e = plan.estimates;
  e.encrypt_seconds = e.train_seconds =
      static_cast<double>(moments.ciphertexts() + counts.ciphertexts()) * power_seconds;
  e.dataset_bytes = e.model_bytes = kContainerBytes + kFrameBytes + kSumsBytes + bytes;
  e.server_memory_bytes = 3 * bytes;
}

}  // namespace

paillier::FixedPoint value_format(const PaillierPlan& plan) {
  return {plan.value_fraction_bits, plan.value_integer_bits};
}

paillier::FixedPoint weight_format(const PaillierPlan& plan) {
  return {plan.weight_fraction_bits, plan.weight_integer_bits};
}

paillier::SumsPlan sums_plan(const Plan& plan) {
  const auto out =
      sums_plan(plan.request, plan.paillier->value_fraction_bits, plan.paillier->value_integer_bits);
  out.validate();
  return out;
}

paillier::VectorFormat column_format(const Plan& plan, std::uint64_t rows) {
  const PaillierPlan& p = *plan.paillier;
  return {rows, p.value_fraction_bits, {p.slots, p.bits_per_slot}, value_format(p).bound()};
}

paillier::VectorFormat margin_format(const Plan& plan, std::uint64_t rows) {
  const PaillierPlan& p = *plan.paillier;
  return {rows,
          p.value_fraction_bits + p.weight_fraction_bits,
          {p.slots, p.bits_per_slot},
          paillier::dot_bound(value_format(p).bound(), weight_format(p), plan.request.features)};
}

std::uint64_t block_rows(const Plan& plan) { return kBlockCiphertexts * plan.paillier->slots; }

std::optional<Plan> derive_paillier_plan(const JobRequest& request, int modulus_bits) {
  if (request.job == Job::kTrain || (request.job == Job::kAggregate && request.model != ModelKind::kLinear))
    return std::nullopt;
  const auto fraction_bits = choose_fraction_bits(request);
  if (!fraction_bits) return std::nullopt;
  Plan plan;
  plan.request = request;
  plan.error_bound = error_bound(request, *fraction_bits);
  PaillierPlan& p = plan.paillier.emplace();
  p.modulus_bits = modulus_bits;
  p.value_fraction_bits = p.weight_fraction_bits = *fraction_bits;
  p.value_integer_bits = integer_bits_for(request.feature_bound);
  p.weight_integer_bits = integer_bits_for(kClearWeightBound);
  const auto packing = adds_sums(request.job)
                           ? sums_plan(plan).packing(modulus_bits)
                           : paillier::Packing::plan(modulus_bits, margin_format(plan, 1).bound);
  p.slots = packing.slots;
  p.bits_per_slot = packing.bits_per_slot;
  return plan;
}

Plan plan_paillier(const JobRequest& request, int modulus_bits) {
  paillier::check_modulus_bits(modulus_bits);
  auto plan = derive_paillier_plan(request, modulus_bits);
  if (!plan) refuse(request);
  const double power_seconds = seconds_of_power(modulus_bits);
  const double parallel_seconds = power_seconds / std::max(request.threads, 1);
  plan->estimates.keygen_seconds = kKeygenPowers * power_seconds;
  const auto n_bytes = static_cast<std::uint64_t>(modulus_bits) / 8;
  plan->estimates.evaluation_key_bytes = kContainerBytes + kFrameBytes + 3 * n_bytes + 8;
  if (adds_sums(request.job))
    estimate_sums(*plan, parallel_seconds);
  else
    estimate_predictions(*plan, parallel_seconds);
  return *std::move(plan);
}

}  // namespace cloister::ml
