#pragma once

#include <vector>

#include "cloister/circuits/linear_transform.h"

namespace cloister::circuits {

/// Which way between the coefficients of a plaintext polynomial and its slots.
enum class DftDirection { kCoefficientsToSlots, kSlotsToCoefficients };

/// The special FFT of n slots (ckks/special_fft.h) as `stages` linear transforms of nearly equal depth, for
/// ciphertexts of polynomials in X^(N / 2n), whose slots repeat with period n. Coefficients k and k + n of
/// the subring are the real and imaginary part of slot k, in bit-reversed order: what reads both directions
/// in turn never sees the order, and the reversal costs nothing.
///
/// kSlotsToCoefficients is applied to slots z and gives the slots of the polynomial whose coefficients are z;
/// kCoefficientsToSlots is its inverse. Every stage is multiplied by the same real number, so that all of
/// them together are multiplied by `factor` > 0.
///
/// A stage of radix r has 2 r - 1 diagonals, and the one with the longest strides r.
/// Source: Chen, Chillotti, Song, "Improved bootstrapping for approximate homomorphic encryption", 2019;
/// Han, Ki 2020.
std::vector<LinearTransform> dft_stages(DftDirection direction, int log2_n, std::size_t slots, int stages,
                                        double factor);

/// The same for kCoefficientsToSlots and 2 n <= slots, where the last stage turns period n into 2 n: of the
/// result the first n slots are those of dft_stages, and the second n are -i times them. So both coefficients
/// of a slot stand in real parts.
std::vector<LinearTransform> dft_stages_to_halves(int log2_n, std::size_t slots, int stages, double factor);

/// What a stage is, but for its values: butterflies of so many layers, each of whose rows has the square norm
/// 2, or 1/2 towards slots; so many diagonals, as polynomials of so many coefficients other than 0.
struct DftShape {
  int layers = 0, diagonals = 0;
  std::size_t coefficients = 0;
};
std::vector<DftShape> dft_shapes(DftDirection direction, int log2_n, int stages, bool to_halves = false);

/// The indices of the stages' diagonals alone, centred modulo n.
std::vector<std::vector<std::int64_t>> dft_diagonals(DftDirection direction, int log2_n, int stages);

}  // namespace cloister::circuits
