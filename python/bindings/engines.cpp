#include "bindings/engines.h"

#include "bindings/bfv_engine.h"
#include "bindings/ckks_engine.h"
#include "bindings/engine_bindings.h"

namespace cloister::python {
namespace {

rlwe::SecurityTable table_named(bool of_2018) {
  return of_2018 ? rlwe::SecurityTable::k2018 : rlwe::SecurityTable::k2024;
}

ckks::ParametersSpec spec_of(int log2_degree, int levels, int scale_bits, int first_prime_bits, int digits) {
  return {.log2_degree = log2_degree,
          .levels = levels,
          .scale_bits = scale_bits,
          .first_prime_bits = first_prime_bits,
          .digits = digits};
}

// A class of which Python knows the name alone.
template <typename Handle>
void add_handle(nb::module_& m, const char* name) {
  const nb::class_<Handle> added(m, name);
}

void add_keys(nb::module_& m) {
  using K = RlweKeys;
  add_handle<SecretKeyHandle>(m, "SecretKey");
  add_handle<PublicKeyHandle>(m, "PublicKey");
  add_handle<RelinearizationKeys>(m, "RelinearizationKeys");
  add_handle<GaloisKeys>(m, "GaloisKeys");
  nb::class_<K>(m, "Engine", nb::is_weak_referenceable())
      .def_prop_ro("threads", [](const K& k) { return k.pool().threads(); })
      .def_prop_ro("log2_q", [](const K& k) { return k.rlwe().log2_q(); })
      .def_prop_ro("log2_qp", [](const K& k) { return k.rlwe().log2_qp(); })
      .def("secret_key", &K::secret_key, Unlocked())
      .def("public_key", &K::public_key, Unlocked())
      .def("relinearization_keys", &K::relinearization_keys, Unlocked())
      .def("galois_keys", &K::galois_keys, Unlocked())
      .def("secret_key_to_bytes",
           [](const K& k, const SecretKeyHandle& key) {
             return unlocked_bytes([&] { return k.to_bytes(key); });
           })
      .def("secret_key_from",
           [](const K& k, const nb::bytes& bytes) { return k.secret_key_from(span_of(bytes)); })
      .def("public_key_to_bytes",
           [](const K& k, const PublicKeyHandle& key) {
             return unlocked_bytes([&] { return k.to_bytes(key); });
           })
      .def("public_key_from",
           [](const K& k, const nb::bytes& bytes) { return k.public_key_from(span_of(bytes)); })
      .def("relinearization_keys_to_bytes",
           [](const K& k, const RelinearizationKeys& keys) {
             return unlocked_bytes([&] { return k.to_bytes(*keys.key); });
           })
      .def("galois_keys_to_bytes",
           [](const K& k, const GaloisKeys& keys) {
             return unlocked_bytes([&] { return k.to_bytes(*keys.key); });
           })
      .def("relinearization_keys_from",
           [](const K& k, const nb::bytes& bytes) {
             const auto span = span_of(bytes);
             const nb::gil_scoped_release release;
             return RelinearizationKeys{{k.evaluation_keys_from(span)}};
           })
      .def("galois_keys_from", [](const K& k, const nb::bytes& bytes) {
        const auto span = span_of(bytes);
        const nb::gil_scoped_release release;
        return GaloisKeys{{k.evaluation_keys_from(span)}};
      });
}

void add_ckks(nb::module_& m) {
  add_rows<Ciphertexts>(m, "CkksCiphertexts")
      .def_prop_ro("level", &Ciphertexts::level, "Of the row that has the fewest.")
      .def_prop_ro("scales", [](const Ciphertexts& a) {
        std::vector<double> out;
        for (const auto& row : a.rows) out.push_back(row->scale.value());
        return out;
      });
  m.def(
      "max_log2_modulus",
      [](int log2_degree, bool of_2018) { return rlwe::max_log2_modulus(log2_degree, table_named(of_2018)); },
      nb::arg("log2_degree"), nb::arg("table_of_2018"), "The largest log2(QP) for 128-bit security.");
  m.def(
      "fitting_digits",
      [](int log2_degree, int levels, int scale_bits, int first_prime_bits,
         bool of_2018) -> std::optional<int> {
        const auto spec =
            fitting_parameters(log2_degree, levels, scale_bits, first_prime_bits, table_named(of_2018));
        return spec ? std::optional(spec->digits) : std::nullopt;
      },
      nb::arg("log2_degree"), nb::arg("levels"), nb::arg("scale_bits"), nb::arg("first_prime_bits"),
      nb::arg("table_of_2018"),
      "The fewest digits of key switching for which such parameters are secure; None where none are.");
  nb::class_<CkksEngine, RlweKeys> engine(m, "CkksEngine");
  m.def(
      "ckks",
      [](int log2_degree, int levels, int scale_bits, int first_prime_bits, int digits, bool of_2018,
         int threads, nb::object progress) {
        return std::make_shared<CkksEngine>(
            spec_of(log2_degree, levels, scale_bits, first_prime_bits, digits), table_named(of_2018),
            std::make_shared<const WatchedPool>(threads, std::move(progress)));
      },
      nb::arg("log2_degree"), nb::arg("levels"), nb::arg("scale_bits"), nb::arg("first_prime_bits"),
      nb::arg("digits"), nb::arg("table_of_2018"), nb::arg("threads"), nb::arg("progress").none());
  add_operations<CkksEngine, Ciphertexts, double>(engine);
  engine.def("matrix", [](const CkksEngine& e, const Ciphertexts& a, const MatrixOf<double>& x,
                          const GaloisKeys& keys) {
    const nb::gil_scoped_release release;
    return e.matrix(a, table_of<double>(x), keys);
  });
}

void add_bfv(nb::module_& m) {
  add_rows<BfvCiphertexts>(m, "BfvCiphertexts");
  nb::class_<BfvEngine, RlweKeys> engine(m, "BfvEngine");
  m.def(
      "bfv",
      [](int log2_degree, std::uint64_t plaintext_modulus, int threads, nb::object progress) {
        return std::make_shared<BfvEngine>(log2_degree, plaintext_modulus,
                                           std::make_shared<const WatchedPool>(threads, std::move(progress)));
      },
      nb::arg("log2_degree"), nb::arg("plaintext_modulus"), nb::arg("threads"), nb::arg("progress").none());
  add_operations<BfvEngine, BfvCiphertexts, std::int64_t>(engine);
}

}  // namespace

void add_engines(nb::module_& module) {
  nb::module_ m =
      module.def_submodule("engines", "CKKS and BFV on encrypted rows, for the compatibility layers.");
  add_keys(m);
  add_ckks(m);
  add_bfv(m);
}

}  // namespace cloister::python
