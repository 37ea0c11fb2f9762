#include "apps/cloister/demo/workplace.h"

#include "cloister/base/error.h"
#include "cloister/base/thread_pool.h"
#include "cloister/data/csv.h"
#include "cloister/data/synthetic.h"

namespace cloister::app {
namespace {

namespace fs = std::filesystem;

// As many rows as the public data sets have.
constexpr std::size_t kChdRows = 4238, kSalaryRows = 1000;

}  // namespace

int thread_count(const DemoOptions& options) { return ThreadPool(options.common.threads).threads(); }

void make_workplace(const fs::path& folder, const std::vector<std::string>& parties) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (fs::exists(status) && !fs::is_directory(status))
    throw Error(ErrorCode::kAlreadyExists,
                "demo: " + folder.string() + " is there, and is no folder; give another with --out");
  if (fs::is_directory(status) && !fs::is_empty(folder))
    throw Error(ErrorCode::kAlreadyExists,
                "demo: the folder " + folder.string() +
                    " is not empty, and nothing in it was touched; give another with "
                    "--out, or remove it first");
  try {
    if (fs::create_directories(folder)) fs::permissions(folder, fs::perms::owner_all);
    for (const std::string& party : parties) {
      fs::create_directories(folder / party);
      fs::permissions(folder / party, fs::perms::owner_all);
    }
  } catch (const fs::filesystem_error& e) {
    throw Error(ErrorCode::kPermissionDenied, "demo: cannot make the folder " + folder.string() + ": " +
                                                  e.code().message() + "; give another with --out");
  }
}

std::optional<DemoTable> given_table(const DemoOptions& options) {
  if (!options.data) return std::nullopt;
  if (!fs::is_regular_file(*options.data))
    throw Error(ErrorCode::kNotFound, "demo: there is no file " + options.data->string() +
                                          "; leave --data out for a synthetic table");
  const fs::path file = fs::canonical(*options.data);
  return DemoTable{file, file, file.filename().string(), false};
}

DemoTable make_table(const DemoOptions& options, const std::string& task, const fs::path& relative) {
  const data::Table table = task == "chd" ? data::synthetic_chd(kChdRows, options.seed)
                                          : data::synthetic_salary(kSalaryRows, options.seed);
  const fs::path file = fs::absolute(options.out) / relative;
  data::write_csv(file, table);
  return {relative, file, relative.filename().string(), true};
}

}  // namespace cloister::app
