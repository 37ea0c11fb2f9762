#include "cloister/math/big_integer.h"

#include <cmath>
#include <limits>
#include <string>

#include "cloister/base/error.h"
#include "cloister/base/memory.h"

namespace cloister {
namespace {

static_assert(GMP_LIMB_BITS == 64 && GMP_NAIL_BITS == 0, "limbs are 64 bits");

void require_fits(const BigInteger& value, std::size_t bits) {
  if (value.sign() < 0)
    throw ParametersError("a negative integer cannot be written as an unsigned one; encode its sign apart");
  if (value.bit_length() > bits)
    throw ParametersError("an integer of " + std::to_string(value.bit_length()) + " bits does not fit " +
                          std::to_string(bits) + " bits");
}

void require_positive(const BigInteger& modulus) {
  if (modulus.sign() <= 0) throw ParametersError("a modulus must be positive");
}

/// value * 2^-fraction_bits to the precision of T, ties away from zero.
template <typename T>
T to_floating(const BigInteger& value, int fraction_bits) {
  constexpr std::size_t kDigits = std::numeric_limits<T>::digits;
  const BigInteger magnitude = value.magnitude();
  const std::size_t length = magnitude.bit_length();
  const std::size_t dropped = length > kDigits ? length - kDigits : 0;
  BigInteger kept = magnitude >> dropped;
  if (dropped > 0 && mpz_tstbit(magnitude.raw(), dropped - 1)) kept = kept + BigInteger(1);
  T head = 0;
  // At most 65 bits (64 of long double and a carry that leaves zeros below it): halves are exact.
  const BigInteger high = kept >> 32;
  head = static_cast<T>(mpz_get_ui(high.raw())) * T(4294967296.0) +
         static_cast<T>(mpz_get_ui((kept - (high << 32)).raw()));
  constexpr std::size_t kBeyond = 1 << 20;
  const int exponent = static_cast<int>(dropped > kBeyond ? kBeyond : dropped);
  const T out = std::ldexp(head, exponent - fraction_bits);
  return value.sign() < 0 ? -out : out;
}

}  // namespace

BigInteger::~BigInteger() {
  if (value_->_mp_alloc > 0)
    wipe(value_->_mp_d, static_cast<std::size_t>(value_->_mp_alloc) * sizeof(mp_limb_t));
  mpz_clear(value_);
}

BigInteger BigInteger::power_of_two(std::size_t exponent) {
  BigInteger out;
  mpz_setbit(out.value_, exponent);
  return out;
}

BigInteger BigInteger::from_limbs(std::span<const std::uint64_t> limbs) {
  BigInteger out;
  mpz_import(out.value_, limbs.size(), -1, sizeof(std::uint64_t), 0, 0, limbs.data());
  return out;
}

BigInteger BigInteger::from_bytes(std::span<const std::uint8_t> big_endian) {
  BigInteger out;
  mpz_import(out.value_, big_endian.size(), 1, 1, 0, 0, big_endian.data());
  return out;
}

BigInteger BigInteger::clone() const {
  BigInteger out;
  mpz_set(out.value_, value_);
  return out;
}

void BigInteger::to_limbs(std::span<std::uint64_t> out) const {
  require_fits(*this, 64 * out.size());
  const std::size_t used = mpz_size(value_);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = i < used ? mpz_getlimbn(value_, static_cast<mp_size_t>(i)) : 0;
}

std::vector<std::uint8_t> BigInteger::to_bytes(std::size_t size) const {
  require_fits(*this, 8 * size);
  std::vector<std::uint8_t> out(size, 0);
  const std::size_t used = (bit_length() + 7) / 8;
  if (used > 0) mpz_export(out.data() + (size - used), nullptr, 1, 1, 0, 0, value_);
  return out;
}

double BigInteger::to_double() const { return to_floating<double>(*this, 0); }
long double BigInteger::to_long_double() const { return to_floating<long double>(*this, 0); }
double BigInteger::to_double_scaled(int fraction_bits) const {
  return to_floating<double>(*this, fraction_bits);
}
long double BigInteger::to_long_double_scaled(int fraction_bits) const {
  return to_floating<long double>(*this, fraction_bits);
}

BigInteger operator+(const BigInteger& a, const BigInteger& b) {
  BigInteger out;
  mpz_add(out.value_, a.value_, b.value_);
  return out;
}

BigInteger operator-(const BigInteger& a, const BigInteger& b) {
  BigInteger out;
  mpz_sub(out.value_, a.value_, b.value_);
  return out;
}

BigInteger operator*(const BigInteger& a, const BigInteger& b) {
  BigInteger out;
  mpz_mul(out.value_, a.value_, b.value_);
  return out;
}

BigInteger BigInteger::operator-() const {
  BigInteger out;
  mpz_neg(out.value_, value_);
  return out;
}

BigInteger BigInteger::operator<<(std::size_t bits) const {
  BigInteger out;
  mpz_mul_2exp(out.value_, value_, bits);
  return out;
}

BigInteger BigInteger::operator>>(std::size_t bits) const {
  BigInteger out;
  mpz_fdiv_q_2exp(out.value_, value_, bits);
  return out;
}

BigInteger BigInteger::magnitude() const {
  BigInteger out;
  mpz_abs(out.value_, value_);
  return out;
}

BigInteger BigInteger::mod(const BigInteger& modulus) const {
  require_positive(modulus);
  BigInteger out;
  mpz_mod(out.value_, value_, modulus.value_);
  return out;
}

std::uint64_t BigInteger::mod(std::uint64_t modulus) const {
  if (modulus == 0) throw ParametersError("a modulus must be positive");
  return mpz_fdiv_ui(value_, modulus);
}

BigInteger power(const BigInteger& base, const BigInteger& exponent, const BigInteger& modulus) {
  if (modulus <= BigInteger(1) || !modulus.is_odd())
    throw ParametersError("power: the modulus must be odd and greater than 1");
  if (exponent.sign() <= 0) throw ParametersError("power: the exponent must be positive");
  BigInteger out;
  mpz_powm_sec(out.raw(), base.raw(), exponent.raw(), modulus.raw());
  return out;
}

BigInteger power_vartime(const BigInteger& base, const BigInteger& exponent, const BigInteger& modulus) {
  require_positive(modulus);
  if (exponent.sign() < 0) throw ParametersError("power_vartime: the exponent must not be negative");
  BigInteger out;
  mpz_powm(out.raw(), base.raw(), exponent.raw(), modulus.raw());
  return out;
}

BigInteger gcd_vartime(const BigInteger& a, const BigInteger& b) {
  BigInteger out;
  mpz_gcd(out.raw(), a.raw(), b.raw());
  return out;
}

std::optional<BigInteger> invert_vartime(const BigInteger& value, const BigInteger& modulus) {
  require_positive(modulus);
  BigInteger out;
  if (mpz_invert(out.raw(), value.raw(), modulus.raw()) == 0) return std::nullopt;
  return out;
}

bool is_probable_prime_vartime(const BigInteger& value) {
  constexpr int kRounds = 32;  // GMP counts its Baillie-PSW test as 24 of them
  return value.sign() > 0 && mpz_probab_prime_p(value.raw(), kRounds) != 0;
}

bool is_perfect_power_vartime(const BigInteger& value) { return mpz_perfect_power_p(value.raw()) != 0; }

int jacobi_vartime(const BigInteger& value, const BigInteger& modulus) {
  if (modulus.sign() <= 0 || !modulus.is_odd())
    throw ParametersError("jacobi: the modulus must be odd and positive");
  return mpz_jacobi(value.raw(), modulus.raw());
}

}  // namespace cloister
