#include "cloister/ckks/rotation_basis.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "cloister/base/error.h"

namespace cloister::ckks {

RotationBasis::RotationBasis(std::vector<std::int64_t> steps) : steps_(std::move(steps)) {
  std::ranges::sort(steps_, [](std::int64_t a, std::int64_t b) {
    return std::abs(a) != std::abs(b) ? std::abs(a) > std::abs(b) : a > b;
  });
}

std::vector<std::int64_t> RotationBasis::path(std::int64_t step) const {
  std::vector<std::int64_t> out;
  std::int64_t left = step;
  for (const std::int64_t s : steps_)
    while (left != 0 && (s > 0) == (left > 0) && std::abs(s) <= std::abs(left)) {
      out.push_back(s);
      left -= s;
    }
  if (left != 0)
    throw MissingKeyError("rotate by " + std::to_string(step) + ": no sum of the rotations that have a key",
                          0);
  return out;
}

}  // namespace cloister::ckks
