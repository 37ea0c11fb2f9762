// Circuit: a 64 x 64 real matrix times vectors that repeat through all slots, at N = 32768 and 8 levels of 40
// bits over a first prime of 50. The argument is the number of threads.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <vector>

#include "cloister/circuits/linear_transform.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
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

void linear_transform_64(benchmark::State& state) {
  const ThreadPool pool(static_cast<int>(state.range(0)));
  const auto parameters = ckks::Parameters::create(
      {.log2_degree = 15, .levels = 8, .scale_bits = 40, .first_prime_bits = 50, .digits = 3},
      select_kernels());
  Prng prng{Seed(Bytes32{})};
  const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  const ckks::Encoder encoder(parameters, pool);
  const std::vector<double> rows = matrix(), values(parameters->slots(), 0.5);
  const auto transform =
      circuits::LinearTransform::from_matrix(std::span<const double>(rows), kDimension, parameters->slots());
  rlwe::EvaluationKeys keys;
  const rlwe::KeyGenerator generator(secret, pool);
  for (const std::int64_t step : transform.rotations())
    keys.add_galois(generator.galois_key(rlwe::galois_element_of_rotation(step, 15), prng, 9));
  const ckks::Evaluator evaluator(parameters, &keys, pool);
  const circuits::EncodedLinearTransform encoded(transform, encoder, 8);
  const auto x = ckks::encrypt(*parameters, secret, encoder.encode(values, 8), prng, pool);
  for (auto _ : state) benchmark::DoNotOptimize(encoded.apply(evaluator, x));
  double expected = 0;
  for (std::size_t j = 0; j < kDimension; ++j) expected += 0.5 * rows[7 * kDimension + j];
  const auto result = encoded.apply(evaluator, x);
  const double got = ckks::Decryptor(secret, encoder, pool).decrypt_real(result)[7];
  if (std::abs(got - expected) > result.bound.error) state.SkipWithError("wrong result");
}
BENCHMARK(linear_transform_64)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Repetitions(10)
    ->ReportAggregatesOnly();

}  // namespace
