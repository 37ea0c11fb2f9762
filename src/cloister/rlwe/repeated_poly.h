#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "cloister/ring/rns_poly.h"

namespace cloister::rlwe {

/// A polynomial in X^run, run a power of two, by its values in the evaluation domain, of which it has N / run
/// a limb: in bit-reversed order the value at psi^(2 brv(i) + 1) depends on the upper bits of i alone, so
/// each is that of `run` places in a row. A factor of slots that repeat with period N / (2 run) takes so much
/// less memory, and less to fetch. Immutable.
class RepeatedPoly {
 public:
  /// `poly` must be in X^run.
  RepeatedPoly(const EvaluationPoly& poly, std::size_t run)
      : ring_(poly.ring()), limbs_(poly.limbs()), run_(run), words_(ring_->words(limbs_.count() * count())) {
    for (std::size_t i = 0; i < limbs_.count(); ++i)
      for (std::size_t j = 0; j < count(); ++j) words_.data()[i * count() + j] = poly.limb(i)[j * run_];
  }

  const LimbSet& limbs() const noexcept { return limbs_; }
  std::size_t run() const noexcept { return run_; }
  /// From where the values of [start, ...) of the limb of a prime of the ring lie, one for each run.
  const std::uint64_t* of_runs(std::size_t prime, std::size_t start) const noexcept {
    const std::size_t i = prime < ring_->q_count() ? prime : limbs_.q + (prime - ring_->q_count());
    return words_.data() + i * count() + start / run_;
  }
  /// Values [start, start + size) of the limb of a prime of the ring: where they lie, or written to
  /// `scratch`. `start` is a multiple of run, or size is within one.
  const std::uint64_t* values(std::size_t prime, std::size_t start, std::size_t size,
                              std::uint64_t* scratch) const noexcept {
    const std::uint64_t* const from = of_runs(prime, start);
    if (run_ == 1) return from;
    for (std::size_t j = 0; j < size; j += run_)
      std::fill_n(scratch + j, std::min(run_, size - j), from[j / run_]);
    return scratch;
  }

 private:
  std::size_t count() const noexcept { return ring_->degree() / run_; }

  std::shared_ptr<const Ring> ring_;
  LimbSet limbs_;
  std::size_t run_;
  PooledBuffer<std::uint64_t> words_;
};

}  // namespace cloister::rlwe
