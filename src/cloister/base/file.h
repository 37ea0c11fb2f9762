#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "cloister/base/memory.h"

namespace cloister {

enum class Overwrite {
  kRefuse,   ///< an existing file is an error (kAlreadyExists); the default, and the only way for keys
  kReplace,  ///< an existing file is replaced in one step
};

/// Who may read a new file; the process's umask narrows kPublic further.
enum class FileMode : unsigned {
  kPublic = 0644,  ///< everybody
  kSecret = 0600,  ///< its owner alone, from the moment it is created
};

/// Throws kAlreadyExists if the path is there: for long work whose result must not overwrite anything, before
/// it is begun. AtomicFile still refuses what appears in the meantime.
void require_absent(const std::filesystem::path& path);

/// A file that appears under its name whole or not at all. Bytes go to a temporary name in the same
/// folder; commit() syncs them and renames. Without commit() the destructor removes what was written.
/// Errors (all name the path): kNotFound (no such folder), kAlreadyExists (also when the file appeared
/// while writing: the final step never replaces under kRefuse), kPermissionDenied, ResourceError (full
/// disk, quota or size limit, with the bytes written), kInvalidArgument (the name is a folder or device).
/// After an error nothing is left on disk and every later call throws InternalError.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path, Overwrite overwrite = Overwrite::kRefuse,
                      FileMode mode = FileMode::kPublic);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  void write(std::span<const std::uint8_t> bytes);
  /// Syncs and puts the file under its name; nothing may be written after it.
  void commit();

  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void require_open() const;
  void abandon() noexcept;
  [[noreturn]] void fail(int error, const char* step);

  std::filesystem::path path_, temporary_;
  Overwrite overwrite_;
  int descriptor_ = -1;
  std::uint64_t bytes_written_ = 0;
};

/// Writes a whole file at once: AtomicFile, write, commit.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
                Overwrite overwrite = Overwrite::kRefuse, FileMode mode = FileMode::kPublic);

/// Makes creations and renames in a folder last through a loss of power. Best effort: some file systems
/// cannot, and a folder may be writable without being readable.
void sync_folder(const std::filesystem::path& folder) noexcept;

/// Removes what AtomicFiles of killed processes left in a folder; what a process of this machine is writing
/// stays, for it holds a lock on it. Best effort: nothing where the file system has no locks.
void remove_partial_files(const std::filesystem::path& folder) noexcept;

/// Throws the typed error of a failed system call; `what` names the action and the path.
[[noreturn]] void throw_system_error(int error, const std::string& what);

/// A regular file's bytes, mapped read-only. A file that is replaced by AtomicFile while mapped keeps its
/// old bytes here; one that is cut short in place by another process is the reader's crash (SIGBUS), so
/// the file must be the reader's own or its owner's, as all files of the command line are.
class MappedFile {
 public:
  /// Errors: kNotFound, kPermissionDenied, kInvalidArgument (a folder or device), ResourceError (more than
  /// max_bytes).
  static MappedFile open(const std::filesystem::path& path, std::uint64_t max_bytes);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::uint8_t> bytes() const noexcept { return {data_, size_}; }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Gives back the memory of whole pages inside a part of bytes(); reading it again fetches it again.
  /// Keeps a pass over a large file within bounded memory. Best effort.
  void release(std::span<const std::uint8_t> part) const noexcept;

 private:
  MappedFile() = default;

  std::filesystem::path path_;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Reads a whole file, or a pipe to its end. Errors as MappedFile::open.
Buffer<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);
/// The same into wiped memory, with no other copy in this process.
SecretBuffer<std::uint8_t> read_secret_file(const std::filesystem::path& path, std::uint64_t max_bytes);

}  // namespace cloister
