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
class Evaluation {
 public:
  // `operand` in normal form; its slots are real up to its error, and at most `half_width`.
  Evaluation(const Evaluator& evaluator, Basis basis, const Ciphertext& operand, double half_width)
      : evaluator_(evaluator), basis_(basis), half_width_(half_width), margin_(operand.bound.error) {
    powers_.emplace(1, Evaluator::with_bound(operand.clone(), {half_width_ + margin_, 0}));
  }

  // At `level`, in normal form.
  Ciphertext finished(const ScheduleNode& node, int level) {
    return evaluator_.finish(product_form(node, level + 1));
  }

 private:
  // At `level` and its product scale, in two or three parts.
  Ciphertext product_form(const ScheduleNode& node, int level) {
    std::optional<Ciphertext> sum;
    const auto accumulate = [&](Ciphertext term) {
      if (sum && sum->parts.size() >= term.parts.size())
        evaluator_.add_to(*sum, term);
      else
        sum = sum ? evaluator_.add(*sum, term) : std::move(term);
    };
    for (const auto& product : node.products)
      accumulate(evaluator_.multiply_lazy(finished(product.factor, level), power(product.power)));
    for (const auto& [k, coefficient] : node.terms)
      accumulate(evaluator_.multiply_lazy(power(k), coefficient, level));
    if (node.constant != 0) sum = evaluator_.add(*sum, node.constant);
    return Evaluator::with_magnitude(std::move(*sum), magnitude(node.coefficients));
  }

  // x^k = x^high x^low, and T_k = 2 T_high T_low - T_(high - low), with k = high + low and high the largest
  // power of two below k, so that it takes ceil(log2 k) levels.
  const Ciphertext& power(int k) {
    if (const auto it = powers_.find(k); it != powers_.end()) return it->second;
    const int high = static_cast<int>(std::bit_floor(static_cast<unsigned>(k - 1))), low = k - high;
    Ciphertext product = evaluator_.multiply_lazy(power(high), power(low));
    if (basis_ == Basis::kChebyshev) {
      evaluator_.add_to(product, product);
      if (high == low)
        product = evaluator_.add(product, -1.0);
      else
        evaluator_.add_to(product, evaluator_.multiply_lazy(power(high - low), -1.0, product.level()));
    }
    internal::Coefficients unit(static_cast<std::size_t>(k) + 1);
    unit.back() = 1;
    product = Evaluator::with_magnitude(std::move(product), magnitude(unit));
    return powers_.emplace(k, evaluator_.finish(std::move(product))).first->second;
  }

  double magnitude(const internal::Coefficients& coefficients) const {
    return internal::magnitude_bound(basis_, coefficients, half_width_, margin_);
  }

  const Evaluator& evaluator_;
  Basis basis_;
  double half_width_, margin_;
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
  const auto& coefficients = polynomial_.coefficients();
  const bool normal =
      operand.parts.size() == 2 && operand.scale == evaluator.parameters().scale_at(operand.level());
  check_levels(operand.level(), depth(polynomial_.degree()) + (normal ? 0 : 1));
  if (!normal) return evaluate_scaled(evaluator, evaluator.finish(operand.clone()));
  // A constant is encrypted by adding it to zero times the operand.
  if (!schedule_) return evaluator.add(evaluator.multiply_integer(operand, 0), coefficients[0]);

  const Basis basis = polynomial_.basis();
  const double half_width = basis == Basis::kChebyshev ? 1 : operand.bound.magnitude;
  const double error = operand.bound.error;
  Evaluation evaluation(evaluator, basis, operand, half_width);
  Ciphertext out = evaluation.finished(schedule_->root, operand.level() - depth(polynomial_.degree()));
  const double slope =
      internal::magnitude_bound(basis, internal::derivative(basis, coefficients), half_width, error);
  out.bound = {internal::magnitude_bound(basis, coefficients, half_width, 0),
               out.bound.error + slope * error};
  return out;
}

}  // namespace cloister::circuits
