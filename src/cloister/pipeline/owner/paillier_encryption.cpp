#include "cloister/pipeline/owner/paillier_encryption.h"

#include <cmath>
#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/owner/owner_noise.h"
#include "cloister/pipeline/owner/key_folder.h"

namespace cloister::pipeline {

paillier::SecretKey load_paillier_secret(const PaillierSession& session, const std::filesystem::path& path,
                                         const wire::Passphrase* passphrase) {
  auto key = load_paillier_secret(path, session.plan_id(), passphrase);
  session.check_length(key.public_key(), path.string());
  return key;
}

std::unique_ptr<paillier::NoiseSource> make_paillier_noise(const PaillierSession& session,
                                                           const PaillierEncryptFiles& files,
                                                           const wire::Passphrase* passphrase) {
  const paillier::PublicKey key = session.load_public_key(files.public_key);
  if (!files.secret_key) return std::make_unique<paillier::PublicNoise>(key);
  const paillier::SecretKey secret = load_paillier_secret(session, *files.secret_key, passphrase);
  paillier::check_same_key("encrypt", key.id(), secret.public_key().id());
  return std::make_unique<paillier::OwnerNoise>(secret);
}

void check_paillier_values(const PaillierSession& session, std::span<const double> values, const char* what) {
  const double bound = session.plan().request.feature_bound;
  for (const double v : values)
    if (!(std::abs(v) <= bound))
      throw ParametersError(std::string("encrypt: a prepared ") + what + " exceeds the plan's bound of " +
                            std::to_string(bound) + "; clip or scale it, or plan with a larger bound");
}

void check_paillier_features(const PaillierSession& session, const data::Matrix& features) {
  if (features.columns != session.plan().request.features)
    throw MismatchError("the prepared table has another number of columns than the plan",
                        std::to_string(features.columns), std::to_string(session.plan().request.features));
  if (features.rows == 0) throw ParametersError("encrypt: there are no rows");
  check_paillier_values(session, features.values, "feature");
}

}  // namespace cloister::pipeline
