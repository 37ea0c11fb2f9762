#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/math/big_integer.h"
#include "cloister/paillier/internal/modular_arithmetic.h"

namespace cloister::paillier {

inline constexpr int kDefaultModulusBits = 3072;
/// Below this, factoring is within reach of the next years (NIST SP 800-57: 2048 bits for 112 bits of
/// security until 2030, 3072 for 128).
inline constexpr int kMinModulusBits = 2048;
inline constexpr int kMaxModulusBits = 8192;
/// Lengths are multiples of this, so that primes, n and n^2 fill their limbs.
inline constexpr int kModulusBitsStep = 128;

/// Throws SecurityError below kMinModulusBits, ParametersError for other lengths that are not supported.
void check_modulus_bits(int modulus_bits);

/// The public half of a Paillier key: n, g = n + 1 and a base h of n-th residues for fast noise.
/// Immutable; copies share one state.
/// Source: Paillier 1999; h = -(x^2)^n mod n^2 from Damgard, Jurik, Nielsen 2010, section 4.2.
class PublicKey {
 public:
  /// Checks what can be checked without the factors: n's length, oddness, small factors, that it is neither
  /// a prime nor a perfect power; h's range, coprimality, Jacobi symbol and
  /// that it is not of order 1 or 2. That h is an n-th residue cannot be checked: a key's maker could
  /// spoil its own results with another.
  /// Cost: about 10 ms.  Errors: SecurityError (too short), ParametersError (all else).
  static PublicKey create(BigInteger n, BigInteger h);
  /// A key that another library made, which has no h: it gets standard_noise_base(n), so that everybody who
  /// takes the same n over has the same key, with the same id. Cost and errors: as create.
  static PublicKey from_modulus(BigInteger n);

  int modulus_bits() const noexcept { return state_->modulus_bits; }
  /// Limbs of n; a ciphertext has twice as many.
  std::size_t plaintext_limbs() const noexcept { return state_->n_limbs.size(); }
  std::size_t ciphertext_limbs() const noexcept { return 2 * plaintext_limbs(); }
  const BigInteger& n() const noexcept { return state_->n; }
  const BigInteger& n_squared() const noexcept { return state_->n_squared; }
  const BigInteger& h() const noexcept { return state_->h; }
  std::span<const std::uint64_t> n_limbs() const noexcept { return state_->n_limbs; }
  /// SHA-256 of the key's encoding: what ciphertexts are bound to.
  const Bytes32& id() const noexcept { return state_->id; }

  /// Arithmetic modulo n^2, for this layer.
  const internal::ModularArithmetic& arithmetic() const noexcept { return *state_->arithmetic; }

 private:
  struct State {
    int modulus_bits;
    BigInteger n, n_squared, h;
    std::vector<std::uint64_t> n_limbs;
    Bytes32 id;
    std::shared_ptr<const internal::ModularArithmetic> arithmetic;
  };
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

/// Throws MismatchError, naming both ids, unless they are equal.
void check_same_key(const char* operation, const Bytes32& key_id, const Bytes32& other_id);

}  // namespace cloister::paillier
