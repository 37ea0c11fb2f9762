#include "cloister/bfv/internal/scaled_message.h"

#include <string>

namespace cloister::bfv::internal {

std::uint64_t q_modulo_t(const Parameters& parameters, int level) {
  const Modulus& t = parameters.plaintext_modulus();
  std::uint64_t product = 1;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(level); ++i)
    product = t.mul(product, t.reduce(parameters.ring()->modulus(i).value()));
  return product;
}

void require_plaintext(const Parameters& parameters, const Plaintext& plaintext) {
  if (plaintext.coefficients.size() != parameters.ring()->degree())
    throw ParametersError("the plaintext has " + std::to_string(plaintext.coefficients.size()) +
                          " coefficients, and the ring degree is " +
                          std::to_string(parameters.ring()->degree()));
  const std::uint64_t t = parameters.plaintext_modulus().value();
  unsigned outside = 0;  // gathered without a branch on any one value
  for (const std::uint64_t c : plaintext.span()) outside |= static_cast<unsigned>(c >= t);
  if (outside != 0)
    throw ParametersError(
        "the plaintext has a coefficient that is not below the plaintext modulus; make it "
        "with the encoder of these parameters");
}

EvaluationPoly scaled_message(const Parameters& parameters, const Plaintext& plaintext, int level,
                              const ThreadPool& pool) {
  require_plaintext(parameters, plaintext);
  // (Q m - [Q m]_t) / t, of which Q m is zero modulo every prime of Q.
  const auto& ring = parameters.ring();
  const KernelTable& kernels = ring->kernels();
  const Modulus& t = parameters.plaintext_modulus();
  const std::size_t n = ring->degree();
  auto remainder = SecretBuffer<std::uint64_t>::uninitialized(n);
  kernels.mul_scalar(t, plaintext.coefficients.data(), ShoupFactor(q_modulo_t(parameters, level), t),
                     remainder.data(), n);
  auto out = EvaluationPoly::uninitialized(ring, {static_cast<std::size_t>(level) + 1, 0});
  pool.parallel_for(out.limbs().q, [&](std::size_t i) {
    const Modulus& q = out.modulus(i);
    const ShoupFactor factor(q.negate(q.inverse(q.reduce(t.value()))), q);
    kernels.change_modulus(t, q, remainder.data(), out.limb(i), n);
    kernels.mul_scalar(q, out.limb(i), factor, out.limb(i), n);
    kernels.ntt_forward(ring->ntt(i), out.limb(i), out.limb(i));
  });
  return out;
}

}  // namespace cloister::bfv::internal
