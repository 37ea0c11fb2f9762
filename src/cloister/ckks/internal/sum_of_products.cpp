#include "cloister/ckks/internal/sum_of_products.h"

#include <algorithm>
#include <cmath>

#include "cloister/ckks/noise.h"

namespace cloister::ckks::internal {
namespace {

constexpr std::size_t kMaxRows = 256;  // what the kernels sum

}  // namespace

std::vector<std::uint64_t> constant_residues(const Ring& ring, int level, double integer) {
  std::vector<std::uint64_t> out;
  int exponent = 0;
  const double mantissa = std::frexp(integer, &exponent);
  const int shift = std::max(exponent - 53, 0);
  const auto whole = static_cast<std::int64_t>(shift == 0 ? integer : std::ldexp(mantissa, 53));
  for (int i = 0; i <= level; ++i) {
    const Modulus& q = ring.modulus(static_cast<std::size_t>(i));
    out.push_back(q.mul(q.reduce(whole), q.pow(2, static_cast<std::uint64_t>(shift))));
  }
  return out;
}

SumOfProducts::SumOfProducts(const Parameters& parameters, std::span<const Evaluator::Product> products,
                             std::span<const Evaluator::Multiple> terms, double constant, int level)
    : ring_(parameters.ring()),
      scale_(parameters.scale_at(level) * parameters.scale_at(level)),
      limbs_{static_cast<std::size_t>(level) + 1, 0},
      products_(products.begin(), products.end()),
      has_constant_(constant != 0),
      constants_(limbs_.q),
      ones_(has_constant_ ? kBlock : 0, 1) {
  if (products.empty() && terms.empty()) throw ParametersError("sum: there is nothing to add up");
  if (terms.size() >= kMaxRows) throw ParametersError("sum: give at most 255 terms");
  const auto check = [&](const Ciphertext& x) {
    if (x.parts.front().ring() != ring_)
      throw MismatchError("the ciphertext belongs to other parameters", "ciphertext", "evaluator");
    if (x.parts.size() != 2 || x.scale != parameters.scale_at(x.level()))
      throw ParametersError("sum: an operand is not in normal form; finish it first");
    if (level < 0 || level > x.level()) throw LevelExhaustedError("sum", x.level(), level);
  };
  const auto add_row = [&](double integer) {
    const auto residues = constant_residues(*ring_, level, integer);
    for (std::size_t i = 0; i < limbs_.q; ++i) constants_[i].push_back(residues[i]);
  };
  for (const auto& [a, b] : products) {
    check(*a);
    check(*b);
    bound_ = bound_ + a->bound * b->bound * ValueBound{(a->scale * b->scale).value() / scale_.value(), 0};
  }
  for (const auto& [of, times] : terms) {
    if (!std::isfinite(times)) throw ParametersError("sum: a number is not finite");
    check(*of);
    const double unit = scale_.value() / of->scale.value(), integer = std::nearbyint(times * unit);
    terms_.push_back(of);
    add_row(integer);
    bound_ = bound_ + of->bound * ValueBound{std::abs(times), std::abs(times - integer / unit)};
  }
  if (!std::isfinite(constant)) throw ParametersError("sum: the number is not finite");
  if (!has_constant_) return;
  // A constant polynomial has the same value everywhere in the evaluation domain.
  const double integer = std::nearbyint(constant * scale_.value());
  add_row(integer);
  bound_ = bound_ + ValueBound{std::abs(constant), std::abs(constant - integer / scale_.value()) +
                                                       transform_error(parameters, std::abs(constant))};
}

EvaluationPoly SumOfProducts::third_part(const ThreadPool& pool) const {
  auto out = EvaluationPoly::uninitialized(ring_, limbs_);
  const KernelTable& kernels = ring_->kernels();
  pool.parallel_for(limbs_.q, [&](std::size_t i) {
    for (std::size_t start = 0; start < ring_->degree(); start += kBlock)
      for (std::size_t t = 0; t < products_.size(); ++t)
        (t == 0 ? kernels.mul : kernels.mul_add)(ring_->modulus(i), products_[t].a->parts[1].limb(i) + start,
                                                 products_[t].b->parts[1].limb(i) + start,
                                                 out.limb(i) + start,
                                                 std::min(kBlock, ring_->degree() - start));
  });
  return out;
}

void SumOfProducts::add_products(std::size_t i, std::size_t first, std::size_t count, std::uint64_t* b,
                                 std::uint64_t* a) const noexcept {
  const KernelTable& kernels = ring_->kernels();
  const Modulus& q = ring_->modulus(i);
  for (std::size_t t = 0; t < products_.size(); ++t) {
    const auto of = [&](const Ciphertext* x, std::size_t part) { return x->parts[part].limb(i) + first; };
    const auto [x, y] = products_[t];
    const auto first_product = t == 0 ? kernels.mul : kernels.mul_add;
    first_product(q, of(x, 0), of(y, 0), b, count);
    if (x == y && t == 0) {
      kernels.mul(q, of(x, 0), of(x, 1), a, count);
      kernels.add(q, a, a, a, count);
    } else {
      first_product(q, of(x, 0), of(y, 1), a, count);
      kernels.mul_add(q, of(x, 1), of(y, 0), a, count);
    }
  }
}

// The multiples of a part, and the constant where it is the first one.
void SumOfProducts::add_up(std::size_t part, std::size_t i, std::size_t first, std::size_t count,
                           std::uint64_t* out) const noexcept {
  std::array<const std::uint64_t*, kMaxRows> row;
  for (std::size_t t = 0; t < terms_.size(); ++t) row[t] = terms_[t]->parts[part].limb(i) + first;
  row[terms_.size()] = ones_.data();
  const Modulus& q = ring_->modulus(i);
  ring_->kernels().dot_constants(q, row.data(), constants_[i].data(), rows(part), q.bits(), out, count);
}

std::array<const std::uint64_t*, 2> SumOfProducts::operator()(std::size_t i, std::size_t first,
                                                              std::size_t count,
                                                              std::uint64_t* scratch) const noexcept {
  const std::array<std::uint64_t*, 2> out{scratch, scratch + kBlock};
  if (!has_products()) {
    for (std::size_t part = 0; part < 2; ++part) add_up(part, i, first, count, out[part]);
    return {out[0], out[1]};
  }
  add_products(i, first, count, out[0], out[1]);
  std::uint64_t* const more = scratch + 2 * kBlock;
  for (std::size_t part = 0; part < 2; ++part) {
    if (rows(part) == 0) continue;
    add_up(part, i, first, count, more);
    ring_->kernels().add(ring_->modulus(i), out[part], more, out[part], count);
  }
  return {out[0], out[1]};
}

}  // namespace cloister::ckks::internal
