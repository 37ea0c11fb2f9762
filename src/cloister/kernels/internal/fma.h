#pragma once

#include "cloister/kernels/internal/vector.h"
#include "cloister/kernels/vector_roots.h"
#include "cloister/math/modulus.h"

// Arithmetic modulo q, 4 <= q < 2^50, in double precision with fused multiply-adds.
//
// Every value is an integer of size at most 2^53, signed, and every operation below but the two roundings
// that are meant is exact. Rounding is to nearest, u = 2^-53, R = fl(1/q) = (1 + e)/q with |e| <= u.
//
// round(t): t + S - S for S = 1.5 * 2^52. For |t| <= 2^51 the sum is in [2^52, 2^53], whose doubles are the
// integers, so the result is an integer within 1/2 of t, and the fused t * R + S rounds once.
//
// reduce(v), for |v| < 2^53: c = round(v * R) is within 1/2 + |v|u/q of v/q (|v/q| <= 2^51 since q >= 4), so
// r = v - cq is an integer with |r| <= q/2 + |v|u < q/2 + 1, and the fused operation gives it exactly.
//
// multiply(v, w): h = fl(vw) = vw(1 + e'), |e'| <= u, and l = vw - h, exact as a fused operation. c =
// round(h * R) is within 1/2 + 2u(1 + u)|vw|/q of vw/q. Then r = vw - cq = (h - cq) + l with
//     |r| <= q/2 + 2u(1 + u)|vw|.
// h is an integer, as what an integer is rounded to; so h - cq = r - l is one, of size at most |r| + 2^49,
// hence exact, and so is the sum r. With |w| <= 2^k (q - 1) and |v| <= L = 2^(51 - k), since (1 + u)(q - 1) <
// q,
//     |r| <= (q/2)(1 + |v|/L) <= q, and |hR| <= 2^51.
// k = 0 for residues as they are, L = 2^51; k = -1 for centred ones, L = 2^52.
//
// No result is -0: l is zero only as a difference, which is +0, and r adds to it. Nothing overflows, and no
// nonzero value is below 2^-53, so no operation takes an unusual path.
namespace cloister::CLOISTER_KERNEL_TARGET {

struct Fma {
  using Value = Real;
  static constexpr LowerRootWords kLowerRoots = LowerRootWords::kValues;

  struct Constants {
    explicit Constants(const Modulus& modulus)
        : q(broadcast_real(static_cast<double>(modulus.value()))),
          half(broadcast_real(static_cast<double>(modulus.value() / 2))),
          reciprocal(broadcast_real(1.0 / static_cast<double>(modulus.value()))) {}

    Real q, half, reciprocal;
  };

  static Real round_quotient(Real v, const Constants& m) {
    const Real shifter = broadcast_real(0x1.8p52);
    return sub(multiply_add(v, m.reciprocal, shifter), shifter);
  }
  static Real reduce(Real v, const Constants& m) { return sub_product(v, round_quotient(v, m), m.q); }
  static Real product(Real v, Real w, const Constants& m) {
    const Real h = mul(v, w);
    const Real l = multiply_sub(v, w, h);
    return add(sub_product(h, round_quotient(h, m), m.q), l);
  }
  /// From [-q, q) to the residue, as an integer.
  static Vec canonical(Real v, const Constants& m) { return to_integer_52(add_if_negative(v, m.q)); }
  static Real centred(Real residue, const Constants& m) { return sub_above(residue, m.half, m.q); }

  // Between the passes of a transform memory holds the doubles.
  static Real from_residue(Vec v) { return to_real_52(v); }
  static Real read(const u64* x) { return real_of_bits(load(x)); }
  static void write(u64* x, Real v) { store(x, bits_of(v)); }

  class Multiplier;
  class Scaler;
  class ModulusChange;
  class SumReducer;
};

/// Fma with roots as they are, L = 2^51, or centred, L = 2^52, at the price of two or three operations for
/// each root that is read.
template <bool kCentred>
struct FmaTransform : Fma {
  static constexpr int kLog2Limit = kCentred ? 52 : 51;
  struct Root {
    Real value;
  };

  static Root roots_of(Real w, const Constants& m) { return {kCentred ? centred(w, m) : w}; }
  static Root root(const VectorRoot& w, const Constants& m) {
    return roots_of(to_real_52(broadcast(w.value)), m);
  }
  static Root roots(const u64* values, const u64* /*quotients*/, const Constants& m) {
    return roots_of(to_real_52(load(values)), m);
  }
  static Real multiply(Real v, const Root& w, const Constants& m) { return product(v, w.value, m); }
};

/// A butterfly takes (x, y) to (x + r, x - r): a bound B on both becomes B + (q/2)(1 + B/L). Starting from
/// x in [-q/2 - 1, q/2 + 1] and any y within L, the first layer gives 3q/2 + 1.
/// With roots as they are nothing is reduced: for q < 2^47, L >= 16q, seventeen layers bring canonical values
/// to at most (1 + 16)(1 + 1/32)^17 - 16 = 12.7 times q.
template <bool kCentred>
struct FmaForward : FmaTransform<kCentred> {
  using Base = FmaTransform<kCentred>;
  using typename Base::Root;
  static constexpr bool kReduces = kCentred;
  static constexpr int kPeriod = 0;

  struct Constants : Fma::Constants {
    Constants(const Modulus& modulus, u64 /*lazy_layers*/) : Fma::Constants(modulus) {}
  };

  /// How many layers a transform of `all` may take between reductions; four at least, for q < 2^50, L >= 4q:
  /// 1.5, 2.19, 2.96, 3.83 times q.
  static u64 lazy_layers(const Modulus& modulus, u64 all) {
    if (!kCentred) return all;
    const u64 q = modulus.value(), limit = u64{1} << Base::kLog2Limit;
    u64 layers = 0;
    for (u64 bound = q + q / 2 + 2; bound <= limit && layers < all; ++layers)
      bound += q / 2 + 2 + static_cast<u64>(static_cast<uint128>(bound) * q >> (Base::kLog2Limit + 1));
    return layers;
  }
  static Real enter(Real x, const Constants& m) { return kCentred ? Fma::reduce(x, m) : x; }
  static Real reenter(Real x, const Constants& m) { return Fma::reduce(x, m); }
  static void butterfly(Real& x, Real& y, const Root& w, const Constants& m) {
    const Real r = Base::multiply(y, w, m);
    y = sub(x, r);
    x = add(x, r);
  }
  static Vec finish(Real v, const Constants& m) { return Fma::canonical(Fma::reduce(v, m), m); }
};

/// Sums of the inverse transform stay, in size, at most kLimit doublings of q, so that 2^kLimit q <= L.
template <bool kCentred, int kLimit, int kBetween>
struct FmaInverse : FmaTransform<kCentred> {
  static constexpr int kLog2Limit = kLimit, kLog2Between = kBetween, kLog2Reduced = 0;

  static Real difference(Real x, Real y, const Fma::Constants&) { return sub(x, y); }
  static Vec finish(Real v, const Fma::Constants& m) { return Fma::canonical(v, m); }
};

/// The product of two residues: |r| <= q/2 + 2^-52 q^2 < 3q/4.
class Fma::Multiplier {
 public:
  explicit Multiplier(const Modulus& modulus) : m_(modulus) {}

  Vec operator()(Vec a, Vec b) const { return canonical(lazy(a, b), m_); }
  /// a * b + c mod q.
  Vec operator()(Vec a, Vec b, Vec c) const {
    return canonical(reduce(add(lazy(a, b), to_real_52(c)), m_), m_);
  }

 private:
  Real lazy(Vec a, Vec b) const { return product(to_real_52(a), to_real_52(b), m_); }

  Constants m_;
};

/// Products with a constant.
class Fma::Scaler {
 public:
  Scaler(const ShoupFactor& factor, const Modulus& modulus)
      : m_(modulus), w_(broadcast_real(static_cast<double>(factor.value))) {}

  Vec operator()(Vec a) const { return canonical(product(to_real_52(a), w_, m_), m_); }
  /// (a - b) * factor.
  Vec operator()(Vec a, Vec b) const {
    return canonical(product(sub(to_real_52(a), to_real_52(b)), w_, m_), m_);
  }

 private:
  Constants m_;
  Real w_;
};

/// For `from` below 2^52.
class Fma::ModulusChange {
 public:
  ModulusChange(const Modulus& from, const Modulus& to) : from_(from), to_(to) {}

  Vec operator()(Vec x) const { return canonical(reduce(centred(to_real_52(x), from_), to_), to_); }

 private:
  Constants from_, to_;
};

/// Sums of products in two parts. `high` is in [2^(s+52), 2^(s+53)], where doubles are the multiples of 2^s:
/// a product added to it leaves a rest of at most 2^(s-1), which the difference of the two sums makes exact,
/// and which is added to `low`.  After: Emmart, Zheng, Weems, 2018 (52-bit products in double precision).
class Fma::SumReducer {
 public:
  static constexpr std::size_t kVectors = 4;  // summed side by side

  struct Sum {
    Real low, high;
    void add(Vec a, Vec b) {
      const Real x = to_real_52(a), y = to_real_52(b);
      const Real sum = multiply_add(x, y, high);
      const Real rest = multiply_sub(x, y, sub(sum, high));
      low = cloister::CLOISTER_KERNEL_TARGET::add(low, rest);
      high = sum;
    }
  };

  /// For factors of so many bits, the first at most 52, the second at most 50.
  SumReducer(const Modulus& modulus, int a_bits, int b_bits)
      : m_(modulus),
        scale_((a_bits + b_bits) / 2 + 1),
        rest_bits_(a_bits + b_bits - scale_),
        empty_(broadcast_real(power_of_two(scale_ + 52))),
        unscale_(broadcast_real(power_of_two(-scale_))),
        word_(centred(broadcast_real(static_cast<double>(modulus.reduce(u64{1} << scale_))), m_)) {}

  /// s = floor((a + b) / 2) + 1, at most 52. Of T terms, a residue at most q to begin with, `low` is at most
  /// T * 2^(s-1) + q, which has to stay q below 2^53, and `high` - 2^(s+52) at most T * 2^(a+b-s) units of
  /// 2^s (of each product (2^a - 1)(2^b - 1) what it lacks to 2^(a+b) makes up for the rounding), which has
  /// to stay within L = 2^52 for centred constants.
  std::size_t max_terms() const {
    const std::size_t of_low = ((std::size_t{1} << 53) - (std::size_t{1} << 51)) >> (scale_ - 1);
    const std::size_t of_high = std::size_t{1} << (52 - rest_bits_);
    return of_low < of_high ? of_low : of_high;
  }

  /// The sum of no terms, and one that starts with the residue of another.
  Sum start() const { return {broadcast_real(0), empty_}; }
  Sum start(const Sum& before) const { return {residue(before), empty_}; }
  Vec operator()(const Sum& s) const { return canonical(residue(s), m_); }

 private:
  static double power_of_two(int exponent) {
    return __builtin_bit_cast(double, static_cast<u64>(exponent + 1023) << 52);
  }
  Real residue(const Sum& s) const {
    const Real units = mul(sub(s.high, empty_), unscale_);
    return reduce(add(product(units, word_, m_), s.low), m_);
  }

  Constants m_;
  int scale_, rest_bits_;
  Real empty_, unscale_, word_;  // 2^(s+52), 2^-s, 2^s mod q
};

}  // namespace cloister::CLOISTER_KERNEL_TARGET
