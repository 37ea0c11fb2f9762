#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cloister::wire {

/// What a container holds. The numbers are part of the file format and are never used again.
enum class PayloadType : std::uint16_t {
  kPlan = 1,
  kSecretKey = 2,
  kPublicKey = 3,
  kEvaluationKeys = 4,
  kDataset = 5,
  kModel = 6,
  kPredictions = 7,
  kClearModel = 8,
  kResults = 9,
  kPreparation = 10,
  kCheckpoint = 11,
  kExpandedKeys = 12,
  kPaillierPublicKey = 32,
  kPaillierSecretKey = 33,
  kPaillierVector = 34,
  kPaillierDataset = 35,
  kPaillierSums = 36,
  kPaillierPredictions = 37,
  kBfvParameters = 64,
  kBfvCiphertexts = 65,
};

/// One row of the table of types.
struct PayloadTypeInfo {
  PayloadType type;
  std::string_view name;    ///< for machines: "evaluation-keys"
  std::string_view phrase;  ///< for sentences: "evaluation keys", "a secret key"
  bool secret;              ///< the owner's alone: sealed on disk, never sent
};

std::span<const PayloadTypeInfo> payload_type_table() noexcept;
/// The row of a type's number; nothing for a number this version does not know.
std::optional<PayloadTypeInfo> find_payload_type(std::uint16_t number) noexcept;
const PayloadTypeInfo& info(PayloadType type) noexcept;

}  // namespace cloister::wire
