#include "cloister/paillier/public_key.h"

#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/encoding.h"
#include "cloister/paillier/noise_base.h"

namespace cloister::paillier {
namespace {

constexpr std::uint64_t kTrialDivisors = 1 << 12;

void check_modulus(const BigInteger& n) {
  if (n.sign() <= 0) throw ParametersError("the key's n is not positive");
  check_modulus_bits(static_cast<int>(n.bit_length()));
  if (!n.is_odd()) throw ParametersError("the key's n is even");
  for (std::uint64_t d = 3; d < kTrialDivisors; d += 2)
    if (n.mod(d) == 0) throw ParametersError("the key's n has the small factor " + std::to_string(d));
  if (is_perfect_power_vartime(n)) throw ParametersError("the key's n is a perfect power");
  if (is_probable_prime_vartime(n)) throw ParametersError("the key's n is a prime");
}

void check_noise_base(const BigInteger& h, const BigInteger& n, const BigInteger& n_squared) {
  if (h.sign() <= 0 || h >= n_squared) throw ParametersError("the key's h is not in (0, n^2)");
  if (gcd_vartime(h, n) != BigInteger(1)) throw ParametersError("the key's h shares a factor with n");
  if (jacobi_vartime(h, n) != 1) throw ParametersError("the key's h has not the Jacobi symbol 1");
  if ((h * h).mod(n) == BigInteger(1)) throw ParametersError("the key's h has order 1 or 2 modulo n");
}

}  // namespace

void check_modulus_bits(int modulus_bits) {
  if (modulus_bits < kMinModulusBits)
    throw SecurityError("a Paillier modulus of " + std::to_string(modulus_bits) +
                        " bits is not secure; use " + std::to_string(kDefaultModulusBits) + ", at least " +
                        std::to_string(kMinModulusBits));
  if (modulus_bits > kMaxModulusBits || modulus_bits % kModulusBitsStep != 0)
    throw ParametersError("a Paillier modulus of " + std::to_string(modulus_bits) +
                          " bits is not supported; use a multiple of " + std::to_string(kModulusBitsStep) +
                          " up to " + std::to_string(kMaxModulusBits));
}

PublicKey PublicKey::create(BigInteger n, BigInteger h) {
  check_modulus(n);
  BigInteger n_squared = n * n;
  check_noise_base(h, n, n_squared);

  auto state = std::make_shared<State>();
  state->modulus_bits = static_cast<int>(n.bit_length());
  state->n_limbs.resize(static_cast<std::size_t>(state->modulus_bits) / 64);
  n.to_limbs(state->n_limbs);
  state->arithmetic = internal::make_modular_arithmetic(state->n_limbs);
  state->n = std::move(n);
  state->n_squared = std::move(n_squared);
  state->h = std::move(h);
  const PublicKey unnamed(state);
  ByteWriter writer;
  encode(unnamed, writer);
  state->id = sha256(writer.bytes());
  return unnamed;
}

PublicKey PublicKey::from_modulus(BigInteger n) {
  check_modulus(n);
  BigInteger h = standard_noise_base(n);
  return create(std::move(n), std::move(h));
}

void check_same_key(const char* operation, const Bytes32& key_id, const Bytes32& other_id) {
  if (key_id != other_id)
    throw MismatchError(
        std::string(operation) + ": the ciphertexts are of another key; use the key they were made with",
        to_hex(key_id), to_hex(other_id));
}

}  // namespace cloister::paillier
