#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/ml/plan.h"
#include "cloister/ml/training_journal.h"
#include "cloister/ml/training_layout.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::ml {

inline constexpr int kLog2Degree = 9;  // a small, insecure ring: what is tested here is the algorithm

class TrainingParties {
 public:
  TrainingParties(int levels, std::uint64_t rows, const StripPacking& packing, RotationKeys rotation_keys)
      : TrainingParties(plan_of(spec(levels), packing, rotation_keys), rows) {}
  /// With the keys that the plan says.
  TrainingParties(const CkksPlan& plan, std::uint64_t rows)
      : TrainingParties(plan, rows,
                        ckks::InsecureParametersForTests::create(plan.parameters, scalar_kernels())) {}
  TrainingParties(const CkksPlan& plan, std::uint64_t rows,
                  std::shared_ptr<const ckks::Parameters> of_the_plan)
      : layout(plan.layout(rows)), parameters(std::move(of_the_plan)) {
    secret.emplace(rlwe::SecretKey::generate(parameters->rlwe(), prng, pool));
    encoder.emplace(parameters, pool);
    const rlwe::KeyGenerator generator(*secret, pool);
    const EvaluationKeyUses uses = plan.key_uses();
    keys.set_relinearization(generator.relinearization_key(prng, uses.relinearization_limbs));
    if (uses.encapsulation) keys.set_encapsulation(generator.encapsulation_keys(prng));
    for (const auto& use : uses.galois) keys.add_galois(generator.galois_key(use.element, prng, use.q_limbs));
    evaluator.emplace(parameters, &keys, pool);
  }

  static ckks::ParametersSpec spec(int levels) {
    return {
        .log2_degree = kLog2Degree, .levels = levels, .scale_bits = 45, .first_prime_bits = 55, .digits = 4};
  }
  static CkksPlan plan_of(const ckks::ParametersSpec& parameters, const StripPacking& packing,
                          RotationKeys rotation_keys) {
    CkksPlan plan;
    plan.parameters = parameters;
    plan.packing = packing;
    plan.rotation_keys = rotation_keys;
    return plan;
  }
  std::vector<ckks::Ciphertext> encrypt_block(const data::Matrix& rows, std::size_t block, double scale,
                                              int level) {
    std::vector<ckks::Ciphertext> out;
    for (std::size_t j = 0; j < layout.packing.strips(); ++j) {
      auto slots = layout.packing.pack(rows, block, j);
      for (double& v : slots) v *= scale;
      out.push_back(ckks::encrypt(*parameters, *secret, encoder->encode(slots, level), prng, pool));
    }
    return out;
  }
  std::vector<double> decrypt(const ckks::Ciphertext& c) {
    return ckks::Decryptor(*secret, *encoder, pool).decrypt_real(c);
  }

  ThreadPool pool{2};
  Prng prng{Seed(Bytes32{}), 11};
  TrainingLayout layout;
  std::shared_ptr<const ckks::Parameters> parameters;
  std::optional<rlwe::SecretKey> secret;
  std::optional<ckks::Encoder> encoder;
  rlwe::EvaluationKeys keys;
  std::optional<ckks::Evaluator> evaluator;
};

class MemoryBlocks final : public BlockSource {
 public:
  MemoryBlocks(TrainingParties& parties, const data::Matrix& rows, double scale, int level) {
    for (std::size_t b = 0; b < parties.layout.packing.blocks(rows.rows); ++b)
      ciphertexts.push_back(parties.encrypt_block(rows, b, scale, level));
  }
  std::vector<std::vector<ckks::Ciphertext>> ciphertexts;
  std::size_t blocks() const override { return ciphertexts.size(); }
  ckks::Ciphertext load(std::size_t block, std::size_t strip, int level) const override {
    auto out = ciphertexts[block][strip].clone();
    for (auto& part : out.parts)
      part.keep_limbs(std::min(part.limbs().q, static_cast<std::size_t>(level) + 1));
    return out;
  }
};

class KeptPoints final : public TrainingJournal {
 public:
  std::optional<TrainingPoint> last() override {
    if (points.empty()) return std::nullopt;
    TrainingPoint out{points.back().iterations, {}};
    for (const auto& c : points.back().state) out.state.push_back(c.clone());
    return out;
  }
  void keep(const TrainingPoint& point) override {
    TrainingPoint copy{point.iterations, {}};
    for (const auto& c : point.state) copy.state.push_back(c.clone());
    points.push_back(std::move(copy));
  }
  std::vector<TrainingPoint> points;
};

inline bool same(const ckks::Ciphertext& a, const ckks::Ciphertext& b) {
  if (a.parts.size() != b.parts.size() || a.scale != b.scale || a.level() != b.level()) return false;
  for (std::size_t i = 0; i < a.parts.size(); ++i)
    for (std::size_t j = 0; j < a.parts[i].limbs().q; ++j)
      if (!std::equal(a.parts[i].limb(j), a.parts[i].limb(j) + a.parts[i].degree(), b.parts[i].limb(j)))
        return false;
  return true;
}

inline double unit(Prng& prng) { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }

inline data::Matrix random_features(std::size_t rows, std::size_t columns, std::uint64_t stream) {
  Prng prng(Seed(Bytes32{}), stream);
  data::Matrix out(rows, columns);
  for (auto& v : out.values) v = std::sqrt(3.0) * unit(prng);  // mean 0, variance 1
  return out;
}

}  // namespace cloister::ml
