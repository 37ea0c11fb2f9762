#pragma once

#include "cloister/random/samplers.h"
#include "cloister/ring/rns_poly.h"

namespace cloister {

/// A uniform polynomial expanded from a seed: limb by limb, each from its own stream
/// (`stream` << 16 | index of its prime), so that a polynomial with fewer limbs is a prefix of one with
/// more. Part of the file formats. Cost: 8 N bytes of key stream a limb.
EvaluationPoly expand_uniform(const std::shared_ptr<const Ring>& ring, LimbSet limbs, const Seed& seed,
                              std::uint64_t stream, const ThreadPool& pool);

}  // namespace cloister
