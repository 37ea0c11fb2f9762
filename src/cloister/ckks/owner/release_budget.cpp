#include "cloister/ckks/owner/release_budget.h"

#include <string>

#include "cloister/base/error.h"

namespace cloister::ckks {

ReleaseBudget::ReleaseBudget(std::uint32_t allowed, int statistical_bits)
    : allowed_(allowed), statistical_bits_(statistical_bits) {
  if (statistical_bits < kMinStatisticalBits)
    throw SecurityError("release: " + std::to_string(statistical_bits) +
                        " statistical bits are too few; use at least " + std::to_string(kMinStatisticalBits));
  if (statistical_bits > kMaxStatisticalBits)
    throw ParametersError("release: " + std::to_string(statistical_bits) +
                          " statistical bits are more than " + std::to_string(kMaxStatisticalBits) +
                          ", the most that is supported");
  if (allowed < 1 || allowed > kMaxReleases)
    throw ParametersError("release: the number of releases is outside [1, " + std::to_string(kMaxReleases) +
                          "]");
}

ReleaseBudget ReleaseBudget::restore(std::uint32_t allowed, std::uint32_t used, int statistical_bits) {
  ReleaseBudget out(allowed, statistical_bits);
  if (used > allowed)
    throw ParametersError(
        "release: the stored count says that more results were released than allowed; restore "
        "the file from a backup, or make new keys");
  out.used_ = used;
  return out;
}

void ReleaseBudget::charge() {
  if (used_ == allowed_)
    throw SecurityError(
        "release: all " + std::to_string(allowed_) +
        " releases of this key are used up; more would tell of the secret key. Make new keys");
  ++used_;
}

}  // namespace cloister::ckks
