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

// Of the digits of so many primes.
double log2_largest(std::span<const std::uint64_t> primes, std::size_t size) {
  double largest = 0;
  for (std::size_t start = 0; start < primes.size(); start += size)
    largest = std::max(largest, log2_product(primes.subspan(start, std::min(size, primes.size() - start))));
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

void check_security(int log2_degree, double log2_qp) {
  const double most = max_log2_modulus(log2_degree);
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
  std::size_t best = least;
  for (std::size_t size = least + 1; size < count && (count - 1) / size == (count - 1) / least; ++size)
    if (log2_largest(q_primes, size) < log2_largest(q_primes, best)) best = size;
  return best;
}

std::shared_ptr<const Parameters> Parameters::create(ParametersSpec spec, const KernelTable& kernels) {
  return std::shared_ptr<const Parameters>(new Parameters(std::move(spec), kernels, SecurityCheck::kEnforce));
}

Parameters::Parameters(ParametersSpec spec, const KernelTable& kernels, SecurityCheck check)
    : spec_(std::move(spec)), check_(check) {
  log2_q_ = log2_product(spec_.q_primes);
  log2_p_ = log2_product(spec_.p_primes);
  if (check == SecurityCheck::kEnforce) check_security(spec_.log2_degree, log2_qp());
  ring_ = Ring::create(spec_.log2_degree, spec_.q_primes, spec_.p_primes, kernels);
  id_ = fingerprint(spec_);

  const std::size_t q_count = ring_->q_count();
  if (spec_.digits < 1 || static_cast<std::size_t>(spec_.digits) > q_count)
    throw ParametersError("parameters: " + std::to_string(spec_.digits) + " digits for " +
                          std::to_string(q_count) + " primes");
  digit_size_ = spec_.digit_size();
  log2_largest_digit_ = log2_largest(spec_.q_primes, digit_size_);
  std::vector<std::size_t> q_indices(q_count), p_indices(ring_->p_count());
  std::iota(q_indices.begin(), q_indices.end(), std::size_t{0});
  std::iota(p_indices.begin(), p_indices.end(), q_count);
  const auto below = [&](std::size_t limbs) {
    return std::vector(q_indices.begin(), q_indices.begin() + static_cast<std::ptrdiff_t>(limbs));
  };
  for (std::size_t limbs = 2; limbs <= q_count; ++limbs)
    rescale_.emplace_back(*ring_, std::vector{limbs - 1}, below(limbs - 1));
  if (spec_.p_primes.empty()) return;
  if (log2_p_ < log2_largest_digit_)
    throw ParametersError("parameters: the special modulus (" + std::to_string(log2_p_) +
                          " bits) is smaller than the largest digit (" + std::to_string(log2_largest_digit_) +
                          " bits), which would drown results in noise; add special primes or digits");

  mod_up_.resize(q_count);
  for (std::size_t limbs = 1; limbs <= q_count; ++limbs) {
    for (std::size_t start = 0; start < limbs; start += digit_size_) {
      const std::size_t end = std::min(start + digit_size_, limbs);
      std::vector<std::size_t> from, to;
      for (std::size_t i = 0; i < limbs; ++i) (i >= start && i < end ? from : to).push_back(i);
      to.insert(to.end(), p_indices.begin(), p_indices.end());
      mod_up_[limbs - 1].emplace_back(*ring_, std::move(from), std::move(to));
    }
  }
  mod_down_.emplace(*ring_, p_indices, q_indices);
  for (std::size_t limbs = 2; limbs <= q_count; ++limbs) {
    std::vector<std::size_t> divisors{limbs - 1};
    divisors.insert(divisors.end(), p_indices.begin(), p_indices.end());
    mod_down_and_rescale_.emplace_back(*ring_, std::move(divisors), below(limbs - 1));
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
