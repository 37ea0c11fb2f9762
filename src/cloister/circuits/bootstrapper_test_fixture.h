#pragma once

#include "cloister/circuits/bootstrapper.h"
#include "cloister/circuits/circuits_test_fixture.h"

namespace cloister::circuits {

/// log2 of scales and of the first prime.
struct ScaleBits {
  int scale = 40, first_prime = 46, raised = 47, transform = 41;
};

/// All parties of one small ring, with a chain as for the real one and exactly the keys that are asked for.
class BootstrapperParties {
 public:
  using Slots = std::vector<std::complex<double>>;

  static constexpr int kLog2Degree = 9;
  static constexpr std::size_t kSlots = 256;
  static constexpr int kLevels = 6;

  explicit BootstrapperParties(const BootstrappingSpec& bootstrapping, const ScaleBits& bits = {},
                               std::uint64_t stream = 31, int threads = 2)
      : spec(bootstrapping),
        pool(threads),
        parameters(ckks::InsecureParametersForTests::create({.log2_degree = kLog2Degree,
                                                             .levels = kLevels,
                                                             .scale_bits = bits.scale,
                                                             .first_prime_bits = bits.first_prime,
                                                             .digits = 2,
                                                             .raised_levels = spec.raised_levels(),
                                                             .raised_scale_bits = bits.raised,
                                                             .transform_levels = spec.coefficients_to_slots,
                                                             .transform_scale_bits = bits.transform},
                                                            scalar_kernels())),
        prng(Seed(Bytes32{}), stream) {
    keys.set_relinearization(generator.relinearization_key(prng, parameters->ring()->q_count()));
    keys.set_encapsulation(generator.encapsulation_keys(prng));
    for (const auto& use : uses) keys.add_galois(generator.galois_key(use.element, prng, use.q_limbs));
  }

  double unit() { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; }
  Slots random(bool real) {
    Slots out(kSlots);
    const std::size_t n = std::size_t{1} << spec.log2_slots;
    for (std::size_t i = 0; i < kSlots; ++i)
      out[i] = i < n ? spec.range * std::complex<double>(unit(), real ? 0 : unit()) : out[i % n];
    return out;
  }
  ckks::Ciphertext encrypted(const Slots& x, int level, double magnitude) {
    return ckks::encrypt(*parameters, secret, encoder.encode(x, level, {}, magnitude), prng, pool);
  }
  void expect_slots(const ckks::Ciphertext& c, const Slots& exact, int level, double most) {
    EXPECT_EQ(c.level(), level);
    EXPECT_EQ(c.scale, parameters->scale_at(level));
    EXPECT_LT(c.bound.error, most);
    const auto got = decryptor.decrypt(c);
    for (std::size_t i = 0; i < kSlots; ++i) ASSERT_LE(std::abs(got[i] - exact[i]), c.bound.error) << i;
  }

  BootstrappingSpec spec;
  ThreadPool pool;
  std::shared_ptr<const ckks::Parameters> parameters;
  Prng prng;
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::KeyGenerator generator{secret, pool};
  rlwe::EvaluationKeys keys;
  std::vector<GaloisUse> uses = Bootstrapper::galois_uses(spec, parameters->spec());
  ckks::Encoder encoder{parameters, pool};
  ckks::Evaluator evaluator{parameters, &keys, pool};
  ckks::Decryptor decryptor{secret, encoder, pool};
  Bootstrapper bootstrapper{spec, encoder, pool};
};

}  // namespace cloister::circuits
