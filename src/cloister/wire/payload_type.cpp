#include "cloister/wire/payload_type.h"

#include <algorithm>
#include <array>

namespace cloister::wire {
namespace {

constexpr std::array<PayloadTypeInfo, 20> kTable{{
    {PayloadType::kPlan, "plan", "a plan", false},
    {PayloadType::kSecretKey, "secret-key", "a secret key", true},
    {PayloadType::kPublicKey, "public-key", "a public key", false},
    {PayloadType::kEvaluationKeys, "evaluation-keys", "evaluation keys", false},
    {PayloadType::kDataset, "dataset", "an encrypted dataset", false},
    {PayloadType::kModel, "model", "an encrypted model", false},
    {PayloadType::kPredictions, "predictions", "encrypted predictions", false},
    {PayloadType::kClearModel, "clear-model", "a model in clear", false},
    {PayloadType::kResults, "results", "decrypted results", false},
    {PayloadType::kPreparation, "preparation", "a table's preparation", false},
    {PayloadType::kCheckpoint, "checkpoint", "a checkpoint of a training", false},
    {PayloadType::kExpandedKeys, "expanded-keys", "expanded evaluation keys", false},
    {PayloadType::kPaillierPublicKey, "paillier-public-key", "a Paillier public key", false},
    {PayloadType::kPaillierSecretKey, "paillier-secret-key", "a Paillier secret key", true},
    {PayloadType::kPaillierVector, "paillier-vector", "a Paillier vector", false},
    {PayloadType::kPaillierDataset, "paillier-dataset", "a Paillier dataset", false},
    {PayloadType::kPaillierSums, "paillier-sums", "Paillier sums", false},
    {PayloadType::kPaillierPredictions, "paillier-predictions", "Paillier predictions", false},
    {PayloadType::kBfvParameters, "bfv-parameters", "BFV parameters", false},
    {PayloadType::kBfvCiphertexts, "bfv-ciphertexts", "BFV ciphertexts", false},
}};

}  // namespace

std::span<const PayloadTypeInfo> payload_type_table() noexcept { return kTable; }

std::optional<PayloadTypeInfo> find_payload_type(std::uint16_t number) noexcept {
  const auto row = std::find_if(kTable.begin(), kTable.end(), [number](const PayloadTypeInfo& candidate) {
    return static_cast<std::uint16_t>(candidate.type) == number;
  });
  if (row == kTable.end()) return std::nullopt;
  return *row;
}

const PayloadTypeInfo& info(PayloadType type) noexcept {
  const auto row = std::find_if(kTable.begin(), kTable.end(),
                                [type](const PayloadTypeInfo& candidate) { return candidate.type == type; });
  return row == kTable.end() ? kTable.front() : *row;
}

}  // namespace cloister::wire
