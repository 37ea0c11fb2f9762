#include "cloister/wire/checkpoint.h"

#include <gtest/gtest.h>

#include "cloister/base/error.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

constexpr CheckpointLimits kLimits{.max_ciphertexts = 4};
// Where the header's fields lie.
constexpr std::size_t kCountAt = 80, kStageLengthAt = 84, kStageAt = 88;

class CheckpointTest : public ::testing::Test {
 protected:
  TinyParties owner{3};
  CheckpointOrigin origin{Bytes32{7}, Bytes32{8}, 9};

  TrainingState state() {
    TrainingState out{41, "after-step", {}};
    for (const int level : {2, 0}) out.ciphertexts.push_back(owner.encrypt(level));
    out.ciphertexts[1].seed.reset();
    out.ciphertexts[1].bound = {1.0 / 3, 1e-300};
    return out;
  }
  Bytes encoded(const TrainingState& s, const CheckpointOrigin& from) {
    Bytes out;
    ContainerWriter container(out, PayloadType::kCheckpoint, kTestPlan);
    write_checkpoint(container, from, s, *owner.parameters, kLimits, owner.pool);
    return out;
  }
  Bytes encoded(const TrainingState& s) { return encoded(s, origin); }
  TrainingState decoded(std::span<const std::uint8_t> bytes, const CheckpointLimits& limits = kLimits) {
    return read_checkpoint(ContainerReader(bytes, expecting(PayloadType::kCheckpoint)), *owner.parameters,
                           limits, owner.pool);
  }
  std::vector<TestFrame> frames() { return frames_of(encoded(state()), PayloadType::kCheckpoint); }
  void expect_refused(const std::vector<TestFrame>& f) {
    EXPECT_THROW(decoded(contained(PayloadType::kCheckpoint, f)), DecodeError);
  }
};

TEST_F(CheckpointTest, ComesBackToTheBit) {
  const TrainingState before = state();
  const Bytes bytes = encoded(before);
  const TrainingState after = decoded(bytes);
  EXPECT_EQ(after.iteration, 41u);
  EXPECT_EQ(after.stage, "after-step");
  ASSERT_EQ(after.ciphertexts.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto &a = before.ciphertexts[i], &b = after.ciphertexts[i];
    EXPECT_TRUE(same(a.parts, b.parts));
    EXPECT_EQ(a.level(), b.level());
    EXPECT_EQ(a.scale, b.scale);
    EXPECT_EQ(a.bound, b.bound);
    EXPECT_EQ(a.seed.has_value(), b.seed.has_value());
  }
  EXPECT_EQ(read_checkpoint_origin(ContainerReader(bytes, expecting(PayloadType::kCheckpoint))), origin);
  EXPECT_EQ(bytes.size(), checkpoint_bytes(before, *owner.parameters));
  EXPECT_LE(bytes.size(), max_checkpoint_bytes(*owner.parameters, kLimits));
  EXPECT_EQ(encoded(after), bytes);
}

TEST_F(CheckpointTest, NothingShorterIsAcceptedAndNoBitMayFlip) {
  const Bytes good = encoded(state());
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = Buffer<std::uint8_t>::copy_of(std::span(good).first(size));  // for the sanitizer
    ASSERT_THROW(decoded(cut.span()), DecodeError) << size;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes flipped = good;
    flipped[i] ^= static_cast<std::uint8_t>(1 << i % 8);
    ASSERT_THROW(decoded(flipped), Error) << i;
  }
}

TEST_F(CheckpointTest, AForgersFieldsAreBounded) {
  const auto good = frames();
  for (std::size_t frame = 0; frame < good.size(); ++frame) {
    for (std::size_t size = 0; size < good[frame].payload.size(); ++size) {
      auto cut = good;
      cut[frame].payload.resize(size);
      expect_refused(cut);
    }
    auto f = good;
    f[frame].tag = 3;
    expect_refused(f);
    f = good;
    f[frame].payload.push_back(0);
    expect_refused(f);
  }
  for (const std::uint32_t count : {0u, 1u, 3u, 0xffffffffu}) {
    auto f = good;
    f[0].payload = with_value(f[0].payload, kCountAt, count);
    expect_refused(f);
  }
  for (const std::uint32_t length : {0u, 9u, 11u, 65u, 0xffffffffu}) {
    auto f = good;
    f[0].payload = with_value(f[0].payload, kStageLengthAt, length);
    expect_refused(f);
  }
  auto f = good;
  f[0].payload = with_value(f[0].payload, kStageAt, '/');
  expect_refused(f);
  f = good;
  f[1].payload = with_value(f[1].payload, 32, 3u);  // a level that these parameters do not have
  expect_refused(f);
  expect_refused({});
}

TEST_F(CheckpointTest, LimitsHoldForWriterAndReader) {
  TrainingState many{1, "s", {}};
  for (int i = 0; i < 4; ++i) many.ciphertexts.push_back(owner.encrypt(0));
  const Bytes bytes = encoded(many);
  EXPECT_NO_THROW(decoded(bytes));
  EXPECT_THROW(decoded(bytes, {.max_ciphertexts = 3}), ResourceError);
  many.ciphertexts.push_back(owner.encrypt(0));
  EXPECT_THROW(encoded(many), ParametersError);
  for (const char* stage : {"", "Upper", "a b"}) EXPECT_THROW(encoded({1, stage, {}}), ParametersError);
  EXPECT_THROW(encoded({1, std::string(65, 'a'), {}}), ParametersError);
  EXPECT_NO_THROW(encoded({1, std::string(64, 'a'), {}}));
}

TEST_F(CheckpointTest, OtherParametersAndOtherScalesAreRefused) {
  const TinyParties other(4);
  const Bytes bytes = encoded(state());
  EXPECT_THROW(read_checkpoint(ContainerReader(bytes, expecting(PayloadType::kCheckpoint)), *other.parameters,
                               kLimits, owner.pool),
               MismatchError);
  TrainingState s = state();
  s.ciphertexts[0].scale = ckks::Scale(s.ciphertexts[0].scale.value() * 2);
  EXPECT_THROW(encoded(s), ParametersError);
}

}  // namespace
}  // namespace cloister::wire
