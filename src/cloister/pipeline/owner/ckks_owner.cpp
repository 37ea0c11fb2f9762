#include "cloister/pipeline/owner/ckks_owner.h"

#include <algorithm>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ml/batches.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/pipeline/ckks_session.h"
#include "cloister/pipeline/owner/internal/commit_secret.h"
#include "cloister/pipeline/owner/row_checks.h"
#include "cloister/pipeline/plan_file.h"
#include "cloister/rlwe/owner/key_generator.h"
#include "cloister/wire/owner/secret_encoding.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::pipeline {
namespace {

rlwe::SecretKey load_secret(const CkksSession& session, const std::filesystem::path& path,
                            const wire::Passphrase* passphrase) {
  return wire::load_secret_key(path, session.parameters()->rlwe(), session.plan_id(), passphrase,
                               session.machine().pool);
}

// Rows travel as `scale` times themselves.
void encrypt_rows(const CkksSession& session, const EncryptFiles& files, const data::Matrix& rows,
                  double scale, int level, const char* kind, const wire::Passphrase* passphrase) {
  const double bound = session.plan().request.feature_bound;
  const rlwe::SecretKey secret = load_secret(session, files.secret_key, passphrase);
  const Machine& machine = session.machine();
  const auto& packing = session.layout().packing;
  const std::size_t blocks = packing.blocks(rows.rows), count = packing.ciphertexts(rows.rows);
  Prng prng = Prng::from_system();
  AtomicFile file(files.dataset);
  wire::ContainerWriter container(file, wire::PayloadType::kDataset, session.plan_id());
  wire::CiphertextFileWriter writer(container,
                                    {.kind = kind,
                                     .rows = rows.rows,
                                     .columns = session.columns(),
                                     .blocks = static_cast<std::uint32_t>(blocks),
                                     .ciphertexts = count,
                                     .metadata = ""},
                                    *session.parameters(), machine.pool);
  for (std::size_t i = 0; i < count; ++i) {
    auto slots = packing.pack(rows, i / packing.strips(), i % packing.strips());
    for (double& v : slots) v *= scale;
    const auto plaintext = session.encoder().encode(slots, level, {}, bound * scale);
    wipe(slots.data(), slots.size() * sizeof slots[0]);
    writer.write(ckks::encrypt(*session.parameters(), secret, plaintext, prng, machine.pool));
    machine.progress.update("encrypt", i + 1, count);
  }
  writer.finish();
  file.commit();
}

// (x, y): the target stands in the column after the features.
data::Matrix with_target(const data::Examples& examples) {
  data::Matrix out(examples.features.rows, examples.features.columns + 1);
  for (std::size_t r = 0; r < out.rows; ++r) {
    std::ranges::copy(examples.features.row(r), out.row(r).begin());
    out(r, examples.features.columns) = examples.target[r];
  }
  return out;
}

}  // namespace

void generate_ckks_keys(const KeyFiles& files, const wire::Protection& protection, const Machine& machine) {
  require_absent(files.secret_key);
  require_absent(files.evaluation_keys);
  const CkksSession session(load_plan(files.plan), machine);
  const auto& parameters = *session.parameters();
  Prng prng = Prng::from_system();
  const rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters.rlwe(), prng, machine.pool);
  // Begun before the long work, which a passphrase may be refused for; under its name after it.
  AtomicFile secret_file = wire::begin_secret_key(files.secret_key, secret, session.plan_id(), protection);

  AtomicFile file(files.evaluation_keys);
  wire::ContainerWriter container(file, wire::PayloadType::kEvaluationKeys, session.plan_id());
  wire::EvaluationKeysWriter writer(container, *parameters.rlwe(), machine.pool);
  const rlwe::KeyGenerator generator(secret, machine.pool);
  const ml::EvaluationKeyUses uses = session.ckks().key_uses();
  std::uint64_t done = 0;
  const auto made = [&](std::uint64_t keys) { machine.progress.update("keygen", done += keys, uses.keys()); };
  if (uses.relinearization_limbs != 0) {
    writer.write_relinearization(generator.relinearization_key(prng, uses.relinearization_limbs));
    made(1);
  }
  if (uses.encapsulation) {
    writer.write_encapsulation(generator.encapsulation_keys(prng));
    made(2);
  }
  for (const auto& use : uses.galois) {
    writer.write_galois(generator.galois_key(use.element, prng, use.q_limbs));
    made(1);
  }
  container.finish();
  file.commit();
  internal::commit_secret(secret_file, files.evaluation_keys);
}

void encrypt_training_rows(const EncryptFiles& files, const data::Examples& examples,
                           const wire::Passphrase* passphrase, const Machine& machine) {
  const CkksSession session(load_plan(files.plan), machine);
  const ml::Plan& plan = session.plan();
  check_features(session.plan().request, examples.features);
  if (plan.request.job != ml::Job::kTrain) throw ParametersError("encrypt: the plan is not for training");
  if (examples.features.rows != plan.request.rows)
    throw MismatchError("the training rows are not as many as the plan says",
                        std::to_string(examples.features.rows), std::to_string(plan.request.rows));
  if (examples.target.size() != examples.features.rows)
    throw ParametersError("encrypt: rows to train on need a target each");
  check_target(session.plan().request, examples.target);
  const data::Matrix rows =
      plan.trains_logistic() ? ml::signed_rows(examples.features, examples.target) : with_target(examples);
  if (plan.logistic)
    ml::require_batch_spectrum_cap(rows, plan.logistic->spectrum_cap,
                                   session.layout().packing.rows_per_block(), plan.logistic->batches);
  else
    ml::require_spectrum_cap(plan.newton ? rows : examples.features, *plan.spectrum_cap());
  if (plan.request.spectrum_floor.value_or(0) > 0)
    ml::require_spectrum_floor(examples.features, *plan.request.spectrum_floor);
  encrypt_rows(session, files, rows, session.ckks().row_scale, session.ckks().data_level, kTrainingRows,
               passphrase);
}

void encrypt_prediction_rows(const EncryptFiles& files, const data::Matrix& features,
                             const wire::Passphrase* passphrase, const Machine& machine) {
  const CkksSession session(load_plan(files.plan), machine);
  check_features(session.plan().request, features);
  // Trained linear models have their target's column last and no intercept: zeros there.
  const bool zeros_last = session.plan().linear.has_value();
  data::Matrix rows;
  if (zeros_last) {
    rows = with_target({features, std::vector<double>(features.rows, 0.0), {}});
  } else {
    rows = ml::with_intercept(features);
  }
  encrypt_rows(session, files, rows, 1, ml::kPredictionLevels, kPredictionRows, passphrase);
}

DecryptedModel decrypt_ckks_model(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                  const Machine& machine) {
  const CkksSession session(load_plan(files.plan), machine);
  const auto encrypted = session.open(files.input, wire::PayloadType::kModel, kWeights).load(0);
  const rlwe::SecretKey secret = load_secret(session, files.secret_key, passphrase);
  const auto slots = ckks::Decryptor(secret, session.encoder(), machine.pool).decrypt_real(encrypted);
  DecryptedModel out;
  out.model.kind = session.plan().request.model;
  out.error_bound = session.ckks().weights.error;
  const std::size_t features = session.plan().request.features;
  const bool intercept_first = session.plan().trains_logistic();
  if (intercept_first) out.model.intercept = slots[0] / session.layout().state_scale;
  for (std::size_t j = 0; j < features; ++j)
    out.model.weights.push_back(slots[j + (intercept_first ? 1 : 0)] / session.layout().state_scale);
  return out;
}

DecryptedPredictions decrypt_ckks_predictions(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                              const Machine& machine) {
  const CkksSession session(load_plan(files.plan), machine);
  const auto predictions = session.open(files.input, wire::PayloadType::kPredictions, kMargins);
  const rlwe::SecretKey secret = load_secret(session, files.secret_key, passphrase);
  const ckks::Decryptor decryptor(secret, session.encoder(), machine.pool);
  const auto& packing = session.layout().packing;
  DecryptedPredictions out{{}, session.ckks().margins.error};
  for (std::size_t b = 0; b < predictions.size(); ++b) {
    const auto slots = decryptor.decrypt_real(predictions.load(b));
    for (std::size_t r = 0; r < packing.rows_per_block() && out.margins.size() < predictions.header().rows;
         ++r)
      out.margins.push_back(slots[r * packing.row_slots] * session.layout().margin_scale);
    machine.progress.update("decrypt", b + 1, predictions.size());
  }
  return out;
}

}  // namespace cloister::pipeline
