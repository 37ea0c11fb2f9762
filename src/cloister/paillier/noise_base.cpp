#include "cloister/paillier/noise_base.h"

#include <string_view>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/base/memory.h"

namespace cloister::paillier {

BigInteger make_noise_base(const BigInteger& n, Prng& prng) {
  if (n.sign() <= 0 || !n.is_odd() || n.bit_length() % 64 != 0)
    throw ParametersError("noise is for odd moduli of whole limbs");
  const BigInteger n_squared = n * n;
  SecretBuffer<std::uint64_t> limbs(n.bit_length() / 64);
  BigInteger x;
  do {
    prng.fill(limbs.span());
    x = BigInteger::from_limbs(limbs.span()).mod(n);  // no residue is more than twice as likely as another
  } while (gcd_vartime(x, n) != BigInteger(1));
  BigInteger h = power((x * x).mod(n), n, n_squared);
  return n.mod(std::uint64_t{4}) == 1 ? n_squared - h : std::move(h);
}

BigInteger standard_noise_base(const BigInteger& n) {
  constexpr std::string_view kDomain = "cloister noise base 1";
  ByteWriter seed;
  seed.put_raw({reinterpret_cast<const std::uint8_t*>(kDomain.data()), kDomain.size()});
  seed.put_raw(n.to_bytes((n.bit_length() + 7) / 8));
  Prng prng{Seed(sha256(seed.bytes()))};
  return make_noise_base(n, prng);
}

}  // namespace cloister::paillier
