#include "cloister/base/file.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"

namespace cloister {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string reason(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const noexcept { return value_; }

 private:
  int value_;
};

constexpr std::string_view kPartialPrefix = ".cloister-", kPartialSuffix = ".partial";

fs::path temporary_name(const fs::path& path) {
  std::array<std::uint8_t, 12> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw ResourceError("the system's random generator failed; no temporary file can be named");
  return folder_of(path) / (std::string(kPartialPrefix) + to_hex(random) + std::string(kPartialSuffix));
}

/// Marks a partial file as one that is being written, until its descriptor is closed. False where
/// remove_partial_files() came in between, and took it for a killed process's.
bool claim(int descriptor) {
  struct stat status;
  // Where the file system has no locks, nothing can be removed by mistake either.
  return (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
         (::fstat(descriptor, &status) != 0 || status.st_nlink > 0);
}

[[noreturn]] void throw_exists(const fs::path& path) {
  throw Error(ErrorCode::kAlreadyExists, path.string() +
                                             " exists and is not overwritten; choose another name or folder, "
                                             "or move the old file away");
}

/// Refuses early what commit() would refuse after all the work, and names whose replacement would be a
/// surprise.
void check_target(const fs::path& path, Overwrite overwrite) {
  if (!path.has_filename())
    throw ParametersError("'" + path.string() + "' names no file; give a file's name");
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return;
  if (overwrite == Overwrite::kRefuse) throw_exists(path);
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw ParametersError(path.string() + " is a folder or a device; give a file's name");
}

void rename_without_replacing(const fs::path& from, const fs::path& to, int& error) {
  error = 0;
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  error = errno;
  if (error != EINVAL && error != ENOSYS) return;
  // Some file systems lack RENAME_NOREPLACE; link() does not replace on any.
  error = ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  if (error == 0) ::unlink(from.c_str());
}

[[noreturn]] void throw_too_large(const fs::path& path, std::uint64_t max_bytes) {
  throw ResourceError(path.string() + " is larger than the " + std::to_string(max_bytes) +
                      " bytes allowed here; check that it is the right file");
}

template <Secrecy kSecrecy>
Buffer<std::uint8_t, kSecrecy> read_all(const fs::path& path, std::uint64_t max_bytes) {
  using Bytes = Buffer<std::uint8_t, kSecrecy>;
  const std::string what = "cannot read " + path.string();
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) throw_system_error(errno, what);
  const std::uint64_t stated = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (stated > max_bytes) throw_too_large(path, max_bytes);

  // One byte more than is due, so that the end shows within the first reading.
  const std::uint64_t cap = std::min(max_bytes, std::numeric_limits<std::uint64_t>::max() - 1) + 1;
  Bytes bytes = Bytes::uninitialized(std::min(cap, std::max<std::uint64_t>(stated, 4095) + 1));
  std::size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) {
      if (filled == cap) throw_too_large(path, max_bytes);
      Bytes larger = Bytes::uninitialized(static_cast<std::size_t>(std::min<std::uint64_t>(cap, 2 * filled)));
      std::memcpy(larger.data(), bytes.data(), filled);
      bytes = std::move(larger);
    }
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system_error(errno, what);
    if (got == 0) return Bytes::copy_of(std::as_const(bytes).span().first(filled));
    filled += static_cast<std::size_t>(got);
  }
}

}  // namespace

void throw_system_error(int error, const std::string& what) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      throw Error(ErrorCode::kNotFound, what + ": there is no such file or folder; check the name");
    case EACCES:
    case EPERM:
    case EROFS:
      throw Error(ErrorCode::kPermissionDenied,
                  what + ": " + reason(error) + "; change the permissions or choose another folder");
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      throw ResourceError(what + ": " + reason(error));
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
      throw ParametersError(what + ": " + reason(error));
    default:
      throw Error(ErrorCode::kDataLoss, what + ": " + reason(error));
  }
}

void sync_folder(const fs::path& folder) noexcept {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) (void)::fsync(directory.get());
}

void remove_partial_files(const fs::path& folder) noexcept try {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? fs::path(".") : folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPartialPrefix) || !name.ends_with(kPartialSuffix)) continue;
    const Descriptor file(::open(entry.path().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.get() >= 0 && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) fs::remove(entry.path(), ignored);
  }
} catch (...) {  // out of memory: they stay, as they would without this
}

void require_absent(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored)))
    throw Error(
        ErrorCode::kAlreadyExists,
        path.string() + " is there already and is not overwritten; move it away, or use another folder");
}

AtomicFile::AtomicFile(fs::path path, Overwrite overwrite, FileMode mode)
    : path_(std::move(path)), overwrite_(overwrite) {
  check_target(path_, overwrite_);
  while (true) {
    temporary_ = temporary_name(path_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                         static_cast<mode_t>(mode));
    if (descriptor_ < 0) {
      const int error = errno;
      temporary_.clear();
      fail(error, "create");
    }
    if (claim(descriptor_)) return;
    abandon();
  }
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      overwrite_(other.overwrite_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_written_(other.bytes_written_) {
  other.temporary_.clear();
}

AtomicFile::~AtomicFile() { abandon(); }

void AtomicFile::abandon() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
    temporary_.clear();
  }
}

void AtomicFile::require_open() const {
  if (descriptor_ < 0)
    throw InternalError(path_.string() + " is written to after it was committed or failed");
}

void AtomicFile::fail(int error, const char* step) {
  abandon();
  const std::string what = std::string("cannot ") + step + " " + path_.string();
  if (error == EEXIST) throw_exists(path_);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    throw ResourceError(what + ": " + reason(error) + " after " + std::to_string(bytes_written_) +
                        " bytes; free some space, or choose a folder on another disk, and run it again "
                        "(nothing was left under this name)");
  if (error == ENOENT || error == ENOTDIR)
    throw Error(ErrorCode::kNotFound,
                what + ": there is no folder " + folder_of(path_).string() + "; create it first");
  throw_system_error(error, what);
}

void AtomicFile::write(std::span<const std::uint8_t> bytes) {
  require_open();
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(errno, "write");
    bytes_written_ += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void AtomicFile::commit() {
  require_open();
  if (::fsync(descriptor_) != 0) fail(errno, "sync");
  int error = 0;
  if (overwrite_ == Overwrite::kRefuse)
    rename_without_replacing(temporary_, path_, error);
  else
    error = ::rename(temporary_.c_str(), path_.c_str()) == 0 ? 0 : errno;
  if (error != 0) fail(error, "name");
  temporary_.clear();
  ::close(std::exchange(descriptor_, -1));  // not before: it keeps remove_partial_files() off
  sync_folder(folder_of(path_));
}

void write_file(const fs::path& path, std::span<const std::uint8_t> bytes, Overwrite overwrite,
                FileMode mode) {
  AtomicFile file(path, overwrite, mode);
  file.write(bytes);
  file.commit();
}

MappedFile MappedFile::open(const fs::path& path, std::uint64_t max_bytes) {
  const std::string what = "cannot open " + path.string();
  // O_NONBLOCK: a named pipe is refused below rather than waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) throw_system_error(errno, what);
  if (!S_ISREG(status.st_mode)) throw ParametersError(what + ": it is a folder, pipe or device; give a file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes) throw_too_large(path, max_bytes);

  MappedFile mapped;
  mapped.path_ = path;
  if (size == 0) return mapped;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) throw_system_error(errno, what);
  mapped.data_ = static_cast<const std::uint8_t*>(data);
  mapped.size_ = size;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

void MappedFile::release(std::span<const std::uint8_t> part) const noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto base = reinterpret_cast<std::uintptr_t>(data_);
  const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(part.data()) + part.size()) / page * page;
  if (data_ == nullptr || begin >= end || begin < base || end > base + size_) return;
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Buffer<std::uint8_t> read_file(const fs::path& path, std::uint64_t max_bytes) {
  return read_all<Secrecy::kPublic>(path, max_bytes);
}

SecretBuffer<std::uint8_t> read_secret_file(const fs::path& path, std::uint64_t max_bytes) {
  return read_all<Secrecy::kSecret>(path, max_bytes);
}

}  // namespace cloister
