#include "cloister/ml/internal/training_cost.h"

#include <cstdint>

#include "cloister/ml/logistic_gradient.h"

namespace cloister::ml {

void count_sum_of_rows(OperationCounter& counter, const Sums& sums, int data_level, double blocks) {
  counter.load(data_level, blocks * sums.strips);
  counter.key_switch(data_level, sums.strips - 1);
  counter.sum_slots(sums.periods, data_level);
}

void count_gradient(OperationCounter& counter, const CkksPlan& ckks, const Sums& sums, int degree, int level,
                    double blocks) {
  const bool whole_polynomial = ckks.packing.row_slots == 1;  // once a block, and strips times it
  const double strips = sums.strips, ciphertexts = blocks * strips;
  const int end = level - LogisticGradient::levels(degree), data_level = ckks.data_level;
  counter.rotate_multiples(sums.facing, level);
  // What meets the weights, and then what meets the polynomial.
  counter.load(whole_polynomial ? level : data_level, ciphertexts);
  counter.load(whole_polynomial ? end + 1 : data_level, ciphertexts - blocks);
  counter.touched(strips * (2 * (level + 1) + 3 * (end + 2)));
  counter.add_product(level, ciphertexts);
  counter.key_switch(level, blocks);
  int u = level - 1;
  if (!whole_polynomial) {
    counter.sum_slots(sums.row, u, blocks);
    counter.rescale(u, blocks);
    counter.sum_slots(sums.spread, --u, blocks);
  }
  counter.product(u, blocks);  // u^2
  if (degree >= 5) {
    counter.product(u - 1, blocks);  // u^4
    counter.rescale(u - 1, blocks);
  }
  // What leads is x u, for each strip, or u alone.
  const double led = whole_polynomial ? blocks : ciphertexts;
  counter.rescale(whole_polynomial ? u - 1 : u, led);
  if (!whole_polynomial) counter.product(u, led);
  if (degree == 7) counter.product(u - 1, led);
  if (whole_polynomial) counter.product(end + 2, blocks);
  counter.add_product(end + 1, ciphertexts);
  counter.key_switch(end + 1, strips);
  counter.key_switch(end, strips - 1);
  counter.rescale(end + 1, 3);
  counter.sum_slots(sums.periods, end);
}

MomentCosts::MomentCosts(const CkksPlan& ckks)
    : width_(static_cast<double>(ckks.packing.width)),
      half_(width_ / 2),
      turned_(ckks.rotations(), 1, ckks.packing.width) {
  const ckks::RotationBasis basis = ckks.rotations();
  const auto w = static_cast<std::int64_t>(ckks.packing.width);
  for (std::int64_t k = 1; k < w; ++k) {
    const double ahead = static_cast<double>(basis.path(k).size()),
                 back = static_cast<double>(basis.path(k - w).size());
    (k <= w / 2 ? both_ways_ : backward_) += k <= w / 2 ? ahead + back : back;
  }
}

void MomentCosts::count_rows(OperationCounter& counter, int level, double blocks) const {
  counter.key_switch(level, blocks * both_ways_);
  counter.encode(level, 2 * blocks * half_);
  counter.rescale(level, blocks * (half_ + 1));
}

void MomentCosts::count_sums(OperationCounter& counter, const Sums& sums, int level) const {
  counter.product(level, half_ + 1);
  counter.sum_slots(sums.periods, level - 1, half_ + 1);
  counter.key_switch(level - 1, backward_);
}

void MomentCosts::count_product(OperationCounter& counter, int level) const {
  counter.rescale(level + 1, width_);
  counter.rotate_multiples(turned_, level);
  counter.add_product(level, width_);
  counter.key_switch(level);
}

}  // namespace cloister::ml
