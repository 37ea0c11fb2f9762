#pragma once

#include <cstdint>
#include <filesystem>

#include "cloister/ckks/owner/release_budget.h"

namespace cloister::app {

/// How many releases of a key are allowed and used, as the owner's folder keeps it. What is asked for counts
/// at the first release; afterwards the stored numbers hold. Errors: the file's, DecodeError.
ckks::ReleaseBudget load_releases(const std::filesystem::path& path, std::uint32_t allowed,
                                  int statistical_bits);
/// Call it before what was released is shown.
void save_releases(const std::filesystem::path& path, const ckks::ReleaseBudget& budget);

}  // namespace cloister::app
