#include "cloister/data/split.h"

#include <algorithm>
#include <cmath>

#include "cloister/data/internal/selection.h"
#include "cloister/data/internal/shuffle.h"

namespace cloister::data {
namespace {

using Rows = std::vector<std::size_t>;

// The rows by class, the negative one first; all rows are one group in a regression.
std::vector<Rows> group_by_class(const Table& table, const PreparationSpec& spec, const Rows& rows) {
  if (spec.task == Task::kRegression) return {rows};
  const Column& target = table.column(spec.target);
  const auto classes = internal::two_classes(target, rows);
  std::vector<Rows> groups(2);
  for (const std::size_t r : rows)
    groups[internal::class_name(target, r) == classes.second ? 1 : 0].push_back(r);
  return groups;
}

// Samples every group down to the smallest one's size, keeping the table's order.
void balance(std::vector<Rows>& groups, std::uint64_t seed) {
  Prng prng = internal::seeded_prng(seed, "cloister balance");
  std::size_t size = groups.front().size();
  for (const Rows& g : groups) size = std::min(size, g.size());
  for (Rows& g : groups) {
    if (g.size() == size) continue;
    internal::shuffle(prng, g);
    g.resize(size);
    std::sort(g.begin(), g.end());
  }
}

struct TrainTest {
  Rows train, test;
};

TrainTest split(std::vector<Rows> groups, double test_fraction, std::uint64_t seed) {
  Prng prng = internal::seeded_prng(seed, "cloister split");
  TrainTest out;
  for (Rows& g : groups) {
    internal::shuffle(prng, g);
    const auto wanted = static_cast<std::size_t>(std::llround(static_cast<double>(g.size()) * test_fraction));
    const auto middle = g.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, g.size() - 1));
    out.test.insert(out.test.end(), g.begin(), middle);
    out.train.insert(out.train.end(), middle, g.end());
  }
  internal::shuffle(prng, out.train);
  internal::shuffle(prng, out.test);
  return out;
}

std::size_t count(const std::vector<Rows>& groups) {
  std::size_t n = 0;
  for (const Rows& g : groups) n += g.size();
  return n;
}

}  // namespace

PreparedSplit prepare_split(const Table& table, const PreparationSpec& spec) {
  internal::validate(spec, table);
  const Rows usable = internal::usable_rows(table, spec, internal::all_rows(table.rows()));
  std::vector<Rows> groups = group_by_class(table, spec, usable);
  if (spec.balance) balance(groups, spec.seed);
  const std::size_t dropped_balance = usable.size() - count(groups);

  const TrainTest rows = split(std::move(groups), spec.test_fraction, spec.seed);
  Preparation preparation = Preparation::fit(table, spec, rows.train);
  Examples train = preparation.apply(table, rows.train, TargetUse::kRequired);
  Examples test = preparation.apply(table, rows.test, TargetUse::kRequired);
  return {std::move(preparation), std::move(train), std::move(test), table.rows() - usable.size(),
          dropped_balance};
}

}  // namespace cloister::data
