#pragma once

#include "cloister/bfv/testing/parties.h"

namespace cloister::wire {

/// BFV over a ring far too small to be secure, so that every byte can be tried: N = 16, t = 97, three limbs.
struct TinyBfvParties : bfv::Parties {
  explicit TinyBfvParties(std::uint64_t plaintext_modulus = 97, int log2_degree = 4)
      : bfv::Parties(bfv::InsecureParametersForTests::create(
                         {plaintext_modulus, bfv::test_chain(log2_degree, 3, 30, 40)}, scalar_kernels()),
                     1, 11) {}

  /// Slot i is 3 i modulo t.
  std::vector<std::uint64_t> values() const {
    std::vector<std::uint64_t> out(encoder.slots());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = 3 * i % t();
    return out;
  }
  bfv::Ciphertext fresh() { return encrypt(encoder.encode_coefficients(values())); }
  bfv::Ciphertext unseeded(int level) {
    return evaluator.modulus_switch(evaluator.add(fresh(), fresh()), level);
  }
  bfv::Ciphertext three_parts() { return evaluator.multiply_lazy(fresh(), fresh()); }
};

}  // namespace cloister::wire
