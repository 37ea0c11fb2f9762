#pragma once

#include "cloister/kernels/internal/vector.h"
#include "cloister/kernels/vector_roots.h"
#include "cloister/math/modulus.h"

// Arithmetic modulo primes below 2^50 by 52-bit products (AVX-512 IFMA).
//
// Values live modulo 2^52: a multiply-add reads the low 52 bits of its factors and adds to 64 bits, so
// whatever carries beyond bit 52 is ignored by the next product and cut off once, by canonical().
// "In [0, m)" below speaks of the low 52 bits; no bound may exceed 2^52.
namespace cloister::CLOISTER_KERNEL_TARGET {

/// sum + the low 52 bits of a * b.
inline Vec add_low(Vec sum, Vec a, Vec b) { return _mm512_madd52lo_epu64(sum, a, b); }
/// sum + floor(a * b / 2^52).
inline Vec add_high(Vec sum, Vec a, Vec b) { return _mm512_madd52hi_epu64(sum, a, b); }
inline Vec high(Vec a, Vec b) { return add_high(_mm512_setzero_si512(), a, b); }

struct Ifma {
  using Value = Vec;
  static constexpr LowerRootWords kLowerRoots = LowerRootWords::kQuotients;

  struct Constants {
    explicit Constants(const Modulus& modulus)
        : q(broadcast(modulus.value())),
          two_q(broadcast(2 * modulus.value())),
          negated(broadcast((u64{1} << 52) - modulus.value())),
          reciprocal(broadcast((u64{1} << 52) / modulus.value())),
          one(broadcast(1)) {}

    Vec q, two_q;
    Vec negated;     // -q mod 2^52
    Vec reciprocal;  // floor(2^52 / q)
    Vec one;
  };
  struct Root {
    Vec value, quotient;
  };

  static Root root(const VectorRoot& w, const Constants&) {
    return {broadcast(w.value), broadcast(w.quotient)};
  }
  /// The value from its quotient Q = floor(w * 2^52 / q): Q q / 2^52 lies in (w - q / 2^52, w), below w
  /// because the prime q does not divide it, so that its floor is w - 1. One operation in place of half the
  /// bytes.
  static Root roots(const u64* /*values*/, const u64* quotients, const Constants& m) {
    const Vec quotient = load(quotients);
    return {add_high(m.one, quotient, m.q), quotient};
  }

  /// sum + r, r in [0, 2q) and r = v mod q, for any v < 2^52.
  /// With e = 2^52/q - reciprocal < 1, v/q - high(v, reciprocal) < 1 + e * v / 2^52 < 2.
  static Vec add_reduced(Vec sum, Vec v, const Constants& m) {
    return add_low(add(sum, v), high(v, m.reciprocal), m.negated);
  }
  static Vec reduce(Vec v, const Constants& m) { return add_low(v, high(v, m.reciprocal), m.negated); }
  /// sum + r, r in [0, 2q) and r = v * w mod q, for any v < 2^52: the argument of add_reduced() with w / q
  /// in place of 1 / q.  Source: Shoup's trick, as in Harvey, 2014, with 52-bit words.
  static Vec add_product(Vec sum, Vec v, const Root& w, const Constants& m) {
    return add_low(add_low(sum, v, w.value), high(v, w.quotient), m.negated);
  }
  static Vec multiply(Vec v, const Root& w, const Constants& m) {
    return add_product(_mm512_setzero_si512(), v, w, m);
  }
  /// From [0, 2q) to the residue in [0, q) and nothing beyond bit 52.
  static Vec canonical(Vec v, const Constants& m) { return fold(low_bits(v), m.q); }

  static Vec from_residue(Vec v) { return v; }
  static Vec read(const u64* x) { return load(x); }
  static void write(u64* x, Vec v) { store(x, v); }

  class Multiplier;
  class Scaler;
  class ModulusChange;
  class SumReducer;
};

/// A butterfly takes (x, y) to (x + r, x - r), r = w * y mod q in [0, 2q): what it reads may be any value
/// below 2^52, what it writes is within 2q of x. Values in [0, 2q) that are raised once by an offset of
/// 2sq therefore stay in [0, (4s + 2)q) for s layers, which needs (4s + 2)q <= 2^52, and canonical ones in
/// [0, (4s + 1)q).
struct IfmaForward : Ifma {
  static constexpr bool kReduces = true;
  static constexpr int kPeriod = 0;

  struct Constants : Ifma::Constants {
    Constants(const Modulus& modulus, u64 lazy_layers)
        : Ifma::Constants(modulus), offset(broadcast(2 * lazy_layers * modulus.value())) {}
    Vec offset;
  };

  /// How many layers a transform of `all` may take between reductions.
  static u64 lazy_layers(const Modulus& q, u64 all) {
    const u64 range = (u64{1} << 52) / q.value();
    return (range - 1) / 4 >= all ? all : (range - 2) / 4;
  }
  /// Whether such a transform may begin with values in [0, 4q), which come to [0, (4s + 4)q).
  static bool takes_sums(const Modulus& q, u64 all) {
    return lazy_layers(q, all) + 1 <= ((u64{1} << 52) / q.value()) / 4;
  }
  static Vec enter(Vec x, const Constants& m) { return add(x, m.offset); }
  static Vec reenter(Vec x, const Constants& m) { return add_reduced(m.offset, x, m); }
  static void butterfly(Vec& x, Vec& y, const Root& w, const Constants& m) {
    const Vec sum = add_product(x, y, w, m);
    y = sub(add(x, x), sum);
    x = sum;
  }
  static Vec finish(Vec v, const Constants& m) { return canonical(reduce(v, m), m); }
};

/// Where there is less room than the longest pass needs: (x, y) to (x + r, x - r + 2q), which brings [0, B)
/// to [0, B + 2q) at the price of one more operation. Reductions to [0, 2q) before every kPeriod-th layer of
/// a pass need (2 kPeriod + 2)q <= 2^52, which holds for kPeriod = 1 up to q = 2^50.
template <int kLayersBetween>
struct IfmaForwardReducing : IfmaForward {
  static constexpr bool kReduces = false;
  static constexpr int kPeriod = kLayersBetween;
  static constexpr u64 kMaxModulus = (u64{1} << 52) / (2 * kPeriod + 2);

  static u64 lazy_layers(const Modulus&, u64 all) { return all; }
  static bool takes_sums(const Modulus&, u64 /*all*/) { return false; }
  static Vec enter(Vec x, const Constants&) { return x; }
  static void butterfly(Vec& x, Vec& y, const Root& w, const Constants& m) {
    const Vec sum = add_product(x, y, w, m);
    y = sub(add(add(x, x), m.two_q), sum);
    x = sum;
  }
};

/// Sums of the inverse transform stay at most kLimit doublings of q, 2^kLimit q <= 2^52; what is added or
/// subtracted is at most half of that.
template <int kLimit, int kBetween>
struct IfmaInverse : Ifma {
  static constexpr int kLog2Limit = kLimit, kLog2Between = kBetween, kLog2Reduced = 1;

  struct Constants : Ifma::Constants {
    explicit Constants(const Modulus& modulus)
        : Ifma::Constants(modulus), half_limit(broadcast(modulus.value() << (kLimit - 1))) {}
    Vec half_limit;
  };

  /// x - y without a borrow.
  static Vec difference(Vec x, Vec y, const Constants& m) { return sub(add(x, m.half_limit), y); }
  static Vec finish(Vec v, const Constants& m) { return canonical(v, m); }
};

/// The product of two residues, by Barrett's quotient on the upper bits.
class Ifma::Multiplier {
 public:
  explicit Multiplier(const Modulus& modulus)
      : m_(modulus),
        shift_(static_cast<unsigned>(52 - modulus.bits())),
        // The numerator is short of the power of two by one for the sake of moduli that are one.
        reciprocal_(broadcast(static_cast<u64>(((uint128{1} << (52 + modulus.bits())) - 1) / modulus.value() -
                                               (uint128{1} << 52)))) {}

  Vec operator()(Vec a, Vec b) const { return fold(lazy(a, b), m_.q); }
  /// a * b + c mod q.
  Vec operator()(Vec a, Vec b, Vec c) const { return fold(fold(add(lazy(a, b), c), m_.two_q), m_.q); }

 private:
  /// a * b mod q in [0, 2q), all 64 bits. With B the bits of q, 2^(B-1) <= q < 2^B, and t = floor(ab / 2^B):
  /// the quotient floor(t * floor(2^(52+B) / q) / 2^52) is short of ab / q by less than 2^B / q <= 2 for t,
  /// t / 2^52 <= 1/4 for the reciprocal and 1 for its own floor: the difference is below 3.25 q < 2^52.
  Vec lazy(Vec a, Vec b) const {
    const Vec top = high(shift_left(a, shift_), b);
    const Vec quotient = add_high(top, top, reciprocal_);  // the reciprocal's leading bit is the `top` added
    const Vec low = add_low(_mm512_setzero_si512(), a, b);
    return fold(low_bits(add_low(low, quotient, m_.negated)), m_.two_q);
  }

  Constants m_;
  unsigned shift_;
  Vec reciprocal_;  // floor((2^(52 + B) - 1) / q) - 2^52
};

/// Products with a constant.
class Ifma::Scaler {
 public:
  Scaler(const ShoupFactor& factor, const Modulus& modulus)
      : m_(modulus), w_(root(VectorRoot(factor, modulus), m_)) {}

  Vec operator()(Vec a) const { return canonical(multiply(a, w_, m_), m_); }
  /// (a - b) * factor.
  Vec operator()(Vec a, Vec b) const { return (*this)(sub(add(a, m_.q), b)); }

 private:
  Constants m_;
  Root w_;
};

/// For `from` below 2^52.
class Ifma::ModulusChange {
 public:
  ModulusChange(const Modulus& from, const Modulus& to)
      : m_(to),
        half_(broadcast(from.value() / 2)),
        minus_from_(broadcast(to.negate(to.reduce(from.value())))) {}

  Vec operator()(Vec x) const {
    // The centred value is x - from above the half: below 3q in all, since minus_from <= q - 1.
    const Vec sum = add_above(low_bits(reduce(x, m_)), x, half_, minus_from_);
    return fold(fold(sum, m_.two_q), m_.q);
  }

 private:
  Constants m_;
  Vec half_, minus_from_;
};

/// Sums of products as high * 2^52 + low: two multiply-adds a term.
class Ifma::SumReducer {
 public:
  static constexpr std::size_t kVectors = 4;  // summed side by side

  struct Sum {
    Vec low, high;
    void add(Vec a, Vec b) {
      low = add_low(low, a, b);
      high = add_high(high, a, b);
    }
  };

  /// For factors of so many bits, the first at most 52, the second at most 50.
  SumReducer(const Modulus& modulus, int a_bits, int b_bits)
      : m_(modulus),
        word_(root(VectorRoot(ShoupFactor(modulus.reduce(u64{1} << 52), modulus), modulus), m_)),
        upper_bits_(a_bits + b_bits - 52) {}

  /// Of T terms `high` is at most T * (2^(a + b - 52) - 1), and the carry from `low`, where a residue may
  /// have been to begin with, at most T: so many keep the two below 2^52.
  std::size_t max_terms() const { return (std::size_t{1} << (upper_bits_ < 42 ? 10 : 52 - upper_bits_)) - 1; }

  /// The sum of no terms, and one that starts with the residue of another.
  Sum start() const { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
  Sum start(const Sum& before) const { return {lazy(before), _mm512_setzero_si512()}; }
  Vec operator()(const Sum& s) const { return fold(fold(lazy(s), m_.two_q), m_.q); }
  /// high * 2^52 + low mod q in [0, 4q), on 64 bits: both words' quotients in one product by -q.
  Vec lazy(const Sum& s) const {
    const Vec top = add(s.high, shift_right(s.low, 52));
    const Vec quotients = add_high(high(top, word_.quotient), s.low, m_.reciprocal);
    const Vec low = add_low(low_bits(s.low), top, word_.value);
    return low_bits(add_low(low, quotients, m_.negated));
  }

 private:
  Constants m_;
  Root word_;  // 2^52 mod q
  int upper_bits_;
};

}  // namespace cloister::CLOISTER_KERNEL_TARGET
