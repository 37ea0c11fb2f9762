#include "cloister/wire/container.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <random>
#include <set>
#include <string>
#include <thread>

#include "cloister/base/error.h"
#include "cloister/base/memory.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/wire/internal/layout.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kHeader = 40;
constexpr std::size_t kFrameHeader = 48;
constexpr std::size_t kEndFrame = kFrameHeader + 40;

PlanId plan(std::uint8_t first) {
  PlanId id{};
  id[0] = first;
  return id;
}

Expectation dataset_of(const PlanId& id) { return {.type = PayloadType::kDataset, .plan_id = id}; }
const Expectation kExpected = dataset_of(plan(1));

Bytes payload(std::size_t size, std::uint8_t first) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(first + i);
  return out;
}

Bytes container(const std::vector<Bytes>& payloads, PayloadType type = PayloadType::kDataset,
                const PlanId& id = plan(1)) {
  Bytes out;
  ContainerWriter writer(out, type, id);
  for (std::size_t i = 0; i < payloads.size(); ++i)
    writer.write_frame(static_cast<std::uint32_t>(10 + i), payloads[i]);
  writer.finish();
  EXPECT_EQ(writer.bytes_written(), out.size());
  return out;
}

/// Everything a careful reader does; throws what it finds.
void read_all(std::span<const std::uint8_t> bytes, const Expectation& expected = kExpected) {
  ContainerReader reader(bytes, expected);
  reader.verify_all();
}

std::string refusal(std::span<const std::uint8_t> bytes, const Expectation& expected = kExpected) {
  try {
    read_all(bytes, expected);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

/// The container's frames as bytes, so that a test can put them together anew.
struct Parts {
  Bytes header;
  std::vector<Bytes> frames;
  Bytes end;
};

Parts split(const Bytes& bytes, const std::vector<Bytes>& payloads) {
  Parts parts;
  auto at = bytes.begin();
  const auto take = [&](std::size_t size) {
    Bytes out(at, at + static_cast<std::ptrdiff_t>(size));
    at += static_cast<std::ptrdiff_t>(size);
    return out;
  };
  parts.header = take(kHeader);
  for (const Bytes& p : payloads) parts.frames.push_back(take(kFrameHeader + (p.size() + 7) / 8 * 8));
  parts.end = take(kEndFrame);
  EXPECT_EQ(at, bytes.end());
  return parts;
}

Bytes join(const Bytes& header, const std::vector<Bytes>& frames, const Bytes& end) {
  Bytes out = header;
  for (const Bytes& f : frames) out.insert(out.end(), f.begin(), f.end());
  out.insert(out.end(), end.begin(), end.end());
  return out;
}

TEST(PayloadTypes, RowsAreDistinctAndFound) {
  std::set<std::string_view> names;
  for (const PayloadTypeInfo& row : payload_type_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(info(row.type).name, row.name);
    EXPECT_EQ(find_payload_type(static_cast<std::uint16_t>(row.type))->name, row.name);
  }
  EXPECT_FALSE(find_payload_type(0));
  EXPECT_FALSE(find_payload_type(0xffff));
}

TEST(Container, GivesBackItsFramesInOrderAndByIndex) {
  const std::vector<Bytes> payloads{payload(0, 0), payload(5, 1), payload(8, 2), payload(1000, 3)};
  const Bytes bytes = container(payloads);
  EXPECT_EQ(bytes.size() % 8, 0u);
  ContainerReader reader(bytes, kExpected);
  EXPECT_EQ(reader.header().type, PayloadType::kDataset);
  EXPECT_EQ(reader.header().version, kFormatVersion);
  EXPECT_EQ(reader.header().plan_id, plan(1));
  EXPECT_EQ(reader.total_bytes(), bytes.size());
  ASSERT_EQ(reader.size(), payloads.size());
  for (int pass = 0; pass < 2; ++pass, reader.rewind()) {
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      const auto frame = reader.next();
      ASSERT_TRUE(frame);
      EXPECT_EQ(frame->tag, 10 + i);
      EXPECT_TRUE(std::ranges::equal(frame->payload, payloads[i]));
    }
    EXPECT_FALSE(reader.next());
    reader.expect_end();
  }
  for (std::size_t i = payloads.size(); i-- > 0;) {
    EXPECT_EQ(reader.tag(i), 10 + i);
    EXPECT_TRUE(std::ranges::equal(reader.frame(i).payload, payloads[i]));
    EXPECT_GE(reader.frame(i).payload.data(), bytes.data());  // borrowed, not copied
    EXPECT_LE(reader.frame(i).payload.data(), bytes.data() + bytes.size());
  }
  EXPECT_THROW(reader.frame(payloads.size()), ParametersError);
}

TEST(Container, EncodingIsAFunctionOfItsContents) {
  const std::vector<Bytes> payloads{payload(5, 1), payload(64, 2)};
  const Bytes bytes = container(payloads);
  EXPECT_EQ(bytes, container(payloads));
  // Written out by hand once: magic, version 1, type 5 (dataset), plan id, then tag 10, zero, length 5.
  EXPECT_EQ(to_hex(std::span(bytes).first(8)), "434c4f4901000500");
  EXPECT_EQ(to_hex(std::span(bytes).subspan(kHeader, 16)), "0a000000000000000500000000000000");
  // SHA-256 over header, index 0, those 16 bytes and the payload, as the layout says.
  ByteWriter due;
  due.put_raw(std::span(bytes).first(kHeader));
  due.put(std::uint64_t{0});
  due.put_raw(std::span(bytes).subspan(kHeader, 16));
  due.put_raw(payloads[0]);
  EXPECT_TRUE(std::ranges::equal(sha256(due.bytes()), std::span(bytes).subspan(kHeader + 16, 32)));
}

TEST(Container, RequiresTagsInTurnAndNothingLeftOver) {
  const Bytes bytes = container({payload(5, 1), payload(8, 2)});
  ContainerReader reader(bytes, kExpected);
  EXPECT_EQ(reader.require_next(10, "rows").size(), 5u);
  EXPECT_THROW(reader.require_next(10, "labels"), DecodeError);
  EXPECT_THROW(reader.expect_end(), DecodeError);
  EXPECT_EQ(reader.require_next(11, "labels").size(), 8u);
  EXPECT_THROW(reader.require_next(12, "more"), DecodeError);
  EXPECT_NO_THROW(reader.expect_end());
}

TEST(Container, WriterRefusesMisuse) {
  Bytes out;
  ContainerWriter writer(out, PayloadType::kModel, plan(1));
  EXPECT_THROW(writer.write_frame(kEndTag, {}), InternalError);
  writer.finish();
  EXPECT_THROW(writer.write_frame(1, {}), InternalError);
  EXPECT_THROW(writer.finish(), InternalError);
}

TEST(Container, WrongTypePlanOrVersionNamesBoth) {
  const Bytes bytes = container({payload(5, 1)});
  try {
    ContainerReader reader(bytes, {.type = PayloadType::kEvaluationKeys, .plan_id = plan(1)}, "x.bin");
    FAIL();
  } catch (const MismatchError& e) {
    EXPECT_EQ(e.left(), "dataset");
    EXPECT_EQ(e.right(), "evaluation-keys");
    EXPECT_NE(std::string(e.what()).find("x.bin holds an encrypted dataset, and evaluation keys must be"),
              std::string::npos);
  }
  try {
    read_all(bytes, dataset_of(plan(2)));
    FAIL();
  } catch (const MismatchError& e) {
    EXPECT_EQ(e.left(), "plan 010000000000");
    EXPECT_EQ(e.right(), "plan 020000000000");
  }
  EXPECT_NO_THROW(read_all(bytes, {.type = PayloadType::kDataset, .plan_id = std::nullopt}));
  Bytes newer = bytes;
  newer[4] = 2;
  EXPECT_NE(refusal(newer).find("format version is 2"), std::string::npos);
}

TEST(ContainerDigest, NamesTheContents) {
  const auto digest_of = [](const Bytes& bytes) {
    return ContainerReader(bytes, {.type = PayloadType::kDataset, .plan_id = std::nullopt}).digest();
  };
  const Bytes bytes = container({payload(5, 1), payload(24, 2)});
  const Bytes32 digest = digest_of(bytes);
  EXPECT_TRUE(std::equal(digest.begin(), digest.end(), bytes.end() - 32));
  EXPECT_EQ(digest_of(container({payload(5, 1), payload(24, 2)})), digest);
  EXPECT_NE(digest_of(container({payload(5, 1), payload(24, 3)})), digest);
  EXPECT_NE(digest_of(container({payload(5, 1), payload(24, 2)}, PayloadType::kDataset, plan(2))), digest);
}

TEST(ContainerDigest, AnUnverifiedFrameIsHandedOutAsItIs) {
  Bytes bytes = container({payload(5, 1), payload(24, 2)});
  bytes[bytes.size() - kEndFrame - 1] ^= 1;  // the second payload's last byte
  const ContainerReader reader(bytes, kExpected);
  EXPECT_EQ(reader.payload_bytes(0), 5u);
  EXPECT_EQ(reader.payload_bytes(1), 24u);
  const Frame frame = reader.unverified_frame(1);
  EXPECT_EQ(frame.tag, 11u);
  EXPECT_EQ(frame.payload.size(), 24u);
  EXPECT_EQ(frame.payload.back(), payload(24, 2).back() ^ 1);
  EXPECT_THROW(reader.frame(1), DecodeError);  // it does not pass for verified
  EXPECT_THROW(reader.unverified_frame(2), ParametersError);
  EXPECT_THROW(reader.payload_bytes(2), ParametersError);
}

TEST(ContainerHostile, ForeignFilesAreNamedAsSuch) {
  const std::string csv = "age,income,target\n1,2,3\n";
  const Bytes foreign(csv.begin(), csv.end());
  EXPECT_NE(refusal(foreign).find("no Cloister file"), std::string::npos);
  EXPECT_NE(refusal({}).find("empty"), std::string::npos);
  EXPECT_NE(refusal(Bytes{'C', 'L'}).find("cut off"), std::string::npos);
}

TEST(ContainerHostile, TruncationAtEveryByteIsRefused) {
  const Bytes bytes = container({payload(5, 1), payload(0, 0), payload(24, 2)});
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto copy =
        Buffer<std::uint8_t>::copy_of(std::span(bytes).first(cut));  // for the sanitizer to guard
    EXPECT_THROW(read_all(copy.span()), DecodeError) << cut;
  }
  // Cut within the first frame's filling: its payload is whole, and the next frame may not be looked for.
  const std::size_t payload_end = kHeader + kFrameHeader + 5;
  EXPECT_NE(
      refusal(std::span(bytes).first(payload_end)).find("a frame of 5 bytes starts here, and 5 are left"),
      std::string::npos);
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_THROW(read_all(longer), DecodeError);
  longer.insert(longer.end(), bytes.begin(), bytes.end());
  EXPECT_THROW(read_all(longer), DecodeError);
}

TEST(ContainerHostile, EverySingleBitFlipIsRefused) {
  Bytes bytes = container({payload(5, 1), payload(24, 2)});
  const Expectation any_plan{.type = PayloadType::kDataset, .plan_id = std::nullopt};
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1 << bit % 8);
    bytes[bit / 8] ^= mask;
    EXPECT_THROW(read_all(bytes, any_plan), Error) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
  EXPECT_NO_THROW(read_all(bytes, any_plan));
}

TEST(ContainerHostile, FramesMovedRepeatedLeftOutOrForeignAreRefused) {
  const std::vector<Bytes> payloads{payload(16, 1), payload(16, 2), payload(16, 3)};
  const Bytes bytes = container(payloads);
  const auto [header, f, end] = split(bytes, payloads);
  EXPECT_EQ(join(header, f, end), bytes);
  EXPECT_THROW(read_all(join(header, {f[1], f[0], f[2]}, end)), DecodeError);
  EXPECT_THROW(read_all(join(header, {f[0], f[0], f[1], f[2]}, end)), DecodeError);
  EXPECT_THROW(read_all(join(header, {f[0], f[1], f[1]}, end)), DecodeError);
  EXPECT_THROW(read_all(join(header, {f[0], f[1]}, end)), DecodeError);
  EXPECT_THROW(read_all(join(header, {}, end)), DecodeError);
  EXPECT_THROW(read_all(join(header, {f[0], end, f[1]}, end)), DecodeError);

  // A frame of a file of the same plan and type at the same place has a checksum that fits; the digest finds
  // it.
  const std::vector<Bytes> others{payload(16, 1), payload(16, 9), payload(16, 3)};
  const Parts other = split(container(others), others);
  EXPECT_EQ(other.header, header);
  EXPECT_THROW(read_all(join(header, {f[0], other.frames[1], f[2]}, end)), DecodeError);
  EXPECT_THROW(read_all(join(header, f, other.end)), DecodeError);
  EXPECT_THROW(
      read_all(join(split(container(payloads, PayloadType::kDataset, plan(2)), payloads).header, f, end),
               dataset_of(plan(2))),
      DecodeError);
}

TEST(ContainerHostile, HugeLengthsAllocateNothing) {
  const Bytes bytes = container({payload(16, 1)});
  for (const std::uint64_t length : {~std::uint64_t{0}, ~std::uint64_t{0} - 7, std::uint64_t{1} << 63,
                                     std::uint64_t{1} << 40, std::uint64_t{1000}, std::uint64_t{17}}) {
    Bytes huge = bytes;
    std::memcpy(huge.data() + kHeader + 8, &length, 8);
    EXPECT_THROW(read_all(huge), DecodeError) << length;
  }
}

TEST(ContainerHostile, AForgersReservedWordIsRefusedThoughItsChecksumFits) {
  const auto forged = [](std::uint32_t reserved) {
    const Bytes header = split(container({}), {}).header;
    Bytes out = header;
    const auto append = [&](std::uint64_t index, std::uint32_t tag, std::uint32_t zero, const Bytes& body) {
      ByteWriter frame;
      frame.put(tag);
      frame.put(zero);
      frame.put(std::uint64_t{body.size()});
      const Bytes32 checksum = internal::frame_checksum(header, index, frame.bytes(), body);
      frame.put_raw(checksum);
      frame.put_raw(body);
      out.insert(out.end(), frame.bytes().begin(), frame.bytes().end());
      return checksum;
    };
    const Bytes32 checksum = append(0, 10, reserved, payload(8, 1));
    ByteWriter end;
    end.put(std::uint64_t{1});
    end.put_raw(internal::Sha256().add(header).add(checksum).digest());
    append(1, kEndTag, 0, end.take());
    return out;
  };
  EXPECT_EQ(forged(0), container({payload(8, 1)}));
  EXPECT_THROW(read_all(forged(1)), DecodeError);
}

TEST(ContainerHostile, LimitsHold) {
  const Bytes bytes = container({payload(16, 1), payload(32, 2)});
  Expectation expected = kExpected;
  expected.limits = {.max_bytes = bytes.size(), .max_frame_bytes = 32, .max_frames = 2};
  EXPECT_NO_THROW(read_all(bytes, expected));
  expected.limits.max_frames = 1;
  EXPECT_THROW(read_all(bytes, expected), ResourceError);
  expected.limits = {.max_bytes = bytes.size() - 1};
  EXPECT_THROW(read_all(bytes, expected), ResourceError);
  expected.limits = {.max_frame_bytes = 31};
  EXPECT_THROW(read_all(bytes, expected), ResourceError);
}

TEST(ContainerHostile, RandomBytesBehindAGoodHeaderAreRefused) {
  const Bytes bytes = container({});
  std::mt19937_64 random(20240229);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(bytes.begin(), bytes.begin() + kHeader);
    noise.resize(kHeader + random() % 300);
    for (std::size_t j = kHeader; j < noise.size(); ++j)
      noise[j] = random() % 4 == 0 ? static_cast<std::uint8_t>(random()) : 0;
    ASSERT_THROW(read_all(noise), Error);
  }
}

class ContainerFile : public testing::Test {
 protected:
  TemporaryFolder temporary_;
  fs::path path_ = temporary_.path() / "data.clo";
};

TEST_F(ContainerFile, IsWrittenStreamedAndReadFromTheMapping) {
  const std::vector<Bytes> payloads{payload(100'000, 1), payload(3, 2), payload(50'000, 3)};
  AtomicFile file(path_);
  ContainerWriter writer(file, PayloadType::kDataset, plan(1));
  for (const Bytes& p : payloads) writer.write_frame(7, p);
  writer.finish();
  EXPECT_EQ(writer.bytes_written(), file.bytes_written());
  file.commit();

  ContainerReader reader = ContainerReader::open(path_, kExpected);
  ContainerReader moved = std::move(reader);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (const std::size_t i : {2, 0, 1, 0}) {
        EXPECT_TRUE(std::ranges::equal(moved.frame(i).payload, payloads[i]));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(moved.frame(i).payload.data()) % 8, 0u);
        moved.release(i);
      }
    });
  for (auto& thread : threads) thread.join();

  const Description description = describe(path_);
  EXPECT_EQ(description.header.type, PayloadType::kDataset);
  EXPECT_EQ(description.header.plan_id, plan(1));
  EXPECT_EQ(description.frames, 3u);
  EXPECT_EQ(description.bytes, fs::file_size(path_));
  EXPECT_EQ(peek(path_).type, PayloadType::kDataset);
}

TEST_F(ContainerFile, DamageIsFoundAtTheFramesFirstUseAndNamesTheFile) {
  Bytes bytes = container({payload(16, 1), payload(16, 2)});
  bytes[bytes.size() - kEndFrame - 1] ^= 1;
  write_file(path_, bytes);
  const ContainerReader reader = ContainerReader::open(path_, kExpected);
  EXPECT_NO_THROW(reader.frame(0));
  for (int i = 0; i < 2; ++i) {
    try {
      reader.frame(1);
      FAIL();
    } catch (const DecodeError& e) {
      EXPECT_EQ(e.field(), path_.string());
      EXPECT_EQ(e.offset(), kHeader + kFrameHeader + 16);
    }
  }
  EXPECT_THROW(describe(path_), DecodeError);
  EXPECT_EQ(peek(path_).plan_id, plan(1));
}

TEST_F(ContainerFile, UnfinishedOrMissingFilesAreRefused) {
  {
    AtomicFile file(path_);
    ContainerWriter writer(file, PayloadType::kDataset, plan(1));
    writer.write_frame(7, payload(16, 1));
    file.commit();
  }
  EXPECT_THROW(ContainerReader::open(path_, kExpected), DecodeError);
  EXPECT_THROW(describe(path_), DecodeError);
  EXPECT_THROW(peek(path_.parent_path() / "none"), Error);
  Expectation small = kExpected;
  small.limits.max_bytes = 10;
  EXPECT_THROW(ContainerReader::open(path_, small), ResourceError);
}

}  // namespace
}  // namespace cloister::wire
