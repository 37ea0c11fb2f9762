// Cloister's side of `./run bench compare`: sets up the parameters and keys that bench/compare/parameters.py
// has too, then answers one line of JSON to each line of standard input (see bench/compare/protocol.py):
//   info | sizes | operations | run OPERATION COUNT | check OPERATION | quit
#include <algorithm>
#include <cmath>
#include <complex>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/encryption.h"
#include "cloister/rlwe/owner/key_generator.h"
#include "side.h"

namespace {

using namespace cloister;
using nlohmann::json;

constexpr int kLog2Degree = 15, kLevels = 14, kScaleBits = 42, kFirstPrimeBits = 60, kDigits = 4;
constexpr std::int64_t kHoistedRotations = 4;

using Slots = std::vector<double>;

/// Parameters, keys and operands; all of it made before anything is timed.
class Bench {
 public:
  Bench() {
    const auto limbs = static_cast<std::size_t>(kLevels) + 1;
    const rlwe::KeyGenerator generator(secret, pool);
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    for (std::int64_t steps = 1; steps <= kHoistedRotations; ++steps) {
      keys.add_galois(
          generator.galois_key(rlwe::galois_element_of_rotation(steps, kLog2Degree), prng, limbs));
      hoisted_steps.push_back(steps);
    }
    product.emplace(evaluator.multiply_lazy(a, b_plain));
  }

  Slots random_slots() {
    Slots out(parameters->slots());
    for (double& x : out) x = std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1;
    return out;
  }
  ckks::Plaintext encode(const Slots& x) const { return encoder.encode(x, kLevels); }
  ckks::Ciphertext encrypt(const ckks::Plaintext& x) {
    return ckks::encrypt(*parameters, secret, x, prng, pool);
  }
  ckks::Plaintext decrypt_all_limbs(const ckks::Ciphertext& x) const {
    return {rlwe::phase(secret, x.parts, x.parts.front().limbs().q, pool), x.scale, x.bound};
  }

  ThreadPool pool{1};
  std::shared_ptr<const ckks::Parameters> parameters =
      ckks::Parameters::create({.log2_degree = kLog2Degree,
                                .levels = kLevels,
                                .scale_bits = kScaleBits,
                                .first_prime_bits = kFirstPrimeBits,
                                .digits = kDigits},
                               select_kernels());
  Prng prng{Seed(Bytes32{})};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::EvaluationKeys keys;
  std::vector<std::int64_t> hoisted_steps;
  ckks::Encoder encoder{parameters, pool};
  ckks::Evaluator evaluator{parameters, &keys, pool};
  ckks::Rotations rotations{evaluator};
  ckks::Decryptor decryptor{secret, encoder, pool};
  Slots a_slots = random_slots(), b_slots = random_slots();
  ckks::Plaintext a_plain = encode(a_slots), b_plain = encode(b_slots);
  ckks::Ciphertext a = encrypt(a_plain), b = encrypt(b_plain);
  std::optional<ckks::Ciphertext> product;  ///< of `a` and `b_plain`, before its rescaling
};

/// The largest finite number stands for what is none, so that JSON can hold it and no bound covers it.
template <typename Slot, typename Expected>
double largest_error(const std::vector<Slot>& got, Expected expected) {
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - expected(i));
    largest = std::max(largest, std::isfinite(error) ? error : std::numeric_limits<double>::max());
  }
  return largest;
}

class Operations {
 public:
  explicit Operations(Bench& bench) : bench_(bench) {
    const Slots &x = bench.a_slots, &y = bench.b_slots;
    const auto same = [&x](std::size_t i) { return x[i]; };
    const auto times = [&x, &y](std::size_t i) { return x[i] * y[i]; };
    const auto rotated = [&x](std::size_t i) { return x[(i + 1) % x.size()]; };

    add_homomorphic("multiply", times, [&] { return bench.evaluator.multiply(bench.a, bench.b); });
    add_homomorphic("rotate", rotated, [&] { return bench.rotations.rotate(bench.a, 1); });
    add_homomorphic("multiply_plain", times,
                    [&] { return bench.evaluator.multiply_lazy(bench.a, bench.b_plain); });
    add_homomorphic("encrypt", same, [&] { return bench.encrypt(bench.a_plain); });
    add_consuming(
        "rescale", times, [&] { return bench.product->clone(); },
        [&](ckks::Ciphertext c) { return bench.evaluator.rescale(std::move(c)); });
    add_consuming(
        "multiply_plain_in_place", times, [&] { return bench.a.clone(); },
        [&](ckks::Ciphertext c) { return bench.evaluator.multiply_lazy(std::move(c), bench.b_plain); });
    add_hoisted();
    add_plain("encode", [&] { return bench.encode(x); });
    add_plain("decrypt", [&] { return bench.decrypt_all_limbs(bench.a); });
    add_values("decode", bench.a_plain.bound, [&] { return bench.encoder.decode(bench.a_plain); });
    add_values("decrypt_decode", bench.a.bound, [&] { return bench.decryptor.decrypt(bench.a); });
  }

  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  const OperationTable& all() const noexcept { return operations_; }

 private:
  template <typename Expected>
  Outcome outcome(const ckks::Ciphertext& result, Expected expected) const {
    return {largest_error(bench_.decryptor.decrypt(result), expected), result.bound.error};
  }

  template <typename Expected, typename Work>
  void add_homomorphic(const char* name, Expected expected, Work work) {
    auto result = std::make_shared<std::optional<ckks::Ciphertext>>();
    operations_[name] = {[=] { return timed(*result, work); },
                         [=, this] { return outcome(result->value(), expected); }};
  }

  // It takes its operand: a copy is made for it beforehand.
  template <typename Expected, typename Copy, typename Work>
  void add_consuming(const char* name, Expected expected, Copy copy, Work work) {
    auto result = std::make_shared<std::optional<ckks::Ciphertext>>();
    operations_[name] = {[=] {
                           auto operand = copy();
                           return timed(*result, [&] { return work(std::move(operand)); });
                         },
                         [=, this] { return outcome(result->value(), expected); }};
  }

  void add_hoisted() {
    auto result = std::make_shared<std::optional<std::vector<ckks::Ciphertext>>>();
    operations_["hoisted_rotations"] = {
        [=, this] {
          return timed(*result,
                       [&] { return bench_.rotations.rotate_hoisted(bench_.a, bench_.hoisted_steps); });
        },
        [=, this] {
          Outcome worst{0, result->value().front().bound.error};
          for (std::size_t k = 0; k < result->value().size(); ++k) {
            const Slots& x = bench_.a_slots;
            const auto expected = [&](std::size_t i) { return x[(i + k + 1) % x.size()]; };
            worst.error = std::max(worst.error, outcome(result->value()[k], expected).error);
          }
          return worst;
        }};
  }

  template <typename Work>
  void add_plain(const char* name, Work work) {
    auto result = std::make_shared<std::optional<ckks::Plaintext>>();
    operations_[name] = {[=] { return timed(*result, work); },
                         [=, this] {
                           const auto slots = bench_.encoder.decode(result->value());
                           return Outcome{
                               largest_error(slots, [this](std::size_t i) { return bench_.a_slots[i]; }),
                               result->value().bound.error};
                         }};
  }

  template <typename Work>
  void add_values(const char* name, ckks::ValueBound bound, Work work) {
    auto result = std::make_shared<std::optional<std::vector<std::complex<double>>>>();
    operations_[name] = {
        [=] { return timed(*result, work); },
        [=, this] {
          return Outcome{largest_error(result->value(), [this](std::size_t i) { return bench_.a_slots[i]; }),
                         bound.error};
        }};
  }

  Bench& bench_;
  OperationTable operations_;
};

std::vector<int> bits_of(const std::vector<std::uint64_t>& primes) {
  std::vector<int> out;
  out.reserve(primes.size());
  for (const std::uint64_t p : primes) out.push_back(static_cast<int>(std::lround(std::log2(p))));
  return out;
}

json info(const Bench& bench) {
  const auto& rlwe = *bench.parameters->rlwe();
  return {{"library", "Cloister"},
          {"compiler", CLOISTER_COMPILER},
          {"kernel_target", std::string(name(bench.parameters->ring()->kernels().target))},
          {"threads", bench.pool.threads()},
          {"parameters",
           {{"ring_degree", bench.parameters->ring()->degree()},
            {"q_bits", bits_of(rlwe.spec().q_primes)},
            {"p_bits", bits_of(rlwe.spec().p_primes)},
            {"log2_qp", rlwe.log2_qp()},
            {"digits", rlwe.digits()}}}};
}

json sizes(const Bench& bench) {
  return {{"rotation_key_bytes", rlwe::encoded_bytes_of_key(bench.parameters->rlwe()->spec(),
                                                            static_cast<std::size_t>(kLevels) + 1)},
          {"how", "as it is written: half of it a seed, each residue in its prime's bits, no compression"}};
}

}  // namespace

int main() {
  try {
    Bench bench;
    const Operations operations(bench);
    serve(info(bench), sizes(bench), operations.all());
  } catch (const std::exception& e) {
    std::cerr << "cloister_side: " << e.what() << "\n";
    return 1;
  }
}
