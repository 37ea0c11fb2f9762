#include "cloister/ring/limb_division.h"

#include <algorithm>

namespace cloister {

LimbDivision::LimbDivision(const Ring& ring, std::vector<std::size_t> divisors, std::vector<std::size_t> kept,
                           const std::optional<BaseConverter::Weights>& weights)
    : converter_(ring, std::move(divisors), std::move(kept), weights) {
  for (std::size_t i = 0; i < converter_.to().size(); ++i) {
    const Modulus& q = ring.modulus(converter_.to()[i]);
    std::uint64_t product = weights ? weights->to[i] : 1;
    for (const std::size_t divisor : converter_.from())
      product = q.mul(product, q.reduce(ring.modulus(divisor).value()));
    inverses_.emplace_back(q.inverse(product), q);
  }
}

PooledBuffer<std::uint64_t> LimbDivision::lift(const Ring& ring, std::span<const std::uint64_t* const> values,
                                               std::size_t q, const ThreadPool& pool) const {
  const std::size_t distance = BaseConverter::limb_distance(ring);
  auto lifted = ring.words(q * distance);
  std::vector<std::uint64_t*> out(q);
  for (std::size_t i = 0; i < q; ++i) out[i] = lifted.data() + i * distance;
  converter_.convert(ring, values, out, pool);
  return lifted;
}

std::vector<PooledBuffer<std::uint64_t>> LimbDivision::remainders(std::span<const EvaluationPoly* const> a,
                                                                  std::size_t kept,
                                                                  const ThreadPool& pool) const {
  const Ring& ring = *a[0]->ring();
  const std::size_t n = ring.degree(), size = n / kNttParts, count = divisors().size();
  const std::size_t distance = BaseConverter::limb_distance(ring);
  auto heads = ring.words(a.size() * count * distance);
  const auto head = [&](std::size_t poly, std::size_t j) {
    return heads.data() + (poly * count + j) * distance;
  };
  // Of each part of a prime all polynomials in turn, while its roots are near.
  pool.parallel_for(count * kNttParts, [&](std::size_t task) {
    const std::size_t j = task / kNttParts, prime = divisors()[j], part = task % kNttParts;
    for (std::size_t poly = 0; poly < a.size(); ++poly)
      ring.kernels().ntt_inverse_head(ring.ntt(prime), part, a[poly]->limb_of_prime(prime) + part * size,
                                      head(poly, j) + part * size);
  });
  std::vector<PooledBuffer<std::uint64_t>> out;
  for (std::size_t poly = 0; poly < a.size(); ++poly) {
    std::vector<const std::uint64_t*> values(count);
    for (std::size_t j = 0; j < count; ++j) values[j] = head(poly, j);
    out.push_back(lift(ring, values, kept, pool));
  }
  return out;
}

void LimbDivision::lift_one(const Ring& ring, std::size_t i, const std::uint64_t* remainder,
                            std::uint64_t* out) const {
  constexpr std::size_t kColumns = 512;  // of eight streams: 32 KiB, in the nearest cache
  const KernelTable& kernels = ring.kernels();
  const NttTables& tables = ring.ntt(kept()[i]);
  const std::size_t distance = ring.degree() / kNttParts, columns = std::min(kColumns, distance);
  alignas(64) std::array<std::uint64_t, kNttParts * kColumns> residues;
  for (std::size_t j = 0; j < distance; j += columns) {
    for (std::size_t k = 0; k < kNttParts; ++k)
      kernels.change_modulus(ring.modulus(divisors()[0]), tables.modulus(), remainder + k * distance + j,
                             residues.data() + k * columns, columns);
    kernels.ntt_forward_head(tables, residues.data(), columns, out + j, distance, columns);
  }
}

}  // namespace cloister
