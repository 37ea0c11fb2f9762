// Cloister's side of `./run bench bfv`: sets up the default parameters of the degree that it is given and
// keys, then answers one line of JSON to each line of standard input (see bench/compare/protocol.py):
//   info | operations | run OPERATION COUNT | check OPERATION | quit
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cloister/bfv/encoder.h"
#include "cloister/bfv/evaluator.h"
#include "cloister/bfv/owner/decryptor.h"
#include "cloister/bfv/owner/secret_encryptor.h"
#include "cloister/bfv/public_encryptor.h"
#include "cloister/bfv/rotations.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"
#include "side.h"

namespace {

using namespace cloister;
using nlohmann::json;
using Values = std::vector<std::uint64_t>;

constexpr std::uint64_t kPlaintextModulus = 786433;  // as bfv.py has it

struct Bench {
  explicit Bench(int log2_degree)
      : parameters(bfv::Parameters::create(bfv::Parameters::default_spec(log2_degree, kPlaintextModulus),
                                           select_kernels())) {
    const std::size_t limbs = parameters->ring()->q_count();
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(1, log2_degree), prng, limbs));
  }
  Values operand() const {
    Values out(encoder.slots());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (i * 7919 + 13) % kPlaintextModulus;
    return out;
  }
  bfv::Ciphertext encrypt() { return bfv::encrypt(*parameters, secret, plain, prng, pool); }

  ThreadPool pool{1};
  std::shared_ptr<const bfv::Parameters> parameters;
  Prng prng{Seed(Bytes32{})};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::KeyGenerator generator{secret, pool};
  rlwe::PublicKey public_key = generator.public_key(prng);
  rlwe::EvaluationKeys keys;
  bfv::Encoder encoder{parameters};
  bfv::Evaluator evaluator{parameters, &keys, pool};
  bfv::Rotations rotations{evaluator};
  bfv::Decryptor decryptor{parameters, secret, pool};
  Values values = operand();
  bfv::Plaintext plain = encoder.encode(values);
  bfv::Ciphertext a = encrypt(), b = encrypt();
};

class Operations {
 public:
  explicit Operations(Bench& bench) : bench_(bench) {
    const Modulus& t = bench.parameters->plaintext_modulus();
    Values square, twice, turned;
    const std::size_t half = bench.values.size() / 2;
    for (std::size_t i = 0; i < bench.values.size(); ++i) {
      square.push_back(t.mul(bench.values[i], bench.values[i]));
      twice.push_back(t.add(bench.values[i], bench.values[i]));
      turned.push_back(bench.values[i / half * half + (i + 1) % half]);
    }
    add("multiply", square, [&] { return bench.evaluator.multiply(bench.a, bench.b); });
    add("multiply_lazy", square, [&] { return bench.evaluator.multiply_lazy(bench.a, bench.b); });
    add("rotate", turned, [&] { return bench.rotations.rotate_rows(bench.a, 1); });
    add("multiply_plain", square, [&] { return bench.evaluator.multiply(bench.a, bench.plain); });
    add("add", twice, [&] { return bench.evaluator.add(bench.a, bench.b); });
    add("encrypt", bench.values, [&] { return bench.encrypt(); });
    add("encrypt_public", bench.values, [&] {
      return bfv::encrypt(*bench.parameters, bench.public_key, bench.plain, bench.prng, bench.pool);
    });
    add("encode", bench.values, [&] { return bench.encoder.encode(bench.values); });
    add("decrypt", bench.values, [&] { return bench.decryptor.decrypt(bench.a); });
  }

  const OperationTable& all() const noexcept { return operations_; }

 private:
  const bfv::Plaintext& opened(const bfv::Plaintext& result) const { return result; }
  bfv::Plaintext opened(const bfv::Ciphertext& result) const { return bench_.decryptor.decrypt(result); }

  template <typename Work>
  void add(const char* name, Values expected, Work work) {
    auto result = std::make_shared<std::optional<decltype(work())>>();
    operations_[name] = {[=] { return timed(*result, work); },
                         [=, this, expected = std::move(expected)] {
                           const Values got = bench_.encoder.decode(opened(result->value()));
                           Outcome wrong;  // slots
                           for (std::size_t i = 0; i < got.size(); ++i) wrong.error += got[i] != expected[i];
                           return wrong;
                         }};
  }

  Bench& bench_;
  OperationTable operations_;
};

json info(const Bench& bench) {
  const rlwe::Parameters& rlwe = *bench.parameters->rlwe();
  return {{"library", "Cloister"},
          {"version", CLOISTER_COMPILER},
          {"threads", 1},
          {"log2_q", rlwe.log2_q()},
          {"log2_p", rlwe.log2_p()},
          {"budget_bits", bench.decryptor.noise_budget_bits(bench.a)}};
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) throw std::invalid_argument("log2 of the ring degree is due");
    Bench bench(std::stoi(arguments[1]));
    const Operations operations(bench);
    serve(info(bench), json::object(), operations.all());
  } catch (const std::exception& e) {
    std::cerr << "bfv_side: " << e.what() << "\n";
    return 1;
  }
}
