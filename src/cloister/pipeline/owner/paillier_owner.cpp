#include "cloister/pipeline/owner/paillier_owner.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/paillier/owner/encoding.h"
#include "cloister/paillier/owner/key_generation.h"
#include "cloister/paillier/owner/owner_noise.h"
#include "cloister/pipeline/owner/key_folder.h"
#include "cloister/pipeline/owner/sums_solver.h"
#include "cloister/pipeline/paillier_session.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {
namespace {

paillier::SecretKey load_secret(const PaillierSession& session, const std::filesystem::path& path,
                                const wire::Passphrase* passphrase) {
  auto key = load_paillier_secret(path, session.plan_id(), passphrase);
  session.check_length(key.public_key(), path.string());
  return key;
}

// The owner's faster noise where its key is at hand, the public key's else: the same ciphertexts either way.
std::unique_ptr<paillier::NoiseSource> make_noise(const PaillierSession& session,
                                                  const PaillierEncryptFiles& files,
                                                  const wire::Passphrase* passphrase) {
  const paillier::PublicKey key = session.load_public_key(files.public_key);
  if (!files.secret_key) return std::make_unique<paillier::PublicNoise>(key);
  const paillier::SecretKey secret = load_secret(session, *files.secret_key, passphrase);
  paillier::check_same_key("encrypt", key.id(), secret.public_key().id());
  return std::make_unique<paillier::OwnerNoise>(secret);
}

void check_values(const PaillierSession& session, std::span<const double> values, const char* what) {
  const double bound = session.plan().request.feature_bound;
  for (const double v : values)
    if (!(std::abs(v) <= bound))
      throw ParametersError(std::string("encrypt: a prepared ") + what + " exceeds the plan's bound of " +
                            std::to_string(bound) + "; clip or scale it, or plan with a larger bound");
}

void check_features(const PaillierSession& session, const data::Matrix& features) {
  if (features.columns != session.plan().request.features)
    throw MismatchError("the prepared table has another number of columns than the plan",
                        std::to_string(features.columns), std::to_string(session.plan().request.features));
  if (features.rows == 0) throw ParametersError("encrypt: there are no rows");
  check_values(session, features.values, "feature");
}

}  // namespace

void generate_paillier_keys(const KeyFiles& files, const wire::Protection& protection,
                            const Machine& machine) {
  const ml::Plan plan = load_plan(files.plan);
  const PaillierSession session(plan, plan.request.job, machine);
  // Both before either is written: one key's halves belong together.
  require_absent(files.secret_key);
  require_absent(files.evaluation_keys);
  Prng prng = Prng::from_system();
  const auto secret = paillier::generate_key(session.paillier().modulus_bits, prng);
  wire::save_secret(files.secret_key, paillier::encode_secret_key(secret).span(),
                    wire::PayloadType::kPaillierSecretKey, session.plan_id(), protection);
  session.save_public_key(files.evaluation_keys, secret.public_key());
  machine.progress.update("keygen", 1, 1);
}

void encrypt_paillier_rows(const PaillierEncryptFiles& files, const data::Matrix& features,
                           const wire::Passphrase* passphrase, const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kPredict, machine);
  check_features(session, features);
  const auto noise = make_noise(session, files, passphrase);
  const paillier::Encryptor encryptor(*noise, machine.pool);
  const auto format = ml::value_format(session.paillier());
  const std::uint64_t block_rows = ml::block_rows(session.plan());
  const std::uint64_t blocks = (features.rows + block_rows - 1) / block_rows;
  Prng prng = Prng::from_system();
  PaillierTableWriter out(session, files.dataset, PaillierTable::kRows, features.rows);
  for (std::uint64_t b = 0; b < blocks; ++b) {
    const std::size_t first = b * block_rows,
                      count = std::min<std::uint64_t>(block_rows, features.rows - first);
    SecretBuffer<double> column(count);
    paillier::EncryptedMatrix block;
    for (std::size_t c = 0; c < features.columns; ++c) {
      for (std::size_t r = 0; r < count; ++r) column[r] = features(first + r, c);
      block.columns.push_back(
          encryptor.encrypt(column.span(), format, ml::column_format(session.plan(), count).packing, prng));
      machine.progress.update("encrypt", b * features.columns + c + 1, blocks * features.columns);
    }
    out.write(block);
  }
  out.finish();
}

void encrypt_paillier_sums(const PaillierEncryptFiles& files, const data::Examples& examples,
                           const wire::Passphrase* passphrase, const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kAggregate, machine);
  check_features(session, examples.features);
  check_values(session, examples.target, "target");
  paillier::MomentAccumulator sums(ml::sums_plan(session.plan()));
  constexpr std::size_t kRowsAtATime = 1024;
  const std::size_t rows = examples.features.rows, columns = examples.features.columns;
  if (examples.target.size() != rows) throw ParametersError("encrypt: rows to learn from need a target each");
  for (std::size_t first = 0; first < rows; first += kRowsAtATime) {
    const std::size_t count = std::min(kRowsAtATime, rows - first);
    sums.add_rows(std::span(examples.features.values).subspan(first * columns, count * columns),
                  std::span(examples.target).subspan(first, count));
  }
  const auto noise = make_noise(session, files, passphrase);
  Prng prng = Prng::from_system();
  session.save_sums(files.dataset,
                    paillier::encrypt_sums(sums, paillier::Encryptor(*noise, machine.pool), prng));
  machine.progress.update("encrypt", 1, 1);
}

DecryptedPredictions decrypt_paillier_predictions(const DecryptFiles& files,
                                                  const wire::Passphrase* passphrase,
                                                  const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kPredict, machine);
  const auto secret = load_secret(session, files.secret_key, passphrase);
  const PaillierTableReader predictions(session, secret.public_key(), files.input,
                                        PaillierTable::kPredictions);
  const paillier::Decryptor decryptor(secret, machine.pool);
  DecryptedPredictions out{{}, session.plan().error_bound};
  for (std::size_t b = 0; b < predictions.blocks(); ++b) {
    const auto margins = decryptor.decrypt(predictions.load(b).columns.front()).to_doubles();
    out.margins.insert(out.margins.end(), margins.begin(), margins.end());
    machine.progress.update("decrypt", b + 1, predictions.blocks());
  }
  return out;
}

DecryptedRegression decrypt_paillier_sums(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                          const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kAggregate, machine);
  const auto secret = load_secret(session, files.secret_key, passphrase);
  const auto sums = session.load_sums(files.input, secret.public_key());
  const auto decrypted = paillier::Decryptor(secret, machine.pool).decrypt(sums);
  machine.progress.update("decrypt", 1, 1);
  const SumsSolution solved =
      solve_sums(decrypted, session.plan().request.ridge, session.plan().request.max_error);
  DecryptedRegression out;
  out.model = {
      .kind = ml::ModelKind::kLinear, .names = {}, .weights = solved.weights, .intercept = solved.intercept};
  out.error_bound = solved.error_bound;
  out.rows = decrypted.rows;
  out.r2 = solved.r2;
  return out;
}

}  // namespace cloister::pipeline
