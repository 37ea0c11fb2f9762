#include "cloister/paillier/owner/key_generation.h"

#include <openssl/bn.h>

#include <memory>

#include "cloister/base/error.h"
#include "cloister/paillier/noise_base.h"

namespace cloister::paillier {
namespace {

/// FIPS 186-5, A.1.1: primes that agree in fewer leading bits cannot be found by Fermat's method.
constexpr std::size_t kSharedLeadingBits = 100;
/// Of gcd(p - 1, q - 1), whose square the order of noise lacks. Random primes exceed it once in 2^63 times:
/// d divides both with probability 1 / phi(d)^2.
constexpr std::size_t kMaxSharedOrderBits = 64;

struct BignumClear {
  void operator()(BIGNUM* value) const noexcept { BN_clear_free(value); }
};

/// A random prime, 3 modulo 4, whose two top bits are set, so that products have exactly twice the bits.
BigInteger generate_prime(int bits) {
  const std::unique_ptr<BIGNUM, BignumClear> prime(BN_secure_new());
  SecretBuffer<std::uint8_t> bytes(static_cast<std::size_t>(bits) / 8);
  do {
    if (!prime || BN_generate_prime_ex(prime.get(), bits, 0, nullptr, nullptr, nullptr) != 1)
      throw ResourceError("OpenSSL could not generate a prime; check the system's random source and memory");
  } while (BN_mod_word(prime.get(), 4) != 3);
  if (BN_bn2binpad(prime.get(), bytes.data(), static_cast<int>(bytes.size())) < 0)
    throw InternalError("a prime is longer than it was to be");
  return BigInteger::from_bytes(bytes.span());
}

}  // namespace

const char* factor_fault_vartime(const BigInteger& p, const BigInteger& q) {
  const BigInteger one(1);
  if (p.sign() <= 0 || q.sign() <= 0) return "a factor of the key is not positive";
  if (p.bit_length() != q.bit_length()) return "the key's factors differ in length";
  if ((p * q).bit_length() != 2 * p.bit_length())
    return "the key's n is one bit short of its factors' length";
  if (p.bit_length() <= kSharedLeadingBits ||
      (p - q).magnitude().bit_length() <= p.bit_length() - kSharedLeadingBits)
    return "the key's factors are too close to each other";
  if (gcd_vartime(p - one, q - one).bit_length() > kMaxSharedOrderBits)
    return "the key's factors minus one share a large factor";
  if (!is_probable_prime_vartime(p) || !is_probable_prime_vartime(q))
    return "a factor of the key is not a prime";
  return nullptr;
}

const char* generated_factor_fault_vartime(const BigInteger& p, const BigInteger& q) {
  if (const char* fault = factor_fault_vartime(p, q)) return fault;
  if (p.mod(std::uint64_t{4}) != 3 || q.mod(std::uint64_t{4}) != 3)
    return "the key's factors are not both 3 modulo 4";
  if (gcd_vartime(p >> 1, q >> 1) != BigInteger(1))
    return "the halves of the key's factors minus one share a factor";
  return nullptr;
}

SecretKey generate_key(int modulus_bits, Prng& prng) {
  check_modulus_bits(modulus_bits);
  const BigInteger p = generate_prime(modulus_bits / 2);
  BigInteger q;
  do {
    q = generate_prime(modulus_bits / 2);
  } while (generated_factor_fault_vartime(p, q) != nullptr);
  return SecretKey::create_vartime(p, q, make_noise_base(p * q, prng));
}

}  // namespace cloister::paillier
