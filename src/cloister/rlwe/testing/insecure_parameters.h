#pragma once

#include "cloister/rlwe/parameters.h"

namespace cloister::rlwe {

/// Parameters without the security check, so that unit tests can use small rings. Only tests may include
/// this header (tests/include_test.py fails otherwise); nothing in the product can reach it.
class InsecureParametersForTests {
 public:
  static std::shared_ptr<const Parameters> create(ParametersSpec spec, const KernelTable& kernels) {
    return std::shared_ptr<const Parameters>(
        new Parameters(std::move(spec), kernels, Parameters::SecurityCheck::kSkipInTests));
  }
};

}  // namespace cloister::rlwe
