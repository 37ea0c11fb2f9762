#include "cloister/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/base/testing/temporary_folder.h"

namespace cloister {
namespace {

namespace fs = std::filesystem;

std::vector<std::uint8_t> some_bytes(std::size_t size) {
  std::vector<std::uint8_t> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 131 + i / 256);
  return out;
}

/// Runs f and returns the error's code and message; a code of nothing means it succeeded.
template <typename F>
std::pair<std::optional<ErrorCode>, std::string> outcome(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {};
}

class FileTest : public testing::Test {
 protected:
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(FileTest, AppearsWholeAtCommitAndNotBefore) {
  const auto bytes = some_bytes(100'000);
  const fs::path path = folder_ / "data.bin";
  {
    AtomicFile file(path);
    file.write(std::span(bytes).first(70'000));
    file.write(std::span(bytes).subspan(70'000));
    EXPECT_FALSE(fs::exists(path));
    file.commit();
    EXPECT_EQ(file.bytes_written(), bytes.size());
    EXPECT_THROW(file.write(bytes), InternalError);
    EXPECT_THROW(file.commit(), InternalError);
  }
  EXPECT_TRUE(std::ranges::equal(read_file(path, bytes.size()), bytes));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, LeavesNothingWithoutCommit) {
  {
    AtomicFile file(folder_ / "data.bin");
    file.write(some_bytes(10));
    const AtomicFile moved = std::move(file);
    EXPECT_EQ(entries(), 1u);
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(FileTest, PartialFilesAreRemovedUnlessTheyAreBeingWritten) {
  const fs::path left = folder_ / ".cloister-0123456789abcdef01234567.partial";
  for (const fs::path& path : {left, folder_ / ".cloister-other", folder_ / "other.partial"})
    std::ofstream(path) << "half";
  AtomicFile file(folder_ / "data.bin");
  file.write(some_bytes(100));
  remove_partial_files(folder_);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(entries(), 3u);  // the others, and the one that is being written
  file.commit();
  remove_partial_files(folder_);
  EXPECT_EQ(fs::file_size(folder_ / "data.bin"), 100u);
  EXPECT_EQ(entries(), 3u);
}

TEST_F(FileTest, WritersAndARemoverOfPartialFilesDoNotMeet) {
  std::atomic<bool> done = false;
  std::thread remover([&] {
    while (!done) remove_partial_files(folder_);
  });
  for (int i = 0; i < 50; ++i) {
    AtomicFile file(folder_ / "data.bin", Overwrite::kReplace);
    file.write(some_bytes(10));
    EXPECT_NO_THROW(file.commit());
  }
  done = true;
  remover.join();
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, RefusesToOverwriteUnlessAsked) {
  const fs::path path = folder_ / "secret.key";
  write_file(path, some_bytes(3));
  const auto [code, message] = outcome([&] { AtomicFile file(path); });
  EXPECT_EQ(code, ErrorCode::kAlreadyExists);
  EXPECT_NE(message.find(path.string()), std::string::npos);
  EXPECT_EQ(read_file(path, 10).size(), 3u);
  write_file(path, some_bytes(5), Overwrite::kReplace);
  EXPECT_EQ(read_file(path, 10).size(), 5u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, NeverReplacesAFileThatAppearedMeanwhile) {
  const fs::path path = folder_ / "secret.key";
  AtomicFile late(path);
  late.write(some_bytes(7));
  write_file(path, some_bytes(3));
  EXPECT_EQ(outcome([&] { late.commit(); }).first, ErrorCode::kAlreadyExists);
  EXPECT_EQ(read_file(path, 10).size(), 3u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, OfManyWritersExactlyOneWins) {
  const fs::path path = folder_ / "secret.key";
  std::vector<int> won(8);
  std::vector<std::thread> threads;
  threads.reserve(won.size());
  for (std::size_t i = 0; i < won.size(); ++i)
    threads.emplace_back([&, i] {
      won[i] = outcome([&] { write_file(path, some_bytes(i + 1)); }).first != ErrorCode::kAlreadyExists;
    });
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(std::count(won.begin(), won.end(), 1), 1);
  const auto winner = static_cast<std::size_t>(std::find(won.begin(), won.end(), 1) - won.begin());
  EXPECT_EQ(fs::file_size(path), winner + 1);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, SecretsAreTheirOwnersAlone) {
  const mode_t before = ::umask(0);
  {
    AtomicFile file(folder_ / "secret.key", Overwrite::kRefuse, FileMode::kSecret);
    struct stat status;  // already the temporary file is closed to others
    ASSERT_EQ(::stat(fs::directory_iterator(folder_)->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    file.commit();
    ASSERT_EQ(::stat((folder_ / "secret.key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    write_file(folder_ / "public.key", some_bytes(1));
    ASSERT_EQ(::stat((folder_ / "public.key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0644u);
  }
  ::umask(before);
}

TEST_F(FileTest, NamesThatCannotBeWrittenSayWhy) {
  const auto [code, message] = outcome([&] { AtomicFile file(folder_ / "no" / "data.bin"); });
  EXPECT_EQ(code, ErrorCode::kNotFound);
  EXPECT_NE(message.find("create it first"), std::string::npos);
  EXPECT_EQ(outcome([&] { AtomicFile file(folder_, Overwrite::kReplace); }).first,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(outcome([&] { AtomicFile file("/dev/null", Overwrite::kReplace); }).first,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(outcome([&] { AtomicFile file(""); }).first, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outcome([&] { AtomicFile file(folder_ / ""); }).first, ErrorCode::kInvalidArgument);
}

/// Limits the size of files this process may write, for the time of a test.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_;
};

TEST_F(FileTest, AFailingWriteLeavesNothingAndNamesPathAndBytes) {
  const fs::path path = folder_ / "data.bin";
  write_file(path, some_bytes(3));
  const auto [code, message] = outcome([&] {
    const FileSizeLimit limit(rlim_t{64} << 10);
    AtomicFile file(path, Overwrite::kReplace);
    for (int i = 0; i < 3; ++i) file.write(some_bytes(30'000));
    file.commit();
  });
  EXPECT_EQ(code, ErrorCode::kResourceExhausted);
  EXPECT_NE(message.find(path.string()), std::string::npos) << message;
  EXPECT_NE(message.find("65536 bytes"), std::string::npos) << message;
  EXPECT_EQ(read_file(path, 10).size(), 3u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AFullDiskIsAResourceError) {
  if (::mount("none", folder_.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "mounting takes root";
  const fs::path path = folder_ / "data.bin";
  const auto [code, message] = outcome([&] { write_file(path, some_bytes(200'000)); });
  EXPECT_EQ(code, ErrorCode::kResourceExhausted);
  EXPECT_NE(message.find("No space left"), std::string::npos) << message;
  EXPECT_NE(message.find(path.string()), std::string::npos) << message;
  EXPECT_EQ(entries(), 0u);
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(FileTest, MapsAFileAndReleasesItsPages) {
  const auto bytes = some_bytes(100'000);
  const fs::path path = folder_ / "data.bin";
  write_file(path, bytes);
  MappedFile mapped = MappedFile::open(path, bytes.size());
  EXPECT_TRUE(std::ranges::equal(mapped.bytes(), bytes));
  mapped.release(mapped.bytes().subspan(100, 50'000));
  mapped.release(mapped.bytes().first(10));
  EXPECT_TRUE(std::ranges::equal(mapped.bytes(), bytes));
  write_file(path, some_bytes(5), Overwrite::kReplace);
  EXPECT_TRUE(std::ranges::equal(mapped.bytes(), bytes));
  MappedFile other = MappedFile::open(path, 10);
  other = std::move(mapped);
  EXPECT_EQ(other.bytes().size(), bytes.size());
}

/// Bytes of files that lie in this process's memory.
std::size_t resident_file_bytes() {
  std::size_t total = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> total >> resident >> shared;
  return shared * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(FileTest, ReleaseGivesMemoryBack) {
  constexpr std::size_t kBytes = std::size_t{16} << 20;
  write_file(folder_ / "large.bin", some_bytes(kBytes));
  const MappedFile mapped = MappedFile::open(folder_ / "large.bin", kBytes);
  const std::size_t before = resident_file_bytes();
  EXPECT_TRUE(std::ranges::equal(mapped.bytes(), some_bytes(kBytes)));
  // The kernel counts pages in batches; half the file is far from both answers.
  EXPECT_GT(resident_file_bytes(), before + kBytes / 2);
  mapped.release(mapped.bytes());
  EXPECT_LT(resident_file_bytes(), before + kBytes / 2);
}

TEST_F(FileTest, ReadersRefuseWhatTheyCannotTake) {
  const fs::path path = folder_ / "data.bin";
  write_file(path, some_bytes(100));
  write_file(folder_ / "empty.bin", {});
  EXPECT_EQ(MappedFile::open(path, 100).bytes().size(), 100u);
  EXPECT_TRUE(MappedFile::open(folder_ / "empty.bin", 0).bytes().empty());
  EXPECT_TRUE(read_file(folder_ / "empty.bin", 0).empty());
  EXPECT_EQ(read_secret_file(path, 100).size(), 100u);
  EXPECT_EQ(outcome([&] { MappedFile::open(path, 99); }).first, ErrorCode::kResourceExhausted);
  EXPECT_EQ(outcome([&] { read_file(path, 99); }).first, ErrorCode::kResourceExhausted);
  const auto [code, message] = outcome([&] { MappedFile::open(folder_ / "none.bin", 99); });
  EXPECT_EQ(code, ErrorCode::kNotFound);
  EXPECT_NE(message.find("none.bin"), std::string::npos);
  EXPECT_EQ(outcome([&] { read_file(folder_ / "none.bin", 99); }).first, ErrorCode::kNotFound);
  EXPECT_EQ(outcome([&] { MappedFile::open(folder_, 99); }).first, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outcome([&] { read_file(folder_, 99); }).first, ErrorCode::kInvalidArgument);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(outcome([&] { MappedFile::open(folder_ / "pipe", 99); }).first, ErrorCode::kInvalidArgument);
}

TEST_F(FileTest, ReadsAPipeToItsEndWithinTheLimit) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto bytes = some_bytes(20'000);
  std::thread writer([&] { std::ofstream(pipe).write(reinterpret_cast<const char*>(bytes.data()), 20'000); });
  EXPECT_TRUE(std::ranges::equal(read_secret_file(pipe, 20'000), bytes));
  writer.join();
  EXPECT_EQ(outcome([&] { read_file("/dev/zero", 5'000); }).first, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace cloister
