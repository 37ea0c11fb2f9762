#pragma once

#include <nanobind/ndarray.h>

#include <memory>
#include <span>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/data/matrix.h"

namespace cloister::python {

namespace nb = nanobind;

/// float64, row-major, read only: what NumPy gives without a copy, or with one where it must.
using VectorView = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using MatrixView = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<nb::numpy, double, nb::ndim<1>>;

inline std::span<const double> span_of(const VectorView& x) { return {x.data(), x.size()}; }

inline data::Matrix matrix_of(const MatrixView& x) {
  data::Matrix out;
  out.rows = x.shape(0);
  out.columns = x.shape(1);
  out.values.assign(x.data(), x.data() + x.size());
  return out;
}

/// NumPy takes the memory over. With the GIL held.
inline Vector to_numpy(std::vector<double> values) {
  auto owned = std::make_unique<std::vector<double>>(std::move(values));
  double* data = owned->data();
  const std::size_t size = owned->size();
  nb::capsule owner(owned.release(), [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
  return Vector(data, {size}, owner);
}

}  // namespace cloister::python
