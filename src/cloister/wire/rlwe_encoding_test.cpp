#include "cloister/wire/rlwe_encoding.h"

#include <gtest/gtest.h>

#include "cloister/base/error.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/public_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

// Where an evaluation key's fields lie.
constexpr std::size_t kElementAt = 32, kLimbsAt = 40, kDigitsAt = 44, kResiduesAt = 80;
constexpr std::uint32_t kRelinearizationTag = 1, kGaloisTag = 2;

rlwe::EvaluationKeys load(const Bytes& bytes, TinyParties& owner,
                          const EvaluationKeysLimits& limits = kTestKeysLimits) {
  ContainerReader reader(bytes, expecting(PayloadType::kEvaluationKeys));
  NoProgress progress;
  return load_evaluation_keys(reader, owner.rlwe(), limits, owner.pool, progress);
}

class KeyEncoding : public ::testing::Test {
 protected:
  static constexpr std::size_t kLimbs = 3;
  TinyParties owner;
  rlwe::KeySwitchKey relinearization = owner.generator.relinearization_key(owner.prng, kLimbs);
  rlwe::GaloisKey rotation = owner.generator.galois_key(owner.element_of(1), owner.prng, kLimbs);
  rlwe::GaloisKey lower = owner.generator.galois_key(owner.element_of(2), owner.prng, 1);

  Bytes encoded() {
    Bytes out;
    ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
    EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    writer.write_galois(rotation);
    writer.write_relinearization(relinearization);
    writer.write_galois(lower);
    container.finish();
    return out;
  }
  std::vector<TestFrame> frames() { return frames_of(encoded(), PayloadType::kEvaluationKeys); }
  Bytes contained_keys(const std::vector<TestFrame>& f) { return contained(PayloadType::kEvaluationKeys, f); }
  template <typename T>
  void expect_refused(std::size_t frame, std::size_t offset, T value) {
    auto f = frames();
    f[frame].payload = with_value(f[frame].payload, offset, value);
    EXPECT_THROW(load(contained_keys(f), owner), DecodeError) << frame << " " << offset << " " << value;
  }
};

TEST_F(KeyEncoding, KeysComeBackBitExactWithTheirExpandedHalves) {
  const auto keys = load(encoded(), owner);
  ASSERT_EQ(keys.galois_keys().size(), 2u);
  EXPECT_TRUE(same(keys.relinearization(), relinearization));
  for (const rlwe::GaloisKey* key : {&rotation, &lower}) {
    const auto& back = keys.galois(key->automorphism.galois_element(), "test");
    EXPECT_TRUE(same(back.key, key->key));
    EXPECT_TRUE(std::equal(back.automorphism.map(),
                           back.automorphism.map() + owner.parameters->ring()->degree(),
                           key->automorphism.map()));
  }
}

TEST_F(KeyEncoding, NoKeysAtAllAreASet) {
  const auto keys = load(contained_keys({}), owner);
  EXPECT_FALSE(keys.has_relinearization());
  EXPECT_TRUE(keys.galois_keys().empty());
}

TEST_F(KeyEncoding, LoadedKeysComputeWhatTheOwnersDo) {
  TinyParties large(10);
  const std::size_t limbs = 3;
  rlwe::EvaluationKeys original;
  original.set_relinearization(large.generator.relinearization_key(large.prng, limbs));
  original.add_galois(large.generator.galois_key(large.element_of(3), large.prng, limbs));
  Bytes bytes;
  ContainerWriter container(bytes, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, large.rlwe(), large.pool);
  writer.write_relinearization(original.relinearization());
  writer.write_galois(original.galois(large.element_of(3), "test"));
  container.finish();
  const auto loaded = load(bytes, large);

  const auto a = large.encrypt();
  const auto compute = [&](const rlwe::EvaluationKeys& keys) {
    const ckks::Evaluator evaluator(large.parameters, &keys, large.pool);
    return ckks::Rotations(evaluator).rotate(evaluator.square(a), 3);
  };
  const auto result = compute(loaded);
  EXPECT_TRUE(same(result.parts, compute(original).parts));
  const auto slots = large.decryptor.decrypt_real(result);
  const auto x = large.values();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = x[(i + 3) % x.size()] * x[(i + 3) % x.size()];
    ASSERT_LE(std::abs(slots[i] - exact), result.bound.error);
  }
}

TEST_F(KeyEncoding, SizesArePredictedExactly) {
  const auto& spec = owner.rlwe().spec();
  const Bytes bytes = encoded();
  const auto f = frames();
  EXPECT_EQ(f[0].payload.size(), rlwe::encoded_bytes_of_key(spec, kLimbs));
  EXPECT_EQ(f[2].payload.size(), rlwe::encoded_bytes_of_key(spec, 1));
  EXPECT_EQ(bytes.size(), rlwe::kContainerBytes +
                              2 * rlwe::framed_bytes(rlwe::encoded_bytes_of_key(spec, kLimbs)) +
                              rlwe::framed_bytes(rlwe::encoded_bytes_of_key(spec, 1)));
  EXPECT_EQ(rlwe::memory_bytes_of_key(spec, kLimbs), 2 * relinearization.b.size() *
                                                         relinearization.b[0].limbs().count() *
                                                         owner.parameters->ring()->degree() * 8);
}

TEST(EncodedSize, FollowsTheBitsOfThePrimes) {
  // A chain need not be one that parameters accept. 8 residues of b bits are b bytes.
  const rlwe::ParametersSpec spec{
      .log2_degree = 3, .q_primes = {17, 97, 257}, .p_primes = {193, 65537}, .digits = 2};
  EXPECT_EQ(rlwe::encoded_bytes_of_poly(spec, {1, 0}), 5u);
  EXPECT_EQ(rlwe::encoded_bytes_of_poly(spec, {3, 0}), 5u + 7 + 9);
  EXPECT_EQ(rlwe::encoded_bytes_of_poly(spec, {2, 2}), 5u + 7 + 8 + 17);
  EXPECT_EQ(rlwe::encoded_bytes_of_key(spec, 2), 80u + 37);  // digits of two primes
  EXPECT_EQ(rlwe::encoded_bytes_of_key(spec, 3), 80u + 2 * 46);
  EXPECT_EQ(rlwe::encoded_bytes_of_ciphertext(spec, 1, false), 64u + 24);
  EXPECT_EQ(rlwe::encoded_bytes_of_ciphertext(spec, 1, true), 64u + 32 + 12);
  EXPECT_EQ(rlwe::encoded_bytes_of_ciphertext(spec, 1, true, 3), 64u + 32 + 24);
  EXPECT_EQ(rlwe::encoded_bytes_of_public_key(spec), 64u + 21);
  EXPECT_EQ(rlwe::encoded_bytes_of_key_to_sparse(spec), 80u + 5 + 7);  // 113 = 7 * 16 + 1 is near 4 * 17
  EXPECT_EQ(rlwe::encoded_bytes_of_key_to_dense(spec), 80u + 46);      // one digit
  EXPECT_EQ(rlwe::memory_bytes_of_key_to_sparse(spec), 2u * 2 * 8 * 8);
  EXPECT_EQ(rlwe::memory_bytes_of_key_to_dense(spec), 2u * 5 * 8 * 8);
  EXPECT_EQ(rlwe::memory_bytes_of_key(spec, 3), 2u * 2 * 5 * 8 * 8);
  for (const std::size_t limbs : {0, 4}) {
    EXPECT_THROW(rlwe::encoded_bytes_of_key(spec, limbs), ParametersError);
    EXPECT_THROW(rlwe::memory_bytes_of_key(spec, limbs), ParametersError);
  }
  EXPECT_THROW(rlwe::encoded_bytes_of_ciphertext(spec, -1, false), ParametersError);
  EXPECT_THROW(rlwe::encoded_bytes_of_ciphertext(spec, 3, false), ParametersError);
  EXPECT_THROW(rlwe::encoded_bytes_of_poly({.log2_degree = 18, .q_primes = {17}, .p_primes = {}}, {1, 0}),
               ParametersError);
  for (const int log2_degree : {-1, 2, 18, 64}) {
    const rlwe::ParametersSpec out{.log2_degree = log2_degree, .q_primes = {17}, .p_primes = {97}};
    EXPECT_THROW(rlwe::encoded_bytes_of_key_to_sparse(out), ParametersError);
    EXPECT_THROW(rlwe::memory_bytes_of_key_to_sparse(out), ParametersError);
    EXPECT_THROW(rlwe::encoded_bytes_of_key_to_dense(out), ParametersError);
  }
  const rlwe::ParametersSpec none{.log2_degree = 3, .q_primes = {}, .p_primes = {97}};
  EXPECT_THROW(rlwe::encoded_bytes_of_key_to_sparse(none), ParametersError);
  EXPECT_THROW(rlwe::memory_bytes_of_key_to_dense(none), ParametersError);
  EXPECT_THROW(
      rlwe::encoded_bytes_of_key({.log2_degree = 3, .q_primes = {17}, .p_primes = {}, .digits = 0}, 1),
      ParametersError);
}

TEST_F(KeyEncoding, ProgressCountsKeysAndMayStop) {
  struct Recorder final : Progress {
    void update(std::string_view stage, std::uint64_t done, std::uint64_t total) override {
      EXPECT_EQ(stage, "load keys");
      EXPECT_EQ(total, 3u);
      seen.push_back(done);
      if (done == stop_at) throw Error(ErrorCode::kCancelled, "stopped");
    }
    std::vector<std::uint64_t> seen;
    std::uint64_t stop_at = 99;
  } all, stopped;
  const Bytes bytes = encoded();
  ContainerReader reader(bytes, expecting(PayloadType::kEvaluationKeys));
  load_evaluation_keys(reader, owner.rlwe(), kTestKeysLimits, owner.pool, all);
  EXPECT_EQ(all.seen, (std::vector<std::uint64_t>{0, 1, 2, 3}));
  stopped.stop_at = 2;
  EXPECT_THROW(load_evaluation_keys(reader, owner.rlwe(), kTestKeysLimits, owner.pool, stopped), Error);
  EXPECT_EQ(stopped.seen.back(), 2u);
  const ThreadPool two(2);
  Recorder pairs;
  EXPECT_TRUE(same(load_evaluation_keys(reader, owner.rlwe(), kTestKeysLimits, two, pairs).relinearization(),
                   relinearization));
  EXPECT_EQ(pairs.seen, (std::vector<std::uint64_t>{0, 2, 3}));
}

TEST_F(KeyEncoding, LimitsHold) {
  const Bytes bytes = encoded();
  EXPECT_THROW(load(bytes, owner, {.max_keys = 2, .max_memory_bytes = 1 << 24}), ResourceError);
  const auto& spec = owner.rlwe().spec();
  const std::uint64_t memory =
      2 * rlwe::memory_bytes_of_key(spec, kLimbs) + rlwe::memory_bytes_of_key(spec, 1);
  EXPECT_NO_THROW(load(bytes, owner, {.max_keys = 3, .max_memory_bytes = memory}));
  EXPECT_THROW(load(bytes, owner, {.max_keys = 3, .max_memory_bytes = memory - 1}), ResourceError);
}

TEST_F(KeyEncoding, EveryFieldIsBounded) {
  const std::uint64_t twice = 2 * owner.parameters->ring()->degree();
  for (const std::uint64_t element : {std::uint64_t{0}, std::uint64_t{4}, twice + 1, ~std::uint64_t{0}})
    expect_refused(0, kElementAt, element);
  expect_refused(1, kElementAt, std::uint64_t{5});                        // a relinearization key has none
  expect_refused(2, kElementAt, rotation.automorphism.galois_element());  // there twice
  for (const std::uint32_t limbs : {0u, 2u, 4u, 0xffffffffu}) expect_refused(0, kLimbsAt, limbs);
  for (const std::uint32_t digits : {0u, 1u, 3u, 0xffffffffu}) expect_refused(0, kDigitsAt, digits);
  expect_refused(0, kResiduesAt, ~std::uint64_t{0});
}

TEST_F(KeyEncoding, FramesAreWhatTheirTagSays) {
  auto f = frames();
  f[0].tag = 3;
  EXPECT_THROW(load(contained_keys(f), owner), DecodeError);
  f[0].tag = kRelinearizationTag;
  EXPECT_THROW(load(contained_keys(f), owner), DecodeError);
  f = frames();
  f[1].tag = kGaloisTag;
  EXPECT_THROW(load(contained_keys(f), owner), DecodeError);
  f = frames();
  f.push_back(f[1]);
  EXPECT_THROW(load(contained_keys(f), owner), DecodeError);  // relinearization twice
}

TEST_F(KeyEncoding, ErrorsNameTheSourceAndTheKey) {
  auto f = frames();
  f[2].payload = with_value(f[2].payload, kLimbsAt, 9u);
  try {
    load(contained_keys(f), owner);
    FAIL();
  } catch (const DecodeError& e) {
    EXPECT_EQ(e.field(), "the message, key 2");
    EXPECT_NE(std::string(e.what()).find("limbs"), std::string::npos);
  }
}

TEST_F(KeyEncoding, OtherParametersAndPlansAreRefused) {
  TinyParties other(5);
  EXPECT_THROW(load(encoded(), other), MismatchError);
  // Of a larger ring, though this one lacks its Galois element.
  auto f = frames();
  f[0].payload = with_value(f[0].payload, kElementAt, std::uint64_t{33});
  std::ranges::copy(other.rlwe().id(), f[0].payload.begin());
  EXPECT_THROW(load(contained_keys(f), owner), MismatchError);
  Bytes out;
  ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, other.rlwe(), other.pool);
  EXPECT_THROW(writer.write_galois(rotation), MismatchError);
  // Of a larger ring, whose element is none of the smaller one.
  writer.write_galois(other.generator.galois_key(other.element_of(3), other.prng, 1));
  container.finish();
  ASSERT_GT(other.element_of(3), 2 * owner.parameters->ring()->degree());
  EXPECT_THROW(load(out, owner), MismatchError);
  EXPECT_THROW(ContainerReader(encoded(), expecting(PayloadType::kEvaluationKeys, PlanId{4})), MismatchError);
}

TEST_F(KeyEncoding, KeysThatAreNotWholeDoNotTravel) {
  Bytes out;
  ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
  relinearization.b.pop_back();
  EXPECT_THROW(writer.write_relinearization(relinearization), ParametersError);
  relinearization.b.clear();
  EXPECT_THROW(writer.write_relinearization(relinearization), ParametersError);
  rotation.key.b[1] = EvaluationPoly(owner.parameters->ring(), {2, owner.parameters->ring()->p_count()});
  EXPECT_THROW(writer.write_galois(rotation), ParametersError);
}

TEST_F(KeyEncoding, NothingShorterIsAcceptedAndNoBitMayFlip) {
  const Bytes good = encoded();
  for (std::size_t size = 0; size < good.size(); ++size)
    ASSERT_THROW(load(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), owner), Error)
        << size;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes flipped = good;
    flipped[i] ^= static_cast<std::uint8_t>(1 << i % 8);
    ASSERT_THROW(load(flipped, owner), Error) << i;
  }
  // The same inside a frame whose checksum fits.
  const auto f = frames();
  for (std::size_t size = 0; size < f[0].payload.size(); ++size) {
    auto cut = f;
    cut[0].payload.resize(size);
    ASSERT_THROW(load(contained_keys(cut), owner), DecodeError) << size;
  }
}

class PublicKeyEncoding : public ::testing::Test {
 protected:
  TinyParties owner;
  rlwe::PublicKey key = owner.generator.public_key(owner.prng);

  Bytes encoded() {
    Bytes out;
    ContainerWriter container(out, PayloadType::kPublicKey, kTestPlan);
    write_public_key(container, key, owner.rlwe(), owner.pool);
    container.finish();
    return out;
  }
  rlwe::PublicKey load(const Bytes& bytes, const rlwe::Parameters& parameters) {
    ContainerReader reader(bytes, expecting(PayloadType::kPublicKey));
    return load_public_key(reader, parameters, owner.pool);
  }
};

TEST_F(PublicKeyEncoding, ComesBackBitExactAndEncrypts) {
  const Bytes bytes = encoded();
  EXPECT_EQ(bytes.size(), rlwe::kContainerBytes +
                              rlwe::framed_bytes(rlwe::encoded_bytes_of_public_key(owner.rlwe().spec())));
  const auto back = load(bytes, owner.rlwe());
  EXPECT_TRUE(same(back.b, key.b));
  EXPECT_TRUE(same(back.a, key.a));
  EXPECT_EQ(back.seed.bytes(), key.seed.bytes());
  const auto c =
      ckks::encrypt(*owner.parameters, back, owner.encoder.encode(owner.values(), 2), owner.prng, owner.pool);
  const auto slots = owner.decryptor.decrypt_real(c);
  for (std::size_t i = 0; i < slots.size(); ++i)
    EXPECT_LE(std::abs(slots[i] - owner.values()[i]), c.bound.error);
}

TEST_F(PublicKeyEncoding, WhatIsNotExactlyOneIsRefused) {
  const Bytes good = encoded();
  const auto f = frames_of(good, PayloadType::kPublicKey);
  const auto refused = [&](const std::vector<TestFrame>& frames) {
    EXPECT_THROW(load(contained(PayloadType::kPublicKey, frames), owner.rlwe()), DecodeError);
  };
  refused({});
  refused({f[0], f[0]});
  refused({{.tag = 2, .payload = f[0].payload}});
  refused({{.tag = 1, .payload = with_value(f[0].payload, f[0].payload.size() - 8, ~std::uint64_t{0})}});
  for (std::size_t size = 0; size < f[0].payload.size(); ++size)
    refused(
        {{.tag = 1,
          .payload = Bytes(f[0].payload.begin(), f[0].payload.begin() + static_cast<std::ptrdiff_t>(size))}});
  EXPECT_THROW(load(good, TinyParties(5).rlwe()), MismatchError);
  EXPECT_THROW(load(with_value<std::uint8_t>(good, 100, 0x55), owner.rlwe()), DecodeError);
  key.b.keep_limbs(2);
  EXPECT_THROW(encoded(), ParametersError);
}

}  // namespace
}  // namespace cloister::wire
