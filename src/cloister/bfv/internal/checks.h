#pragma once

#include "cloister/bfv/ciphertext.h"
#include "cloister/bfv/parameters.h"

namespace cloister::bfv::internal {

/// Throws PrecisionError where a noise bound leaves less than kLeastBudgetBits: the result could not decrypt,
/// or to wrong numbers.
void require_budget(const Parameters& parameters, const NoiseBound& noise, const char* operation);

/// Throws MismatchError unless a polynomial is of the parameters' ring; `what` names whose it is.
void require_ring(const Parameters& parameters, const EvaluationPoly& poly, const char* what);

}  // namespace cloister::bfv::internal
