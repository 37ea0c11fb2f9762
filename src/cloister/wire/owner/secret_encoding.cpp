#include "cloister/wire/owner/secret_encoding.h"

#include <algorithm>
#include <utility>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

constexpr std::size_t kBits = 2;
constexpr std::size_t kInAByte = 8 / kBits;

std::size_t packed_coefficients(std::size_t degree) { return degree / kInAByte; }

}  // namespace

SecretBuffer<std::uint8_t> encode_secret_key(const rlwe::SecretKey& key) {
  const auto coefficients = key.coefficients();
  SecretBuffer<std::uint8_t> out(rlwe::kParametersIdBytes + packed_coefficients(coefficients.size()));
  std::ranges::copy(key.parameters()->id(), out.begin());
  const auto packed = out.span().subspan(rlwe::kParametersIdBytes);
  for (std::size_t i = 0; i < coefficients.size(); ++i)
    packed[i / kInAByte] |= static_cast<std::uint8_t>((coefficients[i] + 1) << i % kInAByte * kBits);
  return out;
}

rlwe::SecretKey decode_secret_key(std::span<const std::uint8_t> secret,
                                  std::shared_ptr<const rlwe::Parameters> parameters,
                                  const ThreadPool& pool) {
  constexpr const char* kWhat = "the secret key";
  ByteReader reader(secret);
  internal::require_parameters_id(reader.get_bytes32("parameters"), *parameters, kWhat);
  SecretBuffer<std::int8_t> coefficients(parameters->ring()->degree());
  internal::require_size(secret.size(), rlwe::kParametersIdBytes + packed_coefficients(coefficients.size()),
                         kWhat);
  const auto packed = reader.get_raw(reader.remaining(), "coefficients");
  for (std::size_t i = 0; i < coefficients.size(); ++i)
    coefficients[i] = static_cast<std::int8_t>((packed[i / kInAByte] >> i % kInAByte * kBits & 3) - 1);
  return rlwe::SecretKey::from_coefficients(std::move(parameters), std::move(coefficients), pool);
}

AtomicFile begin_secret_key(const std::filesystem::path& path, const rlwe::SecretKey& key,
                            const PlanId& plan_id, const Protection& protection) {
  return begin_secret(path, encode_secret_key(key).span(), PayloadType::kSecretKey, plan_id, protection);
}

void save_secret_key(const std::filesystem::path& path, const rlwe::SecretKey& key, const PlanId& plan_id,
                     const Protection& protection) {
  begin_secret_key(path, key, plan_id, protection).commit();
}

rlwe::SecretKey load_secret_key(const std::filesystem::path& path,
                                std::shared_ptr<const rlwe::Parameters> parameters, const PlanId& plan_id,
                                const Passphrase* passphrase, const ThreadPool& pool) {
  const auto secret = load_secret(path, {.type = PayloadType::kSecretKey, .plan_id = plan_id}, passphrase);
  return internal::naming_source(
      path.string(), [&] { return decode_secret_key(secret.span(), std::move(parameters), pool); });
}

}  // namespace cloister::wire
