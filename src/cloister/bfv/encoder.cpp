#include "cloister/bfv/encoder.h"

#include <algorithm>
#include <string>

#include "cloister/bfv/internal/scaled_message.h"

namespace cloister::bfv {
namespace {

// The residue, and whether the value was in range; no branch on either.
std::uint64_t residue(const Modulus& t, std::uint64_t value, bool& in_range) {
  in_range &= value < t.value();
  return value;
}
std::uint64_t residue(const Modulus& t, std::int64_t value, bool& in_range) {
  const auto most = static_cast<std::int64_t>(t.value() / 2),
             least = -static_cast<std::int64_t>((t.value() - 1) / 2);
  in_range &= (value <= most) & (value >= least);
  return t.reduce(value);
}

}  // namespace

Encoder::Encoder(std::shared_ptr<const Parameters> parameters) : parameters_(std::move(parameters)) {
  if (!parameters_->has_batching()) return;
  const std::size_t n = slots();
  const int log2_degree = parameters_->ring()->log2_degree();
  tables_.emplace(n, parameters_->plaintext_modulus());
  slot_of_.resize(n);
  position_of_.resize(n);
  std::size_t exponent = 1;
  for (std::size_t i = 0; i < n / 2; ++i, exponent = exponent * 5 % (2 * n))
    for (const std::size_t row : {0, 1}) {
      const std::size_t odd = row == 0 ? exponent : 2 * n - exponent, slot = row * (n / 2) + i;
      const std::size_t position = reverse_bits((odd - 1) / 2, log2_degree);
      position_of_[slot] = static_cast<std::uint32_t>(position);
      slot_of_[position] = static_cast<std::uint32_t>(slot);
    }
}

const NttTables& Encoder::tables() const {
  if (!tables_)
    throw ParametersError("encode: the plaintext modulus " +
                          std::to_string(parameters_->plaintext_modulus().value()) +
                          " is no prime that is 1 modulo 2N, so there are no slots; take "
                          "Parameters::batching_modulus, or encode coefficients");
  return *tables_;
}

// Up to N values as residues modulo t, with zeros behind.
template <typename Value>
PooledBuffer<std::uint64_t> Encoder::residues(std::span<const Value> values) const {
  const std::size_t n = slots();
  if (values.size() > n)
    throw ParametersError("encode: " + std::to_string(values.size()) + " values are too many for " +
                          std::to_string(n) + " places; use several plaintexts");
  auto out = parameters_->ring()->words(n);
  bool in_range = true;
  for (std::size_t i = 0; i < values.size(); ++i)
    out.data()[i] = residue(parameters_->plaintext_modulus(), values[i], in_range);
  if (!in_range)
    throw ParametersError("encode: a value is outside what the plaintext modulus " +
                          std::to_string(parameters_->plaintext_modulus().value()) +
                          " holds; take a larger one");
  std::fill(out.data() + values.size(), out.data() + n, 0);
  return out;
}

template <typename Value>
Plaintext Encoder::encode_values(std::span<const Value> values) const {
  const NttTables& transform = tables();
  const KernelTable& kernels = parameters_->ring()->kernels();
  const auto in_slots = residues(values);
  Plaintext out{parameters_->ring()->words(slots())};
  kernels.permute(in_slots.data(), slot_of_.data(), out.coefficients.data(), slots());
  kernels.ntt_inverse(transform, out.coefficients.data(), out.coefficients.data());
  return out;
}

Plaintext Encoder::encode(std::span<const std::uint64_t> values) const { return encode_values(values); }
Plaintext Encoder::encode(std::span<const std::int64_t> values) const { return encode_values(values); }

PooledBuffer<std::uint64_t> Encoder::slots_of(const Plaintext& plaintext) const {
  internal::require_plaintext(*parameters_, plaintext);
  const KernelTable& kernels = parameters_->ring()->kernels();
  auto values = parameters_->ring()->words(slots()), out = parameters_->ring()->words(slots());
  kernels.ntt_forward(tables(), plaintext.coefficients.data(), values.data());
  kernels.permute(values.data(), position_of_.data(), out.data(), slots());
  return out;
}

std::vector<std::int64_t> Encoder::centred(std::span<const std::uint64_t> residues) const {
  const Modulus t = parameters_->plaintext_modulus();
  std::vector<std::int64_t> out(residues.size());
  std::ranges::transform(residues, out.begin(), [&](std::uint64_t r) { return t.centre(r); });
  return out;
}

std::vector<std::uint64_t> Encoder::decode(const Plaintext& plaintext) const {
  const auto values = slots_of(plaintext);
  return {values.data(), values.data() + values.size()};
}
std::vector<std::int64_t> Encoder::decode_signed(const Plaintext& plaintext) const {
  const auto values = slots_of(plaintext);
  return centred({values.data(), values.size()});
}

Plaintext Encoder::encode_coefficients(std::span<const std::uint64_t> values) const {
  return {residues(values)};
}
Plaintext Encoder::encode_coefficients(std::span<const std::int64_t> values) const {
  return {residues(values)};
}
std::vector<std::uint64_t> Encoder::decode_coefficients(const Plaintext& plaintext) const {
  internal::require_plaintext(*parameters_, plaintext);
  return {plaintext.span().begin(), plaintext.span().end()};
}
std::vector<std::int64_t> Encoder::decode_coefficients_signed(const Plaintext& plaintext) const {
  internal::require_plaintext(*parameters_, plaintext);
  return centred(plaintext.span());
}

}  // namespace cloister::bfv
