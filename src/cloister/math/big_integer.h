#pragma once

#include <gmp.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cloister {

/// A signed integer of any size (GMP's mpz), move-only, its limbs overwritten when it is destroyed.
/// Every operation writes a fresh result, so no outgrown copy of an operand stays behind; scratch
/// space that GMP takes and frees within one call is out of reach and not wiped.
/// Secrets: only `power` is constant time. Comparisons, arithmetic and conversions take time that
/// depends on sizes in limbs; functions whose time depends on the values themselves end in _vartime.
class BigInteger {
 public:
  BigInteger() noexcept { mpz_init(value_); }
  explicit BigInteger(std::int64_t value) { mpz_init_set_si(value_, value); }
  static BigInteger power_of_two(std::size_t exponent);
  /// A non-negative integer from little-endian limbs; leading zeros are allowed.
  static BigInteger from_limbs(std::span<const std::uint64_t> limbs);
  /// A non-negative integer from big-endian bytes; leading zeros are allowed.
  static BigInteger from_bytes(std::span<const std::uint8_t> big_endian);

  BigInteger(BigInteger&& other) noexcept : BigInteger() { mpz_swap(value_, other.value_); }
  BigInteger& operator=(BigInteger&& other) noexcept {
    mpz_swap(value_, other.value_);
    return *this;
  }
  BigInteger(const BigInteger&) = delete;
  BigInteger& operator=(const BigInteger&) = delete;
  ~BigInteger();

  BigInteger clone() const;

  int sign() const noexcept { return mpz_sgn(value_); }
  bool is_odd() const noexcept { return mpz_odd_p(value_); }
  /// Bits of the magnitude; 0 for zero.
  std::size_t bit_length() const noexcept { return sign() == 0 ? 0 : mpz_sizeinbase(value_, 2); }

  /// Writes the magnitude into all of `out`, padded with zeros. Throws ParametersError if the value is
  /// negative or does not fit.
  void to_limbs(std::span<std::uint64_t> out) const;
  /// Exactly `size` big-endian bytes. Throws ParametersError if the value is negative or does not fit.
  std::vector<std::uint8_t> to_bytes(std::size_t size) const;
  /// The nearest value, ties away from zero; infinite beyond the type's range.
  double to_double() const;
  long double to_long_double() const;
  /// value * 2^-fraction_bits, rounded once.
  double to_double_scaled(int fraction_bits) const;
  long double to_long_double_scaled(int fraction_bits) const;

  friend bool operator==(const BigInteger& a, const BigInteger& b) noexcept {
    return mpz_cmp(a.value_, b.value_) == 0;
  }
  friend std::strong_ordering operator<=>(const BigInteger& a, const BigInteger& b) noexcept {
    return mpz_cmp(a.value_, b.value_) <=> 0;
  }
  friend BigInteger operator+(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator-(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator*(const BigInteger& a, const BigInteger& b);
  BigInteger operator-() const;
  BigInteger operator<<(std::size_t bits) const;
  /// Towards minus infinity.
  BigInteger operator>>(std::size_t bits) const;
  BigInteger magnitude() const;

  /// The residue in [0, modulus). Throws ParametersError unless modulus > 0.
  BigInteger mod(const BigInteger& modulus) const;
  /// The residue modulo a small number > 0, in [0, modulus).
  std::uint64_t mod(std::uint64_t modulus) const;

  /// GMP's own number, for functions of GMP that are not wrapped here.
  mpz_srcptr raw() const noexcept { return value_; }
  mpz_ptr raw() noexcept { return value_; }

 private:
  mpz_t value_;
};

/// base^exponent mod modulus. Constant time in base and exponent (given their sizes in limbs).
/// Throws ParametersError unless modulus is odd and > 1 and exponent > 0.
BigInteger power(const BigInteger& base, const BigInteger& exponent, const BigInteger& modulus);
/// The same in variable time, for public exponents >= 0 and any modulus > 0.
BigInteger power_vartime(const BigInteger& base, const BigInteger& exponent, const BigInteger& modulus);
BigInteger gcd_vartime(const BigInteger& a, const BigInteger& b);
/// The inverse in [0, modulus), or nothing where gcd(value, modulus) is not 1.
std::optional<BigInteger> invert_vartime(const BigInteger& value, const BigInteger& modulus);
/// Baillie-PSW and 8 rounds of Miller-Rabin: no composite is known to pass.
bool is_probable_prime_vartime(const BigInteger& value);
/// Whether value = a^b for some a and b > 1.
bool is_perfect_power_vartime(const BigInteger& value);
/// The Jacobi symbol (value / modulus) of an odd modulus > 0.
int jacobi_vartime(const BigInteger& value, const BigInteger& modulus);

}  // namespace cloister
