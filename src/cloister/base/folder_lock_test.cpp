#include "cloister/base/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/testing/temporary_folder.h"

namespace cloister {
namespace {

namespace fs = std::filesystem;

class FolderLockTest : public testing::Test {
 protected:
  TemporaryFolder temporary_;
  fs::path root_ = temporary_.path(), folder_ = root_ / "work";
};

TEST_F(FolderLockTest, HasOneHolderAtATime) {
  {
    auto lock = FolderLock::try_acquire(folder_);
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->folder(), folder_);
    EXPECT_FALSE(FolderLock::try_acquire(folder_));
    const FolderLock moved = std::move(*lock);
    lock.reset();
    EXPECT_FALSE(FolderLock::try_acquire(folder_));
  }
  EXPECT_TRUE(FolderLock::try_acquire(folder_));
}

TEST_F(FolderLockTest, OfAKilledProcessIsFreeAndItsPartialFilesAreRemoved) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = FolderLock::try_acquire(folder_);
    AtomicFile partial(folder_ / "data");
    const char ready = lock ? 'y' : 'n';
    if (::write(pipe[1], &ready, 1) != 1) _exit(1);
    while (true) ::pause();
  }
  char ready = 0;
  ASSERT_EQ(::read(pipe[0], &ready, 1), 1);
  EXPECT_EQ(ready, 'y');
  write_file(folder_ / "kept", {});
  EXPECT_FALSE(FolderLock::try_acquire(folder_));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 3);  // lock, partial, kept
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(FolderLock::try_acquire(folder_));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
  for (const int end : pipe) ::close(end);
}

TEST_F(FolderLockTest, LeavesNothingBehindAndNothingElseTouched) {
  FolderLock::try_acquire(folder_);
  EXPECT_FALSE(fs::exists(folder_));
  {
    const auto lock = FolderLock::try_acquire(folder_);
    write_file(folder_ / "kept", {});
  }
  EXPECT_TRUE(fs::exists(folder_ / "kept"));
  EXPECT_FALSE(fs::exists(folder_ / "lock"));
}

TEST_F(FolderLockTest, OfManyWhoComeAndGoOneHoldsAtATime) {
  std::atomic<int> holders = 0, times = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i)
        if (const auto lock = FolderLock::try_acquire(folder_)) {
          EXPECT_EQ(++holders, 1);
          ++times;
          --holders;
        }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GT(times, 0);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(FolderLockTest, NeedsTheParentsFolderAndNoFileInItsPlace) {
  try {
    FolderLock::try_acquire(root_ / "none" / "work");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(e.what()).find("none/work"), std::string::npos);
  }
  write_file(folder_, {});
  EXPECT_THROW(FolderLock::try_acquire(folder_), Error);
  fs::create_symlink(root_ / "nowhere", root_ / "link");
  EXPECT_THROW(FolderLock::try_acquire(root_ / "link"), Error);
}

}  // namespace
}  // namespace cloister
