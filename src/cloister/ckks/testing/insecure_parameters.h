#pragma once

#include "cloister/ckks/parameters.h"
#include "cloister/rlwe/testing/insecure_parameters.h"

namespace cloister::ckks {

/// CKKS parameters without the security check, for tests alone.
class InsecureParametersForTests {
 public:
  static std::shared_ptr<const Parameters> create(const ParametersSpec& spec, const KernelTable& kernels) {
    return std::shared_ptr<const Parameters>(
        new Parameters(spec, rlwe::InsecureParametersForTests::create(Parameters::chain(spec), kernels)));
  }
};

}  // namespace cloister::ckks
