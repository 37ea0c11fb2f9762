#include "cloister/wire/bfv_encoding.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/bfv/noise.h"
#include "cloister/wire/internal/ciphertext_parts.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

constexpr std::size_t kMaxPrimes = 128;  // of 27 bits and more, under the largest secure modulus
constexpr double kRoundingBits = 1e-6;   // of logarithms, which libraries round differently
constexpr int kLeastLog2Degree = 3, kMostLog2Degree = 17;

// Whether a ciphertext of a level can have such a bound: what comes from an encryption or a modulus switch
// only grows.
bool is_possible(const bfv::Parameters& parameters, const bfv::NoiseBound& noise, int level) {
  const bfv::NoiseBound least = level == parameters.max_level()
                                    ? bfv::fresh_secret_noise(parameters)
                                    : bfv::modulus_switch_noise(parameters, level);
  return noise.secret_degree >= 0 && noise.secret_degree <= bfv::kMaxSecretDegree &&
         std::isfinite(noise.log2_deviation) &&
         noise.log2_deviation >= least.log2_deviation - kRoundingBits &&
         bfv::budget_bits(parameters, noise) >= bfv::kLeastBudgetBits;
}

}  // namespace

void append_ciphertext(const bfv::Ciphertext& ciphertext, const bfv::Parameters& parameters,
                       std::vector<std::uint8_t>& out, const ThreadPool& pool) {
  internal::require_parts(ciphertext.parts, ciphertext.seed, *parameters.rlwe(), pool);
  if (!is_possible(parameters, ciphertext.noise, ciphertext.level()))
    throw ParametersError("encode: the ciphertext's noise bound is not one that operations make");
  ByteWriter header;
  internal::put_form(header, parameters.id(), ciphertext.parts, ciphertext.seed);
  header.put(static_cast<std::uint32_t>(ciphertext.noise.secret_degree));
  header.put(ciphertext.noise.log2_deviation);
  internal::append_parts(header.bytes(), ciphertext.parts, ciphertext.seed, *parameters.rlwe(), out, pool);
}

std::vector<std::uint8_t> encode_ciphertext(const bfv::Ciphertext& ciphertext,
                                            const bfv::Parameters& parameters, const ThreadPool& pool) {
  std::vector<std::uint8_t> out;
  append_ciphertext(ciphertext, parameters, out, pool);
  return out;
}

bfv::Ciphertext decode_ciphertext(std::span<const std::uint8_t> payload, const bfv::Parameters& parameters,
                                  const ThreadPool& pool) {
  ByteReader reader(payload);
  internal::require_same_id(reader.get_bytes32("parameters"), parameters.id(), "the ciphertext");
  const auto form = internal::get_form(reader, parameters.max_level());
  const std::uint64_t at = reader.offset();
  bfv::Ciphertext out;
  out.noise.secret_degree =
      static_cast<int>(reader.get_in<std::uint32_t>("secret degree", 0, bfv::kMaxSecretDegree));
  out.noise.log2_deviation = reader.get_double("noise bound");
  if (!is_possible(parameters, out.noise, form.level))
    throw DecodeError("noise bound", at, "it is not one that operations make, or leaves no budget");
  out.parts =
      internal::take_parts(reader, form, std::numeric_limits<int>::max(), *parameters.rlwe(), out.seed, pool);
  return out;
}

std::vector<std::uint8_t> encode_parameters(const bfv::ParametersSpec& spec) {
  ByteWriter out;
  out.put(spec.plaintext_modulus);
  out.put(static_cast<std::uint32_t>(spec.chain.log2_degree));
  out.put(static_cast<std::uint32_t>(spec.chain.digits));
  for (const auto* primes : {&spec.chain.q_primes, &spec.chain.p_primes}) {
    out.put(static_cast<std::uint32_t>(primes->size()));
    for (const std::uint64_t prime : *primes) out.put(prime);
  }
  return out.take();
}

bfv::ParametersSpec decode_parameters(std::span<const std::uint8_t> payload, int max_log2_degree) {
  ByteReader reader(payload);
  constexpr std::uint64_t kMaxModulus = (std::uint64_t{1} << Modulus::kMaxBits) - 1;
  bfv::ParametersSpec out;
  out.plaintext_modulus = reader.get_in<std::uint64_t>("plaintext modulus", 2, kMaxModulus);
  const int most = std::min(max_log2_degree, kMostLog2Degree);
  out.chain.log2_degree = static_cast<int>(reader.get_in<std::uint32_t>(
      "log2 of the ring degree", kLeastLog2Degree, static_cast<std::uint32_t>(most)));
  out.chain.digits = static_cast<int>(reader.get_in<std::uint32_t>("digits", 1, kMaxPrimes));
  const auto read_primes = [&](const char* field, std::uint32_t least, std::vector<std::uint64_t>& primes) {
    const auto count = reader.get_in<std::uint32_t>(field, least, kMaxPrimes);
    for (std::uint32_t i = 0; i < count; ++i)
      primes.push_back(reader.get_in<std::uint64_t>(field, 2, kMaxModulus));
  };
  read_primes("primes of Q", 1, out.chain.q_primes);
  read_primes("primes of P", 0, out.chain.p_primes);
  reader.expect_end("parameters");
  return out;
}

}  // namespace cloister::wire
