// Cloister's side of `./run bench salary`: makes a key, a table as salaries have it and a clear model, all as
// bench/compare/salary.py states, and works as the plan of such a job says. Times are of one row each.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cloister/kernels/kernel_table.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/evaluator.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/paillier/owner/key_generation.h"
#include "cloister/paillier/owner/owner_noise.h"
#include "side.h"

namespace {

using namespace cloister;
using namespace cloister::paillier;
using nlohmann::json;

constexpr std::size_t kRows = 1000, kFeatures = 4;
constexpr double kIntercept = 0.25;

/// As standardized columns are, in [-4, 4).
double value_at(std::uint64_t i) { return static_cast<double>(chance(i) >> 11) / 9007199254740992.0 * 8 - 4; }
double weight_at(std::uint64_t j) { return value_at(kRows * kFeatures + j) / 8; }

std::string hex(std::span<const std::uint64_t> limbs) {
  return to_hex(BigInteger::from_limbs(limbs).to_bytes(8 * limbs.size()));
}

/// The parties, each with what it holds at most; all of it made before anything is timed.
class Bench {
 public:
  Bench() {
    for (std::size_t i = 0; i < kRows * kFeatures; ++i) values.push_back(value_at(i));
    for (std::size_t j = 0; j < kFeatures; ++j) weights.push_back(weight_at(j));
    for (std::size_t i = 0; i < kRows; ++i) {
      double margin = kIntercept;
      for (std::size_t j = 0; j < kFeatures; ++j) margin += values[i * kFeatures + j] * weights[j];
      margins.push_back(margin);
    }
  }

  EncryptedMatrix encrypt(const Packing& packing) {
    return Encryptor(owner_noise, pool).encrypt_matrix(values, kFeatures, value_format, packing, prng);
  }
  EncryptedVector predict(const EncryptedMatrix& rows) {
    return server.rerandomize(server.dot(rows, weights, weight_format, kIntercept), public_noise, prng);
  }
  std::vector<double> decrypt(const EncryptedVector& predicted) {
    return decryptor.decrypt(predicted).to_doubles();
  }
  Outcome outcome(const std::vector<double>& predicted) const {
    double largest = 0;
    for (std::size_t i = 0; i < kRows; ++i)
      largest = std::max(largest, std::abs(predicted.at(i) - margins[i]));
    return {largest, plan.error_bound};
  }

  ThreadPool pool{1};
  Prng prng = Prng::from_system();
  ml::Plan plan = ml::plan_paillier({.model = ml::ModelKind::kLinear,
                                     .scheme = ml::Scheme::kPaillier,
                                     .job = ml::Job::kPredict,
                                     .features = kFeatures,
                                     .predict_rows = kRows});
  FixedPoint value_format = ml::value_format(*plan.paillier),
             weight_format = ml::weight_format(*plan.paillier);
  Packing packed{plan.paillier->slots, plan.paillier->bits_per_slot};
  SecretKey key = generate_key(plan.paillier->modulus_bits, prng);
  OwnerNoise owner_noise{key};
  PublicNoise public_noise{key.public_key()};
  Decryptor decryptor{key, pool};
  Evaluator server{key.public_key(), pool};
  std::vector<double> values, weights, margins;
};

/// Every step by itself, and all in a row, of one packing.
void add(Bench& b, const std::string& packing_name, const Packing& packing, OperationTable& out) {
  struct State {
    std::optional<EncryptedMatrix> rows;
    std::optional<EncryptedVector> predicted;
    std::optional<std::vector<double>> decrypted;
  };
  const auto state = std::make_shared<State>();
  const auto encrypt = [=, &b] { return timed(state->rows, [&] { return b.encrypt(packing); }) / kRows; };
  const auto predict = [=, &b] {
    return timed(state->predicted, [&] { return b.predict(state->rows.value()); }) / kRows;
  };
  const auto decrypt = [=, &b] {
    return timed(state->decrypted, [&] { return b.decrypt(state->predicted.value()); }) / kRows;
  };
  const auto check = [=, &b] { return b.outcome(b.decrypt(b.predict(state->rows.value()))); };
  out["encrypt_" + packing_name] = {encrypt, check};
  out["predict_" + packing_name] = {predict, check};
  out["decrypt_" + packing_name] = {decrypt, [=, &b] { return b.outcome(state->decrypted.value()); }};
  out["all_" + packing_name] = {[=] { return encrypt() + predict() + decrypt(); },
                                [=, &b] { return b.outcome(state->decrypted.value()); }};
}

json info(const Bench& b) {
  return {{"library", "Cloister"},
          {"compiler", CLOISTER_COMPILER},
          {"kernel_target", std::string(name(select_kernels().target))},
          {"bits", b.key.public_key().modulus_bits()},
          {"slots", b.packed.slots},
          {"p", hex(b.key.p())},
          {"q", hex(b.key.q())}};
}

/// Of encrypted rows and of predictions, a row.
json sizes(const Bench& b, const Packing& single) {
  const double each = 8.0 * static_cast<double>(b.key.public_key().ciphertext_limbs());
  const auto of = [&](const Packing& packing, std::size_t columns) {
    return each * static_cast<double>(packing.ciphertexts(kRows) * columns) / kRows;
  };
  return {{"packed", {{"rows", of(b.packed, kFeatures)}, {"predictions", of(b.packed, 1)}}},
          {"single", {{"rows", of(single, kFeatures)}, {"predictions", of(single, 1)}}}};
}

}  // namespace

int main() {
  try {
    Bench bench;
    const Packing single = Packing::single(bench.key.public_key().modulus_bits());
    OperationTable operations;
    add(bench, "packed", bench.packed, operations);
    add(bench, "single", single, operations);
    serve(info(bench), sizes(bench, single), operations);
  } catch (const std::exception& e) {
    std::cerr << "salary_side: " << e.what() << "\n";
    return 1;
  }
}
