#include "cloister/pipeline/ckks_session.h"

#include "cloister/pipeline/key_store.h"

namespace cloister::pipeline {
namespace {

constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 40;
constexpr std::uint64_t kMaxCiphertexts = std::uint64_t{1} << 30;

std::shared_ptr<const ckks::Parameters> make_parameters(const ml::Plan& plan, const Machine& machine) {
  if (!plan.ckks)
    throw ParametersError("this step is for a plan of the scheme ckks; the plan's is " +
                          std::string(ml::to_string(plan.request.scheme)));
  return ckks::Parameters::create(plan.ckks->parameters, machine.kernels);
}

}  // namespace

CkksSession::CkksSession(ml::Plan plan, const Machine& machine)
    : plan_(std::move(plan)),
      plan_id_(plan_.id()),
      machine_(machine),
      parameters_(make_parameters(plan_, machine)),
      encoder_(parameters_, machine.pool),
      layout_(plan_.ckks->layout(plan_.request.rows)) {}

wire::CiphertextFileReader CkksSession::open(const std::filesystem::path& path, wire::PayloadType type,
                                             const char* kind) const {
  wire::CiphertextFileReader reader(
      wire::ContainerReader::open(path, {.type = type, .plan_id = plan_id_}),
      {.kind = kind, .max_rows = kMaxRows, .max_columns = columns(), .max_ciphertexts = kMaxCiphertexts},
      parameters_, machine_.pool);
  const auto& header = reader.header();
  const bool per_row = kind != std::string_view(kWeights);
  const std::uint64_t blocks = per_row ? layout_.packing.blocks(header.rows) : 1;
  const bool in_strips = per_row && kind != std::string_view(kMargins);
  const std::uint64_t due = in_strips ? layout_.packing.ciphertexts(header.rows) : blocks;
  if (header.blocks != blocks || header.ciphertexts != due || header.columns != columns())
    throw DecodeError(path.string(), 0, "its rows and columns do not fit its ciphertexts and the plan");
  if (kind == std::string_view(kTrainingRows) && header.rows != layout_.rows)
    throw MismatchError(path.string() + " holds another number of rows than the plan",
                        std::to_string(header.rows), std::to_string(layout_.rows));
  return reader;
}

rlwe::EvaluationKeys CkksSession::open_keys(const std::filesystem::path& path) const {
  const ml::EvaluationKeyUses uses = ckks().key_uses();
  return pipeline::open_keys(
      path, plan_id_, *parameters_->rlwe(),
      {.max_keys = uses.keys(), .max_memory_bytes = uses.memory_bytes(parameters_->rlwe()->spec())},
      machine_);
}

Checkpoints CkksSession::open_checkpoints(const std::filesystem::path& folder,
                                          const wire::CiphertextFileReader& rows,
                                          const std::filesystem::path& keys) const {
  const auto reader =
      wire::ContainerReader::open(keys, {.type = wire::PayloadType::kEvaluationKeys, .plan_id = plan_id_});
  return {folder, {plan_id_, rows.digest(), reader.digest()}, parameters_, machine_.pool};
}

}  // namespace cloister::pipeline
