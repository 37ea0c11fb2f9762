#include "cloister/bfv/internal/checks.h"

#include <string>

#include "cloister/bfv/noise.h"

namespace cloister::bfv::internal {

void require_budget(const Parameters& parameters, const NoiseBound& noise, const char* operation) {
  const double bits = budget_bits(parameters, noise);
  if (bits < kLeastBudgetBits)
    throw PrecisionError(std::string(operation) + ": the noise budget is exhausted (" + std::to_string(bits) +
                         " bits are left), so that the result might not decrypt; take a longer modulus "
                         "chain, a smaller plaintext modulus or fewer products in a row");
}

void require_ring(const Parameters& parameters, const EvaluationPoly& poly, const char* what) {
  if (poly.ring() != parameters.ring())
    throw MismatchError(std::string("the ") + what + " belongs to other parameters", what, "parameters");
}

}  // namespace cloister::bfv::internal
