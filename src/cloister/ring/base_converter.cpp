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

// Calls body(column, columns, scratch) for columns of all streams, as many at a time as fit the nearest cache
// in so many rows.
template <typename Body>
void for_columns(const Ring& ring, std::size_t rows, const ThreadPool& pool, const Body& body) {
  const std::size_t distance = ring.degree() / kNttParts;
  const std::size_t fit = kScratchWords / (kNttParts * rows) / 8 * 8;
  const std::size_t columns = std::min(distance, std::max(fit, std::size_t{8}));
  const std::size_t steps = (distance + columns - 1) / columns, tasks = std::min(steps, kTasks);
  pool.parallel_for(tasks, [&](std::size_t task) {
    auto scratch = ring.words(rows * kNttParts * columns);
    for (std::size_t step = steps * task / tasks; step < steps * (task + 1) / tasks; ++step) {
      const std::size_t column = step * columns;
      body(column, std::min(columns, distance - column), scratch.data());
    }
  });
}

// What becomes of columns of residues: heads of transforms, the i-th prime's at out[i].
struct Heads {
  const Ring* ring;
  std::span<const std::size_t> primes;
  std::span<std::uint64_t* const> out;
  std::size_t column, columns;

  void store(std::size_t i, const std::uint64_t* residues) const {
    ring->kernels().ntt_forward_head(ring->ntt(primes[i]), residues, columns, out[i] + column, distance(),
                                     columns);
  }
  void store_sum(std::size_t i, const std::uint64_t* const* rows, const std::uint64_t* constants,
                 std::size_t terms, int bits) const {
    ring->kernels().dot_constants_head(ring->ntt(primes[i]), rows, constants, terms, bits, out[i] + column,
                                       distance(), columns);
  }
  std::size_t distance() const { return ring->degree() / kNttParts; }
};

// The same, and the residues themselves as rows.
struct HeadsAndRows {
  Heads heads;
  std::uint64_t* rows;

  std::uint64_t* row(std::size_t i) const { return rows + i * kNttParts * heads.columns; }
  void store(std::size_t i, const std::uint64_t* residues) const {
    std::copy_n(residues, kNttParts * heads.columns, row(i));
    heads.store(i, residues);
  }
  void store_sum(std::size_t i, const std::uint64_t* const* sum_rows, const std::uint64_t* constants,
                 std::size_t terms, int bits) const {
    const Ring& ring = *heads.ring;
    ring.kernels().dot_constants(ring.modulus(heads.primes[i]), sum_rows, constants, terms, bits, row(i),
                                 kNttParts * heads.columns);
    heads.store(i, row(i));
  }
};

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
  for_columns(ring, scratch_rows(), pool,
              [&](std::size_t column, std::size_t columns, std::uint64_t* scratch) {
                load_columns(ring, in, column, columns, scratch);
                convert_columns(ring, out.size(), kNttParts * columns, scratch,
                                Heads{&ring, to_, out, column, columns});
              });
}

void BaseConverter::convert_on(const Ring& ring, std::span<const std::uint64_t* const> in,
                               std::span<std::uint64_t* const> out, const BaseConverter& next,
                               std::span<std::uint64_t* const> next_out, const ThreadPool& pool) const {
  for_columns(ring, scratch_rows() + next.scratch_rows(), pool,
              [&](std::size_t column, std::size_t columns, std::uint64_t* scratch) {
                const std::size_t words = kNttParts * columns;
                std::uint64_t* const between = scratch + scratch_rows() * words;
                load_columns(ring, in, column, columns, scratch);
                convert_columns(ring, to_.size(), words, scratch,
                                HeadsAndRows{{&ring, to_, out, column, columns}, between});
                next.convert_columns(ring, next_out.size(), words, between,
                                     Heads{&ring, next.to_, next_out, column, columns});
              });
}

// Coefficients of the columns, a row a prime.
void BaseConverter::load_columns(const Ring& ring, std::span<const std::uint64_t* const> in,
                                 std::size_t column, std::size_t columns, std::uint64_t* scratch) const {
  for (std::size_t j = 0; j < from_.size(); ++j)
    ring.kernels().ntt_inverse_tail(ring.ntt(from_[j]), in[j] + column, ring.degree() / kNttParts,
                                    scratch + j * kNttParts * columns, columns, columns);
}

// `scratch`: a row of coefficients for each prime, and one of quotients or, where nothing is added up, for an
// output; behind them the lower and upper bits of those with more than kWordBits, which moduli of fewer add
// as two terms.
template <typename Output>
void BaseConverter::convert_columns(const Ring& ring, std::size_t count, std::size_t words,
                                    std::uint64_t* scratch, const Output& output) const {
  if (from_.size() == 1 && !is_weighted_) {  // nothing to add up
    std::uint64_t* residues = scratch + words;
    for (std::size_t i = 0; i < count; ++i) {
      ring.kernels().change_modulus(ring.modulus(from_[0]), ring.modulus(to_[i]), scratch, residues, words);
      output.store(i, residues);
    }
    return;
  }
  scale_columns(ring, scratch, words);
  const std::size_t terms = from_.size() + 1, constants = terms + wide_.size();
  std::array<const std::uint64_t*, kMaxTerms> rows, split;
  for (std::size_t j = 0; j < terms; ++j) rows[j] = split[j] = scratch + j * words;
  for (std::size_t k = 0; k < wide_.size(); ++k) {
    std::uint64_t *low = scratch + (terms + 2 * k) * words, *high = low + words;
    split_row(rows[wide_[k]], low, high, words);
    split[wide_[k]] = low;
    split[terms + k] = high;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t* factors = constants_.data() + i * constants;
    if (!wide_.empty() && ring.modulus(to_[i]).bits() <= kWordBits)
      output.store_sum(i, split.data(), factors, constants, kWordBits);
    else
      output.store_sum(i, rows.data(), factors, terms, from_bits_);
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
