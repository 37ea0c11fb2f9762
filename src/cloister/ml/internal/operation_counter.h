#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "cloister/ckks/rotation_basis.h"
#include "cloister/ml/cost_model.h"
#include "cloister/ml/strip_packing.h"
#include "cloister/rlwe/parameters.h"

namespace cloister::ml {

// How a sum over slots is made of the rotations that have keys: three at once, or one by one.
struct SlotSum {
  double threes = 0, ones = 0;

  // Where every rotation has its key.
  static SlotSum in_radix_four(std::size_t count) {
    SlotSum out;
    for (; count >= 4; count /= 4) out.threes += 1;
    out.ones = count == 2 ? 1 : 0;
    return out;
  }

  SlotSum() = default;
  SlotSum(const ckks::RotationBasis& basis, std::int64_t stride, std::int64_t count) {
    const auto has = [&](std::int64_t step) { return std::ranges::count(basis.steps(), step) != 0; };
    while (count > 1) {
      if (count % 4 == 0 && has(stride) && has(2 * stride) && has(3 * stride)) {
        threes += 1;
        stride *= 4;
        count /= 4;
      } else {
        ones += static_cast<double>(basis.path(stride).size());
        stride *= 2;
        count /= 2;
      }
    }
  }
};

// How rotations by multiples of a stride are made: see Rotations::rotate_multiples.
struct RotationMultiples {
  double hoisted_threes = 0, ones = 0;

  // Of weights that meet strips.
  RotationMultiples(const ckks::RotationBasis& basis, const StripPacking& packing)
      : RotationMultiples(basis, packing.row_slots, packing.strips()) {}
  RotationMultiples(const ckks::RotationBasis& basis, std::size_t stride, std::size_t count) {
    const auto has = [&](std::size_t step) {
      return std::ranges::count(basis.steps(), static_cast<std::int64_t>(step)) != 0;
    };
    for (std::size_t have = count; have > 1;) {
      const std::size_t radix = std::bit_width(have) % 2 == 0 ? 2 : 4, step = have / radix * stride;
      const auto operands = static_cast<double>(count / have);
      if (radix == 4 && has(step) && has(2 * step) && has(3 * step))
        hoisted_threes += operands;
      else
        ones += operands * static_cast<double>(radix - 1);
      have /= radix;
    }
  }
};

// Of a training.
struct Sums {
  SlotSum row, spread, periods;
  RotationMultiples facing;
  double strips;
  Sums(const StripPacking& packing, const ckks::RotationBasis& basis)
      : row(basis, 1, static_cast<std::int64_t>(packing.row_slots)),
        spread(basis, -1, static_cast<std::int64_t>(packing.row_slots)),
        periods(basis, static_cast<std::int64_t>(packing.width),
                static_cast<std::int64_t>(packing.periods())),
        facing(basis, packing),
        strips(static_cast<double>(packing.strips())) {}
};

// Counts what runs, in units of the calibration, and turns it into seconds.
class OperationCounter {
 public:
  OperationCounter(const rlwe::ParametersSpec& chain, const Calibration& calibration)
      : c_(calibration),
        n_(std::exp2(chain.log2_degree)),
        transform_(n_ / 2 * chain.log2_degree * c_.butterfly_ns),
        special_(static_cast<double>(chain.p_primes.size())),
        digit_size_(static_cast<double>(chain.digit_size())) {
    for (std::size_t limbs = 1; limbs <= chain.q_primes.size(); ++limbs)
      special_at_.push_back(static_cast<double>(chain.special_limbs(limbs)));
  }

  // The stages of a key switch, in the limbs that each transforms, converts, sums and fetches from beyond the
  // second cache; a transform's roots are two limbs.
  void decompose(int level, double times = 1) {
    const double l = level + 1, k = special(level), raised = digits(l) * (l + k) - l;
    transforms(times * (l + raised));
    converted(times * l, times * raised, std::min(digit_size_, l));
    fetched(times * (2 * l + 3 * l + 2 * raised + 2 * (l + k)));
  }
  void key_products(int level, double times = 1) {
    const double l = level + 1, k = special(level), terms = digits(l) * (l + k);
    ns_ += times * n_ * (2 * terms * c_.multiply_add_ns + 2 * (l + k) * c_.stream_ns);
    fetched(times * 2 * terms);
  }
  void mod_down(int level, double times = 1) {
    const double l = level + 1, k = special(level);
    transforms(times * 2 * (k + l));
    converted(times * 2 * k, times * 2 * l, k);
    ns_ += times * n_ * 4 * l * c_.stream_ns;
    fetched(times * (4 * k + 7 * l + 2 * (k + l)));
  }
  void key_switch(int level, double times = 1) {
    decompose(level, times);
    key_products(level, times);
    mod_down(level, times);
    switches_ += times;
  }
  // A sum over slots with the plan's rotations: see Rotations::sum_slots.
  void sum_slots(const SlotSum& sum, int level, double times = 1) {
    decompose(level, times * sum.threes);
    key_products(level, times * 3 * sum.threes);
    mod_down(level, times * sum.threes);
    ns_ += times * sum.threes * n_ * (level + 1) * 12 * c_.stream_ns;  // what is moved and added
    switches_ += times * 3 * sum.threes;
    key_switch(level, times * sum.ones);
  }
  void rotate_multiples(const RotationMultiples& multiples, int level) {
    decompose(level, multiples.hoisted_threes);
    key_products(level, 3 * multiples.hoisted_threes);
    mod_down(level, 3 * multiples.hoisted_threes);
    switches_ += 3 * multiples.hoisted_threes;
    key_switch(level, multiples.ones);
  }
  void rescale(int level, double times = 1) {  // of two parts
    const double l = level + 1;
    transforms(times * 2 * l);
    ns_ += times * 2 * n_ * 3 * l * c_.stream_ns;
    fetched(times * (6 * l + 4 * l));
  }
  void product(int level, double times = 1) {  // and relinearization, the rescaling merged into it
    ns_ += times * n_ * 5 * (level + 1) * c_.multiply_add_ns;
    fetched(times * 7 * (level + 1));
    key_switch(level, times);
  }
  // Into a sum of three parts, which is fetched and stored again.
  void add_product(int level, double times = 1) {
    ns_ += times * n_ * 5 * (level + 1) * c_.multiply_add_ns;
    fetched(times * 10 * (level + 1));
  }
  // Of `times` plaintexts, with both parts over QP.
  void multiply_extended(int level, double times) {
    const double limbs = level + 1 + special(level);
    ns_ += times * n_ * 2 * limbs * c_.multiply_add_ns;
    fetched(times * 3 * limbs);
  }
  // rlwe::ModulusRaiser: from one limb to all, and a key of one digit.
  void raise(int level) {
    const double l = level + 1, k = special_;
    transforms(3 * (l + k) + 2 * (k + l));
    converted(2, 2 * (l + k), 1);
    converted(2 * k, 2 * l, k);
    ns_ += n_ * 2 * (l + k) * c_.multiply_add_ns;
    fetched(10 * l + 8 * k);
  }
  // Of a seeded ciphertext from a file: half of it is unpacked, half expanded.
  void load(int level, double times = 1) {
    ns_ += times * n_ * (level + 1) * (c_.sample_ns + 4 * c_.stream_ns + 2 * c_.fetch_ns);
  }
  void encode(int level, double times = 1) {
    transforms(times * (level + 3));
    ns_ += times * n_ * (level + 1) * c_.stream_ns;
  }
  void encrypt(int level, double times = 1) {
    encode(level, times);
    transforms(times * (level + 1));
    ns_ += times * n_ * (level + 1) * (c_.sample_ns + 3 * c_.stream_ns);
  }
  void key(int limbs, double times = 1) {
    const double l = limbs + special(limbs - 1);
    transforms(times * digits(limbs) * l);
    ns_ += times * digits(limbs) * l * n_ * (c_.sample_ns + 4 * c_.stream_ns + 2 * c_.touch_ns);
  }
  // Reading a key from bytes in memory: half of it is expanded.
  void load_key(int limbs, double times = 1) {
    ns_ += times * digits(limbs) * (limbs + special(limbs - 1)) * n_ *
           (c_.sample_ns + 4 * c_.stream_ns + 2 * c_.touch_ns);
  }
  // Tables, of roots and their quotients both ways, twice over.
  void tables(double primes) { ns_ += primes * n_ * (kTableNsPerWord + 8 * c_.touch_ns); }
  // Of memory that a job touches for the first time.
  void touched(double limbs) { ns_ += limbs * n_ * c_.touch_ns; }
  double seconds() { return std::exchange(ns_, 0) * 1e-9; }
  int switches() { return static_cast<int>(std::exchange(switches_, 0)); }

 private:
  // Of rings above this a limb and its roots no longer stay in the second cache from one pass to the next.
  static constexpr double kMaxCachedDegree = 32768;
  // Of a prime's tables, for each of the N coefficients: two roots with their quotients, by division.
  static constexpr double kTableNsPerWord = 60;

  double special(int level) const { return special_at_[static_cast<std::size_t>(level)]; }
  double digits(double limbs) const { return std::ceil(limbs / digit_size_); }
  void transforms(double count) {
    ns_ += count * transform_;
    if (n_ > kMaxCachedDegree) fetched(count);
  }
  void converted(double in, double out, double terms) {
    ns_ += n_ * (in * 4 * c_.stream_ns + out * ((terms + 1) * c_.multiply_add_ns + c_.stream_ns));
  }
  void fetched(double limbs) { ns_ += limbs * n_ * c_.fetch_ns; }

  Calibration c_;
  double n_, transform_, special_, digit_size_;
  std::vector<double> special_at_;  // ParametersSpec::special_limbs, [limbs - 1]
  double ns_ = 0, switches_ = 0;
};

}  // namespace cloister::ml
