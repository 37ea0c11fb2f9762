#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cloister/base/memory_pool.h"
#include "cloister/kernels/kernel_table.h"
#include "cloister/kernels/ntt_tables.h"
#include "cloister/math/modulus.h"

namespace cloister {

/// Which limbs of a ring a polynomial has: the first `q` of the coefficient modulus Q and, while keys
/// are switched, all or none of the special modulus P. Lower levels are prefixes of higher ones.
struct LimbSet {
  std::size_t q = 0;
  std::size_t p = 0;

  std::size_t count() const noexcept { return q + p; }
  friend bool operator==(const LimbSet&, const LimbSet&) = default;
};

/// Z_QP[X]/(X^N + 1) in residues: degree, the primes of Q and P, their transforms and the kernels of
/// this CPU. Built once, immutable, shared; the memory of its polynomials is used again for others. Memory:
/// 64 N bytes a prime, and at most kIdlePolynomials polynomials over QP that are not in use.
class Ring {
 public:
  /// Primes must be distinct, below 2^60 and 1 modulo 2N; 2^3 <= N <= 2^17. Throws ParametersError.
  static std::shared_ptr<const Ring> create(int log2_degree, std::span<const std::uint64_t> q_primes,
                                            std::span<const std::uint64_t> p_primes,
                                            const KernelTable& kernels);
  /// The ring with the same Q and other special primes; tables of primes that both have are shared.
  /// Throws as create.
  std::shared_ptr<const Ring> with_special_primes(std::span<const std::uint64_t> p_primes) const;

  int log2_degree() const noexcept { return log2_degree_; }
  std::size_t degree() const noexcept { return std::size_t{1} << log2_degree_; }
  std::size_t q_count() const noexcept { return q_count_; }
  std::size_t p_count() const noexcept { return tables_.size() - q_count_; }
  LimbSet all_limbs() const noexcept { return {q_count(), p_count()}; }

  /// Index of a polynomial's i-th limb among the ring's primes (Q first, then P).
  std::size_t prime_index(const LimbSet& limbs, std::size_t i) const noexcept {
    return i < limbs.q ? i : q_count_ + (i - limbs.q);
  }
  const Modulus& modulus(std::size_t prime) const noexcept { return tables_[prime]->modulus(); }
  const NttTables& ntt(std::size_t prime) const noexcept { return *tables_[prime]; }
  const KernelTable& kernels() const noexcept { return *kernels_; }

  static constexpr std::size_t kIdlePolynomials = 32;
  /// Residues or scratch of a computation, contents unspecified.
  PooledBuffer<std::uint64_t> words(std::size_t count) const { return {pool_, count}; }

 private:
  Ring(int log2_degree, std::size_t q_count, const KernelTable& kernels)
      : log2_degree_(log2_degree), q_count_(q_count), kernels_(&kernels) {}
  static std::shared_ptr<const Ring> create(int log2_degree, std::span<const std::uint64_t> q_primes,
                                            std::span<const std::uint64_t> p_primes,
                                            const KernelTable& kernels, const Ring* sharing);

  int log2_degree_;
  std::size_t q_count_;
  std::vector<std::shared_ptr<const NttTables>> tables_;
  const KernelTable* kernels_;
  std::shared_ptr<MemoryPool> pool_;
};

}  // namespace cloister
