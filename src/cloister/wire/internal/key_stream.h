#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "cloister/base/progress.h"
#include "cloister/base/thread_pool.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"
#include "cloister/wire/container.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::wire::internal {

// Part of the file format.
inline constexpr std::uint32_t kRelinearizationTag = 1;
inline constexpr std::uint32_t kGaloisTag = 2;
/// Stands for the relinearization key among the Galois elements.
inline constexpr std::uint64_t kNoElement = 0;

/// Whether a Galois element is one of a ring of this degree.
inline bool is_galois_element(std::uint64_t element, std::size_t degree) noexcept {
  return element % 2 == 1 && element < 2 * degree;
}

using KeySink = std::function<void(std::uint64_t element, rlwe::KeySwitchKey key)>;

/// Every evaluation key of a container, in its order, from this thread: checked, and both halves expanded. A
/// few are held at a time, decoded in parallel; mapped frames are given back. Errors: load_evaluation_keys's.
void stream_keys(const ContainerReader& reader, const rlwe::Parameters& parameters,
                 const EvaluationKeysLimits& limits, const ThreadPool& pool, Progress& progress,
                 std::string_view stage, const KeySink& sink);

void add_key(rlwe::EvaluationKeys& keys, std::uint64_t element, rlwe::KeySwitchKey key,
             const rlwe::Parameters& parameters);

}  // namespace cloister::wire::internal
