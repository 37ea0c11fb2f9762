#include "cloister/data/internal/shuffle.h"

#include <utility>

#include "cloister/base/bytes.h"
#include "cloister/random/samplers.h"

namespace cloister::data::internal {

Prng seeded_prng(std::uint64_t seed, std::string_view purpose) {
  ByteWriter label;
  label.put_string(purpose);
  label.put(seed);
  return Prng(Seed(sha256(label.bytes())));
}

void shuffle(Prng& prng, std::span<std::size_t> indices) {
  for (std::size_t left = indices.size(); left > 1; --left) {
    std::uint64_t chosen = 0;
    sample_uniform(prng, left, {&chosen, 1});
    std::swap(indices[left - 1], indices[chosen]);
  }
}

}  // namespace cloister::data::internal
