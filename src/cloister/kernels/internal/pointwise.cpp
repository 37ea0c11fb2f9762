// Products, differences and changes of modulus of one residue at a time.
#include "cloister/kernels/internal/arithmetic.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

bool whole_vectors(std::size_t n) { return n % 8 == 0; }

/// out[i] = value(i) for vectors of lanes from i on.
template <typename Function>
inline void for_each_vector(u64* out, std::size_t n, const Function& value) {
  for (std::size_t i = 0; i < n; i += kLanes) store(out + i, value(i));
}

template <typename A>
void mul_of(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) {
  const typename A::Multiplier multiplied(q);
  for_each_vector(out, n, [&](std::size_t i) { return multiplied(load(a + i), load(b + i)); });
}

template <typename A>
void mul_add_of(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) {
  const typename A::Multiplier multiplied(q);
  for_each_vector(out, n, [&](std::size_t i) { return multiplied(load(a + i), load(b + i), load(out + i)); });
}

template <typename A>
void mul_scalar_of(const Modulus& q, const u64* a, const ShoupFactor& factor, u64* out, std::size_t n) {
  const typename A::Scaler scaled(factor, q);
  for_each_vector(out, n, [&](std::size_t i) { return scaled(load(a + i)); });
}

template <typename A>
void sub_mul_scalar_of(const Modulus& q, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                       std::size_t n) {
  const typename A::Scaler scaled(factor, q);
  for_each_vector(out, n, [&](std::size_t i) { return scaled(load(a + i), load(b + i)); });
}

template <typename A>
void change_modulus_of(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) {
  const typename A::ModulusChange changed(from, to);
  for_each_vector(out, n, [&](std::size_t i) { return changed(load(a + i)); });
}

}  // namespace

void add(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().add(modulus, a, b, out, n);
  const Vec q = broadcast(modulus.value());
  for_each_vector(out, n, [&](std::size_t i) { return fold(add(load(a + i), load(b + i)), q); });
}

void sub(const Modulus& modulus, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().sub(modulus, a, b, out, n);
  const Vec q = broadcast(modulus.value());
  for_each_vector(out, n, [&](std::size_t i) { return unwrap(sub(load(a + i), load(b + i)), q); });
}

void negate(const Modulus& modulus, const u64* a, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().negate(modulus, a, out, n);
  const Vec q = broadcast(modulus.value());
  for_each_vector(out, n, [&](std::size_t i) { return fold(sub(q, load(a + i)), q); });
}

void mul(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().mul(q, a, b, out, n);
  (is_narrow(q) ? mul_of<Narrow> : mul_of<Wide>)(q, a, b, out, n);
}

void mul_add(const Modulus& q, const u64* a, const u64* b, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().mul_add(q, a, b, out, n);
  (is_narrow(q) ? mul_add_of<Narrow> : mul_add_of<Wide>)(q, a, b, out, n);
}

void mul_scalar(const Modulus& q, const u64* a, const ShoupFactor& factor, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().mul_scalar(q, a, factor, out, n);
  (is_narrow(q) ? mul_scalar_of<Narrow> : mul_scalar_of<Wide>)(q, a, factor, out, n);
}

void sub_mul_scalar(const Modulus& q, const u64* a, const u64* b, const ShoupFactor& factor, u64* out,
                    std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().sub_mul_scalar(q, a, b, factor, out, n);
  (is_narrow(q) ? sub_mul_scalar_of<Narrow> : sub_mul_scalar_of<Wide>)(q, a, b, factor, out, n);
}

void change_modulus(const Modulus& from, const Modulus& to, const u64* a, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().change_modulus(from, to, a, out, n);
  const bool narrow = from.bits() <= 52 && is_narrow(to);
  (narrow ? change_modulus_of<Narrow> : change_modulus_of<Wide>)(from, to, a, out, n);
}

void permute(const u64* a, const std::uint32_t* map, u64* out, std::size_t n) noexcept {
  if (!whole_vectors(n)) return scalar_kernels().permute(a, map, out, n);
  for (std::size_t i = 0; i < n; i += 8) permute(a, map + i, out + i);
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
