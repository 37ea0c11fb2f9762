#include "cloister/base/memory_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

#include "cloister/base/memory.h"

namespace cloister {
namespace {

TEST(MemoryPool, HandsOutTheNewestBlockThatFits) {
  MemoryPool pool(1 << 20);
  const auto a = pool.acquire(4096), b = pool.acquire(4096), large = pool.acquire(65536);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.data) % 64, 0u);
  pool.release(a);
  pool.release(b);
  pool.release(large);
  EXPECT_EQ(pool.idle_bytes(), 4096u + 4096u + 65536u);
  const auto newest = pool.acquire(4000);  // rounded up, 4032: not a quarter less than 4096
  EXPECT_EQ(newest.data, b.data);
  const auto next = pool.acquire(4096);
  EXPECT_EQ(next.data, a.data);
  const auto fresh = pool.acquire(4096);  // the large block stays for what fills it
  EXPECT_NE(fresh.data, large.data);
  EXPECT_EQ(pool.idle_bytes(), 65536u);
  for (const auto& block : {newest, next, fresh}) pool.release(block);
}

TEST(MemoryPool, GivesBackTheOldestBeyondItsLimit) {
  MemoryPool pool(3 * 4096);
  std::vector<MemoryPool::Block> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(pool.acquire(4096));
  for (const auto& block : blocks) pool.release(block);
  EXPECT_EQ(pool.idle_bytes(), 3u * 4096);
  const auto newest = pool.acquire(4096);
  EXPECT_EQ(newest.data, blocks[3].data);
  pool.release(newest);
  pool.release(pool.acquire(1 << 16));  // larger than all that may be kept
  EXPECT_LE(pool.idle_bytes(), 3u * 4096);
}

TEST(MemoryPool, BuffersOutliveTheirOwnersHandle) {
  auto pool = std::make_shared<MemoryPool>(1 << 20);
  PooledBuffer<std::uint64_t> x(pool, 1000), y(pool, 2);
  x.data()[999] = 7;
  pool.reset();
  PooledBuffer<std::uint64_t> z(std::move(x));
  EXPECT_EQ(x.data(), nullptr);
  y = std::move(z);
  EXPECT_EQ(y.size(), 1000u);
  EXPECT_EQ(y.data()[999], 7u);
  EXPECT_FALSE(y.is_borrowed());
}

TEST(MemoryPool, BorrowedBuffersKeepTheirOwnerAndGiveNothingBack) {
  const auto pool = std::make_shared<MemoryPool>(1 << 20);
  auto owner = std::make_shared<const std::vector<std::uint64_t>>(100, 5);
  const std::weak_ptr<const void> alive = owner;
  const std::uint64_t* const words = owner->data();
  {
    auto x = PooledBuffer<std::uint64_t>::borrowed(owner, *owner);
    owner.reset();
    EXPECT_TRUE(x.is_borrowed());
    PooledBuffer<std::uint64_t> y(pool, 3);
    y = std::move(x);  // and the pooled one goes where the borrowed one was
    const auto z = std::move(y);
    EXPECT_EQ(z.data(), words);
    EXPECT_EQ(z.size(), 100u);
    EXPECT_FALSE(alive.expired());
  }
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(pool->idle_bytes(), 64u);  // the pooled one alone
}

TEST(MemoryPool, LargeBlocksStartOnHugePages) {
  MemoryPool pool(0);
  const auto block = pool.acquire(kHugePageBytes / 2 + 1);
  EXPECT_EQ(block.bytes, kHugePageBytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data) % kHugePageBytes, 0u);
  pool.release(block);
  EXPECT_EQ(pool.idle_bytes(), 0u);
}

TEST(MemoryPool, IsSharedByThreads) {
  MemoryPool pool(1 << 16);
  const auto work = [&](std::uint8_t mark) {
    for (int i = 0; i < 2000; ++i) {
      const auto block = pool.acquire(1024);
      auto* bytes = static_cast<std::uint8_t*>(block.data);
      std::fill_n(bytes, 1024, mark);
      ASSERT_EQ(std::count(bytes, bytes + 1024, mark), 1024);
      pool.release(block);
    }
  };
  std::thread other(work, std::uint8_t{1});
  work(2);
  other.join();
  EXPECT_LE(pool.idle_bytes(), std::size_t{1} << 16);
}

}  // namespace
}  // namespace cloister
