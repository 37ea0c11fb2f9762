#include "cloister/ckks/evaluator.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cloister/ckks/internal/sum_of_products.h"
#include "cloister/ckks/noise.h"
#include "cloister/ring/poly_ops.h"

namespace cloister::ckks {
namespace {

LimbSet limbs_at(int level) { return {static_cast<std::size_t>(level) + 1, 0}; }

void drop_limbs(Ciphertext& a, int level) {
  for (auto& part : a.parts) part.keep_limbs(limbs_at(level).q);
  a.seed.reset();
}

// Limbs a block at a time, so that what is read for several results is read from afar once.
template <typename Body>
void for_each_block(const Ring& ring, std::size_t limbs, const ThreadPool& pool, const Body& body) {
  constexpr std::size_t kBlock = 1024;
  pool.parallel_for(limbs, [&](std::size_t i) {
    for (std::size_t start = 0; start < ring.degree(); start += kBlock)
      body(i, start, std::min(kBlock, ring.degree() - start));
  });
}

}  // namespace

Evaluator::Evaluator(std::shared_ptr<const Parameters> parameters, const rlwe::EvaluationKeys* keys,
                     const ThreadPool& pool)
    : parameters_(std::move(parameters)), keys_(keys), pool_(&pool), switcher_(parameters_->rlwe(), pool) {}

bool Evaluator::is_normal(const Ciphertext& a) const noexcept {
  return a.parts.front().ring() == parameters_->ring() && a.parts.size() == 2 &&
         a.scale == parameters_->scale_at(a.level());
}

void Evaluator::check_ring(const Ciphertext& a) const {
  if (a.parts.front().ring() != parameters_->ring())
    throw MismatchError("the ciphertext belongs to other parameters", "ciphertext", "evaluator");
}

Ciphertext Evaluator::normal(const Ciphertext& a) const {
  check_ring(a);
  return is_normal(a) ? a.clone() : finish(a.clone());
}

void Evaluator::check_fits(const Ciphertext& a, const char* operation) const {
  if (std::log2(std::max(a.bound.total(), 0x1p-100)) + a.scale.log2() + 1 >=
      parameters_->log2_modulus_at(a.level()))
    throw PrecisionError(
        std::string(operation) +
        ": the result's bound does not fit the modulus that is left, so it could wrap around; "
        "scale the values down, state a tighter bound, or stay a level higher");
}

// Brings two operands to one level and scale, then applies the operation.
template <typename Operation>
Ciphertext Evaluator::aligned(const Ciphertext& a, const Ciphertext& b, Operation operation) const {
  if (!is_normal(a)) return aligned(normal(a), b, operation);
  if (!is_normal(b)) return aligned(a, normal(b), operation);
  if (a.level() > b.level()) return operation(to_level(a, b.level()), b);
  if (a.level() < b.level()) return operation(a, to_level(b, a.level()));
  return operation(a, b);
}

template <typename PolyOperation>
Ciphertext Evaluator::linear(const Ciphertext& a, const Ciphertext& b, PolyOperation operation) const {
  const auto apply = [&](const Ciphertext& x, const Ciphertext& y) {
    const Ciphertext& longer = x.parts.size() >= y.parts.size() ? x : y;
    Ciphertext out{{}, x.scale, x.bound + y.bound, {}};
    const EvaluationPoly zero(parameters_->ring(), limbs_at(x.level()));
    for (std::size_t k = 0; k < longer.parts.size(); ++k) {
      out.parts.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs_at(x.level())));
      operation(k < x.parts.size() ? x.parts[k] : zero, k < y.parts.size() ? y.parts[k] : zero, out.parts[k]);
    }
    return out;
  };
  // Products that wait for their rescaling are added as they are.
  if (a.level() == b.level() && a.scale == b.scale) return apply(a, b);
  return aligned(a, b, apply);
}

Ciphertext Evaluator::add(const Ciphertext& a, const Ciphertext& b) const {
  return linear(a, b, [&](const EvaluationPoly& x, const EvaluationPoly& y, EvaluationPoly& out) {
    cloister::add(x, y, out, *pool_);
  });
}

Ciphertext Evaluator::sub(const Ciphertext& a, const Ciphertext& b) const {
  return linear(a, b, [&](const EvaluationPoly& x, const EvaluationPoly& y, EvaluationPoly& out) {
    cloister::sub(x, y, out, *pool_);
  });
}

void Evaluator::add_to(Ciphertext& a, const Ciphertext& b) const {
  if (a.level() != b.level() || a.scale != b.scale || a.parts.size() < b.parts.size()) {
    a = add(a, b);
    return;
  }
  for (std::size_t k = 0; k < b.parts.size(); ++k) cloister::add(a.parts[k], b.parts[k], a.parts[k], *pool_);
  a.bound = a.bound + b.bound;
  a.seed.reset();
}

Ciphertext Evaluator::negate(const Ciphertext& a) const {
  Ciphertext out = a.clone();
  out.seed.reset();
  for (auto& part : out.parts) cloister::negate(part, part, *pool_);
  return out;
}

Ciphertext Evaluator::add(const Ciphertext& a, const Plaintext& b) const {
  if (b.scale != a.scale || b.level() < a.level())
    throw ParametersError("add: the plaintext's scale or level is not the ciphertext's; encode it at level " +
                          std::to_string(a.level()));
  Ciphertext out = a.clone();
  out.seed.reset();
  cloister::add(out.parts[0], b.poly, out.parts[0], *pool_);
  out.bound = out.bound + b.bound;
  return out;
}

Ciphertext Evaluator::add(Ciphertext&& a, double b) const {
  if (!std::isfinite(b)) throw ParametersError("add: the number is not finite");
  Ciphertext out = std::move(a);
  out.seed.reset();
  // A constant polynomial has the same value everywhere in the evaluation domain.
  const double integer = std::nearbyint(b * out.scale.value());
  const auto residues = internal::constant_residues(*parameters_->ring(), out.level(), integer);
  pool_->parallel_for(residues.size(), [&](std::size_t i) {
    const Modulus q = out.parts[0].modulus(i);
    for (auto& x : out.parts[0].limb_span(i)) x = q.add(x, residues[i]);
  });
  out.bound = out.bound + ValueBound{std::abs(b), std::abs(b - integer / out.scale.value()) +
                                                      transform_error(*parameters_, std::abs(b))};
  return out;
}

// The parts times an integer, of the limbs of a level at or below a's.
std::vector<EvaluationPoly> Evaluator::multiplied(const Ciphertext& a, double integer, int level) const {
  const auto residues = internal::constant_residues(*parameters_->ring(), level, integer);
  std::vector<EvaluationPoly> out;
  for (const auto& part : a.parts) {
    out.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs_at(level)));
    mul_scalar(part, residues, out.back(), *pool_);
  }
  return out;
}

Ciphertext Evaluator::multiply_lazy(const Ciphertext& a, double b, int level) const {
  if (!std::isfinite(b)) throw ParametersError("multiply: the number is not finite");
  if (!is_normal(a)) return multiply_lazy(normal(a), b, level);
  if (level < 0 || level > a.level()) throw LevelExhaustedError("multiply", a.level(), level);
  const Scale product = parameters_->scale_at(level) * parameters_->scale_at(level);
  const double unit = product.value() / a.scale.value();
  const double integer = std::nearbyint(b * unit);
  return {multiplied(a, integer, level),
          product,
          a.bound * ValueBound{std::abs(b), std::abs(b - integer / unit)},
          {}};
}

Ciphertext Evaluator::sum_lazy(std::span<const Multiple> terms, double constant, int level) const {
  const internal::SumOfProducts sum(*parameters_, {}, terms, constant, level);
  Ciphertext out{{}, sum.scale(), sum.bound(), {}};
  for (int part = 0; part < 2; ++part)
    out.parts.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs_at(level)));
  for_each_block(*parameters_->ring(), limbs_at(level).q, *pool_,
                 [&](std::size_t i, std::size_t start, std::size_t count) {
                   alignas(64) std::array<std::uint64_t, internal::SumOfProducts::kBlockWords> scratch;
                   const auto from = sum(i, start, count, scratch.data());
                   for (std::size_t part = 0; part < 2; ++part)
                     std::copy_n(from[part], count, out.parts[part].limb(i) + start);
                 });
  return out;
}

Ciphertext Evaluator::finish_sum(std::span<const Product> products, std::span<const Multiple> terms,
                                 double constant, int level, std::optional<double> magnitude) const {
  if (level == 0) throw LevelExhaustedError("multiply", 0, 1);
  const internal::SumOfProducts sum(*parameters_, products, terms, constant, level);
  Ciphertext out{
      {}, sum.scale() / static_cast<double>(parameters_->prime_at(level).value()), sum.bound(), {}};
  if (magnitude) out = with_magnitude(std::move(out), *magnitude);
  for (int part = 0; part < 2; ++part)
    out.parts.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs_at(level - 1)));
  if (sum.has_products()) {
    switcher_.switch_and_rescale(sum.third_part(*pool_), relinearization_key(), sum,
                                 {&out.parts[0], &out.parts[1]});
    out.bound.error += key_error(*parameters_, level, sum.scale());
  } else {
    const LimbDivision& division = parameters_->rlwe()->rescale(limbs_at(level).q);
    division.apply_to_blocks<2>(*parameters_->ring(), limbs_at(level - 1).q, *pool_, sum,
                                [&](std::size_t part, std::size_t i) { return out.parts[part].limb(i); });
  }
  out.bound.error += rounding_error(*parameters_, out.scale);
  check_fits(out, "rescale");
  return out;
}

Ciphertext Evaluator::multiply_lazy(const Ciphertext& a, double b) const {
  return is_normal(a) ? multiply_lazy(a, b, a.level()) : multiply_lazy(normal(a), b);
}

Ciphertext Evaluator::multiply(const Ciphertext& a, double b) const { return finish(multiply_lazy(a, b)); }

Ciphertext Evaluator::multiply_integer(const Ciphertext& a, std::int64_t b) const {
  if (b >= std::int64_t{1} << 31 || b <= -(std::int64_t{1} << 31))
    throw ParametersError("multiply_integer: " + std::to_string(b) + " is outside (-2^31, 2^31)");
  check_ring(a);
  const auto integer = static_cast<double>(b);
  Ciphertext out{multiplied(a, integer, a.level()), a.scale, a.bound * ValueBound{std::abs(integer), 0}, {}};
  check_fits(out, "multiply_integer");
  return out;
}

Ciphertext Evaluator::multiply_by_i(Ciphertext a) const {
  const Ring& ring = *parameters_->ring();
  const std::size_t half = ring.degree() / 2;
  a.seed.reset();
  pool_->parallel_for(a.parts[0].limbs().count(), [&](std::size_t k) {
    // X^(N/2) at psi^(2 brv(j) + 1): psi^(N/2), the root in place 1, where the upper bit of j is not set, and
    // its negative where it is.
    const Modulus& q = ring.modulus(k);
    const ShoupFactor root = ring.ntt(k).roots()[1], negative(q.negate(root.value), q);
    for (auto& part : a.parts) {
      ring.kernels().mul_scalar(q, part.limb(k), root, part.limb(k), half);
      ring.kernels().mul_scalar(q, part.limb(k) + half, negative, part.limb(k) + half, half);
    }
  });
  return a;
}

// Both parts a block at a time, so that the plaintext is read once. `out` may be a's.
void Evaluator::multiply_parts(const Ciphertext& a, const Plaintext& b,
                               std::vector<EvaluationPoly>& out) const {
  if (b.level() < a.level())
    throw ParametersError("multiply: the plaintext's level " + std::to_string(b.level()) +
                          " is below the ciphertext's; encode it at level " + std::to_string(a.level()));
  check_operand(b.poly, out[0]);
  const KernelTable& kernels = parameters_->ring()->kernels();
  for_each_block(*parameters_->ring(), out[0].limbs().count(), *pool_,
                 [&](std::size_t i, std::size_t start, std::size_t count) {
                   for (std::size_t part = 0; part < out.size(); ++part)
                     kernels.mul(out[0].modulus(i), a.parts[part].limb(i) + start, b.poly.limb(i) + start,
                                 out[part].limb(i) + start, count);
                 });
}

Ciphertext Evaluator::multiply_lazy(const Ciphertext& a, const Plaintext& b) const {
  if (!is_normal(a)) return multiply_lazy(normal(a), b);
  Ciphertext out{{}, a.scale * b.scale, a.bound * b.bound, {}};
  for (const auto& part : a.parts)
    out.parts.push_back(EvaluationPoly::uninitialized(part.ring(), part.limbs()));
  multiply_parts(a, b, out.parts);
  return out;
}

Ciphertext Evaluator::multiply_lazy(Ciphertext&& a, const Plaintext& b) const {
  if (!is_normal(a)) return multiply_lazy(normal(a), b);
  multiply_parts(a, b, a.parts);
  a.scale = a.scale * b.scale;
  a.bound = a.bound * b.bound;
  a.seed.reset();
  return std::move(a);
}

Ciphertext Evaluator::multiply(const Ciphertext& a, const Plaintext& b) const {
  return finish(multiply_lazy(a, b));
}

Ciphertext Evaluator::multiply(Ciphertext&& a, const Plaintext& b) const {
  return finish(multiply_lazy(std::move(a), b));
}

// The three parts of a product, a block at a time: each part of the operands is read once.
void Evaluator::multiply_parts(const Ciphertext& a, const Ciphertext& b, Into into, Ciphertext& out) const {
  const Ring& ring = *parameters_->ring();
  const KernelTable& kernels = ring.kernels();
  const auto first = into == Into::kAdd ? kernels.mul_add : kernels.mul;
  for_each_block(ring, out.parts[0].limbs().count(), *pool_,
                 [&](std::size_t i, std::size_t start, std::size_t count) {
                   const Modulus& q = out.parts[0].modulus(i);
                   const auto from = [&](const Ciphertext& x, std::size_t part) {
                     return x.parts[part].limb(i) + start;
                   };
                   const auto to = [&](std::size_t part) { return out.parts[part].limb(i) + start; };
                   first(q, from(a, 0), from(b, 0), to(0), count);
                   first(q, from(a, 0), from(b, 1), to(1), count);
                   kernels.mul_add(q, from(a, 1), from(b, 0), to(1), count);
                   first(q, from(a, 1), from(b, 1), to(2), count);
                 });
}

Ciphertext Evaluator::three_parts(int level, Scale scale, const ValueBound& bound) const {
  Ciphertext out{{}, scale, bound, {}};
  for (int k = 0; k < 3; ++k)
    out.parts.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs_at(level)));
  return out;
}

Ciphertext Evaluator::multiply_lazy(const Ciphertext& a, const Ciphertext& b) const {
  return aligned(a, b, [&](const Ciphertext& x, const Ciphertext& y) {
    auto out = three_parts(x.level(), x.scale * y.scale, x.bound * y.bound);
    multiply_parts(x, y, Into::kReplace, out);
    return out;
  });
}

void Evaluator::add_product(std::optional<Ciphertext>& sum, const Ciphertext& a, const Ciphertext& b) const {
  if (a.parts.front().ring() != parameters_->ring() || a.parts.size() != 2 || !is_normal(b) ||
      a.level() < b.level())
    throw ParametersError(
        "add_product: finish both operands first, the second at the level of the first or below");
  const double ratio = a.scale.value() / b.scale.value();
  const ValueBound bound = a.bound * b.bound * ValueBound{ratio, 0};
  const Scale scale = b.scale * b.scale;
  if (!sum) {
    sum = three_parts(b.level(), scale, bound);
    multiply_parts(a, b, Into::kReplace, *sum);
    return;
  }
  if (sum->parts.size() != 3 || sum->level() != b.level() || sum->scale != scale)
    throw ParametersError("add_product: the sum is of another level than the product");
  multiply_parts(a, b, Into::kAdd, *sum);
  sum->bound = sum->bound + bound;
}

Ciphertext Evaluator::multiply(const Ciphertext& a, const Ciphertext& b) const {
  if (a.level() != b.level() || !is_normal(a) || !is_normal(b)) return finish(multiply_lazy(a, b));
  return finish_sum(std::array{Product{&a, &b}}, {}, 0, a.level());
}

Ciphertext Evaluator::square(const Ciphertext& a) const { return multiply(a, a); }

const rlwe::KeySwitchKey& Evaluator::relinearization_key() const {
  if (keys_ == nullptr) throw MissingKeyError("relinearize: no evaluation keys were given", 0);
  return keys_->relinearization();
}

Ciphertext Evaluator::relinearize(Ciphertext a) const {
  if (a.parts.size() == 2) return a;
  switcher_.relinearize(a.parts, relinearization_key());
  a.bound.error += key_switch_error(*parameters_, a.level(), a.scale);
  return a;
}

Ciphertext Evaluator::rescale(Ciphertext a) const {
  if (a.parts.size() != 2) throw ParametersError("rescale: relinearize the product first");
  if (a.level() == 0) throw LevelExhaustedError("rescale", 0, 1);
  const LimbDivision& division = parameters_->rlwe()->rescale(limbs_at(a.level()).q);
  division.apply<2>({&a.parts[0], &a.parts[1]}, *pool_,
                    [&a](std::size_t part, std::size_t i) { return a.parts[part].limb(i); });
  return one_level_down(std::move(a));
}

Ciphertext Evaluator::finish(Ciphertext a) const {
  if (a.level() == 0) throw LevelExhaustedError("multiply", 0, 1);
  if (a.parts.size() == 2) return rescale(std::move(a));
  switcher_.switch_and_rescale(
      a.parts[2], relinearization_key(),
      [&](std::size_t i, std::size_t first, std::size_t, std::uint64_t*) {
        return std::array<const std::uint64_t*, 2>{a.parts[0].limb(i) + first, a.parts[1].limb(i) + first};
      },
      {&a.parts[0], &a.parts[1]});
  a.parts.pop_back();
  a.bound.error += key_error(*parameters_, a.level(), a.scale);
  return one_level_down(std::move(a));
}

Ciphertext Evaluator::finish_raised(const rlwe::PolyPair& product, Scale scale,
                                    const ValueBound& bound) const {
  const LimbSet limbs{product.first.limbs().q, 0};
  if (limbs.q < 2) throw LevelExhaustedError("multiply", 0, 1);
  Ciphertext out{{}, scale, bound, {}};
  for (int k = 0; k < 2; ++k) out.parts.push_back(EvaluationPoly::uninitialized(parameters_->ring(), limbs));
  parameters_->rlwe()->mod_down_and_rescale(limbs.q).apply<2>(
      {&product.first, &product.second}, *pool_,
      [&](std::size_t part, std::size_t i) { return out.parts[part].limb(i); });
  return one_level_down(std::move(out));
}

// After a division by the level's prime.
Ciphertext Evaluator::one_level_down(Ciphertext a) const {
  const Modulus& divisor = parameters_->prime_at(a.level());
  drop_limbs(a, a.level() - 1);
  a.scale = a.scale / static_cast<double>(divisor.value());
  a.bound.error += rounding_error(*parameters_, a.scale);
  check_fits(a, "rescale");
  return a;
}

Ciphertext Evaluator::to_level(const Ciphertext& a, int level) const {
  if (!is_normal(a)) return to_level(normal(a), level);
  return a.level() == level ? a.clone() : scale_to_level(a, 1.0, level);
}

Ciphertext Evaluator::scale_to_level(const Ciphertext& a, double factor, int level) const {
  if (!std::isfinite(factor)) throw ParametersError("scale_to_level: the factor is not finite");
  if (!is_normal(a)) return scale_to_level(normal(a), factor, level);
  if (level < 0 || a.level() <= level) throw LevelExhaustedError("scale_to_level", a.level(), level + 1);
  // An integer near factor * scale_level * q / scale_now makes up for the difference of the scales.
  const Scale before =
      parameters_->scale_at(level) * Scale(static_cast<double>(parameters_->prime_at(level + 1).value()));
  const double unit = before.value() / a.scale.value();
  const double integer = std::nearbyint(factor * unit);
  auto out = rescale({multiplied(a, integer, level + 1),
                      before,
                      a.bound * ValueBound{std::abs(factor), std::abs(factor - integer / unit)},
                      {}});
  out.scale = parameters_->scale_at(level);
  return out;
}

Ciphertext Evaluator::with_magnitude(Ciphertext a, double magnitude) {
  a.bound.magnitude = std::min(a.bound.magnitude, magnitude);
  return a;
}

Ciphertext Evaluator::with_bound(Ciphertext a, const ValueBound& bound) {
  a.bound = bound;
  return a;
}

}  // namespace cloister::ckks
