#pragma once

#include <array>
#include <bit>
#include <cstddef>

namespace cloister {

/// How many layers each pass over memory takes, largest distances first, down to blocks of 64
/// coefficients, whose six layers stay in registers. Passes of eight streams over blocks that are larger
/// than the first cache; sixteen streams at such distances would fall into the same sets of it.
struct NttPasses {
  static constexpr int kMax = 4;
  std::array<int, kMax> layers{};  // zero beyond `count`
  int count = 0;

  explicit constexpr NttPasses(std::size_t degree) noexcept {
    int left = std::countr_zero(degree) - 6;
    while (left > 4 || left == 3) {
      layers[static_cast<std::size_t>(count++)] = 3;
      left -= 3;
    }
    if (left != 0) layers[static_cast<std::size_t>(count++)] = left;
  }
};

}  // namespace cloister
