#include "cloister/paillier/owner/encoding.h"

#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/encoding.h"

namespace cloister::paillier {

void encode(const SecretKey& key, ByteWriter& out) {
  out.put(static_cast<std::uint32_t>(key.public_key().modulus_bits()));
  for (const auto factor : {key.p(), key.q()})
    out.put_raw({reinterpret_cast<const std::uint8_t*>(factor.data()), factor.size_bytes()});
  put_integer(key.public_key().h(), 8 * key.public_key().ciphertext_limbs(), out);
}

SecretKey decode_secret_key(ByteReader& in) {
  const std::uint64_t at = in.offset();
  const auto bits = in.get_in<std::uint32_t>("Paillier modulus bits", 1, kMaxModulusBits);
  check_modulus_bits(static_cast<int>(bits));
  const BigInteger p = get_integer(in, bits / 16, "Paillier p");
  const BigInteger q = get_integer(in, bits / 16, "Paillier q");
  if (p.bit_length() != bits / 2 || q.bit_length() != bits / 2)
    throw DecodeError("Paillier p and q", at,
                      "their lengths are not half the " + std::to_string(bits) + " bits stated");
  return SecretKey::create_vartime(p, q, get_integer(in, bits / 4, "Paillier h"));
}

}  // namespace cloister::paillier
