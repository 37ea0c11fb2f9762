#pragma once

#include "cloister/bfv/parameters.h"
#include "cloister/rlwe/testing/insecure_parameters.h"

namespace cloister::bfv {

/// BFV parameters without the security check, for tests alone.
class InsecureParametersForTests {
 public:
  static std::shared_ptr<const Parameters> create(const ParametersSpec& spec, const KernelTable& kernels) {
    return std::shared_ptr<const Parameters>(
        new Parameters(spec, rlwe::InsecureParametersForTests::create(spec.chain, kernels)));
  }
};

}  // namespace cloister::bfv
