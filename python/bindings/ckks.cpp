#include "bindings/ckks.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.h"
#include "bindings/ckks_bytes.h"
#include "bindings/ckks_engine.h"

namespace cloister::python {
namespace {

using Unlocked = nb::call_guard<nb::gil_scoped_release>;

Table table_of(const MatrixView& x) { return {{x.data(), x.size()}, x.shape(0), x.shape(1)}; }

std::span<const std::uint8_t> span_of(const nb::bytes& bytes) {
  return {static_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

// What `make` gives without the GIL, as Python's bytes.
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

// The rows of the indices, which are shared.
Ciphertexts take(const Ciphertexts& a, const std::vector<std::size_t>& indices) {
  Ciphertexts out;
  for (const std::size_t i : indices) {
    if (i >= a.size()) throw ParametersError("take: there is no row " + std::to_string(i));
    out.rows.push_back(a.rows[i]);
  }
  return out;
}

Ciphertexts join(const std::vector<Ciphertexts>& parts) {
  Ciphertexts out;
  for (const auto& part : parts) out.rows.insert(out.rows.end(), part.rows.begin(), part.rows.end());
  return out;
}

std::shared_ptr<CkksEngine> make_engine(int log2_degree, int levels, int scale_bits, int first_prime_bits,
                                        int digits, bool table_of_2018, int threads) {
  return std::make_shared<CkksEngine>(ckks::ParametersSpec{.log2_degree = log2_degree,
                                                           .levels = levels,
                                                           .scale_bits = scale_bits,
                                                           .first_prime_bits = first_prime_bits,
                                                           .digits = digits},
                                      table_of_2018 ? rlwe::SecurityTable::k2018 : rlwe::SecurityTable::k2024,
                                      threads);
}

std::optional<int> fitting_digits(int log2_degree, int levels, int scale_bits, int first_prime_bits,
                                  bool table_of_2018) {
  const auto spec =
      fitting_parameters(log2_degree, levels, scale_bits, first_prime_bits,
                         table_of_2018 ? rlwe::SecurityTable::k2018 : rlwe::SecurityTable::k2024);
  return spec ? std::optional(spec->digits) : std::nullopt;
}

void add_keys(nb::module_& m) {
  nb::class_<SecretKeyHandle>(m, "SecretKey");
  nb::class_<PublicKeyHandle>(m, "PublicKey");
  nb::class_<RelinearizationKeys>(m, "RelinearizationKeys");
  nb::class_<GaloisKeys>(m, "GaloisKeys");
  nb::class_<Ciphertexts>(m, "Ciphertexts", "Encrypted rows, which are never changed.")
      .def("__len__", &Ciphertexts::size)
      .def_prop_ro("level", &Ciphertexts::level, "Of the row that has the fewest.")
      .def_prop_ro("scales",
                   [](const Ciphertexts& a) {
                     std::vector<double> out;
                     for (const auto& row : a.rows) out.push_back(row->scale.value());
                     return out;
                   })
      .def("take", &take, nb::arg("indices"))
      .def_static("join", &join, nb::arg("parts"));
}

void add_engine(nb::class_<CkksEngine>& engine) {
  using E = CkksEngine;
  engine.def_prop_ro("slots", &E::slots)
      .def_prop_ro("levels", [](const E& e) { return e.parameters().max_level(); })
      .def_prop_ro("threads", [](const E& e) { return e.pool().threads(); })
      .def(
          "with_threads", [](const E& e, int threads) { return std::make_shared<E>(e, threads); },
          "Another engine of the same parameters, whose keys and ciphertexts are exchangeable.")
      .def_prop_ro("log2_q", [](const E& e) { return e.parameters().rlwe()->log2_q(); })
      .def_prop_ro("log2_qp", [](const E& e) { return e.parameters().rlwe()->log2_qp(); })
      .def_prop_ro("primes",
                   [](const E& e) {
                     auto out = e.parameters().rlwe()->spec().q_primes;
                     const auto& p = e.parameters().rlwe()->spec().p_primes;
                     out.insert(out.end(), p.begin(), p.end());
                     return out;
                   })
      .def("scale_at", [](const E& e, int level) { return e.parameters().scale_at(level).value(); })
      .def("secret_key", &E::secret_key, Unlocked())
      .def("public_key", &E::public_key, Unlocked())
      .def("relinearization_keys", &E::relinearization_keys, Unlocked())
      .def("galois_keys", &E::galois_keys, Unlocked())
      .def(
          "encrypt",
          [](const E& e, const std::variant<SecretKeyHandle, PublicKeyHandle>& key, const MatrixView& x) {
            const nb::gil_scoped_release release;
            return e.encrypt(key, table_of(x));
          },
          nb::arg("key"), nb::arg("values"))
      .def("decrypt",
           [](const E& e, const SecretKeyHandle& key, const Ciphertexts& a, std::size_t count) {
             std::vector<double> out;
             {
               const nb::gil_scoped_release release;
               if (count > e.slots()) throw ParametersError("decrypt: there are not so many slots");
               out = e.decrypt(key, a, count);
             }
             return to_numpy(std::move(out));
           })
      .def("add", &E::add, Unlocked())
      .def("sub", &E::sub, Unlocked())
      .def("negate", &E::negate, Unlocked())
      .def("multiply", &E::multiply, Unlocked())
      .def("add_values",
           [](const E& e, const Ciphertexts& a, const MatrixView& x) {
             const nb::gil_scoped_release release;
             return e.add_values(a, table_of(x));
           })
      .def("multiply_values",
           [](const E& e, const Ciphertexts& a, const MatrixView& x) {
             const nb::gil_scoped_release release;
             return e.multiply_values(a, table_of(x));
           })
      .def("add_numbers",
           [](const E& e, const Ciphertexts& a, const VectorView& x) {
             const nb::gil_scoped_release release;
             return e.add_numbers(a, {x.data(), x.size()});
           })
      .def("multiply_numbers",
           [](const E& e, const Ciphertexts& a, const VectorView& x) {
             const nb::gil_scoped_release release;
             return e.multiply_numbers(a, {x.data(), x.size()});
           })
      .def("power", &E::power, Unlocked())
      .def("polynomial",
           [](const E& e, const Ciphertexts& a, const VectorView& x, const RelinearizationKeys& keys) {
             const nb::gil_scoped_release release;
             return e.polynomial(a, {x.data(), x.size()}, keys);
           })
      .def("contract", &E::contract, Unlocked())
      .def("contract_numbers",
           [](const E& e, const Ciphertexts& a, const MatrixView& x) {
             const nb::gil_scoped_release release;
             return e.contract_numbers(a, table_of(x));
           })
      .def("sum_rows", &E::sum_rows, Unlocked())
      .def("sum_slots", &E::sum_slots, Unlocked())
      .def(
          "gather",
          [](const E& e, const Ciphertexts& a, const std::vector<std::int64_t>& steps, const MatrixView& x,
             const std::optional<GaloisKeys>& keys) {
            const nb::gil_scoped_release release;
            return e.gather(a, steps, table_of(x), keys.value_or(GaloisKeys{}));
          },
          nb::arg("rows"), nb::arg("steps"), nb::arg("values"), nb::arg("keys").none())
      .def("matrix", [](const E& e, const Ciphertexts& a, const MatrixView& x, const GaloisKeys& keys) {
        const nb::gil_scoped_release release;
        return e.matrix(a, table_of(x), keys);
      });
}

void add_bytes(nb::class_<CkksEngine>& engine) {
  using E = CkksEngine;
  engine
      .def("ciphertexts_to_bytes",
           [](const E& e, const Ciphertexts& a) { return unlocked_bytes([&] { return to_bytes(e, a); }); })
      .def("ciphertexts_from",
           [](const E& e, const nb::bytes& bytes) {
             const auto span = span_of(bytes);
             const nb::gil_scoped_release release;
             return ciphertexts_from(e, span);
           })
      .def("secret_key_to_bytes",
           [](const E&, const SecretKeyHandle& key) { return unlocked_bytes([&] { return to_bytes(key); }); })
      .def("secret_key_from",
           [](const E& e, const nb::bytes& bytes) { return secret_key_from(e, span_of(bytes)); })
      .def("public_key_to_bytes",
           [](const E& e, const PublicKeyHandle& key) {
             return unlocked_bytes([&] { return to_bytes(e, key); });
           })
      .def("public_key_from",
           [](const E& e, const nb::bytes& bytes) { return public_key_from(e, span_of(bytes)); })
      .def("relinearization_keys_to_bytes",
           [](const E& e, const RelinearizationKeys& keys) {
             return unlocked_bytes([&] { return to_bytes(e, *keys.key); });
           })
      .def("galois_keys_to_bytes",
           [](const E& e, const GaloisKeys& keys) {
             return unlocked_bytes([&] { return to_bytes(e, *keys.key); });
           })
      .def("relinearization_keys_from",
           [](const E& e, const nb::bytes& bytes) {
             const auto span = span_of(bytes);
             const nb::gil_scoped_release release;
             return RelinearizationKeys{{evaluation_keys_from(e, span)}};
           })
      .def("galois_keys_from", [](const E& e, const nb::bytes& bytes) {
        const auto span = span_of(bytes);
        const nb::gil_scoped_release release;
        return GaloisKeys{{evaluation_keys_from(e, span)}};
      });
}

}  // namespace

void add_ckks(nb::module_& module) {
  nb::module_ m = module.def_submodule("ckks", "CKKS on encrypted rows, for the compatibility layers.");
  add_keys(m);
  m.def("fitting_digits", &fitting_digits, nb::arg("log2_degree"), nb::arg("levels"), nb::arg("scale_bits"),
        nb::arg("first_prime_bits"), nb::arg("table_of_2018"),
        "The fewest digits of key switching for which such parameters are secure; None where none are.");
  m.def(
      "max_log2_modulus",
      [](int log2_degree, bool table_of_2018) {
        return rlwe::max_log2_modulus(
            log2_degree, table_of_2018 ? rlwe::SecurityTable::k2018 : rlwe::SecurityTable::k2024);
      },
      nb::arg("log2_degree"), nb::arg("table_of_2018"), "The largest log2(QP) for 128-bit security.");
  nb::class_<CkksEngine> engine(m, "Engine", nb::is_weak_referenceable());
  m.def("engine", &make_engine, nb::arg("log2_degree"), nb::arg("levels"), nb::arg("scale_bits"),
        nb::arg("first_prime_bits"), nb::arg("digits"), nb::arg("table_of_2018"), nb::arg("threads"));
  add_engine(engine);
  add_bytes(engine);
}

}  // namespace cloister::python
