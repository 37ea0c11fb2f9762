#pragma once

#include <vector>

namespace cloister::ml {

/// One iteration as it acts on an error e of the weights:
///   e_{j+1} = A ((1 + momentum) e_j - momentum e_{j-1}),
/// A symmetric with its spectrum in [least, most] and otherwise unknown, another one in each iteration.
struct AmplifyingStep {
  double momentum = 0;
  double least = 0;
  double most = 1;
};

/// Proven bounds on |e_n| / |e_s| for an error that enters at s = 0..n (n steps; e_{s-1} = 0).
/// Infinite where a bound exceeds the range of a double. Cost: O(n), about 0.1 ms a step, and O(n^2) trivial
/// operations.
std::vector<double> amplification_gains(const std::vector<AmplifyingStep>& steps);

}  // namespace cloister::ml
