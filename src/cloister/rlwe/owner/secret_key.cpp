#include "cloister/rlwe/owner/secret_key.h"

#include "cloister/random/samplers.h"
#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/security.h"

namespace cloister::rlwe {

SecretKey::SecretKey(std::shared_ptr<const Parameters> parameters, SecretBuffer<std::int8_t> coefficients,
                     const ThreadPool& pool)
    : parameters_(std::move(parameters)),
      coefficients_(std::move(coefficients)),
      evaluation_(to_evaluation(
          from_small<Secrecy::kSecret>(parameters_->ring(), parameters_->ring()->all_limbs(),
                                       std::span<const std::int8_t>(coefficients_.span()), pool),
          pool)) {}

SecretKey SecretKey::generate(std::shared_ptr<const Parameters> parameters, Prng& prng,
                              const ThreadPool& pool) {
  SecretBuffer<std::int8_t> coefficients(parameters->ring()->degree());
  sample_ternary(prng, coefficients.span());
  return SecretKey(std::move(parameters), std::move(coefficients), pool);
}

SecretKey SecretKey::generate_sparse(std::shared_ptr<const Parameters> parameters, Prng& prng,
                                     const ThreadPool& pool) {
  SecretBuffer<std::int8_t> coefficients(parameters->ring()->degree());
  sample_sparse_ternary(prng, kEncapsulationWeight, coefficients.span());
  return SecretKey(std::move(parameters), std::move(coefficients), pool);
}

SecretKey SecretKey::from_coefficients(std::shared_ptr<const Parameters> parameters,
                                       SecretBuffer<std::int8_t> coefficients, const ThreadPool& pool) {
  if (coefficients.size() != parameters->ring()->degree())
    throw DecodeError("secret key", 0, "its length is not the ring degree; it belongs to other parameters");
  unsigned outside = 0;  // gathered without a branch on any one value
  for (const std::int8_t c : coefficients) outside |= static_cast<unsigned>(c + 1) > 2u;
  if (outside != 0) throw DecodeError("secret key", 0, "a coefficient is not ternary");
  return SecretKey(std::move(parameters), std::move(coefficients), pool);
}

}  // namespace cloister::rlwe
