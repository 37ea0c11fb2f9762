#include "cloister/bfv/internal/product_basis.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cloister/math/primes.h"

namespace cloister::bfv::internal {
namespace {

constexpr double kMarginBits = 12;  // of R above Q: rounding to R then adds nothing that counts
constexpr double kLeastPrimeBits = 45.9, kMostPrimeBits = 49.4;  // transforms are as fast up to the former

// The primes of R: those of P, which have tables, and as many more as it takes.
std::vector<std::uint64_t> primes_of_r(const rlwe::Parameters& parameters, std::uint64_t t) {
  const rlwe::ParametersSpec& spec = parameters.spec();
  std::vector<std::uint64_t> out = spec.p_primes, taken = spec.q_primes;
  std::erase_if(out, [t](std::uint64_t prime) { return t % prime == 0; });
  double bits = parameters.log2_q() + kMarginBits;
  for (const std::uint64_t prime : out) bits -= std::log2(static_cast<double>(prime));
  taken.insert(taken.end(), spec.p_primes.begin(), spec.p_primes.end());
  const double count = std::max(std::ceil(bits / kMostPrimeBits), 0.0);
  const double each = std::max(count > 0 ? bits / count : 0, kLeastPrimeBits);
  for (int found = 0; found < static_cast<int>(count);) {
    taken.push_back(nearest_prime(std::exp2(each), std::uint64_t{2} << spec.log2_degree, taken));
    if (t % taken.back() == 0) continue;
    out.push_back(taken.back());
    ++found;
  }
  return out;
}

std::vector<std::size_t> range(std::size_t first, std::size_t count) {
  std::vector<std::size_t> out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

std::uint64_t product_modulo(const Ring& ring, std::span<const std::size_t> primes, const Modulus& q) {
  std::uint64_t product = 1;
  for (const std::size_t prime : primes) product = q.mul(product, q.reduce(ring.modulus(prime).value()));
  return product;
}

}  // namespace

ProductBasis::ProductBasis(const rlwe::Parameters& parameters, const Modulus& t)
    : ring_(parameters.ring()->with_special_primes(primes_of_r(parameters, t.value()))) {
  for (std::size_t q_limbs = 1; q_limbs <= ring_->q_count(); ++q_limbs)
    levels_.push_back(make_level(q_limbs, t));
}

ProductBasis::Level ProductBasis::make_level(std::size_t q_limbs, const Modulus& t) const {
  double log2_q = 0, log2_r = 0;
  for (std::size_t i = 0; i < q_limbs; ++i)
    log2_q += std::log2(static_cast<double>(ring_->modulus(i).value()));
  std::size_t r_limbs = 0;
  while (r_limbs < ring_->p_count() && log2_r < log2_q + kMarginBits)
    log2_r += std::log2(static_cast<double>(ring_->modulus(ring_->q_count() + r_limbs++).value()));
  const auto q = range(0, q_limbs), r = range(ring_->q_count(), r_limbs);
  // round(R / Q b) = (R b - [R b]_Q) / Q is -[R b]_Q / Q modulo R.
  BaseConverter::Weights scale{{}, {}}, down{{}, {}};
  for (const std::size_t i : q) scale.from.push_back(product_modulo(*ring_, r, ring_->modulus(i)));
  for (const std::size_t i : r) {
    const Modulus& modulus = ring_->modulus(i);
    scale.to.push_back(modulus.negate(modulus.inverse(product_modulo(*ring_, q, modulus))));
  }
  // round(t / R x) = (x - [t x]_R / t) t / R modulo Q.
  for (const std::size_t i : r) down.from.push_back(ring_->modulus(i).reduce(t.value()));
  for (const std::size_t i : q) {
    const Modulus& modulus = ring_->modulus(i);
    down.to.push_back(modulus.inverse(modulus.reduce(t.value())));
  }
  return {r_limbs,
          log2_r,
          BaseConverter(*ring_, q, r),
          BaseConverter(*ring_, q, r, scale),
          BaseConverter(*ring_, r, q),
          LimbDivision(*ring_, r, q, down)};
}

// Memory for so many limbs, and where each lies in it.
ProductBasis::Words ProductBasis::room(std::size_t limbs, std::vector<std::uint64_t*>& places) const {
  const std::size_t distance = BaseConverter::limb_distance(*ring_);
  auto out = ring_->words(limbs * distance);
  for (std::size_t i = 0; i < limbs; ++i) places.push_back(out.data() + i * distance);
  return out;
}

// The limbs of R of the first operand, and of both moduli of the second.
void ProductBasis::raise(const Pair& a, const Pair& b, const ThreadPool& pool, Raised& raised_a,
                         Raised& raised_b) const {
  const std::size_t l = a[0]->limbs().q, size = ring_->degree() / kNttParts;
  const Level& level = levels_[l - 1];
  const std::array<const EvaluationPoly*, 4> polys{a[0], a[1], b[0], b[1]};
  std::vector<std::uint64_t*> heads;  // [poly][l]
  const Words memory = room(polys.size() * l, heads);
  // Of each part of a prime all polynomials in turn, while its roots are near.
  pool.parallel_for(l * kNttParts, [&](std::size_t task) {
    const std::size_t i = task / kNttParts, part = task % kNttParts;
    for (std::size_t k = 0; k < polys.size(); ++k)
      ring_->kernels().ntt_inverse_head(ring_->ntt(i), part, polys[k]->limb(i) + part * size,
                                        heads[k * l + i] + part * size);
  });
  for (std::size_t k = 0; k < 2; ++k) {
    const auto in = [&](std::size_t poly) {
      const auto first = heads.begin() + static_cast<std::ptrdiff_t>(poly * l);
      return std::vector<const std::uint64_t*>(first, first + static_cast<std::ptrdiff_t>(l));
    };
    raised_a.words.push_back(room(level.r, raised_a.r[k]));
    level.lift.convert(*ring_, in(k), raised_a.r[k], pool);
    raised_b.words.push_back(room(level.r, raised_b.r[k]));
    raised_b.words.push_back(room(l, raised_b.q[k]));
    level.scale.convert_on(*ring_, in(k + 2), raised_b.r[k], level.lift_back, raised_b.q[k], pool);
  }
}

// One part of a limb of the products modulo QR.
void ProductBasis::tensor(const Pair& a, const Raised& raised_a, const Raised& raised_b, std::size_t l,
                          std::size_t task, std::array<EvaluationPoly, 3>& out) const {
  const std::size_t i = task / kNttParts, part = task % kNttParts;
  const std::size_t size = ring_->degree() / kNttParts, first = part * size;
  const KernelTable& kernels = ring_->kernels();
  const NttTables& tables = ring_->ntt(out[0].prime_index(i));
  auto scratch = ring_->words(4 * size);
  std::array<const std::uint64_t*, 4> x{};  // a0, a1, b0, b1
  for (std::size_t k = 0; k < 2; ++k) {
    std::uint64_t *const to_a = scratch.data() + k * size, *const to_b = to_a + 2 * size;
    x[k] = i < l ? a[k]->limb(i) + first : to_a;
    x[k + 2] = to_b;
    if (i >= l) kernels.ntt_forward_tail(tables, part, raised_a.r[k][i - l] + first, to_a);
    kernels.ntt_forward_tail(tables, part, (i < l ? raised_b.q[k][i] : raised_b.r[k][i - l]) + first, to_b);
  }
  const auto to = [&](std::size_t k) { return out[k].limb(i) + first; };
  kernels.mul(tables.modulus(), x[0], x[2], to(0), size);
  kernels.mul(tables.modulus(), x[0], x[3], to(1), size);
  kernels.mul_add(tables.modulus(), x[1], x[2], to(1), size);
  kernels.mul(tables.modulus(), x[1], x[3], to(2), size);
}

std::array<EvaluationPoly, 3> ProductBasis::multiply(const Pair& a, const Pair& b,
                                                     const ThreadPool& pool) const {
  const std::size_t l = a[0]->limbs().q;
  const Level& level = levels_[l - 1];
  const auto new_polys = [](const std::shared_ptr<const Ring>& ring, LimbSet of) {
    return std::array{EvaluationPoly::uninitialized(ring, of), EvaluationPoly::uninitialized(ring, of),
                      EvaluationPoly::uninitialized(ring, of)};
  };
  auto product = new_polys(ring_, LimbSet{l, level.r});
  {
    Raised raised_a, raised_b;  // memory that the division uses again
    raise(a, b, pool, raised_a, raised_b);
    pool.parallel_for(product[0].limbs().count() * kNttParts,
                      [&](std::size_t task) { tensor(a, raised_a, raised_b, l, task, product); });
  }
  auto out = new_polys(a[0]->ring(), LimbSet{l, 0});
  level.down.apply<3>({&product[0], &product[1], &product[2]}, pool,
                      [&](std::size_t k, std::size_t i) { return out[k].limb(i); });
  return out;
}

}  // namespace cloister::bfv::internal
