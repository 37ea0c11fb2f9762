#include "bindings/rlwe_keys.h"

#include <optional>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/rlwe/owner/key_generator.h"
#include "cloister/wire/container.h"
#include "cloister/wire/owner/secret_encoding.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::python {
namespace {

// The parameters stand for the plan, which there is none of.
wire::ContainerReader reader_of(const rlwe::Parameters& parameters, std::span<const std::uint8_t> bytes,
                                wire::PayloadType type) {
  return {bytes, {type, parameters.id()}, "the key"};
}

void check_secret(const SecretKeyHandle& secret, const rlwe::Parameters& parameters) {
  const rlwe::Parameters& its_own = *secret.key->parameters();
  if (its_own.id() != parameters.id())
    throw MismatchError("the secret key belongs to other parameters", to_hex(its_own.id()),
                        to_hex(parameters.id()));
}

}  // namespace

SecretKeyHandle RlweKeys::secret_key() const {
  Prng prng = Prng::from_system();
  return {std::make_shared<const rlwe::SecretKey>(rlwe::SecretKey::generate(rlwe_, prng, pool()))};
}

PublicKeyHandle RlweKeys::public_key(const SecretKeyHandle& secret) const {
  check_secret(secret, *rlwe_);
  Prng prng = Prng::from_system();
  return {std::make_shared<const rlwe::PublicKey>(rlwe::KeyGenerator(*secret.key, pool()).public_key(prng))};
}

RelinearizationKeys RlweKeys::relinearization_keys(const SecretKeyHandle& secret) const {
  check_secret(secret, *rlwe_);
  Prng prng = Prng::from_system();
  auto keys = std::make_shared<rlwe::EvaluationKeys>();
  keys->set_relinearization(
      rlwe::KeyGenerator(*secret.key, pool()).relinearization_key(prng, rlwe_->ring()->q_count()));
  return {{std::move(keys)}};
}

GaloisKeys RlweKeys::galois_keys(const SecretKeyHandle& secret) const {
  check_secret(secret, *rlwe_);
  const auto elements = galois_elements();
  const rlwe::KeyGenerator generator(*secret.key, pool());
  std::vector<std::optional<rlwe::GaloisKey>> made(elements.size());
  watched().parallel_for(elements.size(), [&](std::size_t i) {
    Prng prng = Prng::from_system();
    made[i].emplace(generator.galois_key(elements[i], prng, rlwe_->ring()->q_count()));
  });
  auto keys = std::make_shared<rlwe::EvaluationKeys>();
  for (auto& key : made) keys->add_galois(std::move(*key));
  return {{std::move(keys)}};
}

Bytes RlweKeys::to_bytes(const SecretKeyHandle& key) const {
  const auto secret = wire::encode_secret_key(*key.key);
  return {secret.span().begin(), secret.span().end()};
}

SecretKeyHandle RlweKeys::secret_key_from(std::span<const std::uint8_t> bytes) const {
  return {std::make_shared<const rlwe::SecretKey>(wire::decode_secret_key(bytes, rlwe_, pool()))};
}

Bytes RlweKeys::to_bytes(const PublicKeyHandle& key) const {
  Bytes out;
  wire::ContainerWriter writer(out, wire::PayloadType::kPublicKey, rlwe_->id());
  wire::write_public_key(writer, *key.key, *rlwe_, pool());
  writer.finish();
  return out;
}

PublicKeyHandle RlweKeys::public_key_from(std::span<const std::uint8_t> bytes) const {
  auto reader = reader_of(*rlwe_, bytes, wire::PayloadType::kPublicKey);
  return {std::make_shared<const rlwe::PublicKey>(wire::load_public_key(reader, *rlwe_, pool()))};
}

Bytes RlweKeys::to_bytes(const rlwe::EvaluationKeys& keys) const {
  Bytes out;
  wire::ContainerWriter writer(out, wire::PayloadType::kEvaluationKeys, rlwe_->id());
  wire::EvaluationKeysWriter each(writer, *rlwe_, pool());
  if (keys.has_relinearization()) each.write_relinearization(keys.relinearization());
  PythonProgress progress(watched().progress(), PythonProgress::Clock::now());
  std::uint64_t written = 0;
  for (const auto& entry : keys.galois_keys()) {
    progress.update("save keys", written++, keys.galois_keys().size());
    each.write_galois(entry.second);
  }
  writer.finish();
  return out;
}

std::shared_ptr<const rlwe::EvaluationKeys> RlweKeys::evaluation_keys_from(
    std::span<const std::uint8_t> bytes) const {
  auto reader = reader_of(*rlwe_, bytes, wire::PayloadType::kEvaluationKeys);
  const std::size_t most = 3 * static_cast<std::size_t>(rlwe_->spec().log2_degree);
  const std::uint64_t each = rlwe::memory_bytes_of_key(rlwe_->spec(), rlwe_->ring()->q_count());
  PythonProgress progress(watched().progress(), PythonProgress::Clock::now());
  return std::make_shared<const rlwe::EvaluationKeys>(
      wire::load_evaluation_keys(reader, *rlwe_, {most, most * each}, pool(), progress));
}

Bytes joined_rows(const std::vector<Bytes>& rows) {
  ByteWriter out;
  out.put(static_cast<std::uint32_t>(rows.size()));
  for (const auto& row : rows) {
    out.put(std::uint64_t{row.size()});
    out.put_raw(row);
  }
  return {out.bytes().begin(), out.bytes().end()};
}

std::vector<std::span<const std::uint8_t>> split_rows(std::span<const std::uint8_t> bytes) {
  ByteReader in(bytes);
  const auto count = in.get<std::uint32_t>("ciphertexts");
  std::vector<std::span<const std::uint8_t>> rows;
  for (std::uint32_t i = 0; i < count; ++i)
    rows.push_back(in.get_raw(in.get<std::uint64_t>("length"), "ciphertext"));
  if (in.remaining() != 0) throw DecodeError("ciphertexts", bytes.size() - in.remaining(), "bytes are left");
  return rows;
}

}  // namespace cloister::python
