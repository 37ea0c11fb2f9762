#include "cloister/rlwe/encoded_size.h"

#include <bit>
#include <span>
#include <string>

namespace cloister::rlwe {
namespace {

void check(const ParametersSpec& spec, LimbSet limbs) {
  if (spec.log2_degree < 3 || spec.log2_degree > 17)
    throw ParametersError("encoded size: log2 of the ring degree is " + std::to_string(spec.log2_degree) +
                          "; 3 to 17 are possible");
  if (limbs.q < 1 || limbs.q > spec.q_primes.size() || limbs.p > spec.p_primes.size())
    throw ParametersError("encoded size: " + std::to_string(limbs.q) + " limbs of Q and " +
                          std::to_string(limbs.p) + " of P are asked for, and the chain has " +
                          std::to_string(spec.q_primes.size()) + " and " +
                          std::to_string(spec.p_primes.size()) + "; a polynomial has at least one of Q");
}

std::uint64_t bits_of(std::span<const std::uint64_t> primes) {
  std::uint64_t bits = 0;
  for (const std::uint64_t prime : primes) bits += static_cast<std::uint64_t>(std::bit_width(prime));
  return bits;
}

/// Digits that a polynomial of `q_limbs` limbs has; as Parameters::digits_at.
std::uint64_t digits_at(const ParametersSpec& spec, std::size_t q_limbs) {
  if (spec.digits < 1)
    throw ParametersError("encoded size: " + std::to_string(spec.digits) + " digits switch no keys");
  return (q_limbs + spec.digit_size() - 1) / spec.digit_size();
}

}  // namespace

std::uint64_t encoded_bytes_of_poly(const ParametersSpec& spec, LimbSet limbs) {
  check(spec, limbs);
  const std::uint64_t bits =
      bits_of(std::span(spec.q_primes).first(limbs.q)) + bits_of(std::span(spec.p_primes).first(limbs.p));
  return bits << (spec.log2_degree - 3);  // N is a multiple of 8, so that each limb ends with a byte
}

namespace {

std::uint64_t encoded_bytes(const ParametersSpec& spec, std::size_t q_limbs, std::uint64_t digits) {
  const std::uint64_t poly = encoded_bytes_of_poly(spec, spec.raised_limbs(q_limbs));
  return kKeyHeaderBytes + kSeedBytes + digits * poly;
}

std::uint64_t memory_bytes(const ParametersSpec& spec, std::size_t q_limbs, std::uint64_t digits) {
  const LimbSet limbs = spec.raised_limbs(q_limbs);
  check(spec, limbs);
  constexpr std::uint64_t kBytesAResidue = 2 * sizeof(std::uint64_t);  // in both halves
  return digits * limbs.count() * kBytesAResidue << spec.log2_degree;
}

}  // namespace

std::uint64_t encoded_bytes_of_parts(const ParametersSpec& spec, int level, bool seeded, std::size_t parts) {
  if (level < 0) throw ParametersError("encoded size: the level " + std::to_string(level) + " is negative");
  const std::uint64_t poly = encoded_bytes_of_poly(spec, {static_cast<std::size_t>(level) + 1, 0});
  return seeded ? kSeedBytes + (parts - 1) * poly : parts * poly;
}

std::uint64_t encoded_bytes_of_ciphertext(const ParametersSpec& spec, int level, bool seeded,
                                          std::size_t parts) {
  return kCiphertextHeaderBytes + encoded_bytes_of_parts(spec, level, seeded, parts);
}

std::uint64_t encoded_bytes_of_key(const ParametersSpec& spec, std::size_t q_limbs) {
  return encoded_bytes(spec, q_limbs, digits_at(spec, q_limbs));
}
std::uint64_t encoded_bytes_of_key_to_sparse(const ParametersSpec& spec) {
  check(spec, {1, 0});
  return encoded_bytes(encapsulated_spec(spec), 1, 1);
}
std::uint64_t encoded_bytes_of_key_to_dense(const ParametersSpec& spec) {
  return encoded_bytes(spec, spec.q_primes.size(), 1);
}

std::uint64_t encoded_bytes_of_public_key(const ParametersSpec& spec) {
  return kParametersIdBytes + kSeedBytes + encoded_bytes_of_poly(spec, {spec.q_primes.size(), 0});
}

std::uint64_t memory_bytes_of_key(const ParametersSpec& spec, std::size_t q_limbs) {
  return memory_bytes(spec, q_limbs, digits_at(spec, q_limbs));
}
std::uint64_t memory_bytes_of_key_to_sparse(const ParametersSpec& spec) {
  check(spec, {1, 0});
  return memory_bytes(encapsulated_spec(spec), 1, 1);
}
std::uint64_t memory_bytes_of_key_to_dense(const ParametersSpec& spec) {
  return memory_bytes(spec, spec.q_primes.size(), 1);
}

}  // namespace cloister::rlwe
