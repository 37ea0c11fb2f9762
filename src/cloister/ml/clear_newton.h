#pragma once

#include "cloister/data/matrix.h"
#include "cloister/ml/clear_logistic.h"
#include "cloister/ml/newton_schedule.h"

namespace cloister::ml {

/// The reference of an encrypted fixed-Hessian training: NewtonSchedule's iteration in double precision, in
/// the order in which ciphertexts would be combined.
///
/// Math: with gain = start * step / c, h = gain/n sum (1/2 - q(z_i)) s_i - gain ridge w and p_0 = h, p_{-1} =
/// 0:
///   p_{j+1} = (1 + m_j - a_j ridge/c) p_j - m_j p_{j-1} + (a_j / start) h - a_j G p_j,  w' = w + p_k,
/// a and m the step and momentum of `solve`: only products with constants, with G and with the rows, and no
/// level but the gradient's and one a product with G, for the constants ride on what is brought down.
///
/// Shapes: rows [n][d] as signed_rows makes them, d = schedule.features.
/// Errors: MismatchError for rows of another shape.
LogisticTrace train_newton(const data::Matrix& rows, const NewtonSchedule& schedule,
                           SigmoidKind kind = SigmoidKind::kPolynomial);

}  // namespace cloister::ml
