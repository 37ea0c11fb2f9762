#include "cloister/circuits/polynomial_circuit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "cloister/circuits/internal/polynomial_schedule.h"

namespace cloister::circuits {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;
using internal::ScheduleNode;

// One evaluation: the basis polynomials of its operand, computed as they are needed, and the nodes.
//
// Of Chebyshev's basis what is computed is 2 T_k: with 2 T_(a + b) = 2 T_a 2 T_b - 2 T_(a - b) nothing is
// doubled on the way, and the noise of each is a part of twice the value.
//
// No operand is brought to another's level: products take them as they are (Evaluator::finish_sum), and what
// their scales make of the values is made up for in the constants. So a basis polynomial comes with a factor
// near 1.
class Evaluation {
 public:
  // `operand`: `unit(basis)` times the variable, in normal form; its slots are real up to its error, and the
  // variable at most `half_width`.
  //
  // `turned`: T_k of odd k are i times themselves, as all even ones are products of an even number of them
  // and all odd ones of such and T_1. Only T_2 is made of two odd ones, and so of the operand as it is.
  Evaluation(const Evaluator& evaluator, Basis basis, const Ciphertext& operand, double half_width,
             bool turned)
      : evaluator_(evaluator),
        basis_(basis),
        half_width_(half_width),
        margin_(operand.bound.error / unit(basis)),
        turned_(turned) {
    Power first{Evaluator::with_bound(operand.clone(), {unit(basis) * (half_width_ + margin_), 0}), 1};
    if (turned) {
      powers_.emplace(2, made_power(2, first));
      first.value = evaluator.multiply_by_i(std::move(first.value));
    }
    powers_.emplace(1, std::move(first));
  }

  // What basis polynomials are multiplied by.
  static double unit(Basis basis) { return basis == Basis::kChebyshev ? 2 : 1; }

  // Times a number, at `level`, in normal form.
  Ciphertext finished(const ScheduleNode& node, double times, int level) {
    std::vector<Ciphertext> factors;
    factors.reserve(node.products.size());  // products point to them
    std::vector<Evaluator::Product> products;
    for (const auto& product : node.products) {
      const Power& x = power(product.power);
      const double ratio = evaluator_.scale_ratio(x.value.level(), level + 1);
      factors.push_back(finished(product.factor, times / unit(basis_) / (x.factor * ratio), level + 1));
      products.push_back({&factors.back(), &x.value});
    }
    std::vector<Evaluator::Multiple> terms;
    for (const auto& [k, coefficient] : node.terms) {
      const Power& x = power(k);
      terms.push_back({&x.value, times / unit(basis_) * coefficient / x.factor});
    }
    return evaluator_.finish_sum(products, terms, times * node.constant, level + 1,
                                 std::abs(times) * magnitude(node.coefficients));
  }

 private:
  // unit(basis) times a basis polynomial, times the factor.
  struct Power {
    Ciphertext value;
    double factor;
  };

  const Power& power(int k) {
    if (const auto it = powers_.find(k); it != powers_.end()) return it->second;
    const int high = static_cast<int>(std::bit_floor(static_cast<unsigned>(k - 1)));
    const Power& x = power(high);
    return powers_.emplace(k, k == 2 * high ? made_power(k, x) : made_power(k, x, power(k - high)))
        .first->second;
  }

  // Of the k-th basis polynomial, from that of half its degree.
  Power made_power(int k, const Power& half) const {
    const int level = half.value.level();
    const double factor = half.factor * half.factor;
    return finished_power(k, {&half.value, &half.value}, factor, {},
                          basis_ == Basis::kChebyshev ? -unit(basis_) * factor : 0, level);
  }

  // x^k = x^high x^low, and T_k = 2 T_high T_low - T_(high - low), with k = high + low and high the largest
  // power of two below k, so that it takes ceil(log2 k) levels.
  Power made_power(int k, const Power& high, const Power& low) {
    const int level = std::min(high.value.level(), low.value.level());
    const double factor = high.factor * low.factor * evaluator_.product_ratio(high.value, low.value, level);
    std::vector<Evaluator::Multiple> terms;
    if (basis_ == Basis::kChebyshev) {
      const Power& difference = power(2 * static_cast<int>(std::bit_floor(static_cast<unsigned>(k - 1))) - k);
      terms.push_back({&difference.value, -factor / difference.factor});
    }
    return finished_power(k, {&high.value, &low.value}, factor, terms, 0, level);
  }

  Power finished_power(int k, const Evaluator::Product& product, double factor,
                       std::span<const Evaluator::Multiple> terms, double constant, int level) const {
    internal::Coefficients one(static_cast<std::size_t>(k) + 1);
    one.back() = 1;
    return {
        evaluator_.finish_sum({&product, 1}, terms, constant, level, factor * unit(basis_) * magnitude(one)),
        factor};
  }

  double magnitude(const internal::Coefficients& coefficients) const {
    return turned_ ? internal::turned_magnitude_bound(coefficients, margin_)
                   : internal::magnitude_bound(basis_, coefficients, half_width_, margin_);
  }

  const Evaluator& evaluator_;
  Basis basis_;
  double half_width_, margin_;
  bool turned_;
  std::map<int, Power> powers_;
};

}  // namespace

PolynomialCircuit::PolynomialCircuit(Polynomial polynomial) : polynomial_(std::move(polynomial)) {
  if (polynomial_.degree() > 0)
    schedule_ = std::make_shared<const internal::PolynomialSchedule>(
        internal::make_schedule(polynomial_.basis(), polynomial_.coefficients()));
}

int PolynomialCircuit::depth(int degree) noexcept { return internal::levels_of_power(degree + 1); }

int PolynomialCircuit::depth() const noexcept {
  return depth(polynomial_.degree()) + (schedule_ && !polynomial_.is_scaled() ? 1 : 0);
}

int PolynomialCircuit::key_switches() const noexcept { return schedule_ ? schedule_->key_switches : 0; }

int PolynomialCircuit::rescalings() const noexcept {
  return schedule_ ? schedule_->rescalings + (polynomial_.is_scaled() ? 0 : 1) : 0;
}

void PolynomialCircuit::check_levels(int have, int need) const {
  if (have < need)
    throw LevelExhaustedError("polynomial of degree " + std::to_string(polynomial_.degree()), have, need);
}

Ciphertext PolynomialCircuit::evaluate(const Evaluator& evaluator, const Ciphertext& operand) const {
  check_levels(operand.level(), depth());
  if (!schedule_ || polynomial_.is_scaled()) return evaluate_scaled(evaluator, operand);
  const auto [low, high] = polynomial_.interval();
  Ciphertext scaled = evaluator.multiply(operand, 2 / (high - low));
  if (low + high != 0) scaled = evaluator.add(scaled, -(low + high) / (high - low));
  return evaluate_scaled(evaluator, Evaluator::with_magnitude(std::move(scaled), 1));
}

Ciphertext PolynomialCircuit::evaluate_scaled(const Evaluator& evaluator, const Ciphertext& operand) const {
  const bool normal =
      operand.parts.size() == 2 && operand.scale == evaluator.parameters().scale_at(operand.level());
  check_levels(operand.level(), depth(polynomial_.degree()) + (normal ? 0 : 1));
  if (!normal) return evaluate_scaled(evaluator, evaluator.finish(operand.clone()));
  // A constant is encrypted by adding it to zero times the operand.
  if (!schedule_) return evaluator.add(evaluator.multiply_integer(operand, 0), polynomial_.coefficients()[0]);
  if (polynomial_.basis() == Basis::kPower)
    return evaluate_units(evaluator, operand, operand.bound.magnitude, false);
  Ciphertext twice = operand.clone();
  evaluator.add_to(twice, twice);
  return evaluate_units(evaluator, twice, 1, false);
}

Ciphertext PolynomialCircuit::evaluate_turned(const Evaluator& evaluator, const Ciphertext& operand) const {
  if (polynomial_.degree() < 2 || polynomial_.basis() != Basis::kChebyshev)
    throw ParametersError("polynomial: only one of degree 2 or more in Chebyshev's basis can be turned");
  check_levels(operand.level(), depth(polynomial_.degree()));
  return evaluate_units(evaluator, operand, 1, true);
}

Ciphertext PolynomialCircuit::evaluate_units(const Evaluator& evaluator, const Ciphertext& operand,
                                             double half_width, bool turned) const {
  const auto& coefficients = polynomial_.coefficients();
  const Basis basis = polynomial_.basis();
  const double error = operand.bound.error / Evaluation::unit(basis);
  Evaluation evaluation(evaluator, basis, operand, half_width, turned);
  Ciphertext out = evaluation.finished(schedule_->root, 1, operand.level() - depth(polynomial_.degree()));
  const auto bound = [&](const internal::Coefficients& c, double margin) {
    return turned ? internal::turned_magnitude_bound(c, margin)
                  : internal::magnitude_bound(basis, c, half_width, margin);
  };
  out.bound = {bound(coefficients, 0),
               out.bound.error + bound(internal::derivative(basis, coefficients), error) * error};
  return out;
}

}  // namespace cloister::circuits
