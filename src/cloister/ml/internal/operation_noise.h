#pragma once

#include <cmath>

#include "cloister/ckks/noise.h"
#include "cloister/ml/plan.h"
#include "cloister/random/samplers.h"
#include "cloister/rlwe/noise.h"

namespace cloister::ml {

inline constexpr int kLog2Operations = 8;  // that share the probability of 2^-40

inline double square(double x) { return x * x; }

/// Variances in slot values of what single operations add, at the scale and chain of a plan.
struct OperationNoise {
  double fresh = 0, rounding = 0,
         key_switch = 0;  // a product's relinearization and rescaling are one key_switch
  double mask = 0;        // of encoding slots that repeat from row to row
  double tile = 0;        // of encoding weights
  double facing = 0;      // of weights, rotated to meet a strip
  double deviations = 0;  // how many of them no slot's error exceeds, but for 2^-40: see ckks/noise.h

  OperationNoise(const rlwe::ParametersSpec& chain, const CkksPlan& plan) {
    const double n = std::exp2(plan.parameters.log2_degree);
    const double unit = n / std::exp2(2.0 * plan.parameters.scale_bits);
    const double round = (1 + n * 2 / 3) / 12;
    // Slots of period w are a polynomial in X^(N / 2w): only 2w of its coefficients are rounded.
    mask = unit / 12 * 2 * static_cast<double>(plan.packing.row_slots) / n;
    tile = unit / 12 * 2 * static_cast<double>(plan.packing.width) / n;
    fresh = unit * (kErrorVariance + 1.0 / 12);
    rounding = unit * round;
    key_switch = unit * (rlwe::key_error_variance(chain, chain.q_primes.size()) + round);
    facing = plan.trains ? rotations_behind(plan.packing.strips()) * key_switch : tile;
    deviations = ckks::complex_product_tails(plan.parameters.log2_degree + kLog2Operations + 1);
  }

  // How many rotations weights have behind them at most: Rotations::rotate_multiples, one after another.
  static double rotations_behind(std::size_t strips) {
    double count = 0;
    for (; strips >= 4; strips /= 4) count += 3;
    return count + (strips == 2 ? 1 : 0);
  }
  // Of a sum of `count` rotated copies.
  double rotated_sum(double variance, double count) const {
    return count * variance + (count - 1) * key_switch;
  }
  // Of the sums over a row's slots of products with weights of a norm, whose squares add up to its own, and
  // that are added over strips before their key switch. What the weights bring comes besides.
  double weighted_sum(double rows, double norm, double row_slots) const {
    return square(norm) * rows + rotated_sum(key_switch, row_slots);
  }
  // What the norm of a vector of d real parts, of variance `each` and no larger than `most` in any direction,
  // both as complex variances, exceeds with the same probability as a slot: the root of its mean square and,
  // since a norm changes by no more than a coordinate, a tail that does not grow with d (Bobkov, Ledoux
  // 1997).
  double norm_bound(double d, double each, double most) const {
    return std::sqrt(d * each / 2) + deviations * std::sqrt(most);
  }
};

}  // namespace cloister::ml
