#include "cloister/paillier/noise_pool.h"

#include <algorithm>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

/// Entries that a thread makes in one step.
constexpr std::size_t kStep = 64;

}  // namespace

NoisePool::NoisePool(const NoiseSource& source, std::size_t capacity)
    : source_(source), capacity_(capacity), limbs_(source.public_key().ciphertext_limbs()) {
  if (capacity == 0) throw ParametersError("a pool of noise needs room for one entry at least");
  entries_ = SecretBuffer<std::uint64_t>(capacity * limbs_);
}

std::size_t NoisePool::available() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::size_t NoisePool::refill(Prng& prng, const ThreadPool& pool, std::size_t most) {
  const std::size_t step = kStep * static_cast<std::size_t>(pool.threads());
  std::size_t made = 0;
  while (made < most) {
    const std::size_t due = std::min({step, most - made, capacity_ - available()});
    if (due == 0) break;
    SecretBuffer<std::uint64_t> fresh(due * limbs_);
    source_.fill(prng, fresh.span(), pool);
    made += put(fresh.span());
  }
  return made;
}

void NoisePool::fill(Prng& prng, std::span<std::uint64_t> out, const ThreadPool& pool) const {
  const std::size_t taken = take(out);
  if (taken * limbs_ < out.size()) source_.fill(prng, out.subspan(taken * limbs_), pool);
}

std::size_t NoisePool::take(std::span<std::uint64_t> out) const {
  const std::lock_guard lock(mutex_);
  const std::size_t due = std::min(count_, out.size() / limbs_);
  count_ -= due;
  const auto given = entries_.span().subspan(count_ * limbs_, due * limbs_);
  std::ranges::copy(given, out.begin());
  wipe(given.data(), given.size_bytes());
  return due;
}

/// What another refill has left no room for is dropped.
std::size_t NoisePool::put(std::span<const std::uint64_t> entries) {
  const std::lock_guard lock(mutex_);
  const std::size_t due = std::min(capacity_ - count_, entries.size() / limbs_);
  std::ranges::copy(entries.first(due * limbs_), entries_.begin() + count_ * limbs_);
  count_ += due;
  return due;
}

}  // namespace cloister::paillier
