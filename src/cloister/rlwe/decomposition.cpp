#include "cloister/rlwe/decomposition.h"

#include <algorithm>
#include <array>

namespace cloister::rlwe {
namespace {

// Values for which all digits and both halves of a key are read in turn: what the first cache holds of them.
constexpr std::size_t kBlock = 1024;
constexpr std::size_t kMaxDigits = 256;  // what the kernels sum

}  // namespace

Decomposition::Decomposition(const Parameters& parameters, const EvaluationPoly& source, Use use,
                             const ThreadPool& pool)
    : source_(&source),
      limbs_{source.limbs().q, source.ring()->p_count()},
      digit_size_(parameters.digit_size()),
      use_(use) {
  for (std::size_t d = 0; d < parameters.digits_at(limbs_.q); ++d) raise(parameters, d, pool);
  if (use == Use::kOnce) return;
  // Of each prime all digits in turn, while its roots are near.
  const Ring& ring = *source.ring();
  pool.parallel_for(limbs_.count(), [&](std::size_t i) {
    for (std::size_t d = 0; d < digits(); ++d)
      if (!is_own(d, i))
        ring.kernels().ntt_forward(ring.ntt(ring.prime_index(limbs_, i)), raised_[d].data() + offset(d, i));
  });
}

// From the coefficients of a digit's own limbs, which the second cache holds, to its others.
void Decomposition::raise(const Parameters& parameters, std::size_t digit, const ThreadPool& pool) {
  const Ring& ring = *source_->ring();
  const std::size_t n = ring.degree();
  const BaseConverter& converter = parameters.mod_up(limbs_.q, digit);
  const auto from = converter.from();
  auto own = ring.words(from.size() * n);
  pool.parallel_for(from.size(), [&](std::size_t j) {
    std::copy_n(source_->limb(from[j]), n, own.data() + j * n);
    ring.kernels().ntt_inverse(ring.ntt(from[j]), own.data() + j * n);
  });
  std::vector<const std::uint64_t*> in;
  std::vector<std::uint64_t*> out;
  auto& raised = raised_.emplace_back(ring.words(converter.to().size() * n));
  for (std::size_t j = 0; j < from.size(); ++j) in.push_back(own.data() + j * n);
  for (std::size_t i = 0; i < converter.to().size(); ++i) out.push_back(raised.data() + i * n);
  converter.convert(ring, in, out, pool);
}

// Where a raised limb lies: a digit has no place for its own.
std::size_t Decomposition::offset(std::size_t digit, std::size_t i) const noexcept {
  const std::size_t start = digit * digit_size_, end = std::min(start + digit_size_, limbs_.q);
  return (i < start ? i : i - (end - start)) * source_->degree();
}

std::vector<const std::uint64_t*> Decomposition::limb(std::size_t i, std::uint64_t* scratch) const {
  const Ring& ring = *source_->ring();
  const std::size_t n = ring.degree();
  std::vector<const std::uint64_t*> out(digits());
  for (std::size_t d = 0; d < digits(); ++d) {
    if (is_own(d, i)) {
      out[d] = source_->limb(i);
    } else if (use_ == Use::kHoisted) {
      out[d] = raised_[d].data() + offset(d, i);
    } else {
      // In the scratch, which stays in the cache; what is raised is not written again.
      std::uint64_t* values = scratch + d * n;
      std::copy_n(raised_[d].data() + offset(d, i), n, values);
      ring.kernels().ntt_forward(ring.ntt(ring.prime_index(limbs_, i)), values);
      out[d] = values;
    }
  }
  return out;
}

void multiply_limb(const std::vector<const std::uint64_t*>& digits, const KeySwitchKey& key, LimbSet limbs,
                   std::size_t i, std::uint64_t* b, std::uint64_t* a) noexcept {
  const Ring& ring = *key.b.front().ring();
  const std::size_t n = ring.degree(), terms = digits.size();
  const Modulus& modulus = ring.modulus(ring.prime_index(limbs, i));
  const std::size_t in_key = i < limbs.q ? i : key.q_limbs() + (i - limbs.q);
  std::array<const std::uint64_t*, kMaxDigits> x, y;
  for (std::size_t start = 0; start < n; start += kBlock) {
    const std::size_t count = std::min(kBlock, n - start);
    for (std::size_t d = 0; d < terms; ++d) x[d] = digits[d] + start;
    for (std::size_t d = 0; d < terms; ++d) y[d] = key.b[d].limb(in_key) + start;
    ring.kernels().dot(modulus, x.data(), y.data(), terms, b + start, count);
    for (std::size_t d = 0; d < terms; ++d) y[d] = key.a[d].limb(in_key) + start;
    ring.kernels().dot(modulus, x.data(), y.data(), terms, a + start, count);
  }
}

}  // namespace cloister::rlwe
