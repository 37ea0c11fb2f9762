#include "cloister/pipeline/ckks_server.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "cloister/ml/linear_trainer.h"
#include "cloister/ml/logistic_trainer.h"
#include "cloister/ml/newton_trainer.h"
#include "cloister/ml/predictor.h"
#include "cloister/pipeline/ckks_session.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {
namespace {

class FileBlocks final : public ml::BlockSource {
 public:
  FileBlocks(const wire::CiphertextFileReader& file, const CkksSession& session, int level)
      : file_(&file),
        strips_(session.ckks().packing.strips()),
        level_(level),
        scale_(session.parameters()->scale_at(level)) {}
  std::size_t blocks() const override { return file_->size() / strips_; }
  ckks::Ciphertext load(std::size_t block, std::size_t strip, int level) const override {
    auto c = file_->load(block * strips_ + strip, level);
    // The scale tells of the level in the file.
    if (c.level() != std::min(level, level_) || c.scale != scale_)
      throw DecodeError(
          file_->source(), 0,
          "a ciphertext is at another level than " + std::to_string(level_) + ", where the plan has it");
    return c;
  }

 private:
  const wire::CiphertextFileReader* file_;
  std::size_t strips_;
  int level_;
  ckks::Scale scale_;
};

// What was saved of a training, where it has checkpoints.
class Journal final : public ml::TrainingJournal {
 public:
  /// `stage` names the kind of training in its checkpoints.
  Journal(const char* stage, std::optional<Checkpoints>& checkpoints, const Machine& machine)
      : stage_(stage), checkpoints_(checkpoints ? &*checkpoints : nullptr), machine_(&machine) {}

  std::optional<ml::TrainingPoint> last() override {
    if (checkpoints_ == nullptr) return std::nullopt;
    NoNotices quiet;
    auto state = checkpoints_->load_latest(machine_->notices != nullptr ? *machine_->notices : quiet);
    if (!state) return std::nullopt;
    if (state->stage != stage_)
      throw MismatchError("the checkpoint is of another kind of training", state->stage, stage_);
    return ml::TrainingPoint{static_cast<std::size_t>(state->iteration), std::move(state->ciphertexts)};
  }
  void keep(const ml::TrainingPoint& point) override {
    if (checkpoints_ == nullptr) return;
    TrainingState state{point.iterations, stage_, {}};
    for (const auto& c : point.state) state.ciphertexts.push_back(c.clone());
    checkpoints_->save(state);
  }

 private:
  const char* stage_;
  Checkpoints* checkpoints_;
  const Machine* machine_;
};

// Of every model and method.
ckks::Ciphertext trained(const CkksSession& session, const ckks::Evaluator& evaluator,
                         const ml::BlockSource& blocks, std::optional<Checkpoints>& checkpoints) {
  std::optional<circuits::Bootstrapper> bootstrapper;
  if (session.ckks().bootstrapping)
    bootstrapper.emplace(*session.ckks().bootstrapping, session.encoder(), session.machine().pool);
  const circuits::Bootstrapper* renews = bootstrapper ? &*bootstrapper : nullptr;
  const auto train = [&](const auto& trainer, const char* stage) {
    Journal journal(stage, checkpoints, session.machine());
    return trainer.train(blocks, session.machine().progress, journal);
  };
  const ml::Plan& plan = session.plan();
  if (plan.linear)
    return train(ml::LinearTrainer(*plan.linear, session.layout(), evaluator, session.encoder(), renews),
                 "linear-renewed");
  if (plan.newton)
    return train(ml::NewtonTrainer(*plan.newton, session.layout(), evaluator, session.encoder(), renews),
                 "newton-renewed");
  return train(ml::LogisticTrainer(*plan.logistic, session.layout(), evaluator, session.encoder(), renews),
               "logistic-renewed");
}

// Writes ciphertexts one by one into a file of this plan. What killed steps left beside it goes first.
void write_ciphertexts(const CkksSession& session, const std::filesystem::path& path, wire::PayloadType type,
                       wire::CiphertextFileHeader header,
                       const std::function<ckks::Ciphertext(std::size_t)>& make) {
  remove_partial_files(path.parent_path());
  AtomicFile file(path);
  wire::ContainerWriter container(file, type, session.plan_id());
  const std::uint64_t count = header.ciphertexts;
  wire::CiphertextFileWriter writer(container, std::move(header), *session.parameters(),
                                    session.machine().pool);
  for (std::uint64_t i = 0; i < count; ++i) writer.write(make(static_cast<std::size_t>(i)));
  writer.finish();
  file.commit();
}

}  // namespace

void train_ckks(const TrainFiles& files, const Machine& machine) {
  require_absent(files.model);  // before hours of work, not after
  const CkksSession session(load_plan(files.plan), machine);
  if (session.plan().request.job != ml::Job::kTrain)
    throw ParametersError("train: the plan is not for training; make one with `cloister plan`");
  const auto dataset = session.open(files.dataset, wire::PayloadType::kDataset, kTrainingRows);
  // Taken before the work, so that two trainings of one model do not both spend hours on it.
  std::optional<Checkpoints> checkpoints;
  if (!files.checkpoints.empty())
    checkpoints.emplace(session.open_checkpoints(files.checkpoints, dataset, files.evaluation_keys));
  const rlwe::EvaluationKeys keys = session.open_keys(files.evaluation_keys);
  const ckks::Evaluator evaluator(session.parameters(), &keys, machine.pool);
  const FileBlocks blocks(dataset, session, session.ckks().data_level);
  write_ciphertexts(session, files.model, wire::PayloadType::kModel,
                    {.kind = kWeights,
                     .rows = session.plan().request.rows,
                     .columns = session.columns(),
                     .blocks = 1,
                     .ciphertexts = 1,
                     .metadata = ""},
                    [&](std::size_t) { return trained(session, evaluator, blocks, checkpoints); });
  if (checkpoints) checkpoints->remove_all();
}

void predict_ckks(const PredictFiles& files, const Machine& machine) {
  require_absent(files.predictions);
  const CkksSession session(load_plan(files.plan), machine);
  const auto rows = session.open(files.rows, wire::PayloadType::kDataset, kPredictionRows);
  const rlwe::EvaluationKeys keys = session.open_keys(files.evaluation_keys);
  const ckks::Evaluator evaluator(session.parameters(), &keys, machine.pool);
  const ml::Predictor predictor(session.layout(), evaluator, session.encoder());
  const FileBlocks blocks(rows, session, ml::kPredictionLevels);

  std::vector<ckks::Ciphertext> encrypted;
  std::vector<ckks::Plaintext> clear;
  if (session.plan().request.job == ml::Job::kTrain) {
    encrypted = predictor.facing(session.open(files.model, wire::PayloadType::kModel, kWeights).load(0));
  } else {
    const ClearModel model = load_clear_model(files.model);
    if (model.weights.size() != session.plan().request.features)
      throw MismatchError(files.model.string() + " has another number of weights than the plan has features",
                          std::to_string(model.weights.size()),
                          std::to_string(session.plan().request.features));
    // The intercept's column comes first, as in ml::with_intercept.
    std::vector<double> weights{model.intercept};
    weights.insert(weights.end(), model.weights.begin(), model.weights.end());
    for (const double w : weights)
      if (std::abs(w) > session.ckks().weights.magnitude)
        throw ParametersError("predict: a weight is larger than the plan's bound of " +
                              std::to_string(session.ckks().weights.magnitude) + "; scale the features");
    clear = predictor.facing(weights, ml::kPredictionLevels);
  }
  write_ciphertexts(session, files.predictions, wire::PayloadType::kPredictions,
                    {.kind = kMargins,
                     .rows = rows.header().rows,
                     .columns = session.columns(),
                     .blocks = static_cast<std::uint32_t>(blocks.blocks()),
                     .ciphertexts = blocks.blocks(),
                     .metadata = ""},
                    [&](std::size_t i) {
                      ml::BlockStrips strips(blocks, i, session.ckks().packing.strips());
                      auto out = clear.empty() ? predictor.predict(strips, encrypted, session.ckks().margins)
                                               : predictor.predict(strips, clear, session.ckks().margins);
                      machine.progress.update("predict", i + 1, blocks.blocks());
                      return out;
                    });
}

}  // namespace cloister::pipeline
