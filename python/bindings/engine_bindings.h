#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <vector>

#include "bindings/encrypted_rows.h"
#include "bindings/rlwe_keys.h"

namespace cloister::python {

namespace nb = nanobind;

// What the engines of all schemes show Python, once.

using Unlocked = nb::call_guard<nb::gil_scoped_release>;

template <typename Number>
using MatrixOf = nb::ndarray<const Number, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <typename Number>
using VectorOf = nb::ndarray<const Number, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <typename Number>
TableOf<Number> table_of(const MatrixOf<Number>& x) {
  return {{x.data(), x.size()}, x.shape(0), x.shape(1)};
}
template <typename Number>
std::span<const Number> span_of(const VectorOf<Number>& x) {
  return {x.data(), x.size()};
}
inline std::span<const std::uint8_t> span_of(const nb::bytes& bytes) {
  return {static_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// NumPy takes the memory over. With the GIL held.
template <typename Number>
nb::ndarray<nb::numpy, Number, nb::ndim<1>> owned_array(std::vector<Number> values) {
  auto owned = std::make_unique<std::vector<Number>>(std::move(values));
  Number* data = owned->data();
  const std::size_t size = owned->size();
  nb::capsule owner(owned.release(), [](void* p) noexcept { delete static_cast<std::vector<Number>*>(p); });
  return nb::ndarray<nb::numpy, Number, nb::ndim<1>>(data, {size}, owner);
}

/// What `make` gives without the GIL, as Python's bytes.
template <typename Make>
nb::bytes unlocked_bytes(const Make& make) {
  Bytes out;
  {
    const nb::gil_scoped_release release;
    out = make();
  }
  nb::bytes bytes(out.data(), out.size());
  wipe(out.data(), out.size());
  return bytes;
}

/// The rows of the indices, which are shared.
template <typename Rows>
Rows take(const Rows& a, const std::vector<std::size_t>& indices) {
  Rows out;
  for (const std::size_t i : indices) {
    if (i >= a.size()) throw ParametersError("take: there is no row " + std::to_string(i));
    out.rows.push_back(a.rows[i]);
  }
  return out;
}

template <typename Rows>
Rows join(const std::vector<Rows>& parts) {
  Rows out;
  for (const auto& part : parts) out.rows.insert(out.rows.end(), part.rows.begin(), part.rows.end());
  return out;
}

template <typename Rows>
nb::class_<Rows> add_rows(nb::module_& m, const char* name) {
  return nb::class_<Rows>(m, name, "Encrypted rows, which are never changed.")
      .def("__len__", [](const Rows& a) { return a.size(); })
      .def("take", &take<Rows>, nb::arg("indices"))
      .def_static("join", &join<Rows>, nb::arg("parts"));
}

/// The operations that engines have in common, under the same names.
template <typename Engine, typename Rows, typename Number>
void add_operations(nb::class_<Engine, RlweKeys>& engine) {
  using E = Engine;
  using Matrix = MatrixOf<Number>;
  using Vector = VectorOf<Number>;
  engine.def_prop_ro("slots", &E::slots)
      .def(
          "with_threads",
          [](const E& e, int threads) {
            return std::make_shared<E>(e,
                                       std::make_shared<const WatchedPool>(threads, e.watched().progress()));
          },
          "Another engine of the same parameters, whose keys and ciphertexts are exchangeable.")
      .def("encrypt",
           [](const E& e, const EncryptionKey& key, const Matrix& x) {
             const nb::gil_scoped_release release;
             return e.encrypt(key, table_of<Number>(x));
           })
      .def("decrypt",
           [](const E& e, const SecretKeyHandle& key, const Rows& a, std::size_t count) {
             if (count > e.slots()) throw ParametersError("decrypt: there are not so many slots");
             std::vector<Number> out;
             {
               const nb::gil_scoped_release release;
               out = e.decrypt(key, a, count);
             }
             return owned_array(std::move(out));
           })
      .def("add", &E::add, Unlocked())
      .def("sub", &E::sub, Unlocked())
      .def("negate", &E::negate, Unlocked())
      .def("multiply", &E::multiply, Unlocked())
      .def("add_values",
           [](const E& e, const Rows& a, const Matrix& x) {
             const nb::gil_scoped_release release;
             return e.add_values(a, table_of<Number>(x));
           })
      .def("multiply_values",
           [](const E& e, const Rows& a, const Matrix& x) {
             const nb::gil_scoped_release release;
             return e.multiply_values(a, table_of<Number>(x));
           })
      .def("add_numbers",
           [](const E& e, const Rows& a, const Vector& x) {
             const nb::gil_scoped_release release;
             return e.add_numbers(a, span_of<Number>(x));
           })
      .def("multiply_numbers",
           [](const E& e, const Rows& a, const Vector& x) {
             const nb::gil_scoped_release release;
             return e.multiply_numbers(a, span_of<Number>(x));
           })
      .def("power", &E::power, Unlocked())
      .def("polynomial",
           [](const E& e, const Rows& a, const Vector& x, const RelinearizationKeys& keys) {
             const nb::gil_scoped_release release;
             return e.polynomial(a, span_of<Number>(x), keys);
           })
      .def("contract", &E::contract, Unlocked())
      .def("contract_numbers",
           [](const E& e, const Rows& a, const Matrix& x) {
             const nb::gil_scoped_release release;
             return e.contract_numbers(a, table_of<Number>(x));
           })
      .def("sum_rows", &E::sum_rows, Unlocked())
      .def("sum_slots", &E::sum_slots, Unlocked())
      .def(
          "gather",
          [](const E& e, const Rows& a, const std::vector<std::int64_t>& steps, const Matrix& x,
             const std::optional<GaloisKeys>& keys) {
            const nb::gil_scoped_release release;
            return e.gather(a, steps, table_of<Number>(x), keys.value_or(GaloisKeys{}));
          },
          nb::arg("rows"), nb::arg("steps"), nb::arg("values"), nb::arg("keys").none())
      .def("ciphertexts_to_bytes",
           [](const E& e, const Rows& a) { return unlocked_bytes([&] { return e.to_bytes(a); }); })
      .def("ciphertexts_from", [](const E& e, const nb::bytes& bytes) {
        const auto span = span_of(bytes);
        const nb::gil_scoped_release release;
        return e.ciphertexts_from(span);
      });
}

}  // namespace cloister::python
