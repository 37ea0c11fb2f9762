#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "cloister/random/prng.h"

namespace cloister::data::internal {

/// A generator for one purpose under a user's seed; different purposes are independent.
Prng seeded_prng(std::uint64_t seed, std::string_view purpose);

/// Puts the indices in a uniformly random order (Fisher-Yates; Knuth, TAOCP 2, algorithm 3.4.2 P).
void shuffle(Prng& prng, std::span<std::size_t> indices);

}  // namespace cloister::data::internal
