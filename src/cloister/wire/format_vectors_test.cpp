// Files of format version 1, written once and kept for ever: whatever changes in Cloister, they must be read,
// be what they were, and be written again as they are. tests/vectors/wire_v1/README.md says what they hold.
#include <gtest/gtest.h>

#include <filesystem>

#include "cloister/base/file.h"
#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/public_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/modulus_raiser.h"
#include "cloister/wire/bfv_encoding.h"
#include "cloister/wire/ciphertext_file.h"
#include "cloister/wire/owner/secret_encoding.h"
#include "cloister/wire/rlwe_encoding.h"
#include "cloister/wire/testing/tiny_bfv_parties.h"
#include "cloister/wire/testing/tiny_parties.h"

namespace cloister::wire {
namespace {

namespace fs = std::filesystem;

constexpr SealingCost kCheap{.log2_n = 14, .r = 1, .p = 1};
constexpr const char* kPassphrase = "kept for ever";
constexpr std::size_t kLimbs = 3;
constexpr std::int64_t kSteps = 3;
constexpr int kWideDegree = 5;  // log2; the least ring of a sparse secret

fs::path vector_path(const char* name) { return fs::path(CLOISTER_WIRE_VECTORS) / name; }

class FormatVectors : public ::testing::Test {
 protected:
  TinyParties owner;  // only its parameters and values are the files'

  Bytes read(const char* name) {
    const auto bytes = read_file(vector_path(name), 1 << 20);
    return {bytes.begin(), bytes.end()};
  }
  rlwe::SecretKey secret() {
    return load_secret_key(vector_path("secret_key.bin"), owner.parameters->rlwe(), kTestPlan, nullptr,
                           owner.pool);
  }
  rlwe::EvaluationKeys keys() {
    auto reader =
        ContainerReader::open(vector_path("evaluation_keys.bin"), expecting(PayloadType::kEvaluationKeys));
    NoProgress progress;
    return load_evaluation_keys(reader, owner.rlwe(), kTestKeysLimits, owner.pool, progress);
  }
  CiphertextFileReader dataset() {
    return {ContainerReader::open(vector_path("dataset.bin"), expecting(PayloadType::kDataset)),
            {.kind = "vectors", .max_rows = 8, .max_columns = 1, .max_ciphertexts = 3},
            owner.parameters,
            owner.pool};
  }
  void expect_values(const ckks::Ciphertext& c, const std::function<double(std::size_t)>& exact) {
    const auto key = secret();
    const auto slots = ckks::Decryptor(key, owner.encoder, owner.pool).decrypt_real(c);
    for (std::size_t i = 0; i < slots.size(); ++i)
      EXPECT_LE(std::abs(slots[i] - exact(i)), c.bound.error) << i;
  }
};

TEST_F(FormatVectors, SecretKeysOpen) {
  const auto key = secret();
  const Passphrase passphrase = Passphrase::from_text(kPassphrase);
  const auto opened = load_secret_key(vector_path("secret_key_sealed.bin"), owner.parameters->rlwe(),
                                      kTestPlan, &passphrase, owner.pool);
  EXPECT_TRUE(std::ranges::equal(opened.coefficients(), key.coefficients()));
  const auto again = seal(encode_secret_key(key).span(), PayloadType::kSecretKey, kTestPlan,
                          Protection::none_at_callers_word());
  EXPECT_TRUE(std::ranges::equal(again, read("secret_key.bin")));
}

TEST_F(FormatVectors, DatasetDecryptsAndIsWrittenTheSame) {
  const auto reader = dataset();
  Bytes out;
  ContainerWriter container(out, PayloadType::kDataset, kTestPlan);
  CiphertextFileWriter writer(container, reader.header(), *owner.parameters, owner.pool);
  for (std::size_t i = 0; i < reader.size(); ++i) {
    const auto c = reader.load(i);
    expect_values(c, [&](std::size_t slot) { return owner.values()[slot]; });
    writer.write(c);
  }
  writer.finish();
  EXPECT_EQ(out, read("dataset.bin"));
  EXPECT_EQ(reader.header().metadata, R"({"kept":"for ever"})");
}

TEST_F(FormatVectors, EvaluationKeysWorkAndAreWrittenTheSame) {
  const auto loaded = keys();
  const ckks::Evaluator evaluator(owner.parameters, &loaded, owner.pool);
  const auto result = ckks::Rotations(evaluator).rotate(evaluator.square(dataset().load(0)), kSteps);
  const auto x = owner.values();
  expect_values(result, [&](std::size_t i) { return std::pow(x[(i + kSteps) % x.size()], 2); });

  Bytes out;
  ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
  writer.write_relinearization(loaded.relinearization());
  writer.write_galois(loaded.galois(owner.element_of(kSteps), "test"));
  container.finish();
  EXPECT_EQ(out, read("evaluation_keys.bin"));
}

TEST_F(FormatVectors, PublicKeyEncryptsAndIsWrittenTheSame) {
  auto reader = ContainerReader::open(vector_path("public_key.bin"), expecting(PayloadType::kPublicKey));
  const auto key = load_public_key(reader, owner.rlwe(), owner.pool);
  expect_values(
      ckks::encrypt(*owner.parameters, key, owner.encoder.encode(owner.values(), 1), owner.prng, owner.pool),
      [&](std::size_t i) { return owner.values()[i]; });
  Bytes out;
  ContainerWriter container(out, PayloadType::kPublicKey, kTestPlan);
  write_public_key(container, key, owner.rlwe(), owner.pool);
  container.finish();
  EXPECT_EQ(out, read("public_key.bin"));
}

// Added to version 1 with their tags. A ciphertext at level 0 that they raise and bring back is modulo the
// first prime what it was.
TEST_F(FormatVectors, EncapsulationKeysWorkAndAreWrittenTheSame) {
  TinyParties wide(kWideDegree);
  auto reader =
      ContainerReader::open(vector_path("encapsulation_keys.bin"), expecting(PayloadType::kEvaluationKeys));
  NoProgress progress;
  const auto loaded = load_evaluation_keys(reader, wide.rlwe(), kTestKeysLimits, wide.pool, progress);
  const auto key = load_secret_key(vector_path("encapsulation_secret_key.bin"), wide.parameters->rlwe(),
                                   kTestPlan, nullptr, wide.pool);
  auto c = ckks::encrypt(*wide.parameters, key, wide.encoder.encode(wide.values(), 0), wide.prng, wide.pool);
  auto raised = rlwe::ModulusRaiser(wide.parameters->rlwe(), wide.pool)
                    .raise(c.parts[0], c.parts[1], loaded.encapsulation());
  raised.first.keep_limbs(1);
  raised.second.keep_limbs(1);
  c.parts[0] = std::move(raised.first);
  c.parts[1] = std::move(raised.second);
  const auto slots = ckks::Decryptor(key, wide.encoder, wide.pool).decrypt_real(c);
  for (std::size_t i = 0; i < slots.size(); ++i) EXPECT_NEAR(slots[i], wide.values()[i], 1e-4) << i;

  Bytes out;
  ContainerWriter container(out, PayloadType::kEvaluationKeys, kTestPlan);
  EvaluationKeysWriter(container, wide.rlwe(), wide.pool).write_encapsulation(loaded.encapsulation());
  container.finish();
  EXPECT_EQ(out, read("encapsulation_keys.bin"));
}

// Parameters, and ciphertexts of them: seeded, at level 0, and a product in three parts.
TEST_F(FormatVectors, BfvFilesDecryptAndAreWrittenTheSame) {
  TinyBfvParties party;  // only its parameters and values are the files'
  auto reader =
      ContainerReader::open(vector_path("bfv_parameters.bin"), expecting(PayloadType::kBfvParameters));
  const auto spec = decode_parameters(reader.require_next(1, "parameters"));
  reader.expect_end();
  EXPECT_EQ(spec, party.parameters->spec());
  const auto key = load_secret_key(vector_path("bfv_secret_key.bin"), party.parameters->rlwe(), kTestPlan,
                                   nullptr, party.pool);
  const bfv::Decryptor decryptor(party.parameters, key, party.pool);
  const auto x = party.values();
  const Modulus t(party.t());
  std::vector<std::uint64_t> square(x.size());  // of the polynomial, modulo X^N + 1
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j) {
      std::uint64_t& to = square[(i + j) % x.size()];
      to = i + j < x.size() ? t.add(to, t.mul(x[i], x[j])) : t.sub(to, t.mul(x[i], x[j]));
    }
  auto ciphertexts =
      ContainerReader::open(vector_path("bfv_ciphertexts.bin"), expecting(PayloadType::kBfvCiphertexts));
  Bytes out;
  ContainerWriter container(out, PayloadType::kBfvCiphertexts, kTestPlan);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto c =
        decode_ciphertext(ciphertexts.require_next(1, "ciphertext"), *party.parameters, party.pool);
    EXPECT_EQ(party.encoder.decode_coefficients(decryptor.decrypt(c)), i < 2 ? x : square) << i;
    container.write_frame(1, encode_ciphertext(c, *party.parameters, party.pool));
  }
  container.finish();
  EXPECT_EQ(out, read("bfv_ciphertexts.bin"));
}

void write(const char* name, PayloadType type, const std::function<void(ContainerWriter&)>& body) {
  Bytes out;
  ContainerWriter container(out, type, kTestPlan);
  body(container);
  write_file(vector_path(name), out);
}

/// How the files were made. Run it with --gtest_also_run_disabled_tests for a new version's, into its own
/// folder; files that are there are never overwritten.
TEST_F(FormatVectors, DISABLED_WritesTheFilesOfANewVersion) {
  fs::create_directories(CLOISTER_WIRE_VECTORS);
  const Passphrase passphrase = Passphrase::from_text(kPassphrase);
  save_secret_key(vector_path("secret_key.bin"), owner.secret, kTestPlan, Protection::none_at_callers_word());
  save_secret_key(vector_path("secret_key_sealed.bin"), owner.secret, kTestPlan,
                  Protection::passphrase(passphrase, kCheap));
  write("public_key.bin", PayloadType::kPublicKey, [&](ContainerWriter& container) {
    write_public_key(container, owner.generator.public_key(owner.prng), owner.rlwe(), owner.pool);
    container.finish();
  });
  write("evaluation_keys.bin", PayloadType::kEvaluationKeys, [&](ContainerWriter& container) {
    EvaluationKeysWriter writer(container, owner.rlwe(), owner.pool);
    writer.write_relinearization(owner.generator.relinearization_key(owner.prng, kLimbs));
    writer.write_galois(owner.generator.galois_key(owner.element_of(kSteps), owner.prng, kLimbs));
    container.finish();
  });
  write("dataset.bin", PayloadType::kDataset, [&](ContainerWriter& container) {
    const CiphertextFileHeader header{.kind = "vectors",
                                      .rows = 8,
                                      .columns = 1,
                                      .blocks = 1,
                                      .ciphertexts = 3,
                                      .metadata = R"({"kept":"for ever"})"};
    CiphertextFileWriter writer(container, header, *owner.parameters, owner.pool);
    auto unseeded = owner.encrypt(1);
    unseeded.seed.reset();
    writer.write(owner.encrypt(2));
    writer.write(unseeded);
    writer.write(owner.encrypt(0));
    writer.finish();
  });
}

TEST_F(FormatVectors, DISABLED_WritesTheEncapsulationKeysOfANewVersion) {
  TinyParties wide(kWideDegree);
  save_secret_key(vector_path("encapsulation_secret_key.bin"), wide.secret, kTestPlan,
                  Protection::none_at_callers_word());
  write("encapsulation_keys.bin", PayloadType::kEvaluationKeys, [&](ContainerWriter& container) {
    EvaluationKeysWriter(container, wide.rlwe(), wide.pool)
        .write_encapsulation(wide.generator.encapsulation_keys(wide.prng));
    container.finish();
  });
}

TEST_F(FormatVectors, DISABLED_WritesTheBfvFilesOfANewVersion) {
  TinyBfvParties party;
  save_secret_key(vector_path("bfv_secret_key.bin"), party.secret, kTestPlan,
                  Protection::none_at_callers_word());
  write("bfv_parameters.bin", PayloadType::kBfvParameters, [&](ContainerWriter& container) {
    container.write_frame(1, encode_parameters(party.parameters->spec()));
    container.finish();
  });
  write("bfv_ciphertexts.bin", PayloadType::kBfvCiphertexts, [&](ContainerWriter& container) {
    const auto fresh = party.fresh();
    for (const auto& c : {party.fresh(), party.evaluator.modulus_switch(fresh, 0),
                          party.evaluator.multiply_lazy(fresh, fresh)})
      container.write_frame(1, encode_ciphertext(c, *party.parameters, party.pool));
    container.finish();
  });
}

}  // namespace
}  // namespace cloister::wire
