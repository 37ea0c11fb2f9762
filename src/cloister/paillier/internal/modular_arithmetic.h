#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "cloister/base/thread_pool.h"

namespace cloister::paillier::internal {

/// Powers of one base to secret exponents of one length: what tables of the base can speed up.
class FixedBase {
 public:
  virtual ~FixedBase() = default;
  /// How many exponents one call handles best.
  virtual std::size_t block() const noexcept = 0;
  /// out[count][limbs] = base^exponents[i]; exponents are [count][exponent_limbs].
  /// Secrets: constant time in base and exponents.
  virtual void power(const std::uint64_t* exponents, std::uint64_t* out, std::size_t count) const = 0;
};

/// Arithmetic modulo the square of one odd number n that fills its limbs, on many residues at once: the seam
/// between Paillier's operations and the machine. n is the public key's, or one of its secret factors. One
/// implementation a target; GMP's is the reference that the others must equal. Arrays are residues
/// [count][limbs], little-endian; an output may be one of the inputs.
class ModularArithmetic {
 public:
  virtual ~ModularArithmetic() = default;

  /// Of n^2; n has half of them.
  virtual std::size_t limbs() const noexcept = 0;
  /// How many entries one call handles best; longer arrays are cut into blocks of this.
  virtual std::size_t block() const noexcept = 0;

  /// out[i] = a[i] * b[i]. Secrets: constant time, also in n.
  virtual void multiply(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                        std::size_t count) const = 0;
  /// out[i] = a[i] * (1 + m[i] n), m being [count][limbs of n], below n. Secrets: constant time.
  virtual void add_clear(const std::uint64_t* a, const std::uint64_t* m, std::uint64_t* out,
                         std::size_t count) const = 0;
  /// out[i] = bases[i]^exponent, of bases > 0 with base_limbs (limbs() or twice that) each. Secrets: constant
  /// time in bases, exponent and n.
  virtual void power(const std::uint64_t* bases, std::size_t base_limbs,
                     std::span<const std::uint64_t> exponent, std::uint64_t* out,
                     std::size_t count) const = 0;
  /// out[i] = bases[i]^exponents[i].
  virtual void power_vartime(const std::uint64_t* bases, const std::uint64_t* exponents, std::uint64_t* out,
                             std::size_t count) const = 0;
  /// out[i] = product over t of bases[t][i]^exponents[t]; out must not be one of the bases.
  virtual void multi_power_vartime(std::span<const std::uint64_t* const> bases,
                                   std::span<const std::uint64_t> exponents, std::uint64_t* out,
                                   std::size_t count) const = 0;
  /// out[i] = a[i]^-1. Throws InternalError where there is none: ciphertexts are checked to have one.
  /// Cost: that of one inversion and some multiplications an entry; so give it many at once.
  virtual void invert_vartime(const std::uint64_t* a, std::uint64_t* out, std::size_t count) const = 0;
  /// Prepares powers of `base`, coprime to n, to exponents of `exponent_limbs`. It must not outlive this
  /// object.
  virtual std::unique_ptr<const FixedBase> fixed_base(std::span<const std::uint64_t> base,
                                                      std::size_t exponent_limbs) const = 0;
};

/// The fastest implementation for this machine, or for the target that the environment's CLOISTER_TARGET
/// names (select_kernels says which there are). `root` is n.
std::shared_ptr<const ModularArithmetic> make_modular_arithmetic(std::span<const std::uint64_t> root);
/// The one for a target; the reference for those without kernels of their own.
std::shared_ptr<const ModularArithmetic> make_modular_arithmetic(std::span<const std::uint64_t> root,
                                                                 std::string_view target);

/// Calls body(first, count) for consecutive blocks that cover [0, count).
void for_blocks(const ThreadPool& pool, std::size_t count, std::size_t block,
                const std::function<void(std::size_t first, std::size_t count)>& body);

}  // namespace cloister::paillier::internal
