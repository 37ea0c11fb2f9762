#pragma once

#include "cloister/kernels/internal/vector.h"
#include "cloister/kernels/vector_roots.h"
#include "cloister/math/modulus.h"

// Arithmetic modulo q < 2^60 on words of 64 bits, by products of 32 bits. Values stay below 8q < 2^63.
namespace cloister::CLOISTER_KERNEL_TARGET {

struct Wide {
  using Value = Vec;
  static constexpr LowerRootWords kLowerRoots = LowerRootWords::kBoth;

  struct Constants {
    explicit Constants(const Modulus& modulus)
        : q(broadcast(modulus.value())),
          two_q(broadcast(2 * modulus.value())),
          four_q(broadcast(4 * modulus.value())) {}

    Vec q, two_q, four_q;
  };
  struct Root {
    Vec value, quotient;
  };

  static Root root(const VectorRoot& w, const Constants&) {
    return {broadcast(w.value), broadcast(w.quotient)};
  }
  static Root roots(const u64* values, const u64* quotients, const Constants&) {
    return {load(values), load(quotients)};
  }

  /// The upper half of v * w, less at most 3: the three upper partial products, each rounded down.
  static Vec high_product(Vec v, Vec w) {
    const Vec v_high = shift_right(v, 32), w_high = shift_right(w, 32);
    const Vec middle = add(shift_right(multiply_32(v, w_high), 32), shift_right(multiply_32(v_high, w), 32));
    return add(multiply_32(v_high, w_high), middle);
  }
  /// r in [0, 4q), r = v * w mod q, for any v. The quotient w' = floor(w * 2^64 / q) makes v * w' / 2^64
  /// short of v * w / q by less than 1, and high_product() is short of that by less than 3.
  static Vec multiply(Vec v, const Root& w, const Constants& m) {
    return low_difference(v, w.value, high_product(v, w.quotient), m.q);
  }
  /// From [0, 4q) to the residue.
  static Vec canonical(Vec v, const Constants& m) { return fold(fold(v, m.two_q), m.q); }

  static Vec from_residue(Vec v) { return v; }
  static Vec read(const u64* x) { return load(x); }
  static void write(u64* x, Vec v) { store(x, v); }

  class Reducer;
  class Multiplier;
  class Scaler;
  class ModulusChange;
  class SumReducer;
};

/// Harvey's butterfly in [0, 8q): x in [0, 4q) after one fold, products in [0, 4q).
struct WideForward : Wide {
  static constexpr bool kReduces = false;
  static constexpr int kPeriod = 0;

  struct Constants : Wide::Constants {
    Constants(const Modulus& modulus, u64 /*lazy_layers*/) : Wide::Constants(modulus) {}
  };

  static u64 lazy_layers(const Modulus&, u64 all) { return all; }
  static Vec enter(Vec x, const Constants&) { return x; }
  static void butterfly(Vec& x, Vec& y, const Root& w, const Constants& m) {
    const Vec left = fold(x, m.four_q), r = multiply(y, w, m);
    x = add(left, r);
    y = sub(add(left, m.four_q), r);
  }
  static Vec finish(Vec v, const Constants& m) { return canonical(fold(v, m.four_q), m); }
};

struct WideInverse : Wide {
  static constexpr int kLog2Limit = 3, kLog2Between = 2, kLog2Reduced = 2;

  static Vec difference(Vec x, Vec y, const Constants& m) { return sub(add(x, m.four_q), y); }
  static Vec reduce(Vec v, const Constants& m) { return fold(v, m.four_q); }
  static Vec finish(Vec v, const Constants& m) { return canonical(v, m); }
};

/// Words without a factor.
class Wide::Reducer {
 public:
  explicit Reducer(const Modulus& modulus)
      : m_(modulus), ratio_(broadcast(static_cast<u64>(~u64{0} / modulus.value()))) {}

  /// r in [0, 4q), r = v mod q, for any v: v times the ratio is short of v * 2^64 / q by less than 2^64 (also
  /// where q is a power of two and the ratio 2^64 / q - 1), and high_product() by less than 3.
  Vec operator()(Vec v) const { return sub(v, multiply_low(high_product(v, ratio_), m_.q)); }

 private:
  Constants m_;
  Vec ratio_;  // floor((2^64 - 1) / q)
};

/// Products with a constant.
class Wide::Scaler {
 public:
  Scaler(const ShoupFactor& factor, const Modulus& modulus)
      : m_(modulus), w_{broadcast(factor.value), broadcast(factor.quotient)} {}

  Vec lazy(Vec a) const { return multiply(a, w_, m_); }
  Vec operator()(Vec a) const { return canonical(lazy(a), m_); }
  /// (a - b) * factor.
  Vec operator()(Vec a, Vec b) const { return (*this)(sub(add(a, m_.q), b)); }

 private:
  Constants m_;
  Root w_;
};

class Wide::ModulusChange {
 public:
  ModulusChange(const Modulus& from, const Modulus& to)
      : m_(to),
        reduced_(to),
        half_(broadcast(from.value() / 2)),
        minus_from_(broadcast(to.negate(to.reduce(from.value())))) {}

  Vec operator()(Vec x) const {
    // The centred value is x - from above the half: below 5q in all, since minus_from <= q - 1.
    return canonical(fold(add_above(reduced_(x), x, half_, minus_from_), m_.four_q), m_);
  }

 private:
  Constants m_;
  Reducer reduced_;
  Vec half_, minus_from_;
};

/// Sums of products of halves of 30 bits.
class Wide::SumReducer {
 public:
  static constexpr std::size_t kVectors = 1;  // summed side by side

  struct Sum {
    Vec low, middle[2], high;
    void add(Vec a, Vec b) {
      using cloister::CLOISTER_KERNEL_TARGET::add;
      const Vec a1 = shift_right(a, 30), a0 = bit_and(a, broadcast(kHalf));
      const Vec b1 = shift_right(b, 30), b0 = bit_and(b, broadcast(kHalf));
      low = add(low, multiply_32(a0, b0));
      middle[0] = add(middle[0], multiply_32(a0, b1));
      middle[1] = add(middle[1], multiply_32(a1, b0));
      high = add(high, multiply_32(a1, b1));
    }
  };

  SumReducer(const Modulus& modulus, int /*a_bits*/, int /*b_bits*/)
      : m_(modulus), reduced_(modulus), word_(ShoupFactor(modulus.reduce(u64{1} << 60), modulus), modulus) {}

  /// 15 (2^30 - 1)^2 and a residue below 2^60 are below 2^64 - 2^34: operator() adds to that, twice, the
  /// upper 34 bits of such a sum.
  static std::size_t max_terms() { return 15; }

  /// The sum of no terms, and one that starts with a residue, or that of another.
  Sum start() const { return start(broadcast(0)); }
  Sum start(Vec residue) const { return {residue, {broadcast(0), broadcast(0)}, broadcast(0)}; }
  Sum start(const Sum& before) const { return start((*this)(before)); }

  Vec operator()(const Sum& s) const {
    const Vec half = broadcast(kHalf);
    const Vec middle = add(s.middle[0], shift_right(s.low, 30));
    const Vec high = add(add(s.high, shift_right(s.middle[1], 30)), shift_right(middle, 30));
    // Below 2^30 + 2 * 2^60.
    const Vec low =
        add(bit_and(s.low, half), shift_left(add(bit_and(middle, half), bit_and(s.middle[1], half)), 30));
    return canonical(fold(add(reduced_(low), word_.lazy(high)), m_.four_q), m_);
  }

 private:
  static constexpr u64 kHalf = (u64{1} << 30) - 1;

  Constants m_;
  Reducer reduced_;
  Scaler word_;  // 2^60 mod q
};

/// The product of two residues.
class Wide::Multiplier {
 public:
  explicit Multiplier(const Modulus& modulus) : sum_(modulus, 0, 0) {}

  Vec operator()(Vec a, Vec b) const { return (*this)(a, b, broadcast(0)); }
  /// a * b + c mod q.
  Vec operator()(Vec a, Vec b, Vec c) const {
    SumReducer::Sum sum = sum_.start(c);
    sum.add(a, b);
    return sum_(sum);
  }

 private:
  SumReducer sum_;
};

}  // namespace cloister::CLOISTER_KERNEL_TARGET
