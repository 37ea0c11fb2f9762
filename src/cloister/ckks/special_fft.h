#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace cloister::ckks {

/// The canonical embedding of real polynomials modulo X^N + 1 at the roots zeta^(5^j), j in [0, N/2), as a
/// transform of N/2 complex values in double precision. Immutable; 12 N bytes.
/// Source: Cheon, Han, Kim, Kim, Song, "Bootstrapping for approximate homomorphic encryption", 2018,
/// section 5.1.
class SpecialFft {
 public:
  explicit SpecialFft(int log2_degree);

  /// In place: coefficients u_k + i u_(k + N/2) to slots. (N/4) log2 (N/2) butterflies.
  void to_slots(std::span<std::complex<double>> values) const;
  /// The inverse, 2/N included.
  void to_coefficients(std::span<std::complex<double>> values) const;

 private:
  std::size_t size_;
  int log2_size_;
  std::vector<std::complex<double>> twiddles_;  // stage of length m: entries [m/2, m)
};

}  // namespace cloister::ckks
