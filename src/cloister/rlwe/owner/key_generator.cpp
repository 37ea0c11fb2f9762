#include "cloister/rlwe/owner/key_generator.h"

#include <algorithm>

#include "cloister/ring/poly_ops.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/encryption.h"

namespace cloister::rlwe {
namespace {

SecretEvaluationPoly square(const SecretEvaluationPoly& s, const ThreadPool& pool) {
  auto out = SecretEvaluationPoly::uninitialized(s.ring(), s.limbs());
  pool.parallel_for(s.limbs().count(), [&](std::size_t i) {
    s.ring()->kernels().mul(s.modulus(i), s.limb(i), s.limb(i), out.limb(i), s.degree());
  });
  return out;
}

// A digit of a key: an encryption under `to` of P times `from` on the limbs [start, end), of zero elsewhere.
SeededPair key_digit(const Parameters& parameters, const SecretEvaluationPoly& from,
                     const SecretEvaluationPoly& to, LimbSet limbs, const Seed& seed, std::uint64_t stream,
                     std::size_t start, std::size_t end, Prng& prng, const ThreadPool& pool) {
  const auto& ring = parameters.ring();
  SeededPair out = encrypt_zero(to, limbs, seed, stream, prng, pool);
  pool.parallel_for(end - start, [&](std::size_t j) {
    const std::size_t i = start + j;
    SecretBuffer<std::uint64_t> scaled(ring->degree());
    ring->kernels().mul_scalar(ring->modulus(i), from.limb(i),
                               ShoupFactor(parameters.p_modulo(i), ring->modulus(i)), scaled.data(),
                               ring->degree());
    ring->kernels().add(ring->modulus(i), out.b.limb(i), scaled.data(), out.b.limb(i), ring->degree());
  });
  return out;
}

SecretKey same_coefficients(const SecretKey& secret, std::shared_ptr<const Parameters> parameters,
                            const ThreadPool& pool) {
  SecretBuffer<std::int8_t> copy(secret.coefficients().size());
  std::ranges::copy(secret.coefficients(), copy.begin());
  return SecretKey::from_coefficients(std::move(parameters), std::move(copy), pool);
}

}  // namespace

PublicKey KeyGenerator::public_key(Prng& prng) const {
  SeededPair zero = encrypt_zero(*secret_, {secret_->parameters()->ring()->q_count(), 0}, prng, *pool_);
  return {std::move(zero.b), std::move(zero.a), zero.seed};
}

KeySwitchKey KeyGenerator::relinearization_key(Prng& prng, std::size_t q_limbs) const {
  return key_switch_key(square(secret_->evaluation(), *pool_), secret_->evaluation(), prng, q_limbs);
}

GaloisKey KeyGenerator::galois_key(std::uint64_t galois_element, Prng& prng, std::size_t q_limbs) const {
  const int log2_degree = secret_->parameters()->ring()->log2_degree();
  Automorphism automorphism(log2_degree, galois_element);
  const Automorphism back(log2_degree, inverse_galois_element(galois_element, log2_degree));
  return {key_switch_key(secret_->evaluation(), back.apply(secret_->evaluation(), *pool_), prng, q_limbs),
          std::move(automorphism)};
}

KeySwitchKey KeyGenerator::key_switch_key(const SecretEvaluationPoly& from, const SecretEvaluationPoly& to,
                                          Prng& prng, std::size_t q_limbs) const {
  const Parameters& parameters = *secret_->parameters();
  const auto& ring = parameters.ring();
  if (ring->p_count() == 0 || q_limbs == 0 || q_limbs > ring->q_count())
    throw ParametersError("key generation: these parameters switch no keys at " + std::to_string(q_limbs) +
                          " limbs");
  const LimbSet limbs = parameters.raised_limbs(q_limbs);
  KeySwitchKey key{{}, {}, prng.next_seed()};
  for (std::size_t d = 0; d < parameters.digits_at(q_limbs); ++d) {
    const std::size_t start = d * parameters.digit_size();
    SeededPair digit = key_digit(parameters, from, to, limbs, key.seed, d, start,
                                 std::min(start + parameters.digit_size(), q_limbs), prng, *pool_);
    key.b.push_back(std::move(digit.b));
    key.a.push_back(std::move(digit.a));
  }
  return key;
}

EncapsulationKeys KeyGenerator::encapsulation_keys(Prng& prng) const {
  const std::shared_ptr<const Parameters>& parameters = secret_->parameters();
  const auto small = parameters->encapsulated();
  const SecretKey sparse = SecretKey::generate_sparse(small, prng, *pool_);
  const SecretKey dense = same_coefficients(*secret_, small, *pool_);
  KeySwitchKey to_sparse =
      KeyGenerator(sparse, *pool_).key_switch_key(dense.evaluation(), sparse.evaluation(), prng, 1);
  const SecretKey raised = same_coefficients(sparse, parameters, *pool_);
  const LimbSet limbs = parameters->ring()->all_limbs();
  KeySwitchKey to_dense{{}, {}, prng.next_seed()};
  SeededPair digit = key_digit(*parameters, raised.evaluation(), secret_->evaluation(), limbs, to_dense.seed,
                               0, 0, limbs.q, prng, *pool_);
  to_dense.b.push_back(std::move(digit.b));
  to_dense.a.push_back(std::move(digit.a));
  return {std::move(to_sparse), std::move(to_dense)};
}

}  // namespace cloister::rlwe
