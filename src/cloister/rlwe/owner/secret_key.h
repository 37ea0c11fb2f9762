#pragma once

#include <memory>
#include <span>

#include "cloister/base/memory.h"
#include "cloister/random/prng.h"
#include "cloister/ring/rns_poly.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// A ternary secret. Move-only, in locked and wiped memory; never printed or compared.
class SecretKey {
 public:
  /// Draws a new one, uniform. Constant time.
  static SecretKey generate(std::shared_ptr<const Parameters> parameters, Prng& prng, const ThreadPool& pool);
  /// Draws an ephemeral one of kEncapsulationWeight nonzero coefficients. Constant time. Nothing may be
  /// encrypted under it but with Parameters::encapsulated, which is secure for that.
  static SecretKey generate_sparse(std::shared_ptr<const Parameters> parameters, Prng& prng,
                                   const ThreadPool& pool);
  /// From stored coefficients: N values in {-1, 0, 1}, else DecodeError.
  static SecretKey from_coefficients(std::shared_ptr<const Parameters> parameters,
                                     SecretBuffer<std::int8_t> coefficients, const ThreadPool& pool);

  const std::shared_ptr<const Parameters>& parameters() const noexcept { return parameters_; }
  /// N values in {-1, 0, 1}.
  std::span<const std::int8_t> coefficients() const noexcept { return coefficients_.span(); }
  /// The secret over Q and P.
  const SecretEvaluationPoly& evaluation() const noexcept { return evaluation_; }

 private:
  SecretKey(std::shared_ptr<const Parameters> parameters, SecretBuffer<std::int8_t> coefficients,
            const ThreadPool& pool);

  std::shared_ptr<const Parameters> parameters_;
  SecretBuffer<std::int8_t> coefficients_;
  SecretEvaluationPoly evaluation_;
};

}  // namespace cloister::rlwe
