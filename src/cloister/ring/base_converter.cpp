#include "cloister/ring/base_converter.h"

#include <algorithm>
#include <array>

#include "cloister/base/error.h"

namespace cloister {
namespace {

// Of the columns that are converted at a time: 40 KiB, in the nearest cache.
constexpr std::size_t kScratchWords = 5120;
constexpr std::size_t kTasks = 16;      // among threads
constexpr std::size_t kMaxTerms = 256;  // what the kernels sum
constexpr int kWordBits = 52;           // of values that they sum fast

// The product of the primes `indices`, without the one at position `skip`, modulo q.
std::uint64_t product_modulo(const Ring& ring, std::span<const std::size_t> indices, std::size_t skip,
                             const Modulus& q) {
  std::uint64_t product = q.reduce(std::uint64_t{1});
  for (std::size_t j = 0; j < indices.size(); ++j)
    if (j != skip) product = q.mul(product, q.reduce(ring.modulus(indices[j]).value()));
  return product;
}

void split_row(const std::uint64_t* row, std::uint64_t* low, std::uint64_t* high, std::size_t words) {
  for (std::size_t i = 0; i < words; ++i) {
    low[i] = row[i] & ((std::uint64_t{1} << kWordBits) - 1);
    high[i] = row[i] >> kWordBits;
  }
}

}  // namespace

BaseConverter::BaseConverter(const Ring& ring, std::vector<std::size_t> from, std::vector<std::size_t> to,
                             const std::optional<Weights>& weights)
    : from_(std::move(from)), to_(std::move(to)), is_weighted_(weights.has_value()) {
  if (from_.size() >= kMaxTerms) throw ParametersError("base conversion: there are more than 255 primes");
  for (std::size_t j = 0; j < from_.size(); ++j) {
    const Modulus& a = ring.modulus(from_[j]);
    const std::uint64_t inverse = a.inverse(product_modulo(ring, from_, j, a));
    inverse_hats_.emplace_back(weights ? a.mul(inverse, weights->from[j]) : inverse, a);
    reciprocals_.push_back(1.0 / static_cast<double>(a.value()));
    from_bits_ = std::max(from_bits_, a.bits());
    if (a.bits() > kWordBits) wide_.push_back(j);
  }
  if (from_.size() + 1 + wide_.size() > kMaxTerms) wide_.clear();
  for (std::size_t i = 0; i < to_.size(); ++i) {
    const Modulus& b = ring.modulus(to_[i]);
    const std::uint64_t weight = weights ? weights->to[i] : 1;
    for (std::size_t j = 0; j < from_.size(); ++j)
      constants_.push_back(b.mul(product_modulo(ring, from_, j, b), weight));
    constants_.push_back(b.negate(b.mul(product_modulo(ring, from_, from_.size(), b), weight)));
    const std::uint64_t* own = &constants_[constants_.size() - (from_.size() + 1)];
    std::vector<std::uint64_t> upper;
    for (const std::size_t j : wide_) upper.push_back(b.mul(own[j], b.reduce(std::uint64_t{1} << kWordBits)));
    constants_.insert(constants_.end(), upper.begin(), upper.end());
  }
}

void BaseConverter::convert(const Ring& ring, std::span<const std::uint64_t* const> in,
                            std::span<std::uint64_t* const> out, const ThreadPool& pool) const {
  const std::size_t distance = ring.degree() / kNttParts, rows = from_.size() + 1 + 2 * wide_.size();
  const std::size_t fit = kScratchWords / (kNttParts * rows) / 8 * 8;
  const std::size_t columns = std::min(distance, std::max(fit, std::size_t{8}));
  const std::size_t steps = (distance + columns - 1) / columns, tasks = std::min(steps, kTasks);
  pool.parallel_for(tasks, [&](std::size_t task) {
    auto scratch = ring.words(rows * kNttParts * columns);
    for (std::size_t step = steps * task / tasks; step < steps * (task + 1) / tasks; ++step) {
      const std::size_t column = step * columns;
      convert_columns(ring, in, out, column, std::min(columns, distance - column), scratch.data());
    }
  });
}

// `scratch`: a row of coefficients for each prime, and one of quotients or, where nothing is added up, for an
// output; behind them the lower and upper bits of those with more than kWordBits, which moduli of fewer add
// as two terms.
void BaseConverter::convert_columns(const Ring& ring, std::span<const std::uint64_t* const> in,
                                    std::span<std::uint64_t* const> out, std::size_t column,
                                    std::size_t columns, std::uint64_t* scratch) const {
  const KernelTable& kernels = ring.kernels();
  const std::size_t distance = ring.degree() / kNttParts, words = kNttParts * columns;
  for (std::size_t j = 0; j < from_.size(); ++j)
    kernels.ntt_inverse_tail(ring.ntt(from_[j]), in[j] + column, distance, scratch + j * words, columns,
                             columns);
  const bool is_exact = from_.size() == 1 && !is_weighted_;  // nothing to add up
  if (!is_exact) scale_columns(ring, scratch, words);
  const std::size_t terms = from_.size() + 1, constants = terms + wide_.size();
  std::array<const std::uint64_t*, kMaxTerms> rows, split;
  for (std::size_t j = 0; j < terms; ++j) rows[j] = split[j] = scratch + j * words;
  for (std::size_t k = 0; k < wide_.size(); ++k) {
    std::uint64_t *low = scratch + (terms + 2 * k) * words, *high = low + words;
    split_row(rows[wide_[k]], low, high, words);
    split[wide_[k]] = low;
    split[terms + k] = high;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const NttTables& tables = ring.ntt(to_[i]);
    if (is_exact) {
      std::uint64_t* residues = scratch + words;
      kernels.change_modulus(ring.modulus(from_[0]), tables.modulus(), scratch, residues, words);
      kernels.ntt_forward_head(tables, residues, columns, out[i] + column, distance, columns);
    } else if (!wide_.empty() && tables.modulus().bits() <= kWordBits) {
      kernels.dot_constants_head(tables, split.data(), constants_.data() + i * constants, constants,
                                 kWordBits, out[i] + column, distance, columns);
    } else {
      kernels.dot_constants_head(tables, rows.data(), constants_.data() + i * constants, terms, from_bits_,
                                 out[i] + column, distance, columns);
    }
  }
}

// Rows of residues times (A / a_j)^-1 mod a_j, and behind them how often A fits in what they add up to.
void BaseConverter::scale_columns(const Ring& ring, std::uint64_t* rows, std::size_t words) const {
  std::array<const std::uint64_t*, kMaxTerms> scaled;
  for (std::size_t j = 0; j < from_.size(); ++j) {
    std::uint64_t* row = rows + j * words;
    ring.kernels().mul_scalar(ring.modulus(from_[j]), row, inverse_hats_[j], row, words);
    scaled[j] = row;
  }
  ring.kernels().round_quotient(scaled.data(), reciprocals_.data(), from_.size(), rows + from_.size() * words,
                                words);
}

}  // namespace cloister
