#pragma once

#include <cstdint>
#include <vector>

#include "cloister/ckks/rotations.h"

namespace cloister::circuits {

/// 1 in slots 0, stride, 2 stride, ..., and 0 elsewhere: what is left after sums over groups of `stride`
/// slots. Throws ParametersError unless 1 <= stride <= slots.
std::vector<double> mask_first_of_each(std::size_t stride, std::size_t slots);
/// 1 in the first `count` slots and 0 elsewhere.
std::vector<double> mask_first(std::size_t count, std::size_t slots);

/// Copies each value `count` times to the right, `stride` slots apart: slot i + k stride becomes slot i.
/// The slots that are written to must hold zero (masked). No level; log2(count) key switches, by the
/// rotations of ckks::Rotations::sum_slots_steps(-stride, count). The magnitude stays; the errors of the
/// `count` slots add.
ckks::Ciphertext replicate(const ckks::Rotations& rotations, const ckks::Ciphertext& masked,
                           std::int64_t stride, std::int64_t count);

}  // namespace cloister::circuits
