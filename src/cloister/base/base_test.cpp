#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <set>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/base/memory.h"
#include "cloister/base/thread_pool.h"

namespace cloister {
namespace {

TEST(ErrorTable, RowsFollowTheEnumAndExitCodesDiffer) {
  std::set<int> exits, statuses;
  int i = 0;
  for (const ErrorCodeInfo& row : error_code_table()) {
    EXPECT_EQ(static_cast<int>(row.code), i++);
    EXPECT_EQ(&info(row.code), &row);
    EXPECT_TRUE(exits.insert(row.exit_code).second) << row.name;
    EXPECT_TRUE(statuses.insert(row.grpc_status).second) << row.name;
    EXPECT_NE(row.exit_code, 0);
    EXPECT_NE(row.exit_code, 1);
  }
  EXPECT_EQ(i, static_cast<int>(ErrorCode::kInternal) + 1);
}

TEST(ErrorTable, SubclassesCarryTheirCodeAndDetail) {
  const LevelExhaustedError level("rescale", 0, 1);
  EXPECT_EQ(level.code(), ErrorCode::kOutOfRange);
  EXPECT_EQ(level.have(), 0);
  EXPECT_EQ(level.need(), 1);
  EXPECT_NE(std::string(level.what()).find("level is 0, needs at least 1"), std::string::npos);
  const MismatchError mismatch("keys of another plan", "aa", "bb");
  EXPECT_EQ(mismatch.code(), ErrorCode::kFailedPrecondition);
  EXPECT_NE(std::string(mismatch.what()).find("aa against bb"), std::string::npos);
}

TEST(Bytes, HexRoundTripAndRefusals) {
  const std::vector<std::uint8_t> bytes{0x00, 0x7f, 0xff, 0x10};
  EXPECT_EQ(to_hex(bytes), "007fff10");
  EXPECT_EQ(from_hex("007FfF10"), bytes);
  EXPECT_THROW(from_hex("abc"), DecodeError);
  EXPECT_THROW(from_hex("zz"), DecodeError);
}

TEST(Bytes, Sha256KnownAnswer) {  // FIPS 180-4, "abc"
  const std::vector<std::uint8_t> abc{'a', 'b', 'c'};
  EXPECT_EQ(to_hex(sha256(abc)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Bytes, ReaderRefusesTruncationAtEveryByte) {
  ByteWriter w;
  w.put(std::uint32_t{7});
  w.put(2.5);
  w.put_string("plan");
  for (std::size_t cut = 0; cut <= w.size(); ++cut) {
    ByteReader r(w.bytes().first(cut));
    const auto read = [&] {
      EXPECT_EQ(r.get<std::uint32_t>("a"), 7u);
      EXPECT_EQ(r.get_double("b"), 2.5);
      EXPECT_EQ(r.get_string(16, "c"), "plan");
      r.expect_end("all");
    };
    if (cut == w.size())
      EXPECT_NO_THROW(read());
    else
      EXPECT_THROW(read(), DecodeError);
  }
}

TEST(Bytes, ReaderChecksRangesAndLengthsBeforeAllocating) {
  ByteWriter w;
  w.put(std::uint32_t{0xffffffff});
  ByteReader a(w.bytes());
  EXPECT_THROW(a.get_string(1 << 20, "name"), DecodeError);
  ByteReader b(w.bytes());
  EXPECT_THROW(b.get_in<std::uint32_t>("n", 1, 10), DecodeError);
}

TEST(Memory, BufferIsAlignedZeroedAndMovable) {
  Buffer<std::uint64_t> a(100);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.data()) % 64, 0u);
  EXPECT_EQ(std::accumulate(a.begin(), a.end(), std::uint64_t{0}), 0u);
  a[3] = 9;
  Buffer<std::uint64_t> b = std::move(a);
  EXPECT_EQ(b[3], 9u);
  EXPECT_EQ(b.clone()[3], 9u);
  EXPECT_THROW(Buffer<std::uint64_t>::uninitialized(std::size_t{1} << 60), ResourceError);
}

TEST(Memory, WipeClears) {
  SecretBuffer<std::uint8_t> s(32);
  for (auto& x : s) x = 0xaa;
  wipe(s.data(), s.size());
  for (const auto x : s) EXPECT_EQ(x, 0);
}

TEST(ThreadPool, RunsEachIndexOnceAndNests) {
  for (const int threads : {1, 2, 5}) {
    const ThreadPool pool(threads);
    std::vector<std::atomic<int>> seen(64 * 8);
    pool.parallel_for(
        64, [&](std::size_t i) { pool.parallel_for(8, [&](std::size_t j) { ++seen[i * 8 + j]; }); });
    for (const auto& s : seen) EXPECT_EQ(s.load(), 1);
  }
}

TEST(ThreadPool, RethrowsTheBodysError) {
  const ThreadPool pool(2);
  EXPECT_THROW(pool.parallel_for(100,
                                 [](std::size_t i) {
                                   if (i == 37) throw ParametersError("no");
                                 }),
               ParametersError);
  EXPECT_THROW(ThreadPool(-1), ParametersError);
}

}  // namespace
}  // namespace cloister
