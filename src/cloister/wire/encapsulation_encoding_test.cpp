// The keys of bootstrapping on the wire and mapped, and keys of fewer limbs than the chain has.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <random>

#include "cloister/base/error.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/rlwe/modulus_raiser.h"
#include "cloister/wire/expanded_keys.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

// Where an evaluation key's fields lie.
constexpr std::size_t kElementAt = 32, kLimbsAt = 40, kDigitsAt = 44, kResiduesAt = 80;
// The same in the manifest of expanded keys.
constexpr std::size_t kFirstEntryAt = 72, kEntryBytes = 48;
constexpr std::uint32_t kRelinearizationTag = 1, kToSparseTag = 3, kToDenseTag = 4;
constexpr std::uint64_t kToSparseElement = 2, kToDenseElement = 4;

using Write = std::function<void(EvaluationKeysWriter&)>;

class EncapsulationEncoding : public ::testing::Test {
 protected:
  TinyParties owner{6};  // the ephemeral secret has 32 coefficients that are not zero
  rlwe::EncapsulationKeys keys = owner.generator.encapsulation_keys(owner.prng);
  NoProgress progress;

  Bytes encoded(const Write& write) {
    Bytes out;
    ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
    EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    write(writer);
    container.finish();
    return out;
  }
  Bytes encoded() {
    return encoded([&](EvaluationKeysWriter& writer) { writer.write_encapsulation(keys); });
  }
  rlwe::EvaluationKeys load(const Bytes& bytes, const EvaluationKeysLimits& limits = kTestKeysLimits) {
    ContainerReader reader(bytes, expecting(PayloadType::kEvaluationKeys));
    return load_evaluation_keys(reader, owner.rlwe(), limits, owner.pool, progress);
  }
  /// At a cache line's start.
  Buffer<std::uint8_t> expanded(const Bytes& packed) {
    Bytes out;
    ContainerWriter container(out, PayloadType::kExpandedKeys, kTestPlan);
    write_expanded_keys(container, ContainerReader(packed, expecting(PayloadType::kEvaluationKeys)),
                        owner.rlwe(), kTestKeysLimits, owner.pool, progress);
    return Buffer<std::uint8_t>::copy_of(out);
  }
  rlwe::EvaluationKeys mapped(const Buffer<std::uint8_t>& bytes, const Bytes& packed) {
    return map_expanded_keys(ContainerReader(bytes.span(), expecting(PayloadType::kExpandedKeys)),
                             ContainerReader(packed, expecting(PayloadType::kEvaluationKeys)).digest(),
                             owner.rlwe(), kTestKeysLimits);
  }
  std::vector<TestFrame> frames() { return frames_of(encoded(), PayloadType::kEvaluationKeys); }
  void expect_refused(const std::vector<TestFrame>& f) {
    EXPECT_THROW(load(contained(PayloadType::kEvaluationKeys, f)), DecodeError);
  }
  template <typename T>
  void expect_refused(std::size_t frame, std::size_t offset, T value) {
    auto f = frames();
    f[frame].payload = with_value(f[frame].payload, offset, value);
    SCOPED_TRACE(testing::Message() << "frame " << frame << " at " << offset << ": " << value);
    expect_refused(f);
  }
};

TEST_F(EncapsulationEncoding, KeysComeBackAndAreMappedBitExact) {
  const Bytes packed = encoded();
  const auto bytes = expanded(packed);
  const auto loaded = load(packed), borrowed = mapped(bytes, packed);
  for (const rlwe::EvaluationKeys* all : {&loaded, &borrowed}) {
    EXPECT_FALSE(all->has_relinearization());
    const auto& back = all->encapsulation();
    EXPECT_TRUE(same(back.to_dense, keys.to_dense));
    // Of a ring that has been made anew.
    const auto limbs_of = [](const EvaluationPoly& p) {
      return std::vector(p.limb_span(0).begin(), p.limb_span(1).end());
    };
    EXPECT_EQ(back.to_sparse.seed.bytes(), keys.to_sparse.seed.bytes());
    EXPECT_EQ(back.to_sparse.b[0].limbs(), (LimbSet{1, 1}));
    EXPECT_EQ(limbs_of(back.to_sparse.b[0]), limbs_of(keys.to_sparse.b[0]));
    EXPECT_EQ(limbs_of(back.to_sparse.a[0]), limbs_of(keys.to_sparse.a[0]));
  }
  EXPECT_EQ(
      encoded([&](EvaluationKeysWriter& writer) { writer.write_encapsulation(loaded.encapsulation()); }),
      packed);
}

TEST_F(EncapsulationEncoding, LoadedAndMappedKeysRaiseWhatTheOwnersDo) {
  const Bytes packed = encoded();
  const auto bytes = expanded(packed);
  const rlwe::ModulusRaiser raiser(owner.parameters->rlwe(), owner.pool);
  const auto c = owner.encrypt(0);
  const auto due = raiser.raise(c.parts[0], c.parts[1], keys);
  for (const auto& all : {load(packed), mapped(bytes, packed)}) {
    const auto raised = raiser.raise(c.parts[0], c.parts[1], all.encapsulation());
    EXPECT_TRUE(same(raised.first, due.first));
    EXPECT_TRUE(same(raised.second, due.second));
  }
}

TEST_F(EncapsulationEncoding, SizesArePredictedExactlyAndLimitsHold) {
  const auto& spec = owner.rlwe().spec();
  const auto f = frames();
  ASSERT_EQ(f.size(), 2u);
  EXPECT_EQ(f[0].payload.size(), rlwe::encoded_bytes_of_key_to_sparse(spec));
  EXPECT_EQ(f[1].payload.size(), rlwe::encoded_bytes_of_key_to_dense(spec));
  const std::uint64_t degree = owner.parameters->ring()->degree();
  EXPECT_EQ(rlwe::memory_bytes_of_key_to_sparse(spec), 2 * 2 * degree * 8);
  EXPECT_EQ(rlwe::memory_bytes_of_key_to_dense(spec), 2 * (3 + spec.p_primes.size()) * degree * 8);

  const Bytes bytes = encoded();
  const std::uint64_t memory =
      rlwe::memory_bytes_of_key_to_sparse(spec) + rlwe::memory_bytes_of_key_to_dense(spec);
  const ContainerReader reader(bytes, expecting(PayloadType::kEvaluationKeys));
  EXPECT_EQ(memory_bytes_of_keys(reader, owner.rlwe()), memory);
  EXPECT_LE(expanded(bytes).size(), max_expanded_bytes(reader, owner.rlwe()));
  EXPECT_NO_THROW(load(bytes, {.max_keys = 2, .max_memory_bytes = memory}));
  EXPECT_THROW(load(bytes, {.max_keys = 1, .max_memory_bytes = memory}), ResourceError);
  EXPECT_THROW(load(bytes, {.max_keys = 2, .max_memory_bytes = memory - 1}), ResourceError);
  EXPECT_THROW(rlwe::encoded_bytes_of_key_to_sparse({}), ParametersError);
}

TEST_F(EncapsulationEncoding, EveryFieldIsBounded) {
  for (const std::size_t frame : {0, 1}) {
    const std::uint64_t own = frame == 0 ? kToSparseElement : kToDenseElement;
    for (const std::uint64_t element : {std::uint64_t{0}, std::uint64_t{5}, 6 - own, ~std::uint64_t{0}})
      expect_refused(frame, kElementAt, element);
    for (const std::uint32_t limbs : {0u, 2u, 4u, 0xffffffffu}) expect_refused(frame, kLimbsAt, limbs);
    for (const std::uint32_t digits : {0u, 2u, 0xffffffffu}) expect_refused(frame, kDigitsAt, digits);
    expect_refused(frame, kResiduesAt, ~std::uint64_t{0});
  }
}

TEST_F(EncapsulationEncoding, WhatTheManifestSaysOfThemIsBounded) {
  const auto good = frames_of(expanded(), PayloadType::kExpandedKeys);
  const std::size_t last = good.size() - 1;
  const auto entry = [](std::size_t key) { return kEntriesAt + key * kEntryBytes; };
  const auto refused = [&](std::size_t at, auto value) {
    auto f = good;
    f[last].payload = with_value(f[last].payload, at, value);
    EXPECT_THROW(map(f), DecodeError) << at << " " << value;
  };
  EXPECT_NO_THROW(map(good));
  for (const std::uint32_t limbs : {0u, 2u, 3u, 0xffffffffu}) refused(entry(kToSparse) + 8, limbs);
  for (const std::uint32_t limbs : {0u, 1u, 2u, 4u, 0xffffffffu}) refused(entry(kToDense) + 8, limbs);
  for (const std::size_t key : {kToSparse, kToDense})
    for (const std::uint32_t digits : {0u, 2u, 3u, 0xffffffffu}) refused(entry(key) + 12, digits);
  refused(entry(kToSparse), kToDenseElement);  // twice, and another shape
  refused(entry(kToDense), kToSparseElement);
  refused(entry(kFull), kToSparseElement);
  refused(entry(kToSparse), owner.element_of(5));  // more residues than its frame has
  refused(entry(kToDense), owner.element_of(5));
  for (const std::size_t key : {kToSparse, kToDense}) {
    auto f = good;  // one without the other
    f.erase(f.begin() + static_cast<std::ptrdiff_t>(key));
    auto& manifest = f.back().payload;
    const auto at = manifest.begin() + static_cast<std::ptrdiff_t>(entry(key));
    manifest.erase(at, at + kEntryBytes);
    manifest = with_value(manifest, kCountAt, std::uint64_t{kFrames - 1});
    EXPECT_THROW(map(f), DecodeError) << key;
    f = good;
    f[key].payload.resize(f[key].payload.size() - 8);
    EXPECT_THROW(map(f), DecodeError) << key;
  }
}

// As in expanded_keys_test.cpp: residues that are no residues make wrong results, and nothing else, on any of
// the kernels.
TEST_F(EncapsulationEncoding, MappedResiduesOutOfRangeAreOnlyWrong) {
  Bytes bytes = expanded();
  const ContainerReader whole(bytes, expecting(PayloadType::kExpandedKeys));
  std::mt19937_64 random(20240229);
  for (const std::size_t key : {kToSparse, kToDense}) {
    const auto payload = whole.unverified_frame(key).payload;
    for (std::size_t at = 0; at + 8 <= payload.size(); at += 8) {
      const std::uint64_t word = random() % 3 == 0 ? ~std::uint64_t{0} : random();
      std::memcpy(bytes.data() + (payload.data() - bytes.data()) + at, &word, 8);
    }
  }
  const auto c = owner.encrypt(0);
  for (const Target target : available_targets()) {
    const TinyParties wide(6, 7, select_kernels(name(target)));
    const auto keys = map(bytes, wide.rlwe());
    const rlwe::ModulusRaiser raiser(wide.parameters->rlwe(), wide.pool);
    const auto on_ring = [&](const EvaluationPoly& poly) {
      auto out = EvaluationPoly::uninitialized(wide.parameters->ring(), poly.limbs());
      std::ranges::copy(poly.limb_span(0), out.limb(0));
      return out;
    };
    EXPECT_NO_THROW(raiser.raise(on_ring(c.parts[0]), on_ring(c.parts[1]), keys.encapsulation()));
    auto good = load(packed, wide.rlwe());
    const auto result = raiser.raise(on_ring(c.parts[0]), on_ring(c.parts[1]), good.encapsulation());
    EXPECT_TRUE(same(result.first, raised(c, original).first)) << name(target);
  }
}

// A file that claims keys which its reader's parameters do not have is refused for its own sake.
TEST_F(EncapsulationEncoding, ParametersWithoutThemRefuseThem) {
  const std::uint64_t step = std::uint64_t{2} << 13;
  const auto prime = [&](double near, std::vector<std::uint64_t> but = {}) {
    return nearest_prime(near, step, but);
  };
  // Secure ones of a ring that is too small for a sparse secret, and others without a special modulus.
  const auto small = rlwe::Parameters::create(
      {.log2_degree = 13, .q_primes = {prime(0x1p50)}, .p_primes = {prime(0x1p55)}, .digits = 1},
      scalar_kernels());
  const auto bare = rlwe::Parameters::create(
      {.log2_degree = 13, .q_primes = {prime(0x1p50)}, .p_primes = {}, .digits = 1}, scalar_kernels());
  const auto f = frames();
  for (const std::size_t frame : {0, 1})
    expect_refused(frame, f[frame].payload.size() - 8, ~std::uint64_t{0});
}

TEST_F(EncapsulationEncoding, BothAreThereOnceUnderTheirTags) {
  const auto f = frames();
  expect_refused({f[0]});
  expect_refused({f[1]});
  expect_refused({f[0], f[1], f[0]});
  expect_refused({f[0], f[1], f[1]});
  for (const std::size_t frame : {0, 1})
    for (const std::uint32_t tag :
         {0u, kRelinearizationTag, 2u, frame == 0 ? kToDenseTag : kToSparseTag, 5u}) {
      auto other = f;
      other[frame].tag = tag;
      expect_refused(other);  // one of the two is missing then
    }
  EXPECT_NO_THROW(load(contained(PayloadType::kEvaluationKeys, std::vector{f[1], f[0]})));
}

TEST_F(EncapsulationEncoding, NothingShorterOrLongerIsAccepted) {
  for (const std::size_t frame : {0, 1}) {
    const auto f = frames();
    for (std::size_t size = 0; size < f[frame].payload.size(); ++size) {
      auto cut = f;
      cut[frame].payload.resize(size);
      ASSERT_THROW(load(contained(PayloadType::kEvaluationKeys, cut)), DecodeError) << frame << " " << size;
    }
    auto more = f;
    more[frame].payload.push_back(0);
    expect_refused(more);
  }
}

TEST_F(EncapsulationEncoding, OtherParametersAreAMismatch) {
  // Each frame names its own: the first those of the ephemeral secret.
  for (const std::size_t frame : {0, 1}) {
    auto f = frames();
    std::ranges::copy(frame == 0 ? owner.rlwe().id() : owner.rlwe().encapsulated()->id(),
                      f[frame].payload.begin());
    EXPECT_THROW(load(contained(PayloadType::kEvaluationKeys, f)), MismatchError);
  }
  TinyParties other(7);
  Bytes out;
  ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, other.rlwe(), other.pool);
  EXPECT_THROW(writer.write_encapsulation(keys), MismatchError);
  ContainerReader reader(out = encoded(), expecting(PayloadType::kEvaluationKeys));
  EXPECT_THROW(load_evaluation_keys(reader, other.rlwe(), kTestKeysLimits, other.pool, progress),
               MismatchError);
}

TEST_F(EncapsulationEncoding, KeysThatAreNotWholeDoNotTravel) {
  const auto refused = [&] { EXPECT_THROW(encoded(), ParametersError); };
  auto sparse = std::move(keys.to_sparse.b);
  keys.to_sparse.b.clear();
  refused();
  keys.to_sparse.b = std::move(sparse);
  keys.to_dense.b.push_back(keys.to_dense.b[0].clone());  // a digit more
  refused();
  keys.to_dense = owner.generator.relinearization_key(owner.prng, 3);  // of two digits
  refused();
  keys.to_dense = owner.generator.relinearization_key(owner.prng, 1);  // of fewer limbs
  refused();
}

TEST_F(EncapsulationEncoding, TheManifestOfMappedKeysIsBounded) {
  const Bytes packed = encoded();
  const auto whole = expanded(packed);
  const auto good = frames_of(whole.span(), PayloadType::kExpandedKeys);
  const auto refused = [&](const std::vector<TestFrame>& f) {
    const auto bytes = Buffer<std::uint8_t>::copy_of(contained(PayloadType::kExpandedKeys, f));
    EXPECT_THROW(mapped(bytes, packed), DecodeError);
  };
  const auto refused_at = [&](std::size_t entry, std::size_t offset, auto value) {
    auto f = good;
    f[2].payload = with_value(f[2].payload, kFirstEntryAt + entry * kEntryBytes + offset, value);
    refused(f);
  };
  for (const std::size_t entry : {0, 1}) {
    for (const std::uint64_t element : {std::uint64_t{0}, std::uint64_t{6}, ~std::uint64_t{0}})
      refused_at(entry, 0, element);
    refused_at(entry, 0, entry == 0 ? kToDenseElement : kToSparseElement);  // there twice
    for (const std::uint32_t limbs : {0u, 2u, 4u}) refused_at(entry, 8, limbs);
    for (const std::uint32_t digits : {0u, 2u}) refused_at(entry, 12, digits);
    auto f = good;
    f[entry].payload.resize(f[entry].payload.size() - 8);
    refused(f);
  }
  auto f = good;
  std::swap(f[0], f[1]);
  refused(f);
  // One alone, in a file whose frames and manifest fit.
  f = {good[0], good[2]};
  f[1].payload.resize(kFirstEntryAt + kEntryBytes);
  f[1].payload = with_value(f[1].payload, kFirstEntryAt - 8, std::uint64_t{1});
  refused(f);
}

// Keys cut to the level that they are used at compute there as whole ones would, and say so above it.
TEST(KeysOfFewerLimbs, ComputeUpToTheirLevelLoadedAndMapped) {
  TinyParties owner(10);
  NoProgress progress;
  Bytes packed;
  ContainerWriter container(packed, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
  writer.write_relinearization(owner.generator.relinearization_key(owner.prng, 2));
  writer.write_galois(owner.generator.galois_key(owner.element_of(1), owner.prng, 1));
  container.finish();
  ContainerReader reader(packed, expecting(PayloadType::kEvaluationKeys));
  Bytes expanded;
  ContainerWriter out(expanded, PayloadType::kExpandedKeys, kTestPlan);
  write_expanded_keys(out, reader, owner.rlwe(), kTestKeysLimits, owner.pool, progress);
  const auto aligned = Buffer<std::uint8_t>::copy_of(expanded);
  const auto loaded = load_evaluation_keys(reader, owner.rlwe(), kTestKeysLimits, owner.pool, progress);
  const auto borrowed =
      map_expanded_keys(ContainerReader(aligned.span(), expecting(PayloadType::kExpandedKeys)),
                        reader.digest(), owner.rlwe(), kTestKeysLimits);
  const auto x = owner.values();
  for (const rlwe::EvaluationKeys* keys : {&loaded, &borrowed}) {
    const ckks::Evaluator evaluator(owner.parameters, keys, owner.pool);
    const ckks::Rotations rotations(evaluator);
    const auto result = rotations.rotate(evaluator.square(owner.encrypt(1)), 1);
    EXPECT_EQ(result.level(), 0);
    const auto slots = owner.decryptor.decrypt_real(result);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = x[(i + 1) % x.size()] * x[(i + 1) % x.size()];
      ASSERT_LE(std::abs(slots[i] - exact), result.bound.error);
    }
    EXPECT_THROW(evaluator.square(owner.encrypt(2)), MissingKeyError);
    EXPECT_THROW(rotations.rotate(owner.encrypt(1), 1), MissingKeyError);
  }
}

}  // namespace
}  // namespace cloister::wire
