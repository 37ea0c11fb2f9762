#include "cloister/ring/base_converter.h"

#include <algorithm>
#include <array>

namespace cloister {
namespace {

// A block's scaled residues and quotients: 32 KiB, of the nearest cache.
constexpr std::size_t kScratchWords = 4096;

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

void BaseConverter::convert(const Ring& ring, std::span<const std::uint64_t* const> in,
                            std::span<std::uint64_t* const> out, const ThreadPool& pool) const {
  const std::size_t n = ring.degree();
  if (from_.size() == 1) {
    pool.parallel_for(out.size(), [&](std::size_t i) {
      ring.kernels().change_modulus(ring.modulus(from_[0]), ring.modulus(to_[i]), in[0], out[i], n);
    });
    return;
  }
  const std::size_t block = std::min(n, std::max(kScratchWords / (from_.size() + 1) / 64 * 64, std::size_t{8}));
  pool.parallel_for((n + block - 1) / block, [&](std::size_t b) {
    convert_block(ring, in, out, b * block, std::min(block, n - b * block));
  });
}

void BaseConverter::convert_block(const Ring& ring, std::span<const std::uint64_t* const> in,
                                  std::span<std::uint64_t* const> out, std::size_t begin,
                                  std::size_t count) const {
  const KernelTable& kernels = ring.kernels();
  const std::size_t terms = from_.size() + 1;
  alignas(64) std::array<std::uint64_t, kScratchWords> scratch;
  std::array<const std::uint64_t*, 256> rows;
  for (std::size_t j = 0; j < from_.size(); ++j) {
    std::uint64_t* scaled = scratch.data() + j * count;
    kernels.mul_scalar(ring.modulus(from_[j]), in[j] + begin, inverse_hats_[j], scaled, count);
    rows[j] = scaled;
  }
  std::uint64_t* quotients = scratch.data() + from_.size() * count;
  kernels.round_quotient(rows.data(), reciprocals_.data(), from_.size(), quotients, count);
  rows[from_.size()] = quotients;
  for (std::size_t i = 0; i < out.size(); ++i)
    kernels.dot_constants(ring.modulus(to_[i]), rows.data(), constants_.data() + i * terms, terms, from_bits_,
                          out[i] + begin, count);
}

}  // namespace cloister
