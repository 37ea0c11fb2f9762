#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bindings/watched_pool.h"
#include "cloister/base/error.h"

namespace cloister::python {

/// Encrypted rows, which are never changed: what is reordered or repeated is shared.
template <typename Ciphertext>
struct RowsOf {
  std::vector<std::shared_ptr<const Ciphertext>> rows;

  std::size_t size() const noexcept { return rows.size(); }
};

/// Row-major numbers.
template <typename Number>
struct TableOf {
  std::span<const Number> values;
  std::size_t rows, columns;

  std::span<const Number> row(std::size_t i) const { return values.subspan(i * columns, columns); }
};

/// The number of rows of a result, of two operands of which one may have one row, which stands for all.
inline std::size_t common_rows(std::size_t a, std::size_t b) {
  if (a != b && a != 1 && b != 1)
    throw ParametersError("rows: " + std::to_string(a) + " against " + std::to_string(b));
  return std::max(a, b);
}

template <typename Rows>
const auto& row_of(const Rows& rows, std::size_t i) {
  return rows[rows.size() == 1 ? 0 : i];
}

/// Rows made in parallel, watched.
template <typename Rows, typename Make>
Rows made_rows(const WatchedPool& pool, std::size_t count, const Make& make) {
  Rows out;
  out.rows.resize(count);
  using Ciphertext = std::remove_cvref_t<decltype(*out.rows[0])>;
  pool.parallel_for(count, [&](std::size_t i) { out.rows[i] = std::make_shared<const Ciphertext>(make(i)); });
  return out;
}

/// Numbers repeated through the slots.
template <typename Number>
std::vector<Number> repeated(std::span<const Number> values, std::size_t slots) {
  std::vector<Number> out(slots);
  for (std::size_t start = 0; start < slots; start += values.size())
    std::copy_n(values.data(), std::min(values.size(), slots - start),
                out.begin() + static_cast<std::ptrdiff_t>(start));
  return out;
}

/// sum += term; an empty sum starts so.
template <typename Evaluator, typename Ciphertext>
void add_to(const Evaluator& on, std::optional<Ciphertext>& sum, Ciphertext term) {
  if (sum)
    on.add_to(*sum, term);
  else
    sum.emplace(std::move(term));
}

}  // namespace cloister::python
