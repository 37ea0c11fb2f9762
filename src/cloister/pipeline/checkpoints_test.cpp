#include "cloister/pipeline/checkpoints.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <random>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/testing/collected_notices.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::pipeline {
namespace {

namespace fs = std::filesystem;

class CheckpointsTest : public ::testing::Test {
 protected:
  Checkpoints open(const TrainingIdentity& as) const { return {folder, as, owner.parameters, owner.pool}; }
  Checkpoints open() const { return open(identity); }
  TrainingState state(std::uint64_t iteration) {
    TrainingState out{iteration, "step", {}};
    out.ciphertexts.push_back(owner.encrypt(2));
    out.ciphertexts.push_back(owner.encrypt(1));
    out.ciphertexts[0].seed.reset();
    out.ciphertexts[0].bound.error = static_cast<double>(iteration) / 3;
    return out;
  }
  std::optional<TrainingState> load(const TrainingIdentity& as) {
    notices.all.clear();
    return open(as).load_latest(notices);
  }
  std::optional<TrainingState> load() { return load(identity); }
  void save(std::initializer_list<std::uint64_t> iterations) {
    auto checkpoints = open();
    checkpoints.load_latest(notices);
    for (const std::uint64_t i : iterations) checkpoints.save(state(i));
  }
  std::uint64_t loaded_iteration() {
    const auto found = load();
    return found ? found->iteration : 0;
  }
  fs::path file(int sequence) const {
    return folder / ("checkpoint-000000000" + std::to_string(sequence) + ".enc");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder)) out.push_back(entry.path().filename().string());
    std::ranges::sort(out);
    return out;
  }
  wire::Bytes bytes_of(const fs::path& path) const {
    const auto bytes = read_file(path, 1 << 24);
    return {bytes.begin(), bytes.end()};
  }
  void put(const fs::path& path, std::span<const std::uint8_t> bytes) const {
    write_file(path, bytes, Overwrite::kReplace);
  }

  wire::TinyParties owner{4};
  TrainingIdentity identity{wire::kTestPlan, Bytes32{11}, Bytes32{22}};
  CollectedNotices notices;
  TemporaryFolder temporary;
  fs::path root = temporary.path(), folder = root / "training.checkpoints";
};

TEST_F(CheckpointsTest, GoOnWhereTheyWereToTheBit) {
  EXPECT_FALSE(load());
  EXPECT_EQ(notices.all, "");
  const TrainingState saved = state(7);
  {
    auto checkpoints = open();
    EXPECT_FALSE(checkpoints.load_latest(notices));
    checkpoints.save(saved);
  }
  const auto back = load();
  ASSERT_TRUE(back);
  EXPECT_EQ(back->iteration, 7u);
  EXPECT_EQ(back->stage, "step");
  ASSERT_EQ(back->ciphertexts.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(wire::same(back->ciphertexts[i].parts, saved.ciphertexts[i].parts));
    EXPECT_EQ(back->ciphertexts[i].scale, saved.ciphertexts[i].scale);
    EXPECT_EQ(back->ciphertexts[i].bound, saved.ciphertexts[i].bound);
  }
  EXPECT_TRUE(notices.has("goes on after iteration 7"));
  EXPECT_TRUE(notices.has(file(1).string()));
}

TEST_F(CheckpointsTest, TheLastTwoAreKeptAndForeignFilesAreLeftAlone) {
  save({1});
  put(folder / "notes.txt", {});
  put(folder / "checkpoint-1.enc", {});
  save({2, 3, 4});
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-0000000003.enc", "checkpoint-0000000004.enc",
                                               "checkpoint-1.enc", "notes.txt"}));
  EXPECT_EQ(loaded_iteration(), 4u);
}

TEST_F(CheckpointsTest, SavingBeforeLoadingIsADefect) {
  auto checkpoints = open();
  EXPECT_THROW(checkpoints.save(state(1)), InternalError);
  EXPECT_EQ(names(), (std::vector<std::string>{"lock"}));
}

TEST_F(CheckpointsTest, RemovedWithTheirFolderOnceTheResultIsSafe) {
  save({1, 2});
  {
    auto checkpoints = open();
    checkpoints.remove_all();  // has not looked at them: they may be another training's
    EXPECT_TRUE(fs::exists(file(2)));
  }
  {
    auto checkpoints = open();
    checkpoints.load_latest(notices);
    checkpoints.remove_all();
    EXPECT_THROW(checkpoints.save(state(1)), InternalError);
  }
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_FALSE(load());
}

TEST_F(CheckpointsTest, DamageAtEveryFrameFallsBackToTheOneBefore) {
  save({1, 2});
  const wire::Bytes good = bytes_of(file(2));
  // Every byte: header, frame headers, checksums, payloads and the end.
  for (std::size_t at = 0; at < good.size(); ++at) {
    // The header's plan is covered by the end's digest, so that a flip there is damage too.
    wire::Bytes bad = good;
    bad[at] ^= static_cast<std::uint8_t>(1 << at % 8);
    put(file(2), bad);
    ASSERT_EQ(loaded_iteration(), 1u) << at;
    ASSERT_TRUE(notices.has(file(2).string())) << notices.all;
    ASSERT_TRUE(notices.has("the one before it is tried")) << notices.all;
  }
  put(file(2), good);
  EXPECT_EQ(loaded_iteration(), 2u);
}

TEST_F(CheckpointsTest, TruncationAtEveryByteFallsBackToTheOneBefore) {
  save({1, 2});
  const wire::Bytes good = bytes_of(file(2));
  for (std::size_t size = 0; size < good.size(); ++size) {
    put(file(2), std::span(good).first(size));
    ASSERT_EQ(loaded_iteration(), 1u) << size;
    ASSERT_TRUE(notices.has(file(2).string())) << notices.all;
  }
}

TEST_F(CheckpointsTest, WithoutAWholeOneItBeginsAnewAndSaysSo) {
  save({1, 2});
  put(file(1), {});
  put(file(2), {});
  EXPECT_FALSE(load());
  EXPECT_TRUE(notices.has(file(1).string()));
  EXPECT_TRUE(notices.has(file(2).string()));
  EXPECT_TRUE(notices.has("begins anew"));
  save({5});
  EXPECT_EQ(loaded_iteration(), 5u);
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-0000000003.enc"}));
}

TEST_F(CheckpointsTest, AWholeOneIsNotGivenUpForADamagedNewerOne) {
  save({1, 2, 3});
  put(file(3), {});
  save({30});  // beside 2, which it went on from
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-0000000002.enc", "checkpoint-0000000004.enc"}));
  put(file(4), {});
  EXPECT_EQ(loaded_iteration(), 2u);
}

TEST_F(CheckpointsTest, ForgedFieldsAreDamageThoughChecksumsFit) {
  save({1, 2});
  const auto frames = wire::frames_of(bytes_of(file(2)), wire::PayloadType::kCheckpoint);
  const auto expect_fallback = [&](const std::vector<wire::TestFrame>& forged, wire::PayloadType type) {
    put(file(2), wire::contained(type, forged));
    EXPECT_EQ(loaded_iteration(), 1u);
    EXPECT_TRUE(notices.has(file(2).string())) << notices.all;
  };
  auto f = frames;
  f[1].payload = wire::with_value(f[1].payload, 0, 0x55u);  // other parameters
  expect_fallback(f, wire::PayloadType::kCheckpoint);
  f = frames;
  f[1].payload = wire::with_value(f[1].payload, 32, 99u);  // a level out of range
  expect_fallback(f, wire::PayloadType::kCheckpoint);
  f = frames;
  f[0].payload = wire::with_value(f[0].payload, 64, std::uint64_t{1});  // another's sequence
  expect_fallback(f, wire::PayloadType::kCheckpoint);
  f = frames;
  f.resize(300, f[1]);  // more frames than are accepted
  expect_fallback(f, wire::PayloadType::kCheckpoint);
  expect_fallback(frames, wire::PayloadType::kModel);
  put(file(2), wire::Bytes(wire::max_checkpoint_bytes(*owner.parameters, {}) + 1));
  EXPECT_EQ(loaded_iteration(), 1u);
}

TEST_F(CheckpointsTest, AnotherTrainingsAreAMismatchAndStay) {
  save({1, 2});
  struct Case {
    TrainingIdentity as;
    const char *what, *left, *right;
  };
  const std::array<Case, 3> cases{{
      {{wire::PlanId{9}, identity.rows, identity.keys}, "plan", "010203000000", "090000000000"},
      {{identity.plan, Bytes32{9}, identity.keys}, "table of rows", "0b0000000000", "090000000000"},
      {{identity.plan, identity.rows, Bytes32{9}}, "set of evaluation keys", "160000000000", "090000000000"},
  }};
  for (const Case& c : cases) {
    try {
      load(c.as);
      FAIL() << c.what;
    } catch (const MismatchError& e) {
      EXPECT_EQ(e.left(), std::string(c.what) + " " + c.left);
      EXPECT_EQ(e.right(), std::string(c.what) + " " + c.right);
      EXPECT_NE(std::string(e.what()).find(file(1).string()), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("move the folder"), std::string::npos) << e.what();
    }
    auto checkpoints = open(c.as);
    EXPECT_THROW(checkpoints.load_latest(notices), MismatchError);
    EXPECT_THROW(checkpoints.save(state(3)), InternalError);
    checkpoints.remove_all();
    EXPECT_TRUE(fs::exists(file(1)) && fs::exists(file(2)));
  }
  // Even where an own one is newer.
  put(file(1), wire::contained(wire::PayloadType::kCheckpoint, [&] {
        auto f = wire::frames_of(bytes_of(file(1)), wire::PayloadType::kCheckpoint);
        f[0].payload[0] ^= 1;
        return f;
      }()));
  EXPECT_THROW(load(), MismatchError);
  EXPECT_TRUE(fs::exists(file(1)) && fs::exists(file(2)));
}

TEST_F(CheckpointsTest, OneTrainingAtATimeWorksInAFolder) {
  auto first = open();
  try {
    open();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(std::string(e.what()).find(folder.string()), std::string::npos);
  }
  first.load_latest(notices);
  first.save(state(1));
  const pid_t child = fork();
  if (child == 0) {
    bool refused = false;
    try {
      open();
    } catch (const Error&) {
      refused = true;
    }
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(CheckpointsTest, AFullDiskLosesNothingAndSaysWhatIsNeeded) {
  fs::create_directory(folder);
  if (::mount("none", folder.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "mounting takes root";
  {
    auto checkpoints = open();
    checkpoints.load_latest(notices);
    checkpoints.save(state(1));
    checkpoints.save(state(2));
    TrainingState large = state(3);
    for (int i = 0; i < 200; ++i) large.ciphertexts.push_back(large.ciphertexts[0].clone());
    const auto before = names();
    try {
      checkpoints.save(large);
      ADD_FAILURE();
    } catch (const ResourceError& e) {
      const std::string needed = std::to_string(wire::checkpoint_bytes(large, *owner.parameters)) + " bytes";
      EXPECT_NE(std::string(e.what()).find(needed), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(file(2).string() + " is kept"), std::string::npos) << e.what();
    }
    EXPECT_EQ(names(), before);
    checkpoints.save(state(4));  // and it may go on
  }
  EXPECT_EQ(loaded_iteration(), 4u);
  EXPECT_EQ(::umount(folder.c_str()), 0);
}

TEST_F(CheckpointsTest, WhatCannotBeReadForAnotherReasonIsNotTakenForDamage) {
  save({1});
  fs::remove(file(1));
  fs::create_directory(file(1));
  EXPECT_THROW(load(), Error);
}

// A process that saves one state after the other, and says each time save() has returned, is killed at random
// moments, between write and rename among them. What is there then is whole, and not older than its word.
TEST_F(CheckpointsTest, KilledAtAnyMomentAWholeStateIsLeft) {
  constexpr int kRounds = 40;
  constexpr std::uint64_t kSeed = 20240229;
  std::mt19937_64 random(kSeed);
  std::uint64_t promised = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      ::close(pipe[0]);
      auto checkpoints = open();
      auto found = checkpoints.load_latest(notices);
      TrainingState s = found ? std::move(*found) : state(0);
      while (true) {
        ++s.iteration;
        s.ciphertexts[0].bound.magnitude = static_cast<double>(s.iteration);
        checkpoints.save(s);
        if (::write(pipe[1], &s.iteration, sizeof s.iteration) != sizeof s.iteration) _exit(1);
      }
    }
    ::close(pipe[1]);
    // The moment: some saves, and then some turns of this processor.
    for (std::uint64_t saves = 1 + random() % 4; saves > 0; --saves) {
      std::uint64_t iteration = 0;
      ASSERT_EQ(::read(pipe[0], &iteration, sizeof iteration), ssize_t{sizeof iteration});
      promised = iteration;
    }
    volatile std::uint64_t turns = random() % 4'000'000;
    while (turns > 0) turns = turns - 1;
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    std::uint64_t iteration = 0;
    while (::read(pipe[0], &iteration, sizeof iteration) == ssize_t{sizeof iteration}) promised = iteration;
    ::close(pipe[0]);

    const auto found = load();
    ASSERT_TRUE(found) << "seed " << kSeed << ", round " << round;
    ASSERT_FALSE(notices.has("damaged")) << notices.all;
    ASSERT_GE(found->iteration, promised) << "seed " << kSeed << ", round " << round;
    ASSERT_LE(found->iteration, promised + 1);
    ASSERT_EQ(found->ciphertexts.size(), 2u);
    ASSERT_EQ(found->ciphertexts[0].bound.magnitude, static_cast<double>(found->iteration));
    for (const std::string& name : names()) ASSERT_FALSE(name.ends_with(".partial")) << name;
  }
  EXPECT_GE(promised, std::uint64_t{kRounds});
}

}  // namespace
}  // namespace cloister::pipeline
