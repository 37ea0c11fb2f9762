#pragma once

#include <span>

#include "cloister/ring/rns_poly.h"

namespace cloister {

// Limb-wise operations. Operands have the same ring; they must have the limbs of `out`, and may have
// more of Q (a higher level is read as its prefix). `out` may alias an operand. Mixing domains does not
// compile. Cost: one pass over the limbs, one limb a task.

/// How two polynomials' limbs line up: limb i of `out` is limb_of(out, i, a) of `a`.
template <Domain kDomain, Secrecy kA, Secrecy kOut>
std::size_t limb_of(const BasicRnsPoly<kDomain, kOut>& out, std::size_t i,
                    const BasicRnsPoly<kDomain, kA>& a) {
  return i < out.limbs().q ? i : a.limbs().q + (i - out.limbs().q);
}

/// Throws InternalError if `a` lacks a limb of `out` or is of another ring.
template <typename A, typename Out>
void check_operand(const A& a, const Out& out) {
  if (a.ring() != out.ring() || a.limbs().q < out.limbs().q || a.limbs().p < out.limbs().p)
    throw InternalError("polynomial operands do not share their ring or limbs");
}

template <Domain kDomain, Secrecy kA, Secrecy kB>
void add(const BasicRnsPoly<kDomain, kA>& a, const BasicRnsPoly<kDomain, kB>& b, RnsPoly<kDomain>& out,
         const ThreadPool& pool) {
  check_operand(a, out);
  check_operand(b, out);
  pool.parallel_for(out.limbs().count(), [&](std::size_t i) {
    out.ring()->kernels().add(out.modulus(i), a.limb(limb_of(out, i, a)), b.limb(limb_of(out, i, b)),
                              out.limb(i), out.degree());
  });
}

template <Domain kDomain, Secrecy kA, Secrecy kB>
void sub(const BasicRnsPoly<kDomain, kA>& a, const BasicRnsPoly<kDomain, kB>& b, RnsPoly<kDomain>& out,
         const ThreadPool& pool) {
  check_operand(a, out);
  check_operand(b, out);
  pool.parallel_for(out.limbs().count(), [&](std::size_t i) {
    out.ring()->kernels().sub(out.modulus(i), a.limb(limb_of(out, i, a)), b.limb(limb_of(out, i, b)),
                              out.limb(i), out.degree());
  });
}

template <Domain kDomain>
void negate(const RnsPoly<kDomain>& a, RnsPoly<kDomain>& out, const ThreadPool& pool) {
  check_operand(a, out);
  pool.parallel_for(out.limbs().count(), [&](std::size_t i) {
    out.ring()->kernels().negate(out.modulus(i), a.limb(limb_of(out, i, a)), out.limb(i), out.degree());
  });
}

template <Secrecy kA, Secrecy kB>
void mul(const BasicRnsPoly<Domain::kEvaluation, kA>& a, const BasicRnsPoly<Domain::kEvaluation, kB>& b,
         EvaluationPoly& out, const ThreadPool& pool) {
  check_operand(a, out);
  check_operand(b, out);
  pool.parallel_for(out.limbs().count(), [&](std::size_t i) {
    out.ring()->kernels().mul(out.modulus(i), a.limb(limb_of(out, i, a)), b.limb(limb_of(out, i, b)),
                              out.limb(i), out.degree());
  });
}

/// out += a * b.
template <Secrecy kA, Secrecy kB>
void mul_add(const BasicRnsPoly<Domain::kEvaluation, kA>& a, const BasicRnsPoly<Domain::kEvaluation, kB>& b,
             EvaluationPoly& out, const ThreadPool& pool) {
  check_operand(a, out);
  check_operand(b, out);
  pool.parallel_for(out.limbs().count(), [&](std::size_t i) {
    out.ring()->kernels().mul_add(out.modulus(i), a.limb(limb_of(out, i, a)), b.limb(limb_of(out, i, b)),
                                  out.limb(i), out.degree());
  });
}

/// out = a * factors[i] on limb i; one public residue a limb of `out`.
template <Domain kDomain>
void mul_scalar(const RnsPoly<kDomain>& a, std::span<const std::uint64_t> factors, RnsPoly<kDomain>& out,
                const ThreadPool& pool) {
  check_operand(a, out);
  pool.parallel_for(out.limbs().count(), [&](std::size_t i) {
    out.ring()->kernels().mul_scalar(out.modulus(i), a.limb(limb_of(out, i, a)),
                                     ShoupFactor(factors[i], out.modulus(i)), out.limb(i), out.degree());
  });
}

/// The first `limbs` limbs of a polynomial, copied.
template <Domain kDomain>
RnsPoly<kDomain> copy_limbs(const RnsPoly<kDomain>& a, LimbSet limbs) {
  auto out = RnsPoly<kDomain>::uninitialized(a.ring(), limbs);
  check_operand(a, out);
  for (std::size_t i = 0; i < limbs.count(); ++i)
    std::memcpy(out.limb(i), a.limb(limb_of(out, i, a)), a.degree() * sizeof(std::uint64_t));
  return out;
}

/// The residues of small signed coefficients (N of them, below 2^62) in every limb. Constant time.
template <Secrecy kSecrecy = Secrecy::kPublic, typename Integer>
BasicRnsPoly<Domain::kCoefficient, kSecrecy> from_small(const std::shared_ptr<const Ring>& ring,
                                                        LimbSet limbs, std::span<const Integer> coefficients,
                                                        const ThreadPool& pool) {
  auto out = BasicRnsPoly<Domain::kCoefficient, kSecrecy>::uninitialized(ring, limbs);
  if (coefficients.size() != ring->degree()) throw InternalError("from_small: a coefficient a degree is due");
  pool.parallel_for(limbs.count(), [&](std::size_t i) {
    const KernelTable& kernels = ring->kernels();
    if constexpr (sizeof(Integer) == 1)
      kernels.reduce_small(out.modulus(i), coefficients.data(), out.limb(i), ring->degree());
    else
      kernels.reduce_signed(out.modulus(i), coefficients.data(), 62, out.limb(i), ring->degree());
  });
  return out;
}

/// One limb of a small polynomial in the evaluation domain, modulo the ring's prime of that index. Constant
/// time.
inline void evaluate_small(const Ring& ring, std::size_t prime, std::span<const std::int8_t> coefficients,
                           std::uint64_t* out) {
  ring.kernels().reduce_small(ring.modulus(prime), coefficients.data(), out, coefficients.size());
  ring.kernels().ntt_forward(ring.ntt(prime), out, out);
}

}  // namespace cloister
