// Operation: CKKS at N = 32768, 14 levels of 42 bits over a first prime of 60, within 868 bits. The argument
// is the number of threads.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>

#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/rotations.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/encryption.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace {

using namespace cloister;

struct Setup {
  explicit Setup(int threads) : pool(threads) {
    const auto limbs = static_cast<std::size_t>(parameters->max_level()) + 1;
    const rlwe::KeyGenerator generator(secret, pool);
    keys.set_relinearization(generator.relinearization_key(prng, limbs));
    keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(1, 15), prng, limbs));
  }
  ThreadPool pool;
  std::shared_ptr<const ckks::Parameters> parameters = ckks::Parameters::create(
      {.log2_degree = 15, .levels = 14, .scale_bits = 42, .first_prime_bits = 60, .digits = 4},
      select_kernels());
  Prng prng{Seed(Bytes32{})};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::EvaluationKeys keys;
  ckks::Encoder encoder{parameters, pool};
  ckks::Evaluator evaluator{parameters, &keys, pool};
  ckks::Rotations rotations{evaluator};
  std::vector<double> values = std::vector<double>(parameters->slots(), 0.5);
  ckks::Plaintext plaintext = encoder.encode(values, parameters->max_level());
  ckks::Ciphertext ciphertext = ckks::encrypt(*parameters, secret, plaintext, prng, pool);
  ckks::Decryptor decryptor{secret, encoder, pool};

  void check(benchmark::State& state, const ckks::Ciphertext& result, double expected) {
    if (std::abs(decryptor.decrypt_real(result)[7] - expected) > result.bound.error)
      state.SkipWithError("wrong result");
  }
};

void threads(benchmark::internal::Benchmark* b) {
  b->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->Repetitions(10)
      ->ReportAggregatesOnly();
}

template <typename Run>
void measure(benchmark::State& state, double expected, Run run) {
  Setup s(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(run(s));
  s.check(state, run(s), expected);
}

void multiply_relinearize_rescale(benchmark::State& state) {
  measure(state, 0.25, [](Setup& s) { return s.evaluator.multiply(s.ciphertext, s.ciphertext); });
}
void rotate_by_one(benchmark::State& state) {
  measure(state, 0.5, [](Setup& s) { return s.rotations.rotate(s.ciphertext, 1); });
}
void multiply_plaintext_rescale(benchmark::State& state) {
  measure(state, 0.25, [](Setup& s) { return s.evaluator.multiply(s.ciphertext, s.plaintext); });
}
void encrypt_seeded(benchmark::State& state) {
  measure(state, 0.5,
          [](Setup& s) { return ckks::encrypt(*s.parameters, s.secret, s.plaintext, s.prng, s.pool); });
}
void encode(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(s.encoder.encode(s.values, s.parameters->max_level()));
}
// The message with its noise over all limbs; a decryption for its values reads one or two.
void decrypt_all_limbs(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  const std::size_t limbs = s.plaintext.poly.limbs().q;
  for (auto _ : state) benchmark::DoNotOptimize(rlwe::phase(s.secret, s.ciphertext.parts, limbs, s.pool));
}
void decode(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(s.encoder.decode(s.plaintext));
}
void decrypt_and_decode(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(s.decryptor.decrypt_real(s.ciphertext));
}
BENCHMARK(multiply_relinearize_rescale)->Apply(threads);
BENCHMARK(rotate_by_one)->Apply(threads);
BENCHMARK(multiply_plaintext_rescale)->Apply(threads);
BENCHMARK(encrypt_seeded)->Apply(threads);
BENCHMARK(encode)->Apply(threads);
BENCHMARK(decrypt_all_limbs)->Apply(threads);
BENCHMARK(decode)->Apply(threads);
BENCHMARK(decrypt_and_decode)->Apply(threads);

}  // namespace
