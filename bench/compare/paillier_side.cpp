// Cloister's side of `./run bench paillier`: makes a key of as many bits as its argument says and the
// operands that bench/compare/paillier.py states, then answers one line of JSON to each line of standard
// input (see bench/compare/protocol.py). Times are of one value each: operations on many are divided by their
// number.
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cloister/kernels/kernel_table.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/paillier/evaluator.h"
#include "cloister/paillier/noise_pool.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/paillier/owner/key_generation.h"
#include "cloister/paillier/owner/owner_noise.h"
#include "side.h"

namespace {

using namespace cloister;
using namespace cloister::paillier;
using nlohmann::json;

constexpr std::size_t kBatch = 64, kTerms = 1000;
constexpr FixedPoint kValues{10, 10}, kWeights{53, 1};

double value_at(std::uint64_t i) { return static_cast<double>(chance(i) >> 44) / 1024 - 512; }
/// With all 53 bits of a double's mantissa.
double weight_at(std::uint64_t i) {
  const double magnitude = static_cast<double>(chance(kTerms + i) >> 11 | 1) / 9007199254740992.0;
  return i % 2 == 0 ? magnitude : -magnitude;
}

class Bench {
 public:
  explicit Bench(int bits)
      : key(generate_key(bits, prng)),
        single(Packing::single(bits)),
        public_noise(key.public_key()),
        owner_noise(key),
        noise_pool(public_noise, kBatch),
        decryptor(key, pool),
        server(key.public_key(), pool) {
    for (std::size_t i = 0; i < kTerms; ++i) {
      values.push_back(value_at(i));
      weights.push_back(weight_at(i));
    }
    some.assign(values.begin(), values.begin() + kBatch);
    some_weights.assign(weights.begin(), weights.begin() + kBatch);
    encrypted.emplace(encrypt(owner_noise, some));
    one.emplace(encrypt(owner_noise, {values.data(), 1}));
    row = Encryptor(owner_noise, pool).encrypt_matrix(values, kTerms, kValues, single, prng);
  }

  EncryptedVector encrypt(const NoiseSource& noise, std::span<const double> x) {
    return Encryptor(noise, pool).encrypt(x, kValues, single, prng);
  }
  /// The largest error of what a vector decrypts to.
  template <typename Expected>
  double error(const std::vector<double>& got, Expected expected) const {
    double largest = 0;
    for (std::size_t i = 0; i < got.size(); ++i) largest = std::max(largest, std::abs(got[i] - expected(i)));
    return largest;
  }
  /// The exact dot product, rounded once.
  double dot() const {
    BigInteger sum;
    for (std::size_t i = 0; i < kTerms; ++i)
      sum = sum + to_big_integer(encode_values({&values[i], 1}, kValues).front()) *
                      to_big_integer(encode_values({&weights[i], 1}, kWeights).front());
    return sum.to_double_scaled(kValues.fraction_bits + kWeights.fraction_bits);
  }
  double product(std::size_t i) const {
    return (to_big_integer(encode_values({&values[i], 1}, kValues).front()) *
            to_big_integer(encode_values({&weights[i], 1}, kWeights).front()))
        .to_double_scaled(kValues.fraction_bits + kWeights.fraction_bits);
  }

  ThreadPool pool{1};
  Prng prng = Prng::from_system();
  SecretKey key;
  Packing single;
  PublicNoise public_noise;
  OwnerNoise owner_noise;
  NoisePool noise_pool;
  Decryptor decryptor;
  Evaluator server;
  std::vector<double> values, weights, some, some_weights;
  std::optional<EncryptedVector> encrypted, one;
  EncryptedMatrix row;
};

class Operations {
 public:
  explicit Operations(Bench& b) : bench_(b) {
    add("encrypt", kBatch, [&b] { return b.encrypt(b.public_noise, b.some); });
    add("encrypt_owner", kBatch, [&b] { return b.encrypt(b.owner_noise, b.some); });
    add("encrypt_one", 1, [&b] { return b.encrypt(b.public_noise, {b.values.data(), 1}); });
    add(
        "encrypt_online", kBatch, [&b] { return b.encrypt(b.noise_pool, b.some); },
        [&b] { b.noise_pool.refill(b.prng, b.pool); });
    add_decryption("decrypt", kBatch, *b.encrypted);
    add_decryption("decrypt_one", 1, *b.one);
    add(
        "times_float", kBatch, [&b] { return b.server.multiply(*b.encrypted, b.some_weights, kWeights); },
        [] {}, [&b](std::size_t i) { return b.product(i); });
    add(
        "dot", 1, [&b] { return b.server.dot(b.row, b.weights, kWeights, 0); }, [] {},
        [&b](std::size_t) { return b.dot(); });
  }
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  const OperationTable& all() const noexcept { return operations_; }

 private:
  void add(
      const char* name, std::size_t count, const std::function<EncryptedVector()>& work,
      const std::function<void()>& before = [] {}, std::function<double(std::size_t)> expected = nullptr) {
    if (!expected) expected = [this](std::size_t i) { return bench_.values[i]; };
    auto result = std::make_shared<std::optional<EncryptedVector>>();
    operations_[name] = {
        [=] {
          before();
          return timed(*result, work) / count;
        },
        [=, this] {
          return Outcome{bench_.error(bench_.decryptor.decrypt(result->value()).to_doubles(), expected), 0};
        }};
  }

  void add_decryption(const char* name, std::size_t count, const EncryptedVector& of) {
    auto result = std::make_shared<std::optional<std::vector<double>>>();
    operations_[name] = {
        [=, this, &of] {
          return timed(*result, [&] { return bench_.decryptor.decrypt(of).to_doubles(); }) / count;
        },
        [=, this] {
          return Outcome{bench_.error(result->value(), [this](std::size_t i) { return bench_.values[i]; }),
                         0};
        }};
  }

  Bench& bench_;
  OperationTable operations_;
};

std::string hex(std::span<const std::uint64_t> limbs) {
  return to_hex(BigInteger::from_limbs(limbs).to_bytes(8 * limbs.size()));
}

/// With the factors, so that a peer can work with the same key.
json info(const Bench& bench) {
  return {{"library", "Cloister"},
          {"compiler", CLOISTER_COMPILER},
          {"kernel_target", std::string(name(select_kernels().target))},
          {"bits", bench.key.public_key().modulus_bits()},
          {"p", hex(bench.key.p())},
          {"q", hex(bench.key.q())}};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::invalid_argument("usage: paillier_side BITS");
    Bench bench(std::stoi(argv[1]));
    const Operations operations(bench);
    serve(info(bench), json::object(), operations.all());
  } catch (const std::exception& e) {
    std::cerr << "paillier_side: " << e.what() << "\n";
    return 1;
  }
}
