#pragma once

#include "cloister/ckks/parameters.h"

namespace cloister::ckks {

/// The bound on every slot of a noise whose coefficients are independent with the given variance, at a
/// scale: a slot is a sum of N coefficients times roots of unity, complex Gaussian of variance N v, whose
/// magnitude exceeds sqrt(s N v) with probability exp(-s). s is set so that all N/2 slots together exceed
/// the bound with probability below 2^-40.
double slot_error_bound(const Parameters& parameters, double coefficient_variance, Scale scale) noexcept;

/// How many deviations a slot's error exceeds in none of the N / 2 slots but for 2^-40, where it has a factor
/// that is itself Gaussian and the same every time, as what is rounded has the secret's value in the slot,
/// and a digit its key's error: the variance is then distributed exponentially over slots, and tails are
/// long. For errors that are real, and for complex ones of parts alike.
double real_product_tails(int log2_degree) noexcept;
double complex_product_tails(int log2_degree) noexcept;
/// The bound on every slot of such an error, whose coefficients have the given variance: about three times
/// slot_error_bound.
double product_error_bound(const Parameters& parameters, double coefficient_variance, Scale scale) noexcept;

/// Of the transforms in double precision, both ways.
double transform_error(const Parameters& parameters, double magnitude) noexcept;

/// Error bounds in slot values of what each operation adds.
double encoding_error(const Parameters& parameters, Scale scale, double magnitude) noexcept;
/// Of slots that repeat with a period of N / (2 run): polynomials in X^run, of which only N / run
/// coefficients are rounded, the others being 0 in double precision too.
double repeated_encoding_error(const Parameters& parameters, Scale scale, double magnitude,
                               std::size_t run) noexcept;
double rounding_error(const Parameters& parameters, Scale scale) noexcept;
/// Of a key switch without the rounding of its mod-down.
double key_error(const Parameters& parameters, int level, Scale scale) noexcept;
double key_switch_error(const Parameters& parameters, int level, Scale scale) noexcept;

}  // namespace cloister::ckks
