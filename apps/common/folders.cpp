#include "apps/common/folders.h"

#include "cloister/base/error.h"

namespace cloister::app {

std::string ServerFolder::with_name(const std::string& stem, const std::string& name,
                                    const std::string& suffix) {
  return name.empty() ? stem + suffix : stem + "-" + name + suffix;
}

void require_present(const std::filesystem::path& path, const std::string& mend) {
  if (!std::filesystem::exists(path))
    throw Error(ErrorCode::kNotFound, path.string() + " is not there; " + mend);
}

}  // namespace cloister::app
