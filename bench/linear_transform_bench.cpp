// Circuit: a 64 x 64 real matrix times vectors that repeat through all slots, and the steps it is made of, at
// N = 32768 and 8 levels of 40 bits over a first prime of 50. The argument is the number of threads.
#include <benchmark/benchmark.h>

#include <cmath>
#include <complex>
#include <memory>
#include <vector>

#include "cloister/circuits/linear_transform.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/rlwe/double_hoisting.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace {

using namespace cloister;

constexpr std::size_t kDimension = 64;

std::vector<double> matrix() {
  std::vector<double> out(kDimension * kDimension);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::cos(static_cast<double>(i));
  return out;
}

struct Setup {
  explicit Setup(int threads) : pool(threads) {}

  void add_keys(const std::vector<std::int64_t>& steps) {
    const rlwe::KeyGenerator generator(secret, pool);
    for (const std::int64_t step : steps)
      keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(step, 15), prng, 9));
  }

  ThreadPool pool;
  std::shared_ptr<const ckks::Parameters> parameters = ckks::Parameters::create(
      {.log2_degree = 15, .levels = 8, .scale_bits = 40, .first_prime_bits = 50, .digits = 3},
      select_kernels());
  Prng prng{Seed(Bytes32{})};
  rlwe::SecretKey secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  rlwe::EvaluationKeys keys;
  ckks::Encoder encoder{parameters, pool};
  ckks::Evaluator evaluator{parameters, &keys, pool};
  std::vector<double> values = std::vector<double>(parameters->slots(), 0.5);
  ckks::Ciphertext ciphertext = ckks::encrypt(*parameters, secret, encoder.encode(values, 8), prng, pool);
};

void linear_transform_64(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  const std::vector<double> rows = matrix();
  const auto transform = circuits::LinearTransform::from_matrix(std::span<const double>(rows), kDimension,
                                                                s.parameters->slots());
  s.add_keys(transform.rotations());
  const circuits::EncodedLinearTransform encoded(transform, s.encoder, 8);
  for (auto _ : state) benchmark::DoNotOptimize(encoded.apply(s.evaluator, s.ciphertext));
  double expected = 0;
  for (std::size_t j = 0; j < kDimension; ++j) expected += 0.5 * rows[7 * kDimension + j];
  const auto result = encoded.apply(s.evaluator, s.ciphertext);
  const double got = ckks::Decryptor(s.secret, s.encoder, s.pool).decrypt_real(result)[7];
  if (std::abs(got - expected) > result.bound.error) state.SkipWithError("wrong result");
}

// The steps whose costs BabyStepGiantStep::choose weighs: eight baby steps with one product each, or a giant
// step. The first includes the operand's decomposition; it is the same for any number of them.
void eight_baby_steps(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  s.add_keys({1, 2, 3, 4, 5, 6, 7, 8});
  const rlwe::RepeatedPoly factor(
      s.encoder.encode_over_qp(std::vector<std::complex<double>>(s.parameters->slots(), 0.5), 8).poly, 1);
  std::vector<const rlwe::GaloisKey*> keys;
  std::vector<std::vector<rlwe::DoubleHoisting::Term>> sum(1);
  for (const auto& entry : s.keys.galois_keys()) {
    sum[0].push_back({keys.size(), &factor});
    keys.push_back(&entry.second);
  }
  const rlwe::DoubleHoisting hoisting(s.parameters->rlwe(), s.pool);
  for (auto _ : state)
    benchmark::DoNotOptimize(hoisting.sums(s.ciphertext.parts[0], s.ciphertext.parts[1], keys, sum));
}
void giant_step(benchmark::State& state) {
  Setup s(static_cast<int>(state.range(0)));
  s.add_keys({1});
  const rlwe::RepeatedPoly factor(
      s.encoder.encode_over_qp(std::vector<std::complex<double>>(s.parameters->slots(), 0.5), 8).poly, 1);
  const rlwe::GaloisKey* key = &s.keys.galois_keys().begin()->second;
  const rlwe::DoubleHoisting hoisting(s.parameters->rlwe(), s.pool);
  const std::vector<std::vector<rlwe::DoubleHoisting::Term>> sum{{{0, &factor}}};
  const std::vector<const rlwe::GaloisKey*> keys{key};
  auto sums = hoisting.sums(s.ciphertext.parts[0], s.ciphertext.parts[1], keys, sum);
  rlwe::PolyPair total{sums[0].first.clone(), sums[0].second.clone()};
  for (auto _ : state) hoisting.add_rotation(sums[0], *key, total);
}

void threads(benchmark::internal::Benchmark* b) {
  b->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->Repetitions(10)
      ->ReportAggregatesOnly();
}
BENCHMARK(linear_transform_64)->Apply(threads);
BENCHMARK(eight_baby_steps)->Apply(threads);
BENCHMARK(giant_step)->Apply(threads);

}  // namespace
