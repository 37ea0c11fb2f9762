#pragma once

#include <vector>

#include "cloister/data/matrix.h"

namespace cloister::ml {

/// rows^T rows / n, [d][d].
data::Matrix second_moments(const data::Matrix& rows);

/// Eigenvalues of a symmetric matrix in ascending order, by Jacobi's rotations.
std::vector<double> symmetric_eigenvalues(const data::Matrix& symmetric);

/// Largest eigenvalue of rows^T rows / n. A statistic of the data: for the owner's eyes.
double largest_eigenvalue(const data::Matrix& rows);

/// The largest eigenvalue rounded up to 1, 1.5, 2, 3, 4, 6, 8, 12, ...: coarse enough that an owner may
/// agree to put it into a plan, which everybody reads.
double suggested_spectrum_cap(const data::Matrix& rows);

/// The owner's check before encrypting: a schedule's guarantees hold only for data within its cap. Where
/// several owners hold rows that were scaled alike, each checks its own.
///
/// Errors: FAILED_PRECONDITION if the largest eigenvalue of rows^T rows / n is above `spectrum_cap`.
void require_spectrum_cap(const data::Matrix& rows, double spectrum_cap);

/// The owner's check where a plan's number of iterations rests on a least eigenvalue (iterations rules in
/// schedule.h and newton_schedule.h).
///
/// Errors: FAILED_PRECONDITION if the smallest eigenvalue of rows^T rows / n is below `spectrum_floor`.
void require_spectrum_floor(const data::Matrix& rows, double spectrum_floor);

}  // namespace cloister::ml
