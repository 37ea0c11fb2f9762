#include "cloister/rlwe/decomposition.h"

#include <algorithm>
#include <array>

namespace cloister::rlwe {
namespace {

constexpr std::size_t kMaxDigits = 256;  // what the kernels sum

}  // namespace

Decomposition::Decomposition(const Parameters& parameters, const EvaluationPoly& source, Use use,
                             const ThreadPool& pool)
    : source_(&source),
      limbs_(parameters.raised_limbs(source.limbs().q)),
      digit_size_(parameters.digit_size()),
      use_(use) {
  const Ring& ring = *source.ring();
  const std::size_t n = ring.degree(), size = n / kNttParts;
  const std::size_t distance = BaseConverter::limb_distance(ring);
  auto heads = ring.words(limbs_.q * distance);
  pool.parallel_for(limbs_.q, [&](std::size_t i) {
    for (std::size_t k = 0; k < n; k += size)
      ring.kernels().ntt_inverse_head(ring.ntt(i), k / size, source.limb(i) + k,
                                      heads.data() + i * distance + k);
  });
  for (std::size_t d = 0; d < parameters.digits_at(limbs_.q); ++d) {
    const BaseConverter& converter = parameters.mod_up(limbs_.q, d);
    std::vector<const std::uint64_t*> in;
    std::vector<std::uint64_t*> out;
    auto& raised = raised_.emplace_back(ring.words(converter.to().size() * distance));
    for (const std::size_t prime : converter.from()) in.push_back(heads.data() + prime * distance);
    for (std::size_t i = 0; i < converter.to().size(); ++i) out.push_back(raised.data() + i * distance);
    converter.convert(ring, in, out, pool);
  }
  if (use == Use::kOnce) return;
  // Of each prime all digits in turn, while its roots are near.
  pool.parallel_for(limbs_.count(), [&](std::size_t i) {
    for (std::size_t d = 0; d < digits(); ++d) {
      if (is_own(d, i)) continue;
      std::uint64_t* values = raised_[d].data() + offset(d, i);
      for (std::size_t k = 0; k < n; k += size) transform(i, k / size, values + k, values + k);
    }
  });
}

void Decomposition::transform(std::size_t i, std::size_t part, const std::uint64_t* in,
                              std::uint64_t* out) const noexcept {
  const Ring& ring = *source_->ring();
  ring.kernels().ntt_forward_tail(ring.ntt(ring.prime_index(limbs_, i)), part, in, out);
}

// Where a raised limb lies: a digit has no place for its own.
std::size_t Decomposition::offset(std::size_t digit, std::size_t i) const noexcept {
  const std::size_t start = digit * digit_size_, end = std::min(start + digit_size_, limbs_.q);
  return (i < start ? i : i - (end - start)) * BaseConverter::limb_distance(*source_->ring());
}

const std::uint64_t* Decomposition::part(std::size_t digit, std::size_t i, std::size_t part,
                                         std::uint64_t* scratch) const noexcept {
  const std::size_t size = source_->degree() / kNttParts;
  if (is_own(digit, i)) return source_->limb(i) + part * size;
  const std::uint64_t* values = raised_[digit].data() + offset(digit, i) + part * size;
  if (use_ == Use::kHoisted) return values;
  std::uint64_t* out = scratch + digit * size;
  transform(i, part, values, out);
  return out;
}

LimbProduct::LimbProduct(const Decomposition& digits, const KeySwitchKey& key, std::size_t i)
    : source_(&digits),
      limb_(i),
      modulus_(&digits.ring()->modulus(digits.ring()->prime_index(digits.limbs(), i))),
      digits_(digits.digits()) {
  const std::size_t q = digits.limbs().q;
  const std::size_t in_key = i < q ? i : key.q_limbs() + (i - q);
  for (std::size_t d = 0; d < digits_.size(); ++d) {
    b_.push_back(key.b[d].limb(in_key));
    a_.push_back(key.a[d].limb(in_key));
  }
}

void LimbProduct::enter(std::size_t part, std::uint64_t* scratch) noexcept {
  part_start_ = part * (source_->ring()->degree() / kNttParts);
  for (std::size_t d = 0; d < digits_.size(); ++d) digits_[d] = source_->part(d, limb_, part, scratch);
}

void LimbProduct::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                             std::uint64_t* a) const noexcept {
  const std::size_t terms = digits_.size(), from = part_start_ + start;
  std::array<const std::uint64_t*, kMaxDigits> x, of_b, of_a;  // as many as there are digits
  for (std::size_t d = 0; d < terms; ++d) {
    x[d] = digits_[d] + start;
    of_b[d] = b_[d] + from;
    of_a[d] = a_[d] + from;
  }
  ring().kernels().dot_pair(*modulus_, x.data(), of_b.data(), of_a.data(), terms, b, a, count);
}

}  // namespace cloister::rlwe
