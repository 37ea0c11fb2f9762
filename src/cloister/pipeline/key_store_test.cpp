#include "cloister/pipeline/key_store.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/folder_lock.h"
#include "cloister/base/testing/collected_notices.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::pipeline {
namespace {

namespace fs = std::filesystem;

class KeyStore : public ::testing::Test {
 protected:
  static constexpr std::int64_t kSteps = 3;

  void SetUp() override { write_keys(); }

  void write_keys() {
    AtomicFile file(path, Overwrite::kReplace);
    wire::ContainerWriter container(file, wire::PayloadType::kEvaluationKeys, wire::kTestPlan);
    wire::EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    writer.write_relinearization(owner.generator.relinearization_key(owner.prng, 3));
    writer.write_galois(owner.generator.galois_key(owner.element_of(kSteps), owner.prng, 2));
    container.finish();
    file.commit();
  }
  rlwe::EvaluationKeys open(KeyMemory memory, Notices* to) {
    const Machine machine{scalar_kernels(), owner.pool, progress, to, memory};
    return open_keys(path, wire::kTestPlan, owner.rlwe(), wire::kTestKeysLimits, machine);
  }
  rlwe::EvaluationKeys open(KeyMemory memory) {
    notices.all.clear();
    return open(memory, &notices);
  }
  bool same_as_loaded(const rlwe::EvaluationKeys& keys) {
    const auto due = open(KeyMemory::kLoaded, nullptr);
    const auto element = owner.element_of(kSteps);
    return wire::same(keys.relinearization(), due.relinearization()) &&
           wire::same(keys.galois(element, "").key, due.galois(element, "").key) &&
           keys.galois_keys().size() == due.galois_keys().size();
  }
  void expect_made_anew(const char* word) {
    const auto keys = open(KeyMemory::kMapped);
    EXPECT_TRUE(notices.has(word)) << notices.all;
    EXPECT_TRUE(notices.has("made anew")) << notices.all;
    EXPECT_TRUE(same_as_loaded(keys));
    open(KeyMemory::kMapped);
    EXPECT_EQ(notices.all, "");
  }

  wire::TinyParties owner{10};
  NoProgress progress;
  CollectedNotices notices;
  TemporaryFolder temporary;
  fs::path root = temporary.path(), path = root / "evaluation.keys";
  fs::path cache = expanded_keys_folder(path) / "keys";
};

TEST_F(KeyStore, MappedKeysComputeWhatLoadedOnesDoToTheBit) {
  const auto made = open(KeyMemory::kMapped);
  EXPECT_TRUE(fs::exists(cache));
  EXPECT_EQ(notices.all, "");
  const auto mapped = open(KeyMemory::kMapped), loaded = open(KeyMemory::kLoaded);
  EXPECT_TRUE(same_as_loaded(made));
  EXPECT_TRUE(same_as_loaded(mapped));
  const auto a = owner.encrypt(1);
  const auto compute = [&](const rlwe::EvaluationKeys& keys) {
    const ckks::Evaluator evaluator(owner.parameters, &keys, owner.pool);
    return ckks::Rotations(evaluator).rotate(evaluator.square(a), kSteps);
  };
  const auto due = compute(loaded);
  EXPECT_TRUE(wire::same(compute(mapped).parts, due.parts));
  EXPECT_TRUE(wire::same(compute(made).parts, due.parts));
}

TEST_F(KeyStore, OneOfTwoEncapsulationKeysIsTheFilesFaultAndNotTheCaches) {
  wire::Bytes whole;
  wire::ContainerWriter container(whole, wire::PayloadType::kEvaluationKeys, wire::kTestPlan);
  wire::EvaluationKeysWriter(container, owner.rlwe(), owner.pool)
      .write_encapsulation(owner.generator.encapsulation_keys(owner.prng));
  container.finish();
  for (const auto& frame : wire::frames_of(whole, wire::PayloadType::kEvaluationKeys)) {
    write_file(path, wire::contained(wire::PayloadType::kEvaluationKeys, {{frame}}), Overwrite::kReplace);
    for (const KeyMemory memory : {KeyMemory::kLoaded, KeyMemory::kMapped})
      EXPECT_THROW(open(memory), DecodeError);
    EXPECT_FALSE(fs::exists(cache));
  }
  write_file(path, whole, Overwrite::kReplace);
  EXPECT_TRUE(wire::same(open(KeyMemory::kMapped).encapsulation().to_dense,
                         open(KeyMemory::kLoaded).encapsulation().to_dense));
}

TEST_F(KeyStore, SmallKeysAreLoadedUnlessAsked) {
  EXPECT_TRUE(same_as_loaded(open(KeyMemory::kAutomatic)));
  EXPECT_FALSE(fs::exists(expanded_keys_folder(path)));
}

TEST_F(KeyStore, ACacheThatFitsIsNotMadeAgain) {
  open(KeyMemory::kMapped);
  const auto inode = [&] {
    struct stat status {};
    EXPECT_EQ(::stat(cache.c_str(), &status), 0);
    return status.st_ino;
  };
  const auto before = inode();
  open(KeyMemory::kMapped);
  EXPECT_EQ(inode(), before);
}

TEST_F(KeyStore, OfOtherKeysIsMadeAnewAndWhoHasItMappedKeepsIt) {
  const auto old = open(KeyMemory::kMapped);
  const auto before = old.relinearization().b[0].clone();
  write_keys();  // fresh ones
  expect_made_anew("another key file");
  EXPECT_TRUE(wire::same(old.relinearization().b[0], before));
}

TEST_F(KeyStore, DamagedTruncatedAndForeignOnesAreMadeAnew) {
  open(KeyMemory::kMapped);
  const auto bytes = read_file(cache, 1 << 24);
  const wire::Bytes good(bytes.begin(), bytes.end());
  const auto put = [&](std::span<const std::uint8_t> b) { write_file(cache, b, Overwrite::kReplace); };
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{20}, std::size_t{44}, good.size() - 50, good.size() - 1}) {
    auto bad = good;
    bad[at] ^= 4;
    put(bad);
    // A damaged plan id reads as another plan's before the digest is reached.
    expect_made_anew(at == 20 ? "another key file" : "damaged");
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{39}, std::size_t{5000}, good.size() - 1}) {
    put(std::span(good).first(size));
    expect_made_anew("damaged");
  }
  const auto packed = read_file(path, 1 << 24);
  put(packed.span());
  expect_made_anew("another key file");  // of another type
}

TEST_F(KeyStore, TheKeyFileItselfIsCheckedWhenTheCacheIsMade) {
  auto bytes = read_file(path, 1 << 24);
  bytes[200] ^= 1;
  write_file(path, bytes.span(), Overwrite::kReplace);
  for (const KeyMemory memory : {KeyMemory::kMapped, KeyMemory::kLoaded})
    EXPECT_THROW(open(memory), DecodeError);
  EXPECT_FALSE(fs::exists(expanded_keys_folder(path)));
  EXPECT_THROW(open_keys(path, wire::PlanId{9}, owner.rlwe(), wire::kTestKeysLimits,
                         {scalar_kernels(), owner.pool, progress, nullptr, KeyMemory::kMapped}),
               MismatchError);
}

TEST_F(KeyStore, WhileAnotherMakesThemTheyAreLoaded) {
  const auto lock = FolderLock::try_acquire(expanded_keys_folder(path));
  ASSERT_TRUE(lock);
  EXPECT_TRUE(same_as_loaded(open(KeyMemory::kMapped)));
  EXPECT_TRUE(notices.has("another process"));
  EXPECT_FALSE(fs::exists(cache));
}

TEST_F(KeyStore, ConcurrentMakersDoNotCorrupt) {
  for (int round = 0; round < 5; ++round) {
    fs::remove_all(expanded_keys_folder(path));
    std::array<bool, 4> good{};
    std::vector<std::thread> threads;
    for (bool& each : good)
      threads.emplace_back([&] { each = same_as_loaded(open(KeyMemory::kMapped, nullptr)); });
    for (auto& thread : threads) thread.join();
    for (const bool each : good) EXPECT_TRUE(each);
    open(KeyMemory::kMapped);
    EXPECT_EQ(notices.all, "");
    EXPECT_NO_THROW(wire::describe(cache));  // verifies every checksum
    EXPECT_EQ(std::distance(fs::directory_iterator(expanded_keys_folder(path)), {}), 1);
  }
}

TEST_F(KeyStore, AFullDiskIsAnErrorWhereMappingWasAskedForAndLeavesNothing) {
  fs::create_directory(expanded_keys_folder(path));
  if (::mount("none", expanded_keys_folder(path).c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "mounting takes root";
  try {
    open(KeyMemory::kMapped);
    ADD_FAILURE();
  } catch (const ResourceError& e) {
    EXPECT_NE(std::string(e.what()).find("--map-keys off"), std::string::npos) << e.what();
  }
  EXPECT_TRUE(fs::is_empty(expanded_keys_folder(path)));
  EXPECT_EQ(::umount(expanded_keys_folder(path).c_str()), 0);
}

}  // namespace
}  // namespace cloister::pipeline
