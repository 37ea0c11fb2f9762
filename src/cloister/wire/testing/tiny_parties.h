#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "cloister/ckks/encoder.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/testing/insecure_parameters.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"
#include "cloister/wire/container.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::wire {

using Bytes = std::vector<std::uint8_t>;

inline constexpr PlanId kTestPlan{1, 2, 3};
inline constexpr EvaluationKeysLimits kTestKeysLimits{.max_keys = 16, .max_memory_bytes = 1 << 24};

inline Expectation expecting(PayloadType type, const PlanId& plan_id = kTestPlan) {
  return {.type = type, .plan_id = plan_id};
}

/// What an owner makes, over a ring far too small to be secure, so that every byte can be tried. Three limbs,
/// in two digits; everything is determined by `stream`.
struct TinyParties {
  explicit TinyParties(int log2_degree = 4, std::uint64_t stream = 7,
                       const KernelTable& kernels = scalar_kernels())
      : parameters(ckks::InsecureParametersForTests::create(
            {.log2_degree = log2_degree, .levels = 2, .scale_bits = 30, .first_prime_bits = 40, .digits = 2},
            kernels)),
        prng(Seed(Bytes32{}), stream) {}

  const rlwe::Parameters& rlwe() const { return *parameters->rlwe(); }
  std::uint64_t element_of(std::int64_t steps) const {
    return rlwe::galois_element_of_rotation(steps, parameters->ring()->log2_degree());
  }
  /// Slot i is i / slots - 1/2.
  std::vector<double> values() const {
    std::vector<double> out(parameters->slots());
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<double>(i) / static_cast<double>(out.size()) - 0.5;
    return out;
  }
  ckks::Ciphertext encrypt(int level = 2) {
    return ckks::encrypt(*parameters, secret, encoder.encode(values(), level), prng, pool);
  }

  ThreadPool pool{1};
  std::shared_ptr<const ckks::Parameters> parameters;
  Prng prng;
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::KeyGenerator generator{secret, pool};
  ckks::Encoder encoder{parameters, pool};
  ckks::Decryptor decryptor{secret, encoder, pool};
};

/// A container around payloads of one tag each, as a forger would make it: the checksums fit.
struct TestFrame {
  std::uint32_t tag;
  Bytes payload;
};
inline Bytes contained(PayloadType type, std::span<const TestFrame> frames) {
  Bytes out;
  ContainerWriter writer(out, type, kTestPlan);
  for (const TestFrame& frame : frames) writer.write_frame(frame.tag, frame.payload);
  writer.finish();
  return out;
}
inline std::vector<TestFrame> frames_of(std::span<const std::uint8_t> bytes, PayloadType type) {
  ContainerReader reader(bytes, expecting(type));
  std::vector<TestFrame> out;
  while (const auto frame = reader.next())
    out.push_back({frame->tag, {frame->payload.begin(), frame->payload.end()}});
  return out;
}

/// Overwrites a little-endian value inside encoded bytes.
template <typename T>
Bytes with_value(Bytes bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

/// Of rings of the same primes, for those of encapsulation keys are made anew.
inline bool same(const EvaluationPoly& a, const EvaluationPoly& b) {
  if (a.degree() != b.degree() || a.limbs() != b.limbs()) return false;
  for (std::size_t i = 0; i < a.limbs().count(); ++i)
    if (a.modulus(i).value() != b.modulus(i).value() || !std::ranges::equal(a.limb_span(i), b.limb_span(i)))
      return false;
  return true;
}
inline bool same(std::span<const EvaluationPoly> a, std::span<const EvaluationPoly> b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same(x, y); });
}
inline bool same(const rlwe::KeySwitchKey& a, const rlwe::KeySwitchKey& b) {
  return same(a.b, b.b) && same(a.a, b.a) && a.seed.bytes() == b.seed.bytes();
}

}  // namespace cloister::wire
