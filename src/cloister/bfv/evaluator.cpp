#include "cloister/bfv/evaluator.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "cloister/bfv/internal/checks.h"
#include "cloister/bfv/internal/product_basis.h"
#include "cloister/bfv/internal/scaled_message.h"
#include "cloister/bfv/noise.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::bfv {
namespace {

LimbSet limbs_at(int level) { return {static_cast<std::size_t>(level) + 1, 0}; }

FactorNorm norm_of(const Modulus& t, const Plaintext& plaintext) {
  FactorNorm out;
  double squares = 0;
  for (const std::uint64_t c : plaintext.span()) {
    const double magnitude = std::abs(static_cast<double>(t.centre(c)));
    out.sum += magnitude;
    squares += magnitude * magnitude;
  }
  out.root = std::sqrt(squares);
  return out;
}

}  // namespace

Evaluator::Evaluator(std::shared_ptr<const Parameters> parameters, const rlwe::EvaluationKeys* keys,
                     const ThreadPool& pool)
    : parameters_(std::move(parameters)), keys_(keys), pool_(&pool), switcher_(parameters_->rlwe(), pool) {}

void Evaluator::check(const Ciphertext& a) const {
  internal::require_ring(*parameters_, a.parts.front(), "ciphertext");
}

// Brings two operands to one level, then applies the operation.
template <typename Operation>
Ciphertext Evaluator::aligned(const Ciphertext& a, const Ciphertext& b, const Operation& operation) const {
  check(a);
  check(b);
  if (a.level() > b.level()) return operation(modulus_switch(a, b.level()), b);
  if (a.level() < b.level()) return operation(a, modulus_switch(b, a.level()));
  return operation(a, b);
}

template <typename PolyOperation>
Ciphertext Evaluator::linear(const Ciphertext& a, const Ciphertext& b, const PolyOperation& operation) const {
  return aligned(a, b, [&](const Ciphertext& x, const Ciphertext& y) {
    Ciphertext out{{}, x.noise + y.noise, {}};
    internal::require_budget(*parameters_, out.noise, "add");
    const LimbSet limbs = limbs_at(x.level());
    // In the place of a part that one of them lacks.
    std::optional<EvaluationPoly> zero;
    if (x.parts.size() != y.parts.size()) zero.emplace(parameters_->ring(), limbs);
    const auto part = [&zero](const Ciphertext& c, std::size_t k) -> const EvaluationPoly& {
      return k < c.parts.size() ? c.parts[k] : *zero;
    };
    for (std::size_t k = 0; k < std::max(x.parts.size(), y.parts.size()); ++k) {
      out.parts.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs));
      operation(part(x, k), part(y, k), out.parts[k], *pool_);
    }
    return out;
  });
}

Ciphertext Evaluator::add(const Ciphertext& a, const Ciphertext& b) const {
  return linear(a, b, [](const auto& x, const auto& y, EvaluationPoly& out, const ThreadPool& pool) {
    cloister::add(x, y, out, pool);
  });
}

Ciphertext Evaluator::sub(const Ciphertext& a, const Ciphertext& b) const {
  return linear(a, b, [](const auto& x, const auto& y, EvaluationPoly& out, const ThreadPool& pool) {
    cloister::sub(x, y, out, pool);
  });
}

void Evaluator::add_to(Ciphertext& a, const Ciphertext& b) const {
  check(a);
  check(b);
  if (a.level() != b.level() || a.parts.size() < b.parts.size()) {
    a = add(a, b);
    return;
  }
  const NoiseBound noise = a.noise + b.noise;
  internal::require_budget(*parameters_, noise, "add");
  for (std::size_t k = 0; k < b.parts.size(); ++k) cloister::add(a.parts[k], b.parts[k], a.parts[k], *pool_);
  a.noise = noise;
  a.seed.reset();
}

Ciphertext Evaluator::negate(const Ciphertext& a) const {
  check(a);
  Ciphertext out = a.clone();
  out.seed.reset();
  for (auto& part : out.parts) cloister::negate(part, part, *pool_);
  return out;
}

template <typename PolyOperation>
Ciphertext Evaluator::with_message(const Ciphertext& a, const Plaintext& b,
                                   const PolyOperation& operation) const {
  check(a);
  const NoiseBound noise = a.noise + message_noise(*parameters_, a.level());
  internal::require_budget(*parameters_, noise, "add");
  Ciphertext out = a.clone();
  out.seed.reset();
  out.noise = noise;
  operation(out.parts[0], internal::scaled_message(*parameters_, b, a.level(), *pool_));
  return out;
}

Ciphertext Evaluator::add(const Ciphertext& a, const Plaintext& b) const {
  return with_message(a, b, [&](EvaluationPoly& to, const EvaluationPoly& message) {
    cloister::add(to, message, to, *pool_);
  });
}

Ciphertext Evaluator::sub(const Ciphertext& a, const Plaintext& b) const {
  return with_message(a, b, [&](EvaluationPoly& to, const EvaluationPoly& message) {
    cloister::sub(to, message, to, *pool_);
  });
}

Factor Evaluator::factor(const Plaintext& plaintext, int level) const {
  internal::require_plaintext(*parameters_, plaintext);
  if (level < 0 || level > parameters_->max_level())
    throw ParametersError("factor: the level " + std::to_string(level) + " is outside [0, " +
                          std::to_string(parameters_->max_level()) + "]");
  const auto& ring = parameters_->ring();
  const Modulus& t = parameters_->plaintext_modulus();
  Factor out{EvaluationPoly::uninitialized(ring, limbs_at(level)), norm_of(t, plaintext)};
  pool_->parallel_for(out.poly.limbs().q, [&](std::size_t i) {
    std::uint64_t* limb = out.poly.limb(i);
    ring->kernels().change_modulus(t, ring->modulus(i), plaintext.coefficients.data(), limb, ring->degree());
    ring->kernels().ntt_forward(ring->ntt(i), limb, limb);
  });
  return out;
}

Ciphertext Evaluator::multiply(const Ciphertext& a, const Factor& b) const {
  check(a);
  internal::require_ring(*parameters_, b.poly, "factor");
  if (b.level() < a.level())
    throw ParametersError("multiply: the factor's level " + std::to_string(b.level()) +
                          " is below the ciphertext's; make it at level " + std::to_string(a.level()));
  Ciphertext out{{}, factor_noise(*parameters_, a.noise, b.norm), {}};
  internal::require_budget(*parameters_, out.noise, "multiply");
  for (const auto& part : a.parts) {
    out.parts.push_back(EvaluationPoly::uninitialized(part.ring(), part.limbs()));
    mul(part, b.poly, out.parts.back(), *pool_);
  }
  return out;
}

Ciphertext Evaluator::multiply(const Ciphertext& a, const Plaintext& b) const {
  check(a);
  return multiply(a, factor(b, a.level()));
}

Ciphertext Evaluator::multiply(const Ciphertext& a, std::int64_t b) const {
  check(a);
  const Modulus& t = parameters_->plaintext_modulus();
  if (t.centre(t.reduce(b)) != b)
    throw ParametersError("multiply: " + std::to_string(b) + " is outside what the plaintext modulus " +
                          std::to_string(t.value()) + " holds");
  const double magnitude = std::abs(static_cast<double>(b));
  Ciphertext out{{}, factor_noise(*parameters_, a.noise, {magnitude, magnitude}), {}};
  internal::require_budget(*parameters_, out.noise, "multiply");
  std::vector<std::uint64_t> residues;
  for (std::size_t i = 0; i < limbs_at(a.level()).q; ++i)
    residues.push_back(parameters_->ring()->modulus(i).reduce(b));
  for (const auto& part : a.parts) {
    out.parts.push_back(EvaluationPoly::uninitialized(part.ring(), part.limbs()));
    mul_scalar(part, residues, out.parts.back(), *pool_);
  }
  return out;
}

Ciphertext Evaluator::multiply_lazy(const Ciphertext& a, const Ciphertext& b) const {
  if (a.parts.size() == 3) return multiply_lazy(relinearize(a.clone()), b);
  if (b.parts.size() == 3) return multiply_lazy(a, relinearize(b.clone()));
  return aligned(a, b, [&](const Ciphertext& x, const Ciphertext& y) {
    Ciphertext out{{}, product_noise(*parameters_, x.noise, y.noise, x.level()), {}};
    internal::require_budget(*parameters_, out.noise, "multiply");
    auto parts =
        parameters_->product_basis().multiply({&x.parts[0], &x.parts[1]}, {&y.parts[0], &y.parts[1]}, *pool_);
    for (auto& part : parts) out.parts.push_back(std::move(part));
    return out;
  });
}

Ciphertext Evaluator::multiply(const Ciphertext& a, const Ciphertext& b) const {
  relinearization_key();  // before the work, not after it
  return relinearize(multiply_lazy(a, b));
}

const rlwe::KeySwitchKey& Evaluator::relinearization_key() const {
  if (keys_ == nullptr) throw MissingKeyError("relinearize: no evaluation keys were given", 0);
  return keys_->relinearization();
}

Ciphertext Evaluator::relinearize(Ciphertext a) const {
  check(a);
  if (a.parts.size() == 2) return a;
  const NoiseBound noise = a.noise + key_switch_noise(*parameters_, a.level());
  internal::require_budget(*parameters_, noise, "relinearize");
  switcher_.relinearize(a.parts, relinearization_key());
  a.noise = noise;
  return a;
}

Ciphertext Evaluator::one_level_down(Ciphertext a) const {
  const int level = a.level() - 1;
  a.noise = a.noise + modulus_switch_noise(*parameters_, level);
  internal::require_budget(*parameters_, a.noise, "modulus switch");
  const LimbDivision& division = parameters_->rlwe()->rescale(limbs_at(a.level()).q);
  division.apply<2>({&a.parts[0], &a.parts[1]}, *pool_,
                    [&a](std::size_t part, std::size_t i) { return a.parts[part].limb(i); });
  for (auto& part : a.parts) part.keep_limbs(limbs_at(level).q);
  return a;
}

Ciphertext Evaluator::modulus_switch(const Ciphertext& a, int level) const {
  check(a);
  if (level < 0 || level > a.level()) throw LevelExhaustedError("modulus switch", a.level(), level);
  Ciphertext out = relinearize(a.clone());
  if (out.level() > level) out.seed.reset();
  while (out.level() > level) out = one_level_down(std::move(out));
  return out;
}

int Evaluator::lowest_level(const Ciphertext& a) const {
  check(a);
  int level = a.level();
  NoiseBound noise = a.noise;
  while (level > 0) {
    noise = noise + modulus_switch_noise(*parameters_, level - 1);
    if (budget_bits(*parameters_, noise) < kLeastBudgetBits) break;
    --level;
  }
  return level;
}

}  // namespace cloister::bfv
