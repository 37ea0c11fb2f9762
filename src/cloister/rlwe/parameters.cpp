#include "cloister/rlwe/parameters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "cloister/math/primes.h"
#include "cloister/rlwe/security.h"

namespace cloister::rlwe {
namespace {

// Of the nearest prime, above where it was looked for.
constexpr double kPrimeToleranceBits = 1;

double log2_product(std::span<const std::uint64_t> primes) {
  return std::accumulate(primes.begin(), primes.end(), 0.0,
                         [](double sum, std::uint64_t p) { return sum + std::log2(static_cast<double>(p)); });
}

std::vector<double> log2_each(std::span<const std::uint64_t> primes) {
  std::vector<double> out;
  out.reserve(primes.size());
  for (const std::uint64_t p : primes) out.push_back(std::log2(static_cast<double>(p)));
  return out;
}

// Of the digits of so many primes, whose logarithms are given: a planner asks for many sizes of one chain.
double log2_largest(std::span<const double> primes, std::size_t size) {
  double largest = 0;
  for (std::size_t start = 0; start < primes.size(); start += size) {
    const auto digit = primes.subspan(start, std::min(size, primes.size() - start));
    largest = std::max(largest, std::accumulate(digit.begin(), digit.end(), 0.0));
  }
  return largest;
}

Bytes32 fingerprint(const ParametersSpec& spec) {
  ByteWriter w;
  w.put_string("cloister rlwe parameters 1");
  w.put(std::int32_t{spec.log2_degree});
  w.put(std::int32_t{spec.digits});
  for (const auto* primes : {&spec.q_primes, &spec.p_primes}) {
    w.put(static_cast<std::uint32_t>(primes->size()));
    for (const auto p : *primes) w.put(p);
  }
  return sha256(w.bytes());
}

void check_security(int log2_degree, double log2_qp, SecurityTable table) {
  const double most = max_log2_modulus(log2_degree, table);
  if (log2_qp > most)
    throw SecurityError("parameters: log2(QP) = " + std::to_string(log2_qp) + " at ring degree 2^" +
                        std::to_string(log2_degree) + " is below 128-bit security, which allows " +
                        std::to_string(most) + "; take a larger ring or fewer primes");
}

// Near which the special prime of the encapsulation lies.
double encapsulation_prime(std::uint64_t first) {
  return static_cast<double>(first) * (1 << kEncapsulationMarginBits);
}

}  // namespace

std::size_t ParametersSpec::digit_size() const {
  const std::size_t count = q_primes.size(),
                    least = (count + static_cast<std::size_t>(digits) - 1) / static_cast<std::size_t>(digits);
  const std::vector<double> logs = log2_each(q_primes);
  std::size_t best = least;
  double smallest = log2_largest(logs, least);
  for (std::size_t size = least + 1; size < count && (count - 1) / size == (count - 1) / least; ++size)
    if (const double largest = log2_largest(logs, size); largest < smallest) {
      smallest = largest;
      best = size;
    }
  return best;
}

std::size_t ParametersSpec::special_limbs(std::size_t q_limbs) const {
  const std::size_t size = digit_size();
  if (q_limbs > size) return p_primes.size();
  const double margin = log2_product(p_primes) - log2_largest(log2_each(q_primes), size);
  const double least = log2_product(std::span(q_primes).first(q_limbs)) + margin;
  double bits = 0;
  for (std::size_t k = 0; k < p_primes.size(); ++k) {
    bits += std::log2(static_cast<double>(p_primes[k]));
    if (bits >= least) return k + 1;
  }
  return p_primes.size();
}

std::shared_ptr<const Parameters> Parameters::create(ParametersSpec spec, const KernelTable& kernels,
                                                     SecurityTable table) {
  return std::shared_ptr<const Parameters>(
      new Parameters(std::move(spec), kernels, SecurityCheck::kEnforce, table));
}

Parameters::Parameters(ParametersSpec spec, const KernelTable& kernels, SecurityCheck check,
                       SecurityTable table)
    : spec_(std::move(spec)), check_(check) {
  log2_q_ = log2_product(spec_.q_primes);
  log2_p_ = log2_product(spec_.p_primes);
  if (check == SecurityCheck::kEnforce) check_security(spec_.log2_degree, log2_qp(), table);
  ring_ = Ring::create(spec_.log2_degree, spec_.q_primes, spec_.p_primes, kernels);
  id_ = fingerprint(spec_);

  const std::size_t q_count = ring_->q_count();
  if (spec_.digits < 1 || static_cast<std::size_t>(spec_.digits) > q_count)
    throw ParametersError("parameters: " + std::to_string(spec_.digits) + " digits for " +
                          std::to_string(q_count) + " primes");
  digit_size_ = spec_.digit_size();
  log2_largest_digit_ = log2_largest(log2_each(spec_.q_primes), digit_size_);
  std::vector<std::size_t> q_indices(q_count), p_indices(ring_->p_count());
  std::iota(q_indices.begin(), q_indices.end(), std::size_t{0});
  std::iota(p_indices.begin(), p_indices.end(), q_count);
  const auto below = [&](std::size_t limbs) {
    return std::vector(q_indices.begin(), q_indices.begin() + static_cast<std::ptrdiff_t>(limbs));
  };
  for (std::size_t limbs = 2; limbs <= q_count; ++limbs)
    rescale_.emplace_back(*ring_, std::vector{limbs - 1}, below(limbs - 1));
  for (std::size_t limbs = 1; limbs <= q_count; ++limbs) special_limbs_.push_back(spec_.special_limbs(limbs));
  if (spec_.p_primes.empty()) return;
  if (log2_p_ < log2_largest_digit_)
    throw ParametersError("parameters: the special modulus (" + std::to_string(log2_p_) +
                          " bits) is smaller than the largest digit (" + std::to_string(log2_largest_digit_) +
                          " bits), which would drown results in noise; add special primes or digits");

  // The product of the primes of P that a polynomial of so many limbs leaves out, modulo a prime of Q.
  const auto left_out = [&](std::size_t limbs, std::size_t q_prime) {
    const Modulus& q = ring_->modulus(q_prime);
    std::uint64_t product = 1;
    for (const auto prime : std::span(spec_.p_primes).subspan(special_limbs_[limbs - 1]))
      product = q.mul(product, q.reduce(prime));
    return product;
  };
  const auto special = [&](std::size_t limbs) {
    return std::vector(p_indices.begin(),
                       p_indices.begin() + static_cast<std::ptrdiff_t>(special_limbs_[limbs - 1]));
  };
  // Of polynomials of so many limbs, from some primes to others: see raised_limbs. Limbs of Q come
  // left_out times; the weight of what is converted makes up for that, and what it is added to wants it
  // again.
  const auto weights = [&](std::size_t limbs, std::span<const std::size_t> from,
                           std::span<const std::size_t> to) -> std::optional<BaseConverter::Weights> {
    if (special_limbs_[limbs - 1] == p_indices.size()) return std::nullopt;
    BaseConverter::Weights out;
    for (const std::size_t i : from)
      out.from.push_back(i < q_count ? ring_->modulus(i).inverse(left_out(limbs, i)) : 1);
    for (const std::size_t i : to) out.to.push_back(i < q_count ? left_out(limbs, i) : 1);
    return out;
  };
  mod_up_.resize(q_count);
  for (std::size_t limbs = 1; limbs <= q_count; ++limbs) {
    for (std::size_t start = 0; start < limbs; start += digit_size_) {
      const std::size_t end = std::min(start + digit_size_, limbs);
      std::vector<std::size_t> from, to;
      for (std::size_t i = 0; i < limbs; ++i) (i >= start && i < end ? from : to).push_back(i);
      const auto of_p = special(limbs);
      to.insert(to.end(), of_p.begin(), of_p.end());
      const auto weight = weights(limbs, from, to);
      mod_up_[limbs - 1].emplace_back(*ring_, std::move(from), std::move(to), weight);
    }
  }
  for (std::size_t limbs = 1; limbs <= q_count && special_limbs_[limbs - 1] < p_indices.size(); ++limbs)
    mod_down_.emplace_back(*ring_, special(limbs), below(limbs),
                           weights(limbs, special(limbs), below(limbs)));
  mod_down_by_all_.emplace(*ring_, p_indices, q_indices);
  for (std::size_t limbs = 2; limbs <= q_count; ++limbs) {
    std::vector<std::size_t> divisors{limbs - 1};
    const auto of_p = special(limbs);
    divisors.insert(divisors.end(), of_p.begin(), of_p.end());
    const auto weight = weights(limbs, divisors, below(limbs - 1));
    mod_down_and_rescale_.emplace_back(*ring_, std::move(divisors), below(limbs - 1), weight);
  }
  for (std::size_t i = 0; i < q_count; ++i) {
    const Modulus& q = ring_->modulus(i);
    std::uint64_t p = 1;
    for (const auto prime : spec_.p_primes) p = q.mul(p, q.reduce(prime));
    p_modulo_.push_back(p);
  }
}

ParametersSpec encapsulated_spec(const ParametersSpec& spec) {
  if (spec.q_primes.empty()) throw ParametersError("parameters: there is no prime to encapsulate");
  const std::uint64_t first = spec.q_primes.front();
  return {.log2_degree = spec.log2_degree,
          .q_primes = {first},
          .p_primes = {nearest_prime(encapsulation_prime(first), std::uint64_t{2} << spec.log2_degree,
                                     spec.q_primes)},
          .digits = 1};
}

std::shared_ptr<const Parameters> Parameters::encapsulated() const {
  const std::uint64_t first = spec_.q_primes.front();
  const double special = encapsulation_prime(first);
  const double bits = std::log2(static_cast<double>(first)) + std::log2(special) + kPrimeToleranceBits;
  const double most = max_log2_encapsulated_modulus(spec_.log2_degree);
  if (check_ == SecurityCheck::kEnforce && bits > most)
    throw SecurityError("parameters: " + std::to_string(bits) +
                        " bits under an ephemeral sparse secret at ring degree 2^" +
                        std::to_string(spec_.log2_degree) + ", where 128-bit security allows " +
                        std::to_string(most) + "; take a larger ring or a smaller first prime");
  return std::shared_ptr<const Parameters>(
      new Parameters(encapsulated_spec(spec_), ring_->kernels(), check_));
}

}  // namespace cloister::rlwe
