#pragma once

#include <cstdint>
#include <filesystem>

#include "cloister/pipeline/machine.h"
#include "cloister/rlwe/keys.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::pipeline {

/// From which memory on keys are mapped rather than loaded, where the caller leaves it to this step.
inline constexpr std::uint64_t kMapKeysFromBytes = 1'000'000'000;

/// The folder beside a key file that holds its keys expanded: a cache, which may be deleted at any time.
std::filesystem::path expanded_keys_folder(const std::filesystem::path& keys);

/// Evaluation keys of a plan, loaded or mapped as machine.key_memory says. Mapped ones come from a file of
/// their own (wire/expanded_keys.h, with what is and is not checked of it), which the first step makes, and
/// makes anew where it does not fit: then it is as slow as loading and writes as many bytes as the keys take
/// in memory. Later steps touch no key before it is used. One process makes the file; another that starts
/// meanwhile loads its keys. With kAutomatic whatever prevents mapping is told to machine.notices, and the
/// keys are loaded. Errors: those of loading; with kMapped also ResourceError (no room, with the bytes
/// needed) and AtomicFile's.
rlwe::EvaluationKeys open_keys(const std::filesystem::path& path, const wire::PlanId& plan_id,
                               const rlwe::Parameters& parameters, const wire::EvaluationKeysLimits& limits,
                               const Machine& machine);

}  // namespace cloister::pipeline
