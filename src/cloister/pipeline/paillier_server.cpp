#include "cloister/pipeline/paillier_server.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/evaluator.h"
#include "cloister/pipeline/paillier_session.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {
namespace {

ClearModel load_model(const PaillierSession& session, const std::filesystem::path& path) {
  ClearModel model = load_clear_model(path);
  const ml::JobRequest& request = session.plan().request;
  if (model.kind != request.model)
    throw MismatchError(path.string() + " is of another kind than the plan's model",
                        std::string(ml::to_string(model.kind)), std::string(ml::to_string(request.model)));
  if (model.weights.size() != request.features)
    throw MismatchError(path.string() + " has another number of weights than the plan has features",
                        std::to_string(model.weights.size()), std::to_string(request.features));
  const auto within = [](double w) { return std::abs(w) <= ml::kClearWeightBound; };
  if (!std::ranges::all_of(model.weights, within) || !within(model.intercept))
    throw ParametersError("predict: a weight is larger than the plan's bound of " +
                          std::to_string(ml::kClearWeightBound) + "; scale the features");
  return model;
}

}  // namespace

void predict_paillier(const PaillierPredictFiles& files, const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kPredict, machine);
  const ClearModel model = load_model(session, files.model);
  const paillier::PublicKey key = session.load_public_key(files.public_key);
  const PaillierTableReader rows(session, key, files.rows, PaillierTable::kRows);
  const paillier::Evaluator evaluator(key, machine.pool);
  const paillier::PublicNoise noise(key);
  const auto format = ml::weight_format(session.paillier());
  Prng prng = Prng::from_system();
  PaillierTableWriter out(session, files.predictions, PaillierTable::kPredictions, rows.rows());
  for (std::size_t b = 0; b < rows.blocks(); ++b) {
    const auto margins = evaluator.dot(rows.load(b), model.weights, format, model.intercept);
    paillier::EncryptedMatrix block;
    block.columns.push_back(evaluator.rerandomize(margins, noise, prng));
    out.write(block);
    machine.progress.update("predict", b + 1, rows.blocks());
  }
  out.finish();
}

void aggregate_paillier(const AggregateFiles& files, const Machine& machine) {
  if (files.sums.empty())
    throw ParametersError("aggregate: there are no sums to add; name at least one owner's file");
  require_absent(files.total);
  const auto session = PaillierSession::of_sums(load_plan(files.plan), machine);
  const paillier::PublicKey key = session.load_public_key(files.public_key);
  const paillier::Evaluator evaluator(key, machine.pool);
  std::optional<paillier::EncryptedSums> total;
  std::vector<Bytes32> seen;
  for (std::size_t i = 0; i < files.sums.size(); ++i) {
    auto sums = session.load_sums(files.sums[i], key);
    const auto residues = sums.moments.residues();
    const Bytes32 digest =
        sha256({reinterpret_cast<const std::uint8_t*>(residues.data()), residues.size_bytes()});
    if (std::ranges::find(seen, digest) != seen.end())
      throw ParametersError("aggregate: " + files.sums[i].string() +
                            " holds the same sums as a file before it; give every owner's once");
    seen.push_back(digest);
    total = total ? paillier::add(evaluator, *total, sums) : std::move(sums);
    machine.progress.update("aggregate", i + 1, files.sums.size());
  }
  const paillier::PublicNoise noise(key);
  Prng prng = Prng::from_system();
  session.save_sums(files.total, paillier::rerandomize(evaluator, *total, noise, prng));
}

}  // namespace cloister::pipeline
