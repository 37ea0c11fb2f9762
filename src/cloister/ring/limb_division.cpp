#include "cloister/ring/limb_division.h"

#include <algorithm>

namespace cloister {

LimbDivision::LimbDivision(const Ring& ring, std::vector<std::size_t> divisors, std::vector<std::size_t> kept)
    : converter_(ring, std::move(divisors), std::move(kept)) {
  for (const std::size_t prime : converter_.to()) {
    const Modulus& q = ring.modulus(prime);
    std::uint64_t product = 1;
    for (const std::size_t divisor : converter_.from())
      product = q.mul(product, q.reduce(ring.modulus(divisor).value()));
    inverses_.emplace_back(q.inverse(product), q);
  }
}

PooledBuffer<std::uint64_t> LimbDivision::lift(const Ring& ring, std::span<const std::uint64_t* const> values,
                                               std::size_t q, const ThreadPool& pool) const {
  auto lifted = ring.words(q * ring.degree());
  std::vector<std::uint64_t*> out(q);
  for (std::size_t i = 0; i < q; ++i) out[i] = lifted.data() + i * ring.degree();
  converter_.convert(ring, values, out, pool);
  return lifted;
}

PooledBuffer<std::uint64_t> LimbDivision::remainder(const EvaluationPoly& a, const ThreadPool& pool) const {
  const Ring& ring = *a.ring();
  const std::size_t n = ring.degree(), size = n / kNttParts, count = divisors().size();
  auto out = ring.words(count * n);
  if (count == 1) {
    ring.kernels().ntt_inverse(ring.ntt(divisors()[0]), a.limb_of_prime(divisors()[0]), out.data());
    return out;
  }
  std::vector<const std::uint64_t*> values(count);
  for (std::size_t j = 0; j < count; ++j) values[j] = out.data() + j * n;
  pool.parallel_for(count * kNttParts, [&](std::size_t task) {
    const std::size_t prime = divisors()[task / kNttParts], part = task % kNttParts;
    ring.kernels().ntt_inverse_head(ring.ntt(prime), part, a.limb_of_prime(prime) + part * size,
                                    out.data() + task * size);
  });
  return lift(ring, values, kept_of(a), pool);
}

void LimbDivision::evaluate(const Ring& ring, std::size_t i, const std::uint64_t* remainder,
                            std::uint64_t* out) const {
  const KernelTable& kernels = ring.kernels();
  const std::size_t n = ring.degree(), size = n / kNttParts;
  const NttTables& tables = ring.ntt(kept()[i]);
  if (divisors().size() == 1) {
    kernels.change_modulus(ring.modulus(divisors()[0]), tables.modulus(), remainder, out, n);
    return kernels.ntt_forward(tables, out, out);
  }
  for (std::size_t part = 0; part < kNttParts; ++part)
    kernels.ntt_forward_tail(tables, part, remainder + i * n + part * size, out + part * size);
}

}  // namespace cloister
