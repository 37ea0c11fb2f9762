#pragma once

#include "cloister/data/preparation.h"

namespace cloister::data {

struct PreparedSplit {
  Preparation preparation;  ///< fitted on the training rows
  Examples train;
  Examples test;
  std::size_t dropped_missing = 0;  ///< rows left out for what they lack
  std::size_t dropped_balance = 0;  ///< rows left out to balance the classes
};

/// Prepares a table for learning, in this order: drop rows that lack values, balance the classes, split
/// by the seed (each class apart for classification: round(n * test_fraction) of its n rows are for the
/// test, at least one stays for training), fit on the training rows, apply to both parts. The same
/// table, spec and seed give the same rows in the same order on every machine.
PreparedSplit prepare_split(const Table& table, const PreparationSpec& spec);

}  // namespace cloister::data
