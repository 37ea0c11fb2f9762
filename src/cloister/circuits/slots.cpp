#include "cloister/circuits/slots.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"

namespace cloister::circuits {
namespace {

void check_range(const char* what, std::size_t value, std::size_t slots) {
  if (value < 1 || value > slots)
    throw ParametersError(std::string("mask: the ") + what + " " + std::to_string(value) +
                          " is outside [1, " + std::to_string(slots) + "], the number of slots");
}

}  // namespace

std::vector<double> mask_first_of_each(std::size_t stride, std::size_t slots) {
  check_range("stride", stride, slots);
  std::vector<double> out(slots);
  for (std::size_t i = 0; i < slots; i += stride) out[i] = 1;
  return out;
}

std::vector<double> mask_first(std::size_t count, std::size_t slots) {
  check_range("count", count, slots);
  std::vector<double> out(slots);
  std::fill_n(out.begin(), count, 1.0);
  return out;
}

ckks::Ciphertext replicate(const ckks::Rotations& rotations, const ckks::Ciphertext& masked,
                           std::int64_t stride, std::int64_t count) {
  return ckks::Evaluator::with_magnitude(rotations.sum_slots(masked, -stride, count), masked.bound.magnitude);
}

}  // namespace cloister::circuits
