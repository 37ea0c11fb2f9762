#include "cloister/wire/ciphertext_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "cloister/base/error.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;

// Where the header's fields lie, after a kind of 4 letters.
constexpr std::size_t kKindAt = 4, kBlocksAt = 4 + 4 + 8 + 4, kCountAt = kBlocksAt + 4,
                      kMetadataAt = kCountAt + 8;

class CiphertextFile : public ::testing::Test {
 protected:
  TinyParties owner;
  std::vector<ckks::Ciphertext> ciphertexts = make_ciphertexts();
  const CiphertextFileHeader header{.kind = "rows",
                                    .rows = 20,
                                    .columns = 3,
                                    .blocks = 2,
                                    .ciphertexts = 4,
                                    .metadata = R"({"names":["a","b","c"]})"};
  const CiphertextFileExpectation expected{
      .kind = "rows", .max_rows = 20, .max_columns = 3, .max_ciphertexts = 4};

  std::vector<ckks::Ciphertext> make_ciphertexts() {
    std::vector<ckks::Ciphertext> out;
    for (const int level : {2, 2, 1, 0}) out.push_back(owner.encrypt(level));
    out[1].seed.reset();
    return out;
  }
  void write_to(ContainerWriter& container) {
    CiphertextFileWriter writer(container, header, *owner.parameters, owner.pool);
    for (const auto& c : ciphertexts) writer.write(c);
    EXPECT_EQ(writer.written(), 4u);
    writer.finish();
  }
  Bytes encoded() {
    Bytes out;
    ContainerWriter container(out, PayloadType::kDataset, kTestPlan);
    write_to(container);
    return out;
  }
  std::vector<TestFrame> frames() { return frames_of(encoded(), PayloadType::kDataset); }
  CiphertextFileReader open(const Bytes& bytes) { return open(bytes, expected); }
  CiphertextFileReader open(const Bytes& bytes, const CiphertextFileExpectation& e) {
    return {ContainerReader(bytes, expecting(PayloadType::kDataset)), e, owner.parameters, owner.pool};
  }
  void load_all(const Bytes& bytes) {
    const auto reader = open(bytes);
    for (std::size_t i = 0; i < reader.size(); ++i) reader.load(i);
  }
  void expect_header_refused(const Bytes& payload) {
    auto f = frames();
    f[0].payload = payload;
    EXPECT_THROW(open(contained(PayloadType::kDataset, f)), DecodeError);
  }
};

TEST_F(CiphertextFile, GivesItsHeaderAndCiphertextsInAnyOrderRepeatedly) {
  const Bytes bytes = encoded();
  const auto reader = open(bytes);
  EXPECT_EQ(reader.header(), header);
  ASSERT_EQ(reader.size(), 4u);
  EXPECT_EQ(reader.total_bytes(), bytes.size());
  for (const std::size_t i : {3, 0, 2, 1, 0}) EXPECT_TRUE(same(reader.load(i).parts, ciphertexts[i].parts));
  EXPECT_THROW(reader.load(4), ParametersError);
}

TEST_F(CiphertextFile, IsStreamedFromAFileByManyThreads) {
  const TemporaryFolder temporary;
  const fs::path path = temporary.path() / "rows.clo";
  AtomicFile file(path);
  ContainerWriter container(file, PayloadType::kDataset, kTestPlan);
  write_to(container);
  file.commit();
  {
    const CiphertextFileReader reader(ContainerReader::open(path, expecting(PayloadType::kDataset)), expected,
                                      owner.parameters, owner.pool);
    EXPECT_EQ(reader.source(), path.string());
    std::vector<std::thread> threads;
    threads.reserve(3);
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&] {
        for (const std::size_t i : {0, 3, 1, 2, 0})
          EXPECT_TRUE(same(reader.load(i).parts, ciphertexts[i].parts));
      });
    for (auto& thread : threads) thread.join();
  }
}

TEST_F(CiphertextFile, SizeIsPredicted) {
  const auto& spec = owner.rlwe().spec();
  EXPECT_EQ(encoded().size(), rlwe::kContainerBytes + rlwe::framed_bytes(frames()[0].payload.size()) +
                                  rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(spec, 2, true)) +
                                  rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(spec, 2, false)) +
                                  rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(spec, 1, true)) +
                                  rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(spec, 0, true)));
}

TEST_F(CiphertextFile, TheWriterHoldsTheHeadersWord) {
  Bytes out;
  ContainerWriter container(out, PayloadType::kDataset, kTestPlan);
  CiphertextFileWriter writer(container, header, *owner.parameters, owner.pool);
  for (const auto& c : ciphertexts) {
    EXPECT_THROW(writer.finish(), ParametersError);
    writer.write(c);
  }
  EXPECT_THROW(writer.write(ciphertexts[0]), ParametersError);

  const auto refused = [&](auto change) {
    CiphertextFileHeader bad = header;
    change(bad);
    EXPECT_THROW(CiphertextFileWriter(container, bad, *owner.parameters, owner.pool), ParametersError);
  };
  refused([](auto& h) { h.kind = ""; });
  refused([](auto& h) { h.kind = "Rows"; });
  refused([](auto& h) { h.kind = std::string(kMaxKindBytes + 1, 'a'); });
  refused([](auto& h) { h.metadata = std::string(kMaxMetadataBytes + 1, ' '); });
  refused([](auto& h) { h.blocks = 5; });
}

TEST_F(CiphertextFile, TheLargestHeaderFits) {
  const CiphertextFileHeader largest{.kind = std::string(kMaxKindBytes, 'k'),
                                     .rows = ~std::uint64_t{0},
                                     .columns = 0xffffffff,
                                     .blocks = 0,
                                     .ciphertexts = 0,
                                     .metadata = std::string(kMaxMetadataBytes, '\0')};
  Bytes out;
  ContainerWriter container(out, PayloadType::kDataset, kTestPlan);
  CiphertextFileWriter(container, largest, *owner.parameters, owner.pool).finish();
  const CiphertextFileExpectation any{largest.kind, largest.rows, largest.columns, 0};
  EXPECT_EQ(open(out, any).header(), largest);
}

TEST_F(CiphertextFile, KindAndLimitsAreChecked) {
  const Bytes bytes = encoded();
  const auto with = [&](auto change) {
    auto e = expected;
    change(e);
    return e;
  };
  EXPECT_THROW(open(bytes, with([](auto& e) { e.kind = "model"; })), MismatchError);
  EXPECT_THROW(open(bytes, with([](auto& e) { e.max_rows = 19; })), ResourceError);
  EXPECT_THROW(open(bytes, with([](auto& e) { e.max_columns = 2; })), ResourceError);
  EXPECT_THROW(open(bytes, with([](auto& e) { e.max_ciphertexts = 3; })), ResourceError);
  EXPECT_THROW(ContainerReader(bytes, expecting(PayloadType::kModel)), MismatchError);
  EXPECT_THROW(ContainerReader(bytes, expecting(PayloadType::kDataset, PlanId{9})), MismatchError);
}

TEST_F(CiphertextFile, HeaderFieldsAreBounded) {
  const Bytes good = frames()[0].payload;
  expect_header_refused(with_value<std::uint32_t>(good, 0, 65));
  expect_header_refused(with_value<std::uint32_t>(good, 0, 0xffffffff));
  expect_header_refused(with_value<std::uint8_t>(good, kKindAt, '\n'));
  expect_header_refused(with_value<std::uint32_t>(good, kBlocksAt, 5));
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{5}, ~std::uint64_t{0}})
    expect_header_refused(with_value(good, kCountAt, count));
  expect_header_refused(with_value<std::uint32_t>(good, kMetadataAt, 0xffffffff));
  expect_header_refused(with_value<std::uint32_t>(good, kMetadataAt, 0));
  for (std::size_t size = 0; size < good.size(); ++size)
    expect_header_refused(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
}

TEST_F(CiphertextFile, FramesMustBeTheOnesItSays) {
  const auto changed = [&](auto change) {
    auto f = frames();
    change(f);
    return contained(PayloadType::kDataset, f);
  };
  EXPECT_THROW(open(changed([](auto& f) { f.clear(); })), DecodeError);
  EXPECT_THROW(open(changed([](auto& f) { f.erase(f.begin()); })), DecodeError);
  EXPECT_THROW(open(changed([](auto& f) { f.pop_back(); })), DecodeError);
  EXPECT_THROW(open(changed([](auto& f) { f.push_back(f.back()); })), DecodeError);
  EXPECT_THROW(load_all(changed([](auto& f) { f[2].tag = 1; })), DecodeError);
  try {
    load_all(changed([](auto& f) { f[2].payload.pop_back(); }));
    FAIL();
  } catch (const DecodeError& e) {
    EXPECT_EQ(e.field(), "the message, ciphertext 1");
  }
}

TEST_F(CiphertextFile, CiphertextsOfOtherParametersAreRefused) {
  const Bytes bytes = encoded();
  const TinyParties other(5);
  const CiphertextFileReader reader(ContainerReader(bytes, expecting(PayloadType::kDataset)), expected,
                                    other.parameters, other.pool);
  EXPECT_THROW(reader.load(0), MismatchError);
}

TEST_F(CiphertextFile, NothingShorterIsAcceptedAndNoBitMayFlip) {
  const Bytes good = encoded();
  for (std::size_t size = 0; size < good.size(); ++size)
    ASSERT_THROW(load_all(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))), Error)
        << size;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes flipped = good;
    flipped[i] ^= static_cast<std::uint8_t>(1 << i % 8);
    ASSERT_THROW(load_all(flipped), Error) << i;
  }
}

}  // namespace
}  // namespace cloister::wire
