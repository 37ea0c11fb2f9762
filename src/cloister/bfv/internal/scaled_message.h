#pragma once

#include "cloister/base/thread_pool.h"
#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"

namespace cloister::bfv::internal {

/// round(Q m / t) over the limbs of a level: what encryption hides. Exact; constant time. Cost: a transform a
/// limb.
EvaluationPoly scaled_message(const Parameters& parameters, const Plaintext& plaintext, int level,
                              const ThreadPool& pool);

/// The product of the primes of a level modulo t.
std::uint64_t q_modulo_t(const Parameters& parameters, int level);

/// Throws ParametersError unless a plaintext has a coefficient a degree, all below t. Constant time.
void require_plaintext(const Parameters& parameters, const Plaintext& plaintext);

}  // namespace cloister::bfv::internal
