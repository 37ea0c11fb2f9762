#include "cloister/ring/ring.h"

#include <algorithm>

#include "cloister/math/primes.h"

namespace cloister {

std::shared_ptr<const Ring> Ring::create(int log2_degree, std::span<const std::uint64_t> q_primes,
                                         std::span<const std::uint64_t> p_primes,
                                         const KernelTable& kernels) {
  return create(log2_degree, q_primes, p_primes, kernels, nullptr);
}

std::shared_ptr<const Ring> Ring::with_special_primes(std::span<const std::uint64_t> p_primes) const {
  std::vector<std::uint64_t> q_primes;
  for (std::size_t i = 0; i < q_count_; ++i) q_primes.push_back(modulus(i).value());
  return create(log2_degree_, q_primes, p_primes, *kernels_, this);
}

// `sharing`, where given: a ring of the same degree whose tables are used again.
std::shared_ptr<const Ring> Ring::create(int log2_degree, std::span<const std::uint64_t> q_primes,
                                         std::span<const std::uint64_t> p_primes, const KernelTable& kernels,
                                         const Ring* sharing) {
  if (log2_degree < 3 || log2_degree > 17)
    throw ParametersError("ring: the degree 2^" + std::to_string(log2_degree) + " is outside [2^3, 2^17]");
  if (q_primes.empty()) throw ParametersError("ring: the coefficient modulus has no prime");
  std::vector<std::uint64_t> all(q_primes.begin(), q_primes.end());
  all.insert(all.end(), p_primes.begin(), p_primes.end());
  auto sorted = all;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end())
    throw ParametersError("ring: the primes are not distinct");

  std::shared_ptr<Ring> ring(new Ring(log2_degree, q_primes.size(), kernels));
  ring->tables_.reserve(all.size());
  for (const std::uint64_t prime : all) {
    if (sharing != nullptr) {
      const auto same = std::ranges::find_if(
          sharing->tables_, [&](const auto& tables) { return tables->modulus().value() == prime; });
      if (same != sharing->tables_.end()) {
        ring->tables_.push_back(*same);
        continue;
      }
    }
    const Modulus modulus(prime);
    if (!is_prime(prime) || prime % (2 * ring->degree()) != 1)
      throw ParametersError("ring: " + std::to_string(prime) + " is not a prime that is 1 modulo 2N");
    ring->tables_.push_back(std::make_shared<const NttTables>(ring->degree(), modulus));
  }
  ring->pool_ =
      std::make_shared<MemoryPool>(kIdlePolynomials * all.size() * ring->degree() * sizeof(std::uint64_t));
  return ring;
}

}  // namespace cloister
