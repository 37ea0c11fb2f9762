// Operation: BFV at the default parameters of N = 2^log2_degree for t = 786433, one thread.
#include <benchmark/benchmark.h>

#include <memory>

#include "cloister/bfv/encoder.h"
#include "cloister/bfv/evaluator.h"
#include "cloister/bfv/owner/decryptor.h"
#include "cloister/bfv/owner/secret_encryptor.h"
#include "cloister/bfv/public_encryptor.h"
#include "cloister/bfv/rotations.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace {

using namespace cloister;

constexpr std::uint64_t kPlaintextModulus = 786433;
constexpr std::uint64_t kValue = 1000;

struct Setup {
  explicit Setup(int log2_degree)
      : parameters(bfv::Parameters::create(bfv::Parameters::default_spec(log2_degree, kPlaintextModulus),
                                           select_kernels())) {
    const std::size_t limbs = parameters->ring()->q_count();
    const rlwe::KeyGenerator generator(secret, pool);
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(1, log2_degree), prng, limbs));
  }
  ThreadPool pool{1};
  std::shared_ptr<const bfv::Parameters> parameters;
  Prng prng{Seed(Bytes32{})};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::PublicKey public_key = rlwe::KeyGenerator(secret, pool).public_key(prng);
  rlwe::EvaluationKeys keys;
  bfv::Encoder encoder{parameters};
  bfv::Evaluator evaluator{parameters, &keys, pool};
  bfv::Rotations rotations{evaluator};
  std::vector<std::uint64_t> values = std::vector<std::uint64_t>(encoder.slots(), kValue);
  bfv::Plaintext plaintext = encoder.encode(values);
  bfv::Factor factor = evaluator.factor(plaintext, parameters->max_level());
  bfv::Ciphertext a = bfv::encrypt(*parameters, secret, plaintext, prng, pool);
  bfv::Ciphertext b = bfv::encrypt(*parameters, secret, plaintext, prng, pool);
  bfv::Ciphertext product = evaluator.multiply_lazy(a, b);
  bfv::Decryptor decryptor{parameters, secret, pool};

  bool holds(const bfv::Plaintext& result, std::uint64_t expected) {
    return encoder.decode(result)[7] == expected % kPlaintextModulus;
  }
  bool holds(const bfv::Ciphertext& result, std::uint64_t expected) {
    return holds(decryptor.decrypt(result), expected);
  }
  bool holds(const std::vector<std::uint64_t>& result, std::uint64_t expected) {
    return result[7] == expected;
  }
};

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("log2_degree")
      ->Arg(12)
      ->Arg(13)
      ->Arg(14)
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime()
      ->Repetitions(10)
      ->ReportAggregatesOnly();
}

template <typename Run>
void measure(benchmark::State& state, std::uint64_t expected, Run run) {
  Setup s(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(run(s));
  if (!s.holds(run(s), expected)) state.SkipWithError("wrong result");
}

void encode(benchmark::State& state) {
  measure(state, kValue, [](Setup& s) { return s.encoder.encode(s.values); });
}
void encrypt_seeded(benchmark::State& state) {
  measure(state, kValue,
          [](Setup& s) { return bfv::encrypt(*s.parameters, s.secret, s.plaintext, s.prng, s.pool); });
}
void encrypt_by_public_key(benchmark::State& state) {
  measure(state, kValue,
          [](Setup& s) { return bfv::encrypt(*s.parameters, s.public_key, s.plaintext, s.prng, s.pool); });
}
void decrypt(benchmark::State& state) {
  measure(state, kValue, [](Setup& s) { return s.decryptor.decrypt(s.a); });
}
void decode(benchmark::State& state) {
  measure(state, kValue, [](Setup& s) { return s.encoder.decode(s.plaintext); });
}
void add(benchmark::State& state) {
  measure(state, 2 * kValue, [](Setup& s) { return s.evaluator.add(s.a, s.b); });
}
void multiply_plain(benchmark::State& state) {
  measure(state, kValue * kValue, [](Setup& s) { return s.evaluator.multiply(s.a, s.plaintext); });
}
void multiply_factor(benchmark::State& state) {
  measure(state, kValue * kValue, [](Setup& s) { return s.evaluator.multiply(s.a, s.factor); });
}
void multiply(benchmark::State& state) {
  measure(state, kValue * kValue, [](Setup& s) { return s.evaluator.multiply_lazy(s.a, s.b); });
}
void multiply_relinearize(benchmark::State& state) {
  measure(state, kValue * kValue, [](Setup& s) { return s.evaluator.multiply(s.a, s.b); });
}
void rotate_rows(benchmark::State& state) {
  measure(state, kValue, [](Setup& s) { return s.rotations.rotate_rows(s.a, 1); });
}
void modulus_switch(benchmark::State& state) {
  measure(state, kValue, [](Setup& s) { return s.evaluator.modulus_switch(s.a, s.a.level() - 1); });
}
BENCHMARK(encode)->Apply(sizes);
BENCHMARK(encrypt_seeded)->Apply(sizes);
BENCHMARK(encrypt_by_public_key)->Apply(sizes);
BENCHMARK(decrypt)->Apply(sizes);
BENCHMARK(decode)->Apply(sizes);
BENCHMARK(add)->Apply(sizes);
BENCHMARK(multiply_plain)->Apply(sizes);
BENCHMARK(multiply_factor)->Apply(sizes);
BENCHMARK(multiply)->Apply(sizes);
BENCHMARK(multiply_relinearize)->Apply(sizes);
BENCHMARK(rotate_rows)->Apply(sizes);
BENCHMARK(modulus_switch)->Apply(sizes);

}  // namespace
