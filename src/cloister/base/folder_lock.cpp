#include "cloister/base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "cloister/base/error.h"
#include "cloister/base/file.h"

namespace cloister {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "/lock";
constexpr int kAttempts = 100;
constexpr mode_t kFolderMode = 0755, kLockMode = 0644;

void make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), kFolderMode) == 0) {
    // Otherwise what is synced into the folder may be lost with the folder.
    sync_folder(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
    return;
  }
  if (errno != EEXIST) throw_system_error(errno, "cannot create the folder " + folder.string());
}

int lock_exclusively(int descriptor) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

/// Whether the file that was opened is still the one of this name: its last holder may have removed it
/// between open() and flock().
bool is_at(int descriptor, const fs::path& path) {
  struct stat opened, named;
  return ::fstat(descriptor, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

std::optional<FolderLock> FolderLock::try_acquire(const fs::path& folder) {
  const fs::path path = folder.native() + kLockName;
  for (int attempt = 0;; ++attempt) {
    make_folder(folder);
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode);
    // The folder was removed in between; or it is a link to nowhere, which stays so.
    if (descriptor < 0 && errno == ENOENT && attempt < kAttempts) continue;
    if (descriptor < 0) throw_system_error(errno, "cannot create " + path.string());
    const int error = lock_exclusively(descriptor);
    if (error == 0 && is_at(descriptor, path)) {
      remove_partial_files(folder);
      return FolderLock(folder, descriptor);
    }
    ::close(descriptor);
    if (error == EWOULDBLOCK) return std::nullopt;
    if (error != 0)
      throw Error(ErrorCode::kUnimplemented, "cannot lock " + path.string() + ": " +
                                                 std::generic_category().message(error) +
                                                 "; use a folder of a local file system");
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : folder_(std::move(other.folder_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ < 0) return;
  // Before the lock is free. Who has opened the file and locks it after sees by is_at() that it is gone.
  ::unlink((folder_.native() + kLockName).c_str());
  ::rmdir(folder_.c_str());
  ::close(descriptor_);
}

}  // namespace cloister
