#include "cloister/kernels/ntt_tables.h"

#include <bit>

#include "cloister/math/primes.h"

namespace cloister {

NttTables::NttTables(std::size_t degree, const Modulus& modulus)
    : degree_(degree), modulus_(modulus), roots_(degree), inverse_roots_(degree) {
  if (!std::has_single_bit(degree) || degree < 8 || degree > std::size_t{1} << 17)
    throw ParametersError("ntt: the degree " + std::to_string(degree) +
                          " is not a power of two in [8, 2^17]");
  const int log2_degree = std::countr_zero(degree);
  const std::uint64_t psi = primitive_root(modulus.value(), 2 * degree);
  const std::uint64_t inverse_psi = modulus.inverse(psi);
  std::uint64_t power = 1, inverse_power = 1;
  for (std::size_t i = 0; i < degree; ++i) {
    const std::size_t at = reverse_bits(i, log2_degree);
    roots_[at] = ShoupFactor(power, modulus);
    inverse_roots_[at] = ShoupFactor(inverse_power, modulus);
    power = modulus.mul(power, psi);
    inverse_power = modulus.mul(inverse_power, inverse_psi);
  }
  inverse_degree_ = ShoupFactor(modulus.inverse(degree % modulus.value()), modulus);
  scaled_inverse_root_ = ShoupFactor(modulus.mul(inverse_roots_[1].value, inverse_degree_.value), modulus);
  if (degree >= VectorRoots::kMinDegree) {
    vector_roots_ = VectorRoots(roots_, modulus);
    inverse_vector_roots_ = VectorRoots(inverse_roots_, modulus);
  }
}

}  // namespace cloister
