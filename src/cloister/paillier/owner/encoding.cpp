#include "cloister/paillier/owner/encoding.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/encoding.h"

namespace cloister::paillier {

SecretBuffer<std::uint8_t> encode_secret_key(const SecretKey& key) {
  ByteWriter bits, h;
  bits.put(static_cast<std::uint32_t>(key.public_key().modulus_bits()));
  put_integer(key.public_key().h(), 8 * key.public_key().ciphertext_limbs(), h);
  const auto factor = [](std::span<const std::uint64_t> limbs) {
    return std::span(reinterpret_cast<const std::uint8_t*>(limbs.data()), limbs.size_bytes());
  };
  const std::span<const std::uint8_t> parts[] = {bits.bytes(), factor(key.p()), factor(key.q()), h.bytes()};
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  SecretBuffer<std::uint8_t> out(size);
  std::uint8_t* at = out.data();
  for (const auto part : parts) at = std::ranges::copy(part, at).out;
  return out;
}

void encode(const SecretKey& key, ByteWriter& out) { out.put_raw(encode_secret_key(key).span()); }

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
