#include "bindings/paillier.h"

#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/noise_pool.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/paillier/owner/key_generation.h"
#include "cloister/paillier/wide_powers.h"

namespace cloister::python {
namespace {

namespace nb = nanobind;
using paillier::EncryptedVector;
using Limbs = std::span<const std::uint64_t>;

/// Factors that are made at a time for numbers which are encrypted one by one: what the kernels do best.
constexpr std::size_t kNoiseAhead = 32;

/// A byte string's limbs, for as long as it lives.
Limbs limbs_of(const nb::bytes& bytes, std::size_t width) {
  const std::size_t size = bytes.size() / sizeof(std::uint64_t);
  if (bytes.size() % sizeof(std::uint64_t) != 0 || size == 0 || size % width != 0)
    throw ParametersError(std::to_string(bytes.size()) + " bytes are not numbers of " +
                          std::to_string(width * sizeof(std::uint64_t)));
  return {static_cast<const std::uint64_t*>(bytes.data()), size};
}

BigInteger integer_of(const nb::bytes& bytes) {
  std::vector<std::uint8_t> reversed(bytes.size());
  const auto* data = static_cast<const std::uint8_t*>(bytes.data());
  std::reverse_copy(data, data + bytes.size(), reversed.begin());
  BigInteger out = BigInteger::from_bytes(reversed);
  wipe(reversed.data(), reversed.size());
  return out;
}

nb::bytes bytes_of(const BigInteger& value) {
  auto bytes = value.to_bytes(std::max<std::size_t>(1, (value.bit_length() + 7) / 8));
  std::ranges::reverse(bytes);
  nb::bytes out(bytes.data(), bytes.size());
  wipe(bytes.data(), bytes.size());
  return out;
}

/// A new byte string of so many limbs, which body(limbs) writes while other threads of Python run.
template <typename Body>
nb::bytes produce(std::size_t limbs, const Body& body) {
  const auto size = static_cast<Py_ssize_t>(limbs * sizeof(std::uint64_t));
  auto out = nb::steal<nb::bytes>(PyBytes_FromStringAndSize(nullptr, size));
  if (!out.is_valid()) nb::raise_python_error();
  auto* data = reinterpret_cast<std::uint64_t*>(PyBytes_AsString(out.ptr()));
  const nb::gil_scoped_release release;
  body(std::span<std::uint64_t>(data, limbs));
  return out;
}

/// A public key that is known by n. Safe from many threads.
class Key {
 public:
  Key(const nb::bytes& n, int threads) : pool_(threads), key_(from_modulus(integer_of(n))) {}

  const paillier::PublicKey& key() const noexcept { return key_; }
  const ThreadPool& pool() const noexcept { return pool_; }
  std::size_t plain() const noexcept { return key_.plaintext_limbs(); }
  std::size_t limbs() const noexcept { return key_.ciphertext_limbs(); }

  nb::bytes encrypt(const nb::bytes& plaintexts) const {
    const Limbs m = plaintexts_of(plaintexts);
    return produce(2 * m.size(), [&](std::span<std::uint64_t> out) {
      fill_noise(out);
      add_plaintexts(out, m);
    });
  }
  nb::bytes encrypt_with(const nb::bytes& plaintexts, const nb::bytes& factors) const {
    const Limbs m = plaintexts_of(plaintexts), r = limbs_of(factors, limbs());
    check_counts(r.size(), 2 * m.size());
    return produce(r.size(), [&](std::span<std::uint64_t> out) {
      for_all(r.size(), [&](std::size_t at, std::size_t count) {
        key_.arithmetic().power(r.data() + at, limbs(), key_.n_limbs(), out.data() + at, count);
      });
      add_plaintexts(out, m);
    });
  }
  nb::bytes rerandomize(const nb::bytes& ciphertexts) const {
    const Limbs c = ciphertexts_of(ciphertexts);
    return produce(c.size(), [&](std::span<std::uint64_t> out) {
      fill_noise(out);
      multiply_by(out, c);
    });
  }
  nb::bytes add_clear(const nb::bytes& ciphertexts, const nb::bytes& plaintexts) const {
    const Limbs c = ciphertexts_of(ciphertexts), m = plaintexts_of(plaintexts);
    check_counts(c.size(), 2 * m.size());
    if (c.size() == limbs())
      return product(BigInteger::from_limbs(c), BigInteger::from_limbs(m) * key_.n() + BigInteger(1));
    return produce(c.size(), [&](std::span<std::uint64_t> out) {
      std::ranges::copy(c, out.begin());
      add_plaintexts(out, m);
    });
  }
  nb::bytes multiply(const nb::bytes& a, const nb::bytes& b) const {
    const Limbs x = ciphertexts_of(a), y = ciphertexts_of(b);
    check_counts(x.size(), y.size());
    if (x.size() == limbs()) return product(BigInteger::from_limbs(x), BigInteger::from_limbs(y));
    return produce(x.size(), [&](std::span<std::uint64_t> out) {
      std::ranges::copy(x, out.begin());
      multiply_by(out, y);
    });
  }
  nb::bytes invert(const nb::bytes& ciphertexts) const {
    const Limbs c = ciphertexts_of(ciphertexts);
    return produce(c.size(), [&](std::span<std::uint64_t> out) {
      for_all(c.size(), [&](std::size_t at, std::size_t count) {
        key_.arithmetic().invert_vartime(c.data() + at, out.data() + at, count);
      });
    });
  }
  nb::bytes power(const nb::bytes& bases, const nb::bytes& exponents, const nb::bytes& negative) const {
    const Limbs c = ciphertexts_of(bases);
    const auto e = exponents_of(exponents, negative);
    return produce(c.size(),
                   [&](std::span<std::uint64_t> out) { paillier::power_vartime(key_, c, e, out, pool_); });
  }
  nb::bytes combine(const nb::bytes& columns, const nb::bytes& exponents, const nb::bytes& negative) const {
    const Limbs c = ciphertexts_of(columns);
    const auto e = exponents_of(exponents, negative);
    return produce(c.size() / e.size(),
                   [&](std::span<std::uint64_t> out) { paillier::combine_vartime(key_, c, e, out, pool_); });
  }
  nb::bytes dot(const nb::bytes& terms, const nb::bytes& exponents, const nb::bytes& negative) const {
    const Limbs c = ciphertexts_of(terms);
    const auto e = exponents_of(exponents, negative);
    const std::size_t size = c.size() / limbs(), rows = e.size() / size;
    check_counts(rows * size, e.size());
    return produce(rows * limbs(), [&](std::span<std::uint64_t> out) {
      pool_.parallel_for(rows, [&](std::size_t row) {
        const paillier::WideExponents part{e.magnitudes.subspan(row * size * e.limbs, size * e.limbs),
                                           e.negative.subspan(row * size, size), e.limbs};
        paillier::combine_vartime(key_, c, part, out.subspan(row * limbs(), limbs()), pool_);
      });
    });
  }
  void check(const nb::bytes& ciphertexts) const {
    const Limbs c = ciphertexts_of(ciphertexts);
    const nb::gil_scoped_release release;
    if (const auto found = paillier::find_fault(key_, c))
      throw ParametersError("ciphertext " + std::to_string(found->index) + " " +
                            std::string(paillier::describe(found->fault)));
  }

 private:
  static paillier::PublicKey from_modulus(BigInteger n) {
    const nb::gil_scoped_release release;
    return paillier::PublicKey::from_modulus(std::move(n));
  }
  Limbs plaintexts_of(const nb::bytes& bytes) const { return limbs_of(bytes, plain()); }
  Limbs ciphertexts_of(const nb::bytes& bytes) const { return limbs_of(bytes, limbs()); }
  static paillier::WideExponents exponents_of(const nb::bytes& magnitudes, const nb::bytes& negative) {
    const std::span signs(static_cast<const std::uint8_t*>(negative.data()), negative.size());
    if (signs.empty()) throw ParametersError("there are no exponents");
    const Limbs all = limbs_of(magnitudes, signs.size());
    return {all, signs, all.size() / signs.size()};
  }
  static void check_counts(std::size_t a, std::size_t b) {
    if (a != b) throw ParametersError("the numbers are not as many as those that they are to be joined with");
  }
  /// Of two numbers alone, by GMP: vectors of eight take ten times as long for one, and nothing here is
  /// secret.
  nb::bytes product(const BigInteger& a, const BigInteger& b) const {
    const BigInteger residue = (a * b).mod(key_.n_squared());
    const auto out = nb::steal<nb::bytes>(
        PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(limbs() * sizeof(std::uint64_t))));
    if (!out.is_valid()) nb::raise_python_error();
    residue.to_limbs({reinterpret_cast<std::uint64_t*>(PyBytes_AsString(out.ptr())), limbs()});
    return out;
  }
  template <typename Body>
  void for_all(std::size_t residue_limbs, const Body& body) const {
    paillier::internal::for_blocks(
        pool_, residue_limbs / limbs(), key_.arithmetic().block(),
        [&](std::size_t first, std::size_t count) { body(first * limbs(), count); });
  }
  void add_plaintexts(std::span<std::uint64_t> out, Limbs plaintexts) const {
    for_all(out.size(), [&](std::size_t at, std::size_t count) {
      key_.arithmetic().add_clear(out.data() + at, plaintexts.data() + at / 2, out.data() + at, count);
    });
  }
  void multiply_by(std::span<std::uint64_t> out, Limbs factors) const {
    for_all(out.size(), [&](std::size_t at, std::size_t count) {
      key_.arithmetic().multiply(out.data() + at, factors.data() + at, out.data() + at, count);
    });
  }
  /// Few come from a pool, which is filled by as many as the kernels make at a time.
  void fill_noise(std::span<std::uint64_t> out) const {
    std::call_once(noise_made_, [&] {
      noise_ = std::make_unique<paillier::PublicNoise>(key_);
      ahead_ = std::make_unique<paillier::NoisePool>(*noise_, kNoiseAhead);
    });
    Prng prng = Prng::from_system();
    const std::size_t count = out.size() / limbs();
    if (count >= kNoiseAhead) return noise_->fill(prng, out, pool_);
    if (ahead_->available() < count) ahead_->refill(prng, one_thread_);
    ahead_->fill(prng, out, one_thread_);
  }

  ThreadPool pool_, one_thread_{1};
  paillier::PublicKey key_;
  mutable std::once_flag noise_made_;
  mutable std::unique_ptr<const paillier::PublicNoise> noise_;
  mutable std::unique_ptr<paillier::NoisePool> ahead_;
};

/// The factors of a key, for decryption alone.
class Secret {
 public:
  Secret(const Key& key, const nb::bytes& p, const nb::bytes& q)
      : limbs_(key.limbs()), decryptor_(make(key, integer_of(p), integer_of(q))) {}

  nb::bytes decrypt(const nb::bytes& ciphertexts) const {
    const Limbs c = limbs_of(ciphertexts, limbs_);
    return produce(c.size() / 2, [&](std::span<std::uint64_t> out) {
      const auto plaintexts = decryptor_->decrypt_residues(c);
      for (std::size_t i = 0; i < plaintexts.size(); ++i)
        plaintexts[i].to_limbs(out.subspan(i * limbs_ / 2, limbs_ / 2));
    });
  }

 private:
  static std::unique_ptr<const paillier::Decryptor> make(const Key& key, const BigInteger& p,
                                                         const BigInteger& q) {
    const nb::gil_scoped_release release;
    return std::make_unique<paillier::Decryptor>(
        paillier::SecretKey::create_vartime(p, q, key.key().h().clone()), key.pool());
  }

  std::size_t limbs_;
  std::unique_ptr<const paillier::Decryptor> decryptor_;
};

nb::tuple generate_factors(int modulus_bits) {
  const paillier::SecretKey key = [&] {
    const nb::gil_scoped_release release;
    Prng prng = Prng::from_system();
    return paillier::generate_key(modulus_bits, prng);
  }();
  return nb::make_tuple(bytes_of(BigInteger::from_limbs(key.p())), bytes_of(BigInteger::from_limbs(key.q())));
}

nb::bytes power_of_integers(const nb::bytes& base, const nb::bytes& exponent, const nb::bytes& modulus) {
  const BigInteger b = integer_of(base), e = integer_of(exponent), m = integer_of(modulus);
  const BigInteger out = [&] {
    const nb::gil_scoped_release release;
    return power_vartime(b, e, m);
  }();
  return bytes_of(out);
}

nb::object invert_integer(const nb::bytes& value, const nb::bytes& modulus) {
  const auto out = invert_vartime(integer_of(value), integer_of(modulus));
  return out ? nb::object(bytes_of(*out)) : nb::object(nb::none());
}

bool is_probable_prime(const nb::bytes& value) {
  const BigInteger number = integer_of(value);
  const nb::gil_scoped_release release;
  return is_probable_prime_vartime(number);
}

}  // namespace

void add_paillier(nb::module_& parent) {
  nb::module_ module = parent.def_submodule("paillier", "Ciphertexts of keys that are known by n.");
  nb::class_<Key>(module, "PublicKey", "A public key by n; numbers are little-endian bytes.")
      .def(nb::init<const nb::bytes&, int>(), nb::arg("n"), nb::arg("threads"))
      .def("encrypt", &Key::encrypt, "Plaintexts below n, under fresh noise.")
      .def("encrypt_with", &Key::encrypt_with, "(1 + m n) r^n for given r > 0 of a ciphertext's length.")
      .def("rerandomize", &Key::rerandomize, "The same plaintexts in ciphertexts that cannot be linked.")
      .def("add_clear", &Key::add_clear, "Ciphertexts times 1 + m n.")
      .def("multiply", &Key::multiply, "Products, one by one.")
      .def("invert", &Key::invert, "Inverses; of checked ciphertexts.")
      .def("power", &Key::power, nb::arg("bases"), nb::arg("exponents"), nb::arg("negative"),
           "Powers, one by one; negative has a byte an exponent.")
      .def("combine", &Key::combine, nb::arg("columns"), nb::arg("exponents"), nb::arg("negative"),
           "The product over columns of their entries to the column's exponent.")
      .def("dot", &Key::dot, nb::arg("terms"), nb::arg("exponents"), nb::arg("negative"),
           "For each row of exponents the product of the terms' powers.")
      .def("check", &Key::check, "Refuses what is no ciphertext.");
  nb::class_<Secret>(module, "SecretKey", "A key's factors, to decrypt with.")
      .def(nb::init<const Key&, const nb::bytes&, const nb::bytes&>(), nb::keep_alive<1, 2>(), nb::arg("key"),
           nb::arg("p"), nb::arg("q"))
      .def("decrypt", &Secret::decrypt, "The plaintexts of checked ciphertexts, in [0, n).");
  module.def("generate_factors", &generate_factors, "The two secret primes of a new key.");
  module.def("power", &power_of_integers, "base^exponent modulo a positive number, in variable time.");
  module.def("invert", &invert_integer, "The inverse modulo a positive number, or None.");
  module.def("is_probable_prime", &is_probable_prime, "Baillie-PSW and rounds of Miller-Rabin.");
}

}  // namespace cloister::python
