#pragma once

#include "cloister/rlwe/keys.h"

namespace cloister::rlwe {

/// An encryption of zero over the first `q_limbs` limbs of Q under a public key: (b v + e0, a v + e1), v
/// ternary. For third parties that hold no secret. Constant time.
/// Source: Lyubashevsky, Peikert, Regev, 2010.
std::pair<EvaluationPoly, EvaluationPoly> encrypt_zero(const PublicKey& key, std::size_t q_limbs, Prng& prng,
                                                       const ThreadPool& pool);

}  // namespace cloister::rlwe
