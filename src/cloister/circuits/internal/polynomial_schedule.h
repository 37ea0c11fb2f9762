#pragma once

#include <utility>
#include <vector>

#include "cloister/circuits/internal/polynomial_algebra.h"

namespace cloister::circuits::internal {

/// ceil(log2(k)) for k >= 1: the levels that the k-th basis polynomial takes.
int levels_of_power(int k) noexcept;

/// A polynomial written as constant + sum of coefficient * b_k + sum of b_g * factor: all the products of
/// one node are added before one relinearization and one rescaling.
struct ScheduleNode {
  struct Product;
  Coefficients coefficients;
  double constant = 0;
  std::vector<std::pair<int, double>> terms;  // k >= 1
  std::vector<Product> products;
};
struct ScheduleNode::Product {
  int power;
  ScheduleNode factor;
};

/// How a polynomial of degree at least 1 is evaluated at depth ceil(log2(degree + 1)).
struct PolynomialSchedule {
  ScheduleNode root;
  std::vector<int> powers;  ///< basis polynomials that are computed, k >= 2, rising
  int key_switches = 0;     ///< relinearizations
  int rescalings = 0;
};

/// The schedule of least cost among those whose baby steps end at a power of two.
/// Source: Paterson, Stockmeyer 1973; depth and scales as in Bossuat, Mouchet, Troncoso-Pastoriza,
/// Hubaux, "Efficient bootstrapping for approximate homomorphic encryption with non-sparse keys", 2021,
/// algorithm 1. Changed: remainders join the sum of products that they are added to, so that a
/// relinearization serves several products; zero coefficients cost nothing.
PolynomialSchedule make_schedule(Basis basis, const Coefficients& coefficients);

}  // namespace cloister::circuits::internal
