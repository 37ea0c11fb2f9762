#include "apps/cloister/vector_decryption.h"

#include <fmt/format.h>

#include "apps/cloister/terminal/text.h"
#include "cloister/math/decimal.h"
#include "cloister/paillier/owner/key_ring.h"
#include "cloister/pipeline/owner/key_folder.h"
#include "cloister/pipeline/paillier_files.h"

namespace cloister::app {
namespace {

/// Values that are printed for people, of each file.
constexpr std::size_t kMostLines = 20;

void tell(const std::string& file, const Bytes32& id, const paillier::DecryptedVector& decrypted,
          StepOutput& out) {
  const auto values = decrypted.to_doubles();
  auto integers = nlohmann::ordered_json::array();
  for (const BigInteger& integer : decrypted.integers) integers.push_back(to_decimal(integer));
  out.details()["vectors"].push_back({{"path", file},
                                      {"key_id", to_hex(id)},
                                      {"fraction_bits", decrypted.fraction_bits},
                                      {"values", values},
                                      {"integers", std::move(integers)}});
  out.say(fmt::format("{}: {} {}, with the key {}", sanitized(file), values.size(),
                      values.size() == 1 ? "value" : "values", wire::short_id(id)));
  for (std::size_t i = 0; i < std::min(values.size(), kMostLines); ++i)
    out.say(fmt::format("  {}", values[i]));
  if (values.size() > kMostLines) out.say("  ... --json has them all");
}

}  // namespace

void decrypt_vectors(const std::vector<std::string>& files, const std::string& keys,
                     const PassphraseOptions& passphrase, Workbench& bench, StepOutput& out) {
  const pipeline::KeyFolder folder(keys);
  paillier::KeyRing ring(bench.pool());
  for (const std::string& file : files) {
    const Bytes32 id = pipeline::vector_key_id(file);
    if (!ring.contains(id)) {
      const auto secret = folder.find_secret(id);
      const auto opened = passphrase_for(passphrase, secret);
      ring.add(pipeline::load_paillier_secret(secret, id, or_null(opened)));
    }
    tell(file, id, ring.decrypt(pipeline::load_vector(file, ring.public_key(id))), out);
  }
}

}  // namespace cloister::app
