#include <gtest/gtest.h>

#include <functional>

#include "cloister/base/error.h"
#include "cloister/wire/bfv_encoding.h"
#include "cloister/wire/checkpoint.h"
#include "cloister/wire/ciphertext_file.h"
#include "cloister/wire/ckks_encoding.h"
#include "cloister/wire/expanded_keys.h"
#include "cloister/wire/owner/secret_encoding.h"
#include "cloister/wire/rlwe_encoding.h"
#include "cloister/wire/testing/mutator.h"
#include "cloister/wire/testing/tiny_bfv_parties.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

constexpr int kRounds = 5000;
constexpr std::uint64_t kSeed = 20240229;

/// Feeds damaged bytes to `decode`, which encodes again what it accepted. Only Cloister's own errors may come
/// out, none of them a defect's; and what is accepted must be the one encoding of what was understood.
void fuzz(const Bytes& good, const std::function<Bytes(const Bytes&)>& decode_and_encode) {
  ASSERT_EQ(decode_and_encode(good), good);
  Mutator mutate(kSeed);
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Bytes bytes = mutate(good);
    try {
      ASSERT_EQ(decode_and_encode(bytes), bytes) << "seed " << kSeed << ", round " << round;
    } catch (const Error& e) {
      ++refused;
      ASSERT_NE(e.code(), ErrorCode::kInternal) << e.what() << " at seed " << kSeed << ", round " << round;
      ASSERT_NE(e.code(), ErrorCode::kInvalidArgument)
          << e.what() << " at seed " << kSeed << ", round " << round;
    }
  }
  EXPECT_GT(refused, kRounds / 4);  // the mutations bite
}

class EncodingFuzz : public ::testing::Test {
 protected:
  explicit EncodingFuzz(int log2_degree = 3) : owner(log2_degree) {}
  TinyParties owner;

  Bytes keys(const std::function<void(EvaluationKeysWriter&)>& write) {
    Bytes out;
    ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
    EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    write(writer);
    container.finish();
    return out;
  }
  Bytes keys_again(const Bytes& bytes) {
    ContainerReader reader(bytes, expecting(PayloadType::kEvaluationKeys));
    NoProgress progress;
    const auto loaded = load_evaluation_keys(reader, owner.rlwe(), kTestKeysLimits, owner.pool, progress);
    return keys([&](EvaluationKeysWriter& writer) {
      if (loaded.has_relinearization()) writer.write_relinearization(loaded.relinearization());
      if (loaded.has_encapsulation()) writer.write_encapsulation(loaded.encapsulation());
      for (const auto& [element, key] : loaded.galois_keys()) writer.write_galois(key);
    });
  }
  Bytes ciphertext_again(const Bytes& bytes) {
    return encode_ciphertext(decode_ciphertext(bytes, *owner.parameters, owner.pool), *owner.parameters,
                             owner.pool);
  }
  Bytes file_again(const Bytes& bytes) {
    const CiphertextFileReader reader(ContainerReader(bytes, expecting(PayloadType::kDataset)),
                                      {"rows", ~std::uint64_t{0}, 0xffffffff, 8}, owner.parameters,
                                      owner.pool);
    Bytes out;
    ContainerWriter container(out, PayloadType::kDataset, kTestPlan);
    CiphertextFileWriter writer(container, reader.header(), *owner.parameters, owner.pool);
    for (std::size_t i = 0; i < reader.size(); ++i) writer.write(reader.load(i));
    writer.finish();
    return out;
  }
  /// The manifest and the whole of these keys' expanded file. Accepted keys are read to their last residue,
  /// where the sanitizer looks on.
  void fuzz_expanded(const Bytes& packed) {
    const ContainerReader source(packed, expecting(PayloadType::kEvaluationKeys));
    Bytes good;
    ContainerWriter container(good, PayloadType::kExpandedKeys, kTestPlan);
    NoProgress progress;
    write_expanded_keys(container, source, owner.rlwe(), kTestKeysLimits, owner.pool, progress);
    const auto again = [&](const Bytes& bytes) {
      const auto aligned = Buffer<std::uint8_t>::copy_of(bytes);
      const auto mapped =
          map_expanded_keys(ContainerReader(aligned.span(), expecting(PayloadType::kExpandedKeys)),
                            source.digest(), owner.rlwe(), kTestKeysLimits);
      std::vector<const rlwe::KeySwitchKey*> all;
      if (mapped.has_relinearization()) all.push_back(&mapped.relinearization());
      if (mapped.has_encapsulation())
        all.insert(all.end(), {&mapped.encapsulation().to_sparse, &mapped.encapsulation().to_dense});
      for (const auto& [element, key] : mapped.galois_keys()) all.push_back(&key.key);
      for (const rlwe::KeySwitchKey* key : all)
        for (std::size_t d = 0; d < key->b.size(); ++d) EXPECT_FALSE(same(key->b[d].clone(), key->a[d]));
      return bytes;
    };
    fuzz_frame(good, PayloadType::kExpandedKeys, source.size(), again);
    fuzz(good, again);
  }
  /// Damages one frame's payload and lets its checksum fit, as a forger would.
  void fuzz_frame(const Bytes& good, PayloadType type, std::size_t frame,
                  const std::function<Bytes(const Bytes&)>& again) {
    auto frames = frames_of(good, type);
    fuzz(frames[frame].payload, [&](const Bytes& payload) {
      frames[frame].payload = payload;
      return frames_of(again(contained(type, frames)), type)[frame].payload;
    });
  }
};

TEST_F(EncodingFuzz, Ciphertext) {
  auto c = owner.encrypt(1);
  const auto again = [this](const Bytes& bytes) { return ciphertext_again(bytes); };
  fuzz(encode_ciphertext(c, *owner.parameters, owner.pool), again);
  c.seed.reset();
  fuzz(encode_ciphertext(c, *owner.parameters, owner.pool), again);
}

TEST_F(EncodingFuzz, BfvCiphertext) {
  TinyBfvParties tiny(97, 3);
  const auto again = [&tiny](const Bytes& bytes) {
    return encode_ciphertext(decode_ciphertext(bytes, *tiny.parameters, tiny.pool), *tiny.parameters,
                             tiny.pool);
  };
  fuzz(encode_ciphertext(tiny.fresh(), *tiny.parameters, tiny.pool), again);
  fuzz(encode_ciphertext(tiny.unseeded(1), *tiny.parameters, tiny.pool), again);
  fuzz(encode_ciphertext(tiny.three_parts(), *tiny.parameters, tiny.pool), again);
}

TEST_F(EncodingFuzz, BfvParameters) {
  fuzz(encode_parameters(bfv::Parameters::default_spec(12, 65537)),
       [](const Bytes& bytes) { return encode_parameters(decode_parameters(bytes)); });
}

TEST_F(EncodingFuzz, EvaluationKeys) {
  const auto again = [this](const Bytes& bytes) { return keys_again(bytes); };
  const Bytes good = keys([this](EvaluationKeysWriter& writer) {
    writer.write_relinearization(owner.generator.relinearization_key(owner.prng, 2));
    writer.write_galois(owner.generator.galois_key(owner.element_of(1), owner.prng, 1));
  });
  fuzz_frame(good, PayloadType::kEvaluationKeys, 0, again);
  fuzz_frame(good, PayloadType::kEvaluationKeys, 1, again);
  fuzz(good, again);
}

TEST_F(EncodingFuzz, ExpandedKeys) {
  fuzz_expanded(keys([this](EvaluationKeysWriter& writer) {
    writer.write_relinearization(owner.generator.relinearization_key(owner.prng, 2));
    writer.write_galois(owner.generator.galois_key(owner.element_of(1), owner.prng, 1));
  }));
}

class EncapsulationFuzz : public EncodingFuzz {
 protected:
  EncapsulationFuzz() : EncodingFuzz(5) {}  // the least ring of a sparse secret
  Bytes good = keys([this](EvaluationKeysWriter& writer) {
    writer.write_relinearization(owner.generator.relinearization_key(owner.prng, 2));
    writer.write_encapsulation(owner.generator.encapsulation_keys(owner.prng));
    writer.write_galois(owner.generator.galois_key(owner.element_of(1), owner.prng, 1));
  });
};

TEST_F(EncapsulationFuzz, Keys) {
  const auto again = [this](const Bytes& bytes) { return keys_again(bytes); };
  for (const std::size_t frame : {0, 1, 2, 3}) fuzz_frame(good, PayloadType::kEvaluationKeys, frame, again);
  fuzz(good, again);
}

TEST_F(EncapsulationFuzz, ExpandedKeys) { fuzz_expanded(good); }

TEST_F(EncodingFuzz, PublicKey) {
  const auto again = [this](const Bytes& bytes) {
    ContainerReader reader(bytes, expecting(PayloadType::kPublicKey));
    Bytes out;
    ContainerWriter container(out, PayloadType::kPublicKey, kTestPlan);
    write_public_key(container, load_public_key(reader, owner.rlwe(), owner.pool), owner.rlwe(), owner.pool);
    container.finish();
    return out;
  };
  Bytes good;
  ContainerWriter container(good, PayloadType::kPublicKey, kTestPlan);
  write_public_key(container, owner.generator.public_key(owner.prng), owner.rlwe(), owner.pool);
  container.finish();
  fuzz_frame(good, PayloadType::kPublicKey, 0, again);
}

TEST_F(EncodingFuzz, CiphertextFile) {
  const auto again = [this](const Bytes& bytes) { return file_again(bytes); };
  Bytes good;
  ContainerWriter container(good, PayloadType::kDataset, kTestPlan);
  const CiphertextFileHeader header{
      .kind = "rows", .rows = 4, .columns = 2, .blocks = 1, .ciphertexts = 2, .metadata = "{}"};
  CiphertextFileWriter writer(container, header, *owner.parameters, owner.pool);
  writer.write(owner.encrypt(1));
  writer.write(owner.encrypt(0));
  writer.finish();
  fuzz_frame(good, PayloadType::kDataset, 0, again);
  fuzz_frame(good, PayloadType::kDataset, 2, again);
  fuzz(good, again);
}

TEST_F(EncodingFuzz, Checkpoint) {
  const CheckpointLimits limits{.max_ciphertexts = 3};
  const auto encoded = [&](const CheckpointOrigin& origin, const TrainingState& state) {
    Bytes out;
    ContainerWriter container(out, PayloadType::kCheckpoint, kTestPlan);
    write_checkpoint(container, origin, state, *owner.parameters, limits, owner.pool);
    return out;
  };
  const auto again = [&](const Bytes& bytes) {
    const ContainerReader reader(bytes, expecting(PayloadType::kCheckpoint));
    return encoded(read_checkpoint_origin(reader),
                   read_checkpoint(reader, *owner.parameters, limits, owner.pool));
  };
  TrainingState state{5, "gradient", {}};
  state.ciphertexts.push_back(owner.encrypt(1));
  state.ciphertexts.push_back(owner.encrypt(0));
  const Bytes good = encoded({Bytes32{1}, Bytes32{2}, 3}, state);
  fuzz_frame(good, PayloadType::kCheckpoint, 0, again);
  fuzz_frame(good, PayloadType::kCheckpoint, 2, again);
  fuzz(good, again);
}

TEST_F(EncodingFuzz, SecretKey) {
  const auto secret = encode_secret_key(owner.secret);
  fuzz(Bytes(secret.begin(), secret.end()), [this](const Bytes& bytes) {
    const auto back = encode_secret_key(decode_secret_key(bytes, owner.parameters->rlwe(), owner.pool));
    return Bytes(back.begin(), back.end());
  });
}

}  // namespace
}  // namespace cloister::wire
