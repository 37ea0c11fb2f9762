#pragma once

#include <filesystem>
#include <optional>

namespace cloister {

/// The sole right to write into a folder, for as long as this lives: an exclusive flock() on a file `lock` in
/// it. The system drops it when the process ends, however it ends, so that none is ever stale. It holds
/// against other processes of this machine, and against other holders in this process.
class FolderLock {
 public:
  /// Makes the folder (its parent must be there) and the lock file where they are missing. Nothing where
  /// another holds the lock; never waits. What killed holders had begun to write (AtomicFile's partial files)
  /// is removed. Errors: AtomicFile's of creating, and Error (kUnimplemented) where the file system has no
  /// locks.
  static std::optional<FolderLock> try_acquire(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  /// Removes the lock file, and the folder if nothing else is in it.
  ~FolderLock();

  const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  FolderLock(std::filesystem::path folder, int descriptor)
      : folder_(std::move(folder)), descriptor_(descriptor) {}

  std::filesystem::path folder_;
  int descriptor_;
};

}  // namespace cloister
