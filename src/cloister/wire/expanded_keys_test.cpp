#include "cloister/wire/expanded_keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/testing/temporary_folder.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;

// Where the manifest's fields lie.
constexpr std::size_t kSourceAt = 32, kCountAt = 64, kElementAt = 72, kLimbsAt = 80, kDigitsAt = 84,
                      kEntryBytes = 48;
constexpr std::size_t kPage = 4096;

/// Bytes at a page's start, as a mapped file's are.
class Aligned {
 public:
  explicit Aligned(std::span<const std::uint8_t> bytes) : buffer_(bytes.size() + kPage), size_(bytes.size()) {
    std::ranges::copy(bytes, buffer_.data() + start());
  }
  std::span<const std::uint8_t> span() const { return {buffer_.data() + start(), size_}; }

 private:
  std::size_t start() const {
    return static_cast<std::size_t>(-reinterpret_cast<std::uintptr_t>(buffer_.data()) % kPage);
  }
  Buffer<std::uint8_t> buffer_;
  std::size_t size_;
};

class ExpandedKeys : public ::testing::Test {
 protected:
  static constexpr std::size_t kLimbs = 3;
  TinyParties owner{10};
  NoProgress progress;
  Bytes packed;

  void SetUp() override {
    ContainerWriter container(packed, PayloadType::kEvaluationKeys, kTestPlan);
    EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    writer.write_galois(owner.generator.galois_key(owner.element_of(3), owner.prng, kLimbs));
    writer.write_relinearization(owner.generator.relinearization_key(owner.prng, kLimbs));
    writer.write_galois(owner.generator.galois_key(owner.element_of(1), owner.prng, 1));  // of level 0
    container.finish();
  }
  ContainerReader reader() { return {packed, expecting(PayloadType::kEvaluationKeys)}; }
  rlwe::EvaluationKeys loaded() {
    auto keys = reader();
    return load_evaluation_keys(keys, owner.rlwe(), kTestKeysLimits, owner.pool, progress);
  }
  Bytes expanded(const ThreadPool& pool) {
    Bytes out;
    ContainerWriter container(out, PayloadType::kExpandedKeys, kTestPlan);
    write_expanded_keys(container, reader(), owner.rlwe(), kTestKeysLimits, pool, progress);
    return out;
  }
  Bytes expanded() { return expanded(owner.pool); }
  rlwe::EvaluationKeys mapped(const Aligned& bytes, const EvaluationKeysLimits& limits = kTestKeysLimits) {
    return map_expanded_keys(ContainerReader(bytes.span(), expecting(PayloadType::kExpandedKeys)),
                             reader().digest(), owner.rlwe(), limits);
  }
  /// One with the frames that a forger likes, whose checksums fit. Residues move off their pages, not off
  /// their cache lines.
  void expect_refused(const std::vector<TestFrame>& frames) {
    const Aligned bytes(contained(PayloadType::kExpandedKeys, frames));
    EXPECT_THROW(mapped(bytes), DecodeError);
  }
};

TEST_F(ExpandedKeys, AreTheLoadedKeysToTheBit) {
  const Aligned bytes(expanded());
  const auto keys = mapped(bytes), due = loaded();
  EXPECT_TRUE(same(keys.relinearization(), due.relinearization()));
  ASSERT_EQ(keys.galois_keys().size(), 2u);
  for (const auto& [element, key] : due.galois_keys())
    EXPECT_TRUE(same(keys.galois(element, "").key, key.key));
  EXPECT_EQ(keys.galois(owner.element_of(1), "").key.q_limbs(), 1u);
  for (const auto* half : {&keys.relinearization().b, &keys.relinearization().a})
    for (const EvaluationPoly& poly : *half) {
      const auto at = reinterpret_cast<const std::uint8_t*>(poly.limb(0));
      EXPECT_TRUE(at > bytes.span().data() && at < bytes.span().data() + bytes.span().size());  // not a copy
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % kPage, 0u);
    }
  const auto copy = keys.relinearization().b[0].clone();
  EXPECT_TRUE(same(copy, due.relinearization().b[0]));
  EXPECT_NE(copy.limb(0), std::as_const(keys.relinearization().b[0]).limb(0));
}

TEST_F(ExpandedKeys, ComputeWhatLoadedKeysDo) {
  const Aligned bytes(expanded());
  const auto from_map = mapped(bytes), from_file = loaded();
  const auto a = owner.encrypt();
  const auto compute = [&](const rlwe::EvaluationKeys& keys) {
    const ckks::Evaluator evaluator(owner.parameters, &keys, owner.pool);
    return ckks::Rotations(evaluator).rotate(evaluator.square(a), 3);
  };
  EXPECT_TRUE(same(compute(from_map).parts, compute(from_file).parts));
}

TEST_F(ExpandedKeys, AreTheSameForAnyNumberOfThreadsAndOfThePredictedSize) {
  const Bytes bytes = expanded();
  EXPECT_EQ(bytes, expanded(ThreadPool(3)));
  const auto& spec = owner.rlwe().spec();
  const std::uint64_t memory =
      2 * rlwe::memory_bytes_of_key(spec, kLimbs) + rlwe::memory_bytes_of_key(spec, 1);
  EXPECT_EQ(memory_bytes_of_keys(reader(), owner.rlwe()), memory);
  EXPECT_GT(bytes.size(), memory);
  EXPECT_LE(bytes.size(), max_expanded_bytes(reader(), owner.rlwe()));
}

TEST_F(ExpandedKeys, OutliveEverythingButTheirFile) {
  const TemporaryFolder temporary;
  const fs::path path = temporary.path() / "keys";
  write_file(path, expanded());
  const auto keys = map_expanded_keys(ContainerReader::open(path, expecting(PayloadType::kExpandedKeys)),
                                      reader().digest(), owner.rlwe(), kTestKeysLimits);
  fs::remove(path);
  EXPECT_TRUE(same(keys.relinearization(), loaded().relinearization()));
}

TEST_F(ExpandedKeys, OfAnotherKeyFileOrOtherParametersAreAMismatch) {
  const Aligned bytes(expanded());
  const auto open = [&] { return ContainerReader(bytes.span(), expecting(PayloadType::kExpandedKeys)); };
  EXPECT_THROW(map_expanded_keys(open(), Bytes32{1}, owner.rlwe(), kTestKeysLimits), MismatchError);
  const TinyParties other(11);
  EXPECT_THROW(map_expanded_keys(open(), reader().digest(), other.rlwe(), kTestKeysLimits), MismatchError);
  EXPECT_THROW(mapped(bytes, {.max_keys = 2, .max_memory_bytes = 1 << 24}), ResourceError);
}

TEST_F(ExpandedKeys, WhatTheManifestSaysIsBounded) {
  const auto good = frames_of(expanded(), PayloadType::kExpandedKeys);
  const std::size_t last = good.size() - 1;
  const auto refused = [&](std::size_t at, auto value) {
    auto f = good;
    f[last].payload = with_value(f[last].payload, at, value);
    expect_refused(f);
  };
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{4}, ~std::uint64_t{0}})
    refused(kCountAt, count);
  const std::uint64_t twice = 2 * owner.parameters->ring()->degree();
  for (const std::uint64_t element : {std::uint64_t{4}, twice + 1, ~std::uint64_t{0}})
    refused(kElementAt, element);
  refused(kElementAt, std::uint64_t{0});  // the relinearization key twice
  for (const std::uint32_t limbs : {0u, 1u, 4u, 0xffffffffu}) refused(kLimbsAt, limbs);
  for (const std::uint32_t digits : {0u, 1u, 3u, 0xffffffffu}) refused(kDigitsAt, digits);
  refused(kLimbsAt + 2 * kEntryBytes, 2u);  // more than the last key's frame holds
  for (std::size_t size = 0; size < good[last].payload.size(); ++size) {
    auto f = good;
    f[last].payload.resize(size);
    expect_refused(f);
  }
}

TEST_F(ExpandedKeys, FramesAreWhatTheManifestSays) {
  const auto good = frames_of(expanded(), PayloadType::kExpandedKeys);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto f = good;
    f[i].tag = 3;
    expect_refused(f);
    f = good;
    f.erase(f.begin() + static_cast<std::ptrdiff_t>(i));
    expect_refused(f);
  }
  auto f = good;
  f[0].payload.resize(rlwe::memory_bytes_of_key(owner.rlwe().spec(), kLimbs) - 8);
  expect_refused(f);
  f = good;
  f[0].payload.insert(f[0].payload.begin(), kPage, 0);
  expect_refused(f);
  f = good;
  f[0].payload.insert(f[0].payload.begin(), 8, 0);  // off its cache line
  expect_refused(f);
  expect_refused({});
}

// Opening reads no residue: truncation and damage anywhere else are refused, at every byte.
TEST_F(ExpandedKeys, DamageOutsideTheResiduesIsFoundOnOpeningAndInThemByVerifying) {
  const Bytes good = expanded();
  const ContainerReader whole(good, expecting(PayloadType::kExpandedKeys));
  std::vector<std::span<const std::uint8_t>> residues;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) residues.push_back(whole.unverified_frame(i).payload);
  Bytes bytes = good;
  std::size_t found = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    const bool inside = std::ranges::any_of(
        residues, [&](const auto& r) { return &good[at] >= r.data() && &good[at] < r.data() + r.size(); });
    if (inside && at % 997 != 0) continue;
    bytes[at] ^= 0x10;
    const Aligned damaged(bytes);
    if (inside) {
      EXPECT_NO_THROW(mapped(damaged));
      EXPECT_THROW(ContainerReader(damaged.span(), expecting(PayloadType::kExpandedKeys)).verify_all(),
                   DecodeError);
    } else {
      ASSERT_THROW(mapped(damaged), Error) << at;
      ++found;
    }
    bytes[at] ^= 0x10;
  }
  EXPECT_GT(found, 40u + 5 * 48);  // the header, all frames' headers
  std::mt19937_64 random(20240229);
  for (int i = 0; i < 200; ++i) {
    const Aligned cut(std::span<const std::uint8_t>(good).first(random() % good.size()));
    ASSERT_THROW(mapped(cut), Error);
  }
}

// Residues that are no residues make wrong results, and no access out of bounds (which the sanitizers' builds
// would see) on any of the kernels.
TEST_F(ExpandedKeys, ResiduesOutOfRangeAreOnlyWrong) {
  for (const Target target : available_targets()) {
    TinyParties wide(10, 7, select_kernels(name(target)));
    Bytes bytes = expanded();
    const ContainerReader whole(bytes, expecting(PayloadType::kExpandedKeys));
    std::mt19937_64 random(20240229);
    for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
      const auto payload = whole.unverified_frame(i).payload;
      for (std::size_t at = 0; at + 8 <= payload.size(); at += 8) {
        const std::uint64_t word = random() % 3 == 0 ? ~std::uint64_t{0} : random();
        std::memcpy(bytes.data() + (payload.data() - bytes.data()) + at, &word, 8);
      }
    }
    const Aligned noise(bytes);
    const auto keys = map_expanded_keys(ContainerReader(noise.span(), expecting(PayloadType::kExpandedKeys)),
                                        reader().digest(), wide.rlwe(), kTestKeysLimits);
    const ckks::Evaluator evaluator(wide.parameters, &keys, wide.pool);
    const auto a = wide.encrypt();
    EXPECT_NO_THROW(ckks::Rotations(evaluator).rotate(evaluator.square(a), 3));
  }
}

}  // namespace
}  // namespace cloister::wire
