#include "cloister/circuits/polynomial_circuit.h"

#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <string>

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
    auto first = Evaluator::with_bound(operand.clone(), {unit(basis) * (half_width_ + margin_), 0});
    if (turned) {
      powers_.emplace(2, square_of(first, 2));
      first = evaluator.multiply_by_i(std::move(first));
    }
    powers_.emplace(1, std::move(first));
  }

  // What basis polynomials are multiplied by.
  static double unit(Basis basis) { return basis == Basis::kChebyshev ? 2 : 1; }

  // Times a number, at `level`, in normal form.
  Ciphertext finished(const ScheduleNode& node, double times, int level) {
    return evaluator_.finish(product_form(node, times, level + 1));
  }

 private:
  // At `level` and its product scale, in two or three parts.
  Ciphertext product_form(const ScheduleNode& node, double times, int level) {
    std::optional<Ciphertext> sum;
    const auto accumulate = [&](Ciphertext term) {
      if (sum && sum->parts.size() >= term.parts.size())
        evaluator_.add_to(*sum, term);
      else
        sum = sum ? evaluator_.add(*sum, term) : std::move(term);
    };
    for (const auto& product : node.products)
      accumulate(evaluator_.multiply_lazy(finished(product.factor, times / unit(basis_), level),
                                          power(product.power)));
    if (!node.terms.empty()) {
      std::vector<Evaluator::Multiple> terms;
      for (const auto& [k, coefficient] : node.terms)
        terms.push_back({&power(k), times / unit(basis_) * coefficient});
      accumulate(evaluator_.sum_lazy(terms, times * node.constant, level));
    } else if (node.constant != 0) {
      sum = evaluator_.add(std::move(*sum), times * node.constant);
    }
    return Evaluator::with_magnitude(std::move(*sum), std::abs(times) * magnitude(node.coefficients));
  }

  // unit(basis) times: x^k = x^high x^low, and T_k = 2 T_high T_low - T_(high - low), with k = high + low and
  // high the largest power of two below k, so that it takes ceil(log2 k) levels.
  const Ciphertext& power(int k) {
    if (const auto it = powers_.find(k); it != powers_.end()) return it->second;
    const int high = static_cast<int>(std::bit_floor(static_cast<unsigned>(k - 1))), low = k - high;
    if (high == low) return powers_.emplace(k, square_of(power(high), k)).first->second;
    Ciphertext product = evaluator_.multiply_lazy(power(high), power(low));
    if (basis_ == Basis::kChebyshev)
      evaluator_.add_to(product, evaluator_.multiply_lazy(power(high - low), -1.0, product.level()));
    return powers_.emplace(k, finished_power(std::move(product), k)).first->second;
  }

  // The k-th from that of half its degree.
  Ciphertext square_of(const Ciphertext& half, int k) const {
    Ciphertext product = evaluator_.multiply_lazy(half, half);
    if (basis_ == Basis::kChebyshev) product = evaluator_.add(std::move(product), -unit(basis_));
    return finished_power(std::move(product), k);
  }

  Ciphertext finished_power(Ciphertext product, int k) const {
    internal::Coefficients one(static_cast<std::size_t>(k) + 1);
    one.back() = 1;
    return evaluator_.finish(Evaluator::with_magnitude(std::move(product), unit(basis_) * magnitude(one)));
  }

  double magnitude(const internal::Coefficients& coefficients) const {
    return turned_ ? internal::turned_magnitude_bound(coefficients, margin_)
                   : internal::magnitude_bound(basis_, coefficients, half_width_, margin_);
  }

  const Evaluator& evaluator_;
  Basis basis_;
  double half_width_, margin_;
  bool turned_;
  std::map<int, Ciphertext> powers_;
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
