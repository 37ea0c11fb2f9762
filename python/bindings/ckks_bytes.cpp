#include "bindings/ckks_bytes.h"

#include "cloister/base/bytes.h"
#include "cloister/base/progress.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/ckks_encoding.h"
#include "cloister/wire/container.h"
#include "cloister/wire/owner/secret_encoding.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::python {
namespace {

// The parameters stand for the plan, which there is none of.
const wire::PlanId& plan_of(const CkksEngine& engine) { return engine.parameters().rlwe()->id(); }

wire::ContainerReader reader_of(const CkksEngine& engine, std::span<const std::uint8_t> bytes,
                                wire::PayloadType type) {
  return {bytes, {type, plan_of(engine)}, "the key"};
}

}  // namespace

Bytes to_bytes(const CkksEngine& engine, const Ciphertexts& ciphertexts) {
  std::vector<Bytes> rows(ciphertexts.size());
  engine.pool().parallel_for(rows.size(), [&](std::size_t i) {
    rows[i] = wire::encode_ciphertext(*ciphertexts.rows[i], engine.parameters(), engine.pool());
  });
  ByteWriter out;
  out.put(static_cast<std::uint32_t>(rows.size()));
  for (const auto& row : rows) {
    out.put(std::uint64_t{row.size()});
    out.put_raw(row);
  }
  return {out.bytes().begin(), out.bytes().end()};
}

Ciphertexts ciphertexts_from(const CkksEngine& engine, std::span<const std::uint8_t> bytes) {
  ByteReader in(bytes);
  const auto count = in.get<std::uint32_t>("ciphertexts");
  std::vector<std::span<const std::uint8_t>> rows;
  for (std::uint32_t i = 0; i < count; ++i)
    rows.push_back(in.get_raw(in.get<std::uint64_t>("length"), "ciphertext"));
  if (in.remaining() != 0) throw DecodeError("ciphertexts", bytes.size() - in.remaining(), "bytes are left");
  Ciphertexts out;
  out.rows.resize(rows.size());
  engine.pool().parallel_for(rows.size(), [&](std::size_t i) {
    out.rows[i] = std::make_shared<const ckks::Ciphertext>(ckks::Evaluator::with_bound(
        wire::decode_ciphertext(rows[i], engine.parameters(), engine.pool()), CkksEngine::kUnbounded));
  });
  return out;
}

Bytes to_bytes(const SecretKeyHandle& key) {
  const auto secret = wire::encode_secret_key(*key.key);
  return {secret.span().begin(), secret.span().end()};
}

SecretKeyHandle secret_key_from(const CkksEngine& engine, std::span<const std::uint8_t> bytes) {
  return {std::make_shared<const rlwe::SecretKey>(
      wire::decode_secret_key(bytes, engine.parameters().rlwe(), engine.pool()))};
}

Bytes to_bytes(const CkksEngine& engine, const PublicKeyHandle& key) {
  Bytes out;
  wire::ContainerWriter writer(out, wire::PayloadType::kPublicKey, plan_of(engine));
  wire::write_public_key(writer, *key.key, *engine.parameters().rlwe(), engine.pool());
  writer.finish();
  return out;
}

PublicKeyHandle public_key_from(const CkksEngine& engine, std::span<const std::uint8_t> bytes) {
  auto reader = reader_of(engine, bytes, wire::PayloadType::kPublicKey);
  return {std::make_shared<const rlwe::PublicKey>(
      wire::load_public_key(reader, *engine.parameters().rlwe(), engine.pool()))};
}

Bytes to_bytes(const CkksEngine& engine, const rlwe::EvaluationKeys& keys) {
  Bytes out;
  wire::ContainerWriter writer(out, wire::PayloadType::kEvaluationKeys, plan_of(engine));
  wire::EvaluationKeysWriter each(writer, *engine.parameters().rlwe(), engine.pool());
  if (keys.has_relinearization()) each.write_relinearization(keys.relinearization());
  for (const auto& entry : keys.galois_keys()) each.write_galois(entry.second);
  writer.finish();
  return out;
}

std::shared_ptr<const rlwe::EvaluationKeys> evaluation_keys_from(const CkksEngine& engine,
                                                                 std::span<const std::uint8_t> bytes) {
  auto reader = reader_of(engine, bytes, wire::PayloadType::kEvaluationKeys);
  const auto& parameters = *engine.parameters().rlwe();
  const std::size_t most = 3 * static_cast<std::size_t>(parameters.spec().log2_degree);
  const std::uint64_t each = rlwe::memory_bytes_of_key(parameters.spec(), parameters.ring()->q_count());
  NoProgress progress;
  return std::make_shared<const rlwe::EvaluationKeys>(
      wire::load_evaluation_keys(reader, parameters, {most, most * each}, engine.pool(), progress));
}

}  // namespace cloister::python
