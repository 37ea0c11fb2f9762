#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/ring/base_converter.h"
#include "cloister/ring/limb_division.h"
#include "cloister/ring/ring.h"
#include "cloister/rlwe/security.h"

namespace cloister::rlwe {

/// What an expert or the planner writes down; unchecked until Parameters::create.
struct ParametersSpec {
  int log2_degree = 0;
  std::vector<std::uint64_t> q_primes;  ///< coefficient modulus; a level up is a prime further on
  std::vector<std::uint64_t> p_primes;  ///< special modulus of key switching; empty: no key switching
  int digits = 1;                       ///< groups of Q's primes that are switched apart (dnum)

  /// Primes of Q in a full digit: of the sizes that make as few digits as q_primes.size() / digits, rounded
  /// up, does, the one whose largest digit's product is the smallest, since P has to be as large. So where
  /// upper primes are larger, the last digit has fewer. `digits` must be positive.
  std::size_t digit_size() const;

  /// The first primes of P that are used to switch a polynomial of `q_limbs` limbs: all where it has more
  /// than one digit, and else as many as keep the ratio of P to that digit, and with it the noise.
  std::size_t special_limbs(std::size_t q_limbs) const;
  /// The limbs of a raised polynomial of `q_limbs` limbs of Q, and of a key for such.
  LimbSet raised_limbs(std::size_t q_limbs) const { return {q_limbs, special_limbs(q_limbs)}; }

  friend bool operator==(const ParametersSpec&, const ParametersSpec&) = default;
};

/// The chain under which ciphertexts of the first prime are switched to an ephemeral sparse secret: that
/// prime, and a special one of its own.
ParametersSpec encapsulated_spec(const ParametersSpec& spec);

/// Checked, immutable parameters of ring-LWE encryption with hybrid key switching.
/// Source: Han, Ki, "Better bootstrapping for approximate homomorphic encryption", 2020.
class Parameters {
 public:
  /// Throws SecurityError if log2(QP) exceeds the 128-bit table, ParametersError if the primes, the
  /// digits or the special modulus (at least as large as every digit) are unfit.
  /// `table`: k2018 is for compatibility layers only.
  static std::shared_ptr<const Parameters> create(ParametersSpec spec, const KernelTable& kernels,
                                                  SecurityTable table = SecurityTable::k2024);

  /// Those of encapsulated_spec. Throws SecurityError where their modulus is above
  /// max_log2_encapsulated_modulus. Cost: two primes' tables.
  std::shared_ptr<const Parameters> encapsulated() const;

  const ParametersSpec& spec() const noexcept { return spec_; }
  /// SHA-256 over an encoding of the spec.
  const Bytes32& id() const noexcept { return id_; }
  const std::shared_ptr<const Ring>& ring() const noexcept { return ring_; }
  double log2_q() const noexcept { return log2_q_; }
  double log2_p() const noexcept { return log2_p_; }
  double log2_qp() const noexcept { return log2_q_ + log2_p_; }

  int digits() const noexcept { return spec_.digits; }
  /// Primes of Q in a full digit.
  std::size_t digit_size() const noexcept { return digit_size_; }
  /// Digits that a polynomial of `q_limbs` limbs has.
  std::size_t digits_at(std::size_t q_limbs) const noexcept {
    return (q_limbs + digit_size_ - 1) / digit_size_;
  }
  /// ParametersSpec::raised_limbs. Where these are not all of P, a key for
  /// P is one for their product P_k whose limbs modulo Q are P' = P / P_k times what they should be; and so
  /// are those of what is made with it, *raised* polynomials. The converters make up for P', at no cost:
  /// mod_up divides the digit by it, the divisions take the remainder times it and divide by P. Source: ours;
  /// levels that switch with fewer special primes, by keys of their own: Hwang, Seo, Song, "Optimizing HE
  /// operations via level-aware key-switching framework", 2023.
  LimbSet raised_limbs(std::size_t q_limbs) const noexcept { return {q_limbs, special_limbs_[q_limbs - 1]}; }
  /// From digit `digit` of a polynomial of `q_limbs` limbs to its other limbs and those of P that are used.
  const BaseConverter& mod_up(std::size_t q_limbs, std::size_t digit) const noexcept {
    return mod_up_[q_limbs - 1][digit];
  }
  /// Division of raised polynomials of `q_limbs` limbs of Q by the primes of P that are used.
  const LimbDivision& mod_down(std::size_t q_limbs) const noexcept {
    return q_limbs > mod_down_.size() ? *mod_down_by_all_ : mod_down_[q_limbs - 1];
  }
  /// Of those of `q_limbs` > 1 limbs by the same and the last limb of Q.
  const LimbDivision& mod_down_and_rescale(std::size_t q_limbs) const noexcept {
    return mod_down_and_rescale_[q_limbs - 2];
  }
  /// Of polynomials of `q_limbs` > 1 limbs by the last one.
  const LimbDivision& rescale(std::size_t q_limbs) const noexcept { return rescale_[q_limbs - 2]; }
  /// P modulo each prime of Q.
  std::uint64_t p_modulo(std::size_t q_prime) const noexcept { return p_modulo_[q_prime]; }
  /// log2 of the largest digit's product.
  double log2_largest_digit() const noexcept { return log2_largest_digit_; }

 private:
  friend class InsecureParametersForTests;
  enum class SecurityCheck { kEnforce, kSkipInTests };
  Parameters(ParametersSpec spec, const KernelTable& kernels, SecurityCheck check,
             SecurityTable table = SecurityTable::k2024);

  ParametersSpec spec_;
  SecurityCheck check_;
  Bytes32 id_{};
  std::shared_ptr<const Ring> ring_;
  double log2_q_ = 0, log2_p_ = 0, log2_largest_digit_ = 0;
  std::size_t digit_size_ = 0;
  std::vector<std::vector<BaseConverter>> mod_up_;  // [q_limbs - 1][digit]
  std::vector<std::size_t> special_limbs_;          // [q_limbs - 1]
  std::vector<LimbDivision> mod_down_;              // [q_limbs - 1], of those that use a part of P
  std::optional<LimbDivision> mod_down_by_all_;
  std::vector<LimbDivision> rescale_, mod_down_and_rescale_;  // [q_limbs - 2]
  std::vector<std::uint64_t> p_modulo_;
};

}  // namespace cloister::rlwe
