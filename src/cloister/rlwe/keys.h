#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloister/ring/automorphism.h"
#include "cloister/ring/uniform.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// An encryption of zero (b, a), b = -a s + e, over all of Q. The half `a` is the expansion of `seed`.
struct PublicKey {
  EvaluationPoly b, a;
  Seed seed;
};

/// Takes a polynomial's product with a secret s' to one with the secret s: for each digit j a pair
/// (b_j, a_j) over Parameters::raised_limbs of some prefix of Q, b_j = -a_j s + e_j + P s' [limb in digit j].
/// Half of it is the expansion of `seed` (stream j). Keys of lower levels are prefixes: fewer limbs, fewer
/// digits. Both halves may be borrowed from a mapped file (wire/expanded_keys.h).
struct KeySwitchKey {
  std::vector<EvaluationPoly> b, a;
  Seed seed;

  std::size_t q_limbs() const noexcept { return b.front().limbs().q; }
};

/// The key of X -> X^g: switches s to the secret that the automorphism then takes back to s, so that the
/// permutation comes last, on two polynomials instead of on every digit.
struct GaloisKey {
  KeySwitchKey key;
  Automorphism automorphism;
};

/// What takes a ciphertext at level 0 to an ephemeral sparse secret and, when its modulus has been raised,
/// back (ModulusRaiser).
struct EncapsulationKeys {
  KeySwitchKey to_sparse;  ///< over Parameters::encapsulated
  /// Of one digit for all of Q, since what it multiplies is below the first prime: b = -a s + e + P s'.
  KeySwitchKey to_dense;
};

/// The evaluation keys a server holds; immutable once filled, and passed in wherever they are used.
class EvaluationKeys {
 public:
  void set_relinearization(KeySwitchKey key) { relinearization_.emplace(std::move(key)); }
  void add_galois(GaloisKey key) {
    const std::uint64_t g = key.automorphism.galois_element();
    galois_.insert_or_assign(g, std::move(key));
  }

  void set_encapsulation(EncapsulationKeys keys) { encapsulation_.emplace(std::move(keys)); }

  bool has_encapsulation() const noexcept { return encapsulation_.has_value(); }
  bool has_relinearization() const noexcept { return relinearization_.has_value(); }
  bool has_galois(std::uint64_t element) const noexcept { return galois_.contains(element); }
  const std::map<std::uint64_t, GaloisKey>& galois_keys() const noexcept { return galois_; }

  /// Throw MissingKeyError; `what` names the operation in the caller's words ("rotate by 4").
  const KeySwitchKey& relinearization() const {
    if (!relinearization_)
      throw MissingKeyError(
          "relinearize: the evaluation keys hold no relinearization key; generate keys "
          "from a plan that multiplies ciphertexts",
          0);
    return *relinearization_;
  }
  const EncapsulationKeys& encapsulation() const {
    if (!encapsulation_)
      throw MissingKeyError(
          "bootstrap: the evaluation keys hold no encapsulation keys; generate keys from a plan that "
          "bootstraps",
          0);
    return *encapsulation_;
  }
  const GaloisKey& galois(std::uint64_t element, const std::string& what) const {
    const auto it = galois_.find(element);
    if (it == galois_.end())
      throw MissingKeyError(what + ": the evaluation keys hold no key for this rotation (Galois element " +
                                std::to_string(element) + "); generate keys from the plan that is used",
                            element);
    return it->second;
  }

 private:
  std::optional<KeySwitchKey> relinearization_;
  std::optional<EncapsulationKeys> encapsulation_;
  std::map<std::uint64_t, GaloisKey> galois_;
};

}  // namespace cloister::rlwe
