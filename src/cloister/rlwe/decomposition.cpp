#include "cloister/rlwe/decomposition.h"

#include <algorithm>
#include <array>

namespace cloister::rlwe {
namespace {

constexpr std::size_t kMaxDigits = 256;  // what the kernels sum

}  // namespace

Decomposition::Decomposition(const Parameters& parameters, const EvaluationPoly& source, const ThreadPool& pool)
    : source_(&source),
      limbs_{source.limbs().q, source.ring()->p_count()},
      digit_size_(parameters.digit_size()) {
  for (std::size_t d = 0; d < parameters.digits_at(limbs_.q); ++d) raise(parameters, d, pool);
  // Of each prime all digits in turn, while its roots are near.
  const Ring& ring = *source.ring();
  pool.parallel_for(limbs_.count(), [&](std::size_t i) {
    const NttTables& tables = ring.ntt(ring.prime_index(limbs_, i));
    for (std::size_t d = 0; d < digits(); ++d) {
      if (is_own(d, i)) continue;
      std::uint64_t* values = raised_[d].data() + offset(d, i);
      ring.kernels().ntt_forward(tables, values, values);
    }
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
    ring.kernels().ntt_inverse(ring.ntt(from[j]), source_->limb(from[j]), own.data() + j * n);
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

LimbProduct::LimbProduct(const Decomposition& digits, const KeySwitchKey& key, std::size_t i)
    : ring_(digits.ring().get()), modulus_(&ring_->modulus(ring_->prime_index(digits.limbs(), i))) {
  const std::size_t q = digits.limbs().q;
  const std::size_t in_key = i < q ? i : key.q_limbs() + (i - q);
  for (std::size_t d = 0; d < digits.digits(); ++d) {
    digits_.push_back(digits.limb(d, i));
    b_.push_back(key.b[d].limb(in_key));
    a_.push_back(key.a[d].limb(in_key));
  }
}

void LimbProduct::operator()(std::size_t start, std::size_t count, std::uint64_t* b,
                             std::uint64_t* a) const noexcept {
  const std::size_t terms = digits_.size();
  std::array<const std::uint64_t*, kMaxDigits> x{}, y{};
  for (std::size_t d = 0; d < terms; ++d) x[d] = digits_[d] + start;
  for (std::size_t d = 0; d < terms; ++d) y[d] = b_[d] + start;
  ring_->kernels().dot(*modulus_, x.data(), y.data(), terms, b, count);
  for (std::size_t d = 0; d < terms; ++d) y[d] = a_[d] + start;
  ring_->kernels().dot(*modulus_, x.data(), y.data(), terms, a, count);
}

}  // namespace cloister::rlwe
