#include "cloister/pipeline/owner/paillier_encryption.h"

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

}  // namespace cloister::pipeline
