#include "cloister/pipeline/paillier_files.h"

#include "cloister/paillier/encoding.h"
#include "cloister/pipeline/internal/paillier_payload.h"

namespace cloister::pipeline {
namespace {
constexpr std::uint64_t kMaxKeyFileBytes = 64 << 10;
}

paillier::PublicKey load_public_key(const std::filesystem::path& path,
                                    const std::optional<wire::PlanId>& plan_id) {
  return internal::read_one(
      path,
      {.type = wire::PayloadType::kPaillierPublicKey,
       .plan_id = plan_id,
       .limits = {.max_bytes = kMaxKeyFileBytes, .max_frame_bytes = kMaxKeyFileBytes, .max_frames = 1}},
      [](ByteReader& in) { return paillier::decode_public_key(in); });
}

void save_public_key(const std::filesystem::path& path, const paillier::PublicKey& key,
                     const wire::PlanId& plan_id) {
  internal::write_one(path, wire::PayloadType::kPaillierPublicKey, plan_id, key);
}

Bytes32 vector_key_id(const std::filesystem::path& path) {
  const wire::ContainerHeader header = wire::peek(path);
  if (header.type != wire::PayloadType::kPaillierVector)
    throw MismatchError(path.string() + " is another kind of file",
                        std::string(wire::info(header.type).phrase),
                        std::string(wire::info(wire::PayloadType::kPaillierVector).phrase));
  return header.plan_id;
}

paillier::EncryptedVector load_vector(const std::filesystem::path& path, const paillier::PublicKey& key) {
  return internal::read_one(
      path, {.type = wire::PayloadType::kPaillierVector, .plan_id = std::nullopt}, [&](ByteReader& in) {
        return paillier::decode_vector(in, key, {.max_values = kMaxVectorValues, .max_columns = 0});
      });
}

void save_vector(const std::filesystem::path& path, const paillier::EncryptedVector& vector) {
  internal::write_one(path, wire::PayloadType::kPaillierVector, vector.key_id(), vector);
}

}  // namespace cloister::pipeline
