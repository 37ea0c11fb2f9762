#pragma once

#include <nanobind/nanobind.h>

namespace cloister::python {

/// Adds the submodule `paillier`: ciphertexts of keys that python-paillier's users have, by n or its factors
/// alone, one after the other or many in a call. Numbers are bytes, little-endian and of a fixed length:
/// plaintexts of n's, ciphertexts of twice that; arrays are these one after the other.
void add_paillier(nanobind::module_& module);

}  // namespace cloister::python
