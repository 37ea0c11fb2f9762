#include "cloister/circuits/internal/polynomial_schedule.h"

#include <bit>
#include <set>

namespace cloister::circuits::internal {
namespace {

constexpr int kKeySwitchCost = 3;  // next to a rescaling

// `budget`: the levels that the node may take, of which its own products take the last; degree < 2^budget.
// By induction the quotient's degree is below 2^(budget - 1), and each basis polynomial that is used takes
// at most budget - 1 levels.
ScheduleNode build(Basis basis, const Coefficients& coefficients, int budget, int baby_limit) {
  ScheduleNode node{coefficients, 0, {}, {}};
  Coefficients rest = coefficients;
  for (;;) {
    const int degree = static_cast<int>(rest.size()) - 1;
    if (degree == 0 || (degree <= baby_limit && levels_of_power(degree) < budget)) break;
    const auto power = std::bit_floor(static_cast<unsigned>(degree));
    Division division = divide(basis, rest, power);
    if (division.quotient.size() == 1)
      node.terms.emplace_back(static_cast<int>(power), division.quotient[0]);
    else
      node.products.push_back(
          {static_cast<int>(power), build(basis, division.quotient, budget - 1, baby_limit)});
    rest = std::move(division.remainder);
  }
  node.constant = rest[0];
  for (std::size_t k = 1; k < rest.size(); ++k)
    if (rest[k] != 0) node.terms.emplace_back(static_cast<int>(k), rest[k]);
  return node;
}

void need(Basis basis, int k, std::set<int>& powers) {
  if (k < 2 || !powers.insert(k).second) return;
  const int high = static_cast<int>(std::bit_floor(static_cast<unsigned>(k - 1)));
  need(basis, high, powers);
  need(basis, k - high, powers);
  if (basis == Basis::kChebyshev) need(basis, 2 * high - k, powers);
}

void count(Basis basis, const ScheduleNode& node, std::set<int>& powers, PolynomialSchedule& out) {
  ++out.rescalings;
  if (!node.products.empty()) ++out.key_switches;
  for (const auto& term : node.terms) need(basis, term.first, powers);
  for (const auto& product : node.products) {
    need(basis, product.power, powers);
    count(basis, product.factor, powers, out);
  }
}

}  // namespace

int levels_of_power(int k) noexcept { return static_cast<int>(std::bit_width(static_cast<unsigned>(k - 1))); }

PolynomialSchedule make_schedule(Basis basis, const Coefficients& coefficients) {
  const int degree = static_cast<int>(coefficients.size()) - 1;
  PolynomialSchedule best;
  int best_cost = -1;
  for (int baby_limit = 1; baby_limit < 2 * degree; baby_limit *= 2) {
    PolynomialSchedule candidate;
    candidate.root = build(basis, coefficients, levels_of_power(degree + 1), baby_limit);
    std::set<int> powers;
    count(basis, candidate.root, powers, candidate);
    candidate.powers.assign(powers.begin(), powers.end());
    candidate.key_switches += static_cast<int>(powers.size());
    candidate.rescalings += static_cast<int>(powers.size());
    const int cost = kKeySwitchCost * candidate.key_switches + candidate.rescalings;
    if (best_cost < 0 || cost < best_cost) {
      best = std::move(candidate);
      best_cost = cost;
    }
  }
  return best;
}

}  // namespace cloister::circuits::internal
