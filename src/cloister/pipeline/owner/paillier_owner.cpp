#include "cloister/pipeline/owner/paillier_owner.h"

#include <algorithm>

#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/paillier/owner/encoding.h"
#include "cloister/paillier/owner/key_generation.h"
#include "cloister/pipeline/owner/internal/commit_secret.h"
#include "cloister/pipeline/owner/paillier_encryption.h"
#include "cloister/pipeline/owner/row_checks.h"
#include "cloister/pipeline/paillier_session.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {

void generate_paillier_keys(const KeyFiles& files, const wire::Protection& protection,
                            const Machine& machine) {
  const ml::Plan plan = load_plan(files.plan);
  const PaillierSession session(plan, plan.request.job, machine);
  // Both before either is written: one key's halves belong together.
  require_absent(files.secret_key);
  require_absent(files.evaluation_keys);
  Prng prng = Prng::from_system();
  const auto secret = paillier::generate_key(session.paillier().modulus_bits, prng);
  AtomicFile secret_file =
      wire::begin_secret(files.secret_key, paillier::encode_secret_key(secret).span(),
                         wire::PayloadType::kPaillierSecretKey, session.plan_id(), protection);
  machine.progress.update("keygen", 1, 1);  // the last moment to stop
  session.save_public_key(files.evaluation_keys, secret.public_key());
  internal::commit_secret(secret_file, files.evaluation_keys);
}

void encrypt_paillier_rows(const PaillierEncryptFiles& files, const data::Matrix& features,
                           const wire::Passphrase* passphrase, const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kPredict, machine);
  check_features(session.plan().request, features);
  const auto noise = make_paillier_noise(session, files, passphrase);
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

DecryptedPredictions decrypt_paillier_predictions(const DecryptFiles& files,
                                                  const wire::Passphrase* passphrase,
                                                  const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kPredict, machine);
  const auto secret = load_paillier_secret(session, files.secret_key, passphrase);
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

}  // namespace cloister::pipeline
