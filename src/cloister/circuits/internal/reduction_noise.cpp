#include "cloister/circuits/internal/reduction_noise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <initializer_list>
#include <map>
#include <vector>

#include "cloister/circuits/internal/polynomial_schedule.h"
#include "cloister/rlwe/security.h"

namespace cloister::circuits::internal {
namespace {

using Complex = std::complex<double>;

// What a value adds to the result's error itself: the mean square of a random error whose real and imaginary
// parts are alike, and the largest magnitude of one that is always the same.
struct Own {
  double variance = 0, systematic = 0;
};

// Values as they were computed, each with its derivatives by those that it was made of.
class Tape {
 public:
  struct Edge {
    std::size_t from;
    Complex slope;
  };

  std::size_t add(Complex value, std::span<const Edge> edges, const Own& own = {}) {
    edges_.insert(edges_.end(), edges.begin(), edges.end());
    nodes_.push_back({value, own, edges_.size()});
    return nodes_.size() - 1;
  }
  std::size_t add(Complex value, std::initializer_list<Edge> edges, const Own& own = {}) {
    return add(value, std::span(edges.begin(), edges.size()), own);
  }
  Complex value(std::size_t node) const { return nodes_[node].value; }

  // What all values add to the last one's error, and the last one's derivative by the first.
  struct Result {
    Own total;
    Complex slope;
  };
  Result differentiate() const {
    std::vector<Complex> slopes(nodes_.size());
    slopes.back() = 1;
    Result out;
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      out.total.variance += std::norm(slopes[i]) * nodes_[i].own.variance;
      out.total.systematic += std::abs(slopes[i]) * nodes_[i].own.systematic;
      for (std::size_t e = i == 0 ? 0 : nodes_[i - 1].edges_end; e < nodes_[i].edges_end; ++e)
        slopes[edges_[e].from] += slopes[i] * edges_[e].slope;
    }
    out.slope = slopes.front();
    return out;
  }

 private:
  struct Node {
    Complex value;
    Own own;
    std::size_t edges_end;
  };
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
};

// The steps of ModularReduction::turned and PolynomialCircuit::evaluate_turned, on one slot in the clear.
class Walk {
 public:
  Walk(const OperationNoise& operations, const ReductionTask& task, const ReductionFactors& factors,
       const PolynomialSchedule& schedule, double u)
      : operations_(operations) {
    const Value first{tape_.add(2 * u, {}), task.level};
    powers_.emplace(2, square_of(first, 2));
    powers_.emplace(1, Value{linear(first, {0, 1}), task.level});
    const int depth = levels_of_power(static_cast<int>(task.exponential.size()));
    Value z = finished(schedule.root, 1, task.level - depth);
    z.node = tape_.add(at(z), {{z.node, 1}}, {0, factors.factors.back() * task.fit_error});
    for (int k = 0; k < task.squarings; ++k) z = finish(product(z, z), z.level);
    const Complex y = at(z);
    tape_.add(y * y - factors.linear * y, {{z.node, 2.0 * y - factors.linear}},
              {rescaled(z.level), constant_error(z, z.level)});
  }

  Tape::Result differentiate() const { return tape_.differentiate(); }

 private:
  struct Value {
    std::size_t node;
    int level;
  };
  static constexpr double kUnit = 2;  // of Chebyshev's polynomials: what is computed is 2 T_k

  Complex at(const Value& x) const { return tape_.value(x.node); }
  std::size_t linear(const Value& x, Complex factor) { return tape_.add(factor * at(x), {{x.node, factor}}); }

  // Of a product at a level, relinearized and rescaled in one division.
  double rescaled(int level) const {
    const double product = operations_.scale_at(level) * operations_.scale_at(level);
    return operations_.rounding(product / operations_.prime_at(level)) +
           operations_.key_error(level, product);
  }
  // Of a product of a value with a constant, which is rounded to an integer, at the product scale of a level.
  double constant_error(const Value& x, int level) const {
    const double product = operations_.scale_at(level) * operations_.scale_at(level);
    return std::abs(at(x)) / 2 * operations_.scale_at(x.level) / product;
  }

  Value finish(std::size_t product, int level) {
    return {tape_.add(tape_.value(product), {{product, 1}}, {rescaled(level), 0}), level - 1};
  }
  // Operands are not brought to each other's level.
  std::size_t product(const Value& a, const Value& b) {
    return tape_.add(at(a) * at(b), {{a.node, at(b)}, {b.node, at(a)}});
  }

  const Value& power(int k) {
    if (const auto it = powers_.find(k); it != powers_.end()) return it->second;
    const int high = static_cast<int>(std::bit_floor(static_cast<unsigned>(k - 1))), low = k - high;
    if (high == low) return powers_.emplace(k, square_of(power(high), k)).first->second;
    const Value a = power(high), b = power(low), difference = power(high - low);
    const std::size_t ab = product(a, b);
    const int level = std::min(a.level, b.level);
    const std::size_t sum = tape_.add(tape_.value(ab) - at(difference), {{ab, 1}, {difference.node, -1}},
                                      {0, constant_error(difference, level)});
    return powers_.emplace(k, finish(sum, level)).first->second;
  }
  Value square_of(const Value& half, int) {
    const Complex x = at(half);
    return finish(tape_.add(x * x - kUnit, {{half.node, 2.0 * x}}), half.level);
  }

  // At `level`; see PolynomialCircuit.
  Value finished(const ScheduleNode& node, double times, int level) {
    const int above = level + 1;
    std::vector<Tape::Edge> edges;
    Complex sum = times * node.constant;
    Own own;
    for (const auto& [power_of, factor] : node.products) {
      const Value quotient = finished(factor, times / kUnit, above);
      edges.push_back({product(quotient, power(power_of)), 1});
      sum += tape_.value(edges.back().from);
    }
    for (const auto& [k, coefficient] : node.terms) {
      const Value& term = power(k);
      edges.push_back({term.node, times / kUnit * coefficient});
      sum += edges.back().slope * at(term);
      own.systematic += constant_error(term, above);
    }
    return finish(tape_.add(sum, edges, own), above);
  }

  const OperationNoise& operations_;
  Tape tape_;
  std::map<int, Value> powers_;
};

}  // namespace

ReductionNoise reduction_noise(const ReductionTask& task, const OperationNoise& operations,
                               const OperandNoise& operand) {
  const int last = task.level - levels_of_power(static_cast<int>(task.exponential.size())) - task.squarings;
  const double before = operations.scale_at(last) * operations.scale_at(last) / operations.prime_at(last);
  const ReductionFactors factors(task.sines, task.squarings, task.gain, task.scale, ckks::Scale(before));
  Coefficients scaled(task.exponential.begin(), task.exponential.end());
  for (double& c : scaled) c *= factors.factors.back();
  const auto schedule = make_schedule(Basis::kChebyshev, scaled);

  // At -t everything is the conjugate of what it is at t. The overflow is the sum of kEncapsulationWeight + 1
  // uniform terms, rounded: near enough Gaussian for a mean.
  const double spread = (1.0 + rlwe::kEncapsulationWeight) / 12, unit = before / task.scale.value();
  ReductionNoise out;
  double weights = 0;
  for (int integer = 0; integer <= task.overflow; ++integer)
    for (const double m : {-task.margin, 0.0, task.margin}) {
      const double u = (integer + m) / (task.overflow + task.margin);
      const auto walked = Walk(operations, task, factors, schedule, u).differentiate();
      // Twice the imaginary part is taken: of an error whose parts are alike, that has twice its mean square.
      const double variance = unit * unit *
                              (2 * walked.total.variance + 2 * std::norm(walked.slope) * operand.circular +
                               4 * walked.slope.imag() * walked.slope.imag() * operand.real);
      const double weight = std::exp(-integer * integer / (2 * spread)) * (integer == 0 ? 1 : 2);
      weights += weight;
      out.variance += weight * variance;
      out.largest_variance = std::max(out.largest_variance, variance);
      out.systematic = std::max(out.systematic, 2 * unit * walked.total.systematic);
      out.slope = std::max(out.slope, unit * std::abs(walked.slope));
    }
  out.variance /= weights;
  return out;
}

}  // namespace cloister::circuits::internal
