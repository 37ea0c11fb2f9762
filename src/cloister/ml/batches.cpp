#include "cloister/ml/batches.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/ml/clear_spectrum.h"
#include "cloister/random/prng.h"
#include "cloister/random/samplers.h"

namespace cloister::ml {
namespace {

void check_batches(std::size_t batches) {
  if (batches < 1 || batches > kMaxBatches)
    throw ParametersError("batches: their number must lie in [1, " + std::to_string(kMaxBatches) + "]; got " +
                          std::to_string(batches));
}

}  // namespace

std::vector<std::uint32_t> batch_order(int iterations, std::size_t batches, std::uint64_t seed) {
  check_batches(batches);
  ByteWriter label;
  label.put_string("cloister batches");
  label.put(seed);
  Prng prng(Seed(sha256(label.bytes())));
  std::vector<std::uint32_t> epoch(batches), order;
  std::iota(epoch.begin(), epoch.end(), 0u);
  while (order.size() < static_cast<std::size_t>(std::max(iterations, 0))) {
    for (std::size_t left = batches; left > 1; --left) {  // Knuth, TAOCP 2, algorithm 3.4.2 P
      std::uint64_t chosen = 0;
      sample_uniform(prng, left, {&chosen, 1});
      std::swap(epoch[left - 1], epoch[chosen]);
    }
    const std::size_t wanted = std::min(batches, static_cast<std::size_t>(iterations) - order.size());
    order.insert(order.end(), epoch.begin(), epoch.begin() + static_cast<std::ptrdiff_t>(wanted));
  }
  return order;
}

RowRange batch_rows(std::size_t rows, std::size_t rows_per_block, std::size_t batches, std::size_t batch) {
  check_batches(batches);
  if (rows_per_block == 0 || batch >= batches) throw ParametersError("batches: there is no such batch");
  const std::size_t blocks = rows / rows_per_block + (rows % rows_per_block != 0);
  if (blocks < batches)
    throw ParametersError("batches: " + std::to_string(blocks) + " blocks of rows cannot make " +
                          std::to_string(batches) + " batches; plan for fewer batches");
  const auto row_of = [&](std::size_t b) { return std::min(rows, b * blocks / batches * rows_per_block); };
  return {row_of(batch), row_of(batch + 1)};
}

data::Matrix rows_of(const data::Matrix& rows, RowRange range) {
  data::Matrix out(range.count(), rows.columns);
  for (std::size_t i = 0; i < range.count(); ++i)
    std::ranges::copy(rows.row(range.first + i), out.row(i).begin());
  return out;
}

void require_batch_spectrum_cap(const data::Matrix& rows, double spectrum_cap, std::size_t rows_per_block,
                                std::size_t batches) {
  for (std::size_t b = 0; b < batches; ++b)
    require_spectrum_cap(rows_of(rows, batch_rows(rows.rows, rows_per_block, batches, b)), spectrum_cap);
}

}  // namespace cloister::ml
