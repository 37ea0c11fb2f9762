// The two encapsulation keys in key files and expanded, beside keys of fewer limbs than the chain.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <random>

#include "cloister/base/error.h"
#include "cloister/base/memory.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/rotations.h"
#include "cloister/math/primes.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/rlwe/modulus_raiser.h"
#include "cloister/wire/expanded_keys.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

// Where an evaluation key's fields lie, and those of an entry of a manifest.
constexpr std::size_t kElementAt = 32, kLimbsAt = 40, kDigitsAt = 44, kResiduesAt = 80;
constexpr std::size_t kCountAt = 64, kEntriesAt = 72, kEntryBytes = 48;
constexpr std::uint32_t kRelinearizationTag = 1, kGaloisTag = 2, kToSparseTag = 3, kToDenseTag = 4;
constexpr std::uint64_t kToSparseElement = 2, kToDenseElement = 4;
// The frames of encoded().
constexpr std::size_t kRelinearization = 0, kToSparse = 1, kToDense = 2, kFull = 3, kCut = 4, kFrames = 6;

class EncapsulationEncoding : public ::testing::Test {
 protected:
  static constexpr std::size_t kLimbs = 3;
  TinyParties owner{6};  // a sparse secret needs 32 coefficients
  NoProgress progress;
  rlwe::EvaluationKeys original = generated();
  Bytes packed = encoded();

  rlwe::EvaluationKeys generated() {
    rlwe::EvaluationKeys keys;
    keys.set_relinearization(owner.generator.relinearization_key(owner.prng, kLimbs));
    keys.set_encapsulation(owner.generator.encapsulation_keys(owner.prng));
    for (std::size_t steps = 1; steps <= kLimbs; ++steps)  // by 1 at all levels, by 2 at level 1, by 3 at 0
      keys.add_galois(galois(static_cast<std::int64_t>(steps), kLimbs + 1 - steps));
    return keys;
  }
  rlwe::GaloisKey galois(std::int64_t steps, std::size_t limbs) {
    return owner.generator.galois_key(owner.element_of(steps), owner.prng, limbs);
  }
  Bytes encoded() {
    Bytes out;
    ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
    EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    writer.write_relinearization(original.relinearization());
    writer.write_encapsulation(original.encapsulation());
    for (const std::int64_t steps : {1, 2, 3})
      writer.write_galois(original.galois(owner.element_of(steps), ""));
    container.finish();
    return out;
  }
  std::vector<TestFrame> frames() { return frames_of(packed, PayloadType::kEvaluationKeys); }

  rlwe::EvaluationKeys load(const Bytes& bytes, const rlwe::Parameters& parameters,
                            const EvaluationKeysLimits& limits = kTestKeysLimits) {
    ContainerReader reader(bytes, expecting(PayloadType::kEvaluationKeys));
    return load_evaluation_keys(reader, parameters, limits, owner.pool, progress);
  }
  rlwe::EvaluationKeys load(const std::vector<TestFrame>& f) {
    return load(contained(PayloadType::kEvaluationKeys, f), owner.rlwe());
  }
  void expand(const Bytes& keys, Bytes& out, const EvaluationKeysLimits& limits = kTestKeysLimits) {
    ContainerWriter container(out, PayloadType::kExpandedKeys, kTestPlan);
    write_expanded_keys(container, ContainerReader(keys, expecting(PayloadType::kEvaluationKeys)),
                        owner.rlwe(), limits, owner.pool, progress);
  }
  Bytes expanded() {
    Bytes out;
    expand(packed, out);
    return out;
  }
  // The keys borrow the bytes.
  Buffer<std::uint8_t> aligned;
  rlwe::EvaluationKeys map(const Bytes& bytes, const rlwe::Parameters& parameters) {
    aligned = Buffer<std::uint8_t>::copy_of(bytes);
    return map_expanded_keys(ContainerReader(aligned.span(), expecting(PayloadType::kExpandedKeys)),
                             ContainerReader(packed, expecting(PayloadType::kEvaluationKeys)).digest(),
                             parameters, kTestKeysLimits);
  }
  rlwe::EvaluationKeys map(const std::vector<TestFrame>& f) {
    return map(contained(PayloadType::kExpandedKeys, f), owner.rlwe());
  }

  void expect_the_same(const rlwe::EvaluationKeys& keys) {
    ASSERT_TRUE(keys.has_encapsulation());
    EXPECT_TRUE(same(keys.encapsulation().to_sparse, original.encapsulation().to_sparse));
    EXPECT_TRUE(same(keys.encapsulation().to_dense, original.encapsulation().to_dense));
    EXPECT_TRUE(same(keys.relinearization(), original.relinearization()));
    ASSERT_EQ(keys.galois_keys().size(), original.galois_keys().size());
    for (const auto& [element, key] : original.galois_keys())
      EXPECT_TRUE(same(keys.galois(element, "").key, key.key)) << element;
  }
  rlwe::PolyPair raised(const ckks::Ciphertext& c, const rlwe::EvaluationKeys& keys) {
    return rlwe::ModulusRaiser(owner.parameters->rlwe(), owner.pool)
        .raise(c.parts[0], c.parts[1], keys.encapsulation());
  }
  // To the bit what the owner's own keys make; and modulo the first prime the message that it was.
  void expect_raises(const rlwe::EvaluationKeys& keys) {
    auto c = owner.encrypt(0);
    auto result = raised(c, keys);
    const auto due = raised(c, original);
    EXPECT_EQ(result.first.limbs(), (LimbSet{kLimbs, 0}));
    EXPECT_TRUE(same(result.first, due.first) && same(result.second, due.second));
    result.first.keep_limbs(1);
    result.second.keep_limbs(1);
    c.parts[0] = std::move(result.first);
    c.parts[1] = std::move(result.second);
    const auto slots = owner.decryptor.decrypt_real(c);
    const double deviation =
        std::sqrt(rlwe::ModulusRaiser(owner.parameters->rlwe(), owner.pool).error_variance());
    const double bound = c.bound.error + 64 * 8 * deviation / std::ldexp(1.0, 30);
    EXPECT_LT(bound, 1e-3);
    for (std::size_t i = 0; i < slots.size(); ++i) EXPECT_LE(std::abs(slots[i] - owner.values()[i]), bound);
  }
  void expect_cut_keys_work(const rlwe::EvaluationKeys& keys) {
    const auto rotated = [&](const rlwe::EvaluationKeys& with, int level, std::int64_t steps) {
      TinyParties again(6);  // whose ciphertext is the same each time
      const ckks::Evaluator evaluator(again.parameters, &with, again.pool);
      return ckks::Rotations(evaluator).rotate(again.encrypt(level), steps);
    };
    for (const auto& [level, steps] : {std::pair{2, 1}, {1, 1}, {0, 1}, {1, 2}, {0, 2}, {0, 3}})
      EXPECT_TRUE(same(rotated(keys, level, steps).parts, rotated(original, level, steps).parts));
    for (const auto& [level, steps] : {std::pair{2, 2}, {2, 3}, {1, 3}})
      EXPECT_THROW(rotated(keys, level, steps), MissingKeyError) << level << " " << steps;
  }
  std::uint64_t memory() {
    const auto& spec = owner.rlwe().spec();
    return 2 * rlwe::memory_bytes_of_key(spec, 3) + rlwe::memory_bytes_of_key(spec, 2) +
           rlwe::memory_bytes_of_key(spec, 1) + rlwe::memory_bytes_of_key_to_sparse(spec) +
           rlwe::memory_bytes_of_key_to_dense(spec);
  }
  template <typename T>
  void expect_refused(std::size_t frame, std::size_t offset, T value) {
    auto f = frames();
    f[frame].payload = with_value(f[frame].payload, offset, value);
    EXPECT_THROW(load(f), DecodeError) << frame << " " << offset << " " << value;
  }
};

TEST_F(EncapsulationEncoding, LoadedKeysAreTheOwnersToTheBitAndWork) {
  const auto keys = load(packed, owner.rlwe());
  expect_the_same(keys);
  expect_raises(keys);
  expect_cut_keys_work(keys);
}

TEST_F(EncapsulationEncoding, MappedKeysAreTheOwnersToTheBitAndWork) {
  const auto keys = map(expanded(), owner.rlwe());
  expect_the_same(keys);
  expect_raises(keys);
  expect_cut_keys_work(keys);
  for (const rlwe::KeySwitchKey* key : {&keys.encapsulation().to_sparse, &keys.encapsulation().to_dense}) {
    const auto at = reinterpret_cast<const std::uint8_t*>(key->b[0].limb(0));
    EXPECT_TRUE(at > aligned.span().data() && at < aligned.span().data() + aligned.span().size());
  }
}

TEST_F(EncapsulationEncoding, SizesArePredictedExactly) {
  const auto& spec = owner.rlwe().spec();
  const auto f = frames();
  ASSERT_EQ(f.size(), kFrames);
  EXPECT_EQ(f[kToSparse].payload.size(), rlwe::encoded_bytes_of_key_to_sparse(spec));
  EXPECT_EQ(f[kToDense].payload.size(), rlwe::encoded_bytes_of_key_to_dense(spec));
  const std::uint64_t framed =
      std::accumulate(f.begin(), f.end(), std::uint64_t{0}, [](std::uint64_t sum, const TestFrame& frame) {
        return sum + rlwe::framed_bytes(frame.payload.size());
      });
  EXPECT_EQ(packed.size(), rlwe::kContainerBytes + framed);

  const ContainerReader reader(packed, expecting(PayloadType::kEvaluationKeys));
  EXPECT_EQ(memory_bytes_of_keys(reader, owner.rlwe()), memory());
  std::uint64_t words = 0;
  for (const rlwe::KeySwitchKey* key :
       {&original.encapsulation().to_sparse, &original.encapsulation().to_dense})
    words += 2 * key->b.size() * key->b[0].limbs().count() * 64;
  EXPECT_EQ(rlwe::memory_bytes_of_key_to_sparse(spec) + rlwe::memory_bytes_of_key_to_dense(spec), 8 * words);
  EXPECT_LE(expanded().size(), max_expanded_bytes(reader, owner.rlwe()));
}

TEST_F(EncapsulationEncoding, MemoryIsCountedFromFramesOfKeysSizesAlone) {
  auto f = frames();
  f[kToSparse].payload.push_back(0);
  f[kToDense].payload.pop_back();
  f[kFull].tag = 5;
  f[kCut].payload = f[kToSparse].payload;
  f.push_back({.tag = kToDenseTag, .payload = frames()[kToSparse].payload});
  const Bytes bytes = contained(PayloadType::kEvaluationKeys, f);
  const auto& spec = owner.rlwe().spec();
  EXPECT_EQ(
      memory_bytes_of_keys(ContainerReader(bytes, expecting(PayloadType::kEvaluationKeys)), owner.rlwe()),
      rlwe::memory_bytes_of_key(spec, 3) + rlwe::memory_bytes_of_key(spec, 1));
}

TEST_F(EncapsulationEncoding, LimitsCountThem) {
  Bytes out;
  EXPECT_NO_THROW(load(packed, owner.rlwe(), {.max_keys = kFrames, .max_memory_bytes = memory()}));
  EXPECT_NO_THROW(expand(packed, out, {.max_keys = kFrames, .max_memory_bytes = memory()}));
  for (const EvaluationKeysLimits& limits :
       {EvaluationKeysLimits{kFrames, memory() - 1}, EvaluationKeysLimits{kFrames - 1, memory()}}) {
    EXPECT_THROW(load(packed, owner.rlwe(), limits), ResourceError);
    EXPECT_THROW(expand(packed, out, limits), ResourceError);
  }
}

TEST_F(EncapsulationEncoding, OneWithoutTheOtherIsRefusedBeforeAnythingIsWritten) {
  Bytes header;
  ContainerWriter(header, PayloadType::kExpandedKeys, kTestPlan);
  for (const std::size_t left_out : {kToSparse, kToDense}) {
    auto f = frames();
    f.erase(f.begin() + static_cast<std::ptrdiff_t>(left_out));
    EXPECT_THROW(load(f), DecodeError);
    Bytes out;
    EXPECT_THROW(expand(contained(PayloadType::kEvaluationKeys, f), out), DecodeError);
    EXPECT_EQ(out, header);
  }
  auto neither = frames();
  neither.erase(neither.begin() + kToSparse, neither.begin() + kToDense + 1);
  EXPECT_FALSE(load(neither).has_encapsulation());
}

TEST_F(EncapsulationEncoding, TwiceIsRefused) {
  for (const std::size_t twice : {kToSparse, kToDense}) {
    auto f = frames();
    f.push_back(f[twice]);
    EXPECT_THROW(load(f), DecodeError);
  }
}

TEST_F(EncapsulationEncoding, TagsAndElementsBelongTogether) {
  const std::uint64_t rotation = owner.element_of(5);
  const auto fits = [&](std::size_t frame, std::uint32_t tag, std::uint64_t element) {
    if (frame == kToSparse) return tag == kToSparseTag && element == kToSparseElement;
    if (frame == kToDense) return tag == kToDenseTag && element == kToDenseElement;
    if (frame == kRelinearization && tag == kRelinearizationTag) return element == 0;
    return tag == kGaloisTag && element == rotation;  // what else a key switches from, its bytes do not say
  };
  for (std::size_t frame = 0; frame < kFrames; ++frame)
    for (std::uint32_t tag = 0; tag <= 5; ++tag)
      for (const std::uint64_t element : {std::uint64_t{0}, kToSparseElement, kToDenseElement, rotation}) {
        auto f = frames();
        f[frame].tag = tag;
        f[frame].payload = with_value(f[frame].payload, kElementAt, element);
        const auto refused = [&]() -> std::optional<ErrorCode> {
          try {
            load(f);
          } catch (const Error& e) {
            return e.code();
          }
          return std::nullopt;
        }();
        EXPECT_EQ(refused.has_value(), !fits(frame, tag, element)) << frame << " " << tag << " " << element;
        EXPECT_TRUE(!refused || *refused == ErrorCode::kDataLoss ||
                    *refused == ErrorCode::kFailedPrecondition);
      }
}

TEST_F(EncapsulationEncoding, EachKeyNamesItsOwnParameters) {
  const Bytes32 sparse = owner.rlwe().encapsulated()->id();
  for (const std::size_t frame : {kRelinearization, kToSparse, kToDense, kFull}) {
    auto f = frames();
    std::ranges::copy(frame == kToSparse ? owner.rlwe().id() : sparse, f[frame].payload.begin());
    EXPECT_THROW(load(f), MismatchError) << frame;
  }
  const TinyParties other(7);
  EXPECT_THROW(load(packed, other.rlwe()), MismatchError);
  EXPECT_THROW(map(expanded(), other.rlwe()), MismatchError);
}

TEST_F(EncapsulationEncoding, EveryFieldIsBounded) {
  for (const std::uint32_t limbs : {0u, 2u, 3u, 0xffffffffu}) expect_refused(kToSparse, kLimbsAt, limbs);
  for (const std::uint32_t limbs : {0u, 1u, 2u, 4u, 0xffffffffu}) expect_refused(kToDense, kLimbsAt, limbs);
  for (const std::size_t frame : {kToSparse, kToDense})
    for (const std::uint32_t digits : {0u, 2u, 3u, 0xffffffffu}) expect_refused(frame, kDigitsAt, digits);
}

TEST_F(EncapsulationEncoding, NothingShorterOrLongerIsAcceptedNorAResidueThatIsNone) {
  const auto good = frames();
  for (const std::size_t frame : {kToSparse, kToDense}) {
    auto f = good;
    for (std::size_t size = 0; size < good[frame].payload.size(); ++size) {
      f[frame].payload = good[frame].payload;
      f[frame].payload.resize(size);
      ASSERT_THROW(load(f), DecodeError) << frame << " " << size;
    }
    f[frame].payload = good[frame].payload;
    f[frame].payload.push_back(0);
    EXPECT_THROW(load(f), DecodeError) << frame;
    // The first residue of the first limb, and the last of the last.
    expect_refused(frame, kResiduesAt, ~std::uint64_t{0});
    expect_refused(frame, good[frame].payload.size() - 8, ~std::uint64_t{0});
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
  for (const auto& parameters : {small, bare}) {
    const std::vector<TestFrame> both{f[kToSparse], f[kToDense]};
    const Bytes bytes = contained(PayloadType::kEvaluationKeys, both);
    EXPECT_THROW(load(bytes, *parameters), DecodeError);
    EXPECT_EQ(
        memory_bytes_of_keys(ContainerReader(bytes, expecting(PayloadType::kEvaluationKeys)), *parameters),
        0u);
    auto forged = frames_of(expanded(), PayloadType::kExpandedKeys);
    std::ranges::copy(parameters->id(), forged.back().payload.begin());
    EXPECT_THROW(map(contained(PayloadType::kExpandedKeys, forged), *parameters), DecodeError);
  }
  // Of a key of one digit without special primes, all fields could be right.
  TestFrame whole{.tag = kRelinearizationTag, .payload = Bytes(rlwe::encoded_bytes_of_key(bare->spec(), 1))};
  std::ranges::copy(bare->id(), whole.payload.begin());
  whole.payload = with_value(with_value(whole.payload, kLimbsAt, 1u), kDigitsAt, 1u);
  EXPECT_THROW(load(contained(PayloadType::kEvaluationKeys, {{whole}}), *bare), DecodeError);
}

TEST_F(EncapsulationEncoding, KeysThatAreNotWholeDoNotTravel) {
  Bytes out;
  ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
  auto swapped = owner.generator.encapsulation_keys(owner.prng);
  std::swap(swapped.to_sparse, swapped.to_dense);
  EXPECT_THROW(writer.write_encapsulation(swapped), MismatchError);
  auto cut = owner.generator.encapsulation_keys(owner.prng);
  cut.to_dense.b[0].keep_limbs(2);
  EXPECT_THROW(writer.write_encapsulation(cut), ParametersError);
  TinyParties other(7);
  EXPECT_THROW(writer.write_encapsulation(other.generator.encapsulation_keys(other.prng)), MismatchError);
}

}  // namespace
}  // namespace cloister::wire
