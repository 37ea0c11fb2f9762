#include "cloister/ring/base_converter.h"

#include <algorithm>

namespace cloister {
namespace {

// The product of the primes `indices`, without the one at position `skip`, modulo q.
std::uint64_t product_modulo(const Ring& ring, std::span<const std::size_t> indices, std::size_t skip,
                             const Modulus& q) {
  std::uint64_t product = q.reduce(std::uint64_t{1});
  for (std::size_t j = 0; j < indices.size(); ++j)
    if (j != skip) product = q.mul(product, q.reduce(ring.modulus(indices[j]).value()));
  return product;
}

}  // namespace

BaseConverter::BaseConverter(const Ring& ring, std::vector<std::size_t> from, std::vector<std::size_t> to)
    : from_(std::move(from)), to_(std::move(to)) {
  for (std::size_t j = 0; j < from_.size(); ++j) {
    const Modulus& a = ring.modulus(from_[j]);
    inverse_hats_.emplace_back(a.inverse(product_modulo(ring, from_, j, a)), a);
    reciprocals_.push_back(1.0 / static_cast<double>(a.value()));
    from_bits_ = std::max(from_bits_, a.bits());
  }
  for (const std::size_t prime : to_) {
    const Modulus& b = ring.modulus(prime);
    for (std::size_t j = 0; j < from_.size(); ++j) constants_.push_back(product_modulo(ring, from_, j, b));
    constants_.push_back(b.negate(product_modulo(ring, from_, from_.size(), b)));
  }
}

void BaseConverter::scale(const Ring& ring, std::span<const std::uint64_t* const> in,
                          std::uint64_t* scratch) const {
  const std::size_t n = ring.degree();
  std::vector<const std::uint64_t*> scaled(from_.size());
  for (std::size_t j = 0; j < from_.size(); ++j) {
    ring.kernels().mul_scalar(ring.modulus(from_[j]), in[j], inverse_hats_[j], scratch + j * n, n);
    scaled[j] = scratch + j * n;
  }
  ring.kernels().round_quotient(scaled.data(), reciprocals_.data(), from_.size(), scratch + from_.size() * n,
                                n);
}

void BaseConverter::convert(const Ring& ring, const std::uint64_t* scratch, std::size_t to,
                            std::uint64_t* out) const {
  const std::size_t n = ring.degree();
  std::vector<const std::uint64_t*> rows(from_.size() + 1);
  for (std::size_t j = 0; j < rows.size(); ++j) rows[j] = scratch + j * n;
  ring.kernels().dot_constants(ring.modulus(to_[to]), rows.data(), constants_.data() + to * rows.size(),
                               rows.size(), from_bits_, out, n);
}

}  // namespace cloister
