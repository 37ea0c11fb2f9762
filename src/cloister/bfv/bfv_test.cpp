#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "cloister/bfv/encoder.h"
#include "cloister/bfv/evaluator.h"
#include "cloister/bfv/noise.h"
#include "cloister/bfv/owner/decryptor.h"
#include "cloister/bfv/owner/secret_encryptor.h"
#include "cloister/bfv/public_encryptor.h"
#include "cloister/bfv/rotations.h"
#include "cloister/bfv/testing/insecure_parameters.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace cloister::bfv {
namespace {
TEST(Bfv, Smoke) {
  ThreadPool pool{2};
  Prng prng{Seed(Bytes32{}), 5};
  for (int ld : {12, 13, 14}) {
    const auto parameters = Parameters::create(Parameters::default_spec(ld, 65537), select_kernels());
    std::printf("N=2^%d Q=%zu limbs %.1f bits P %.1f\n", ld, parameters->ring()->q_count(),
                parameters->rlwe()->log2_q(), parameters->rlwe()->log2_p());
    const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
    rlwe::KeyGenerator gen(secret, pool);
    rlwe::EvaluationKeys keys;
    const auto limbs = parameters->ring()->q_count();
    keys.set_relinearization(gen.relinearization_key(prng, limbs));
    keys.add_galois(gen.galois_key(rlwe::galois_element_of_rotation(1, ld), prng, limbs));
    Encoder encoder(parameters);
    Evaluator ev(parameters, &keys, pool);
    Decryptor dec(parameters, secret, pool);
    std::vector<std::uint64_t> x(encoder.slots());
    for (auto& v : x) v = prng.next_u64() % 65537;
    auto c = encrypt(*parameters, secret, encoder.encode(x), prng, pool);
    EXPECT_EQ(encoder.decode(dec.decrypt(c)), x);
    std::printf("fresh: bound %.1f measured %.1f\n", budget_bits(*parameters, c.noise),
                dec.noise_budget_bits(c));
    try {
      for (int i = 0;; ++i) {
        const auto y = x;
        c = ev.square(c);
        for (auto& v : x) v = v * v % 65537;
        std::printf("level %d: bound %.1f measured %.1f\n", i + 1, budget_bits(*parameters, c.noise),
                    dec.noise_budget_bits(c));
        ASSERT_EQ(encoder.decode(dec.decrypt(c)), x);
      }
    } catch (const PrecisionError& e) {
      std::printf("%s\n", e.what());
    }
  }
}
}  // namespace
}  // namespace cloister::bfv
