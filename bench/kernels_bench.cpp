// Micro: kernel x target x ring degree, one limb, one thread.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "cloister/kernels/kernel_table.h"
#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"

namespace {

using namespace cloister;

struct Limb {
  explicit Limb(int log2_degree, double prime = 0x1p45)
      : n(std::size_t{1} << log2_degree), q(nearest_prime(prime, 2 * n, {})), tables(n, q), a(n), b(n), out(n) {
    Prng prng(Seed(Bytes32{}));
    sample_uniform(prng, q.value(), a);
    sample_uniform(prng, q.value(), b);
  }
  std::size_t n;
  Modulus q;
  NttTables tables;
  std::vector<std::uint64_t> a, b, out;
};

const KernelTable& kernels(const benchmark::State& state) {
  return select_kernels(name(available_targets()[static_cast<std::size_t>(state.range(0))]));
}

void targets_and_degrees(benchmark::internal::Benchmark* b) {
  b->ArgNames({"target", "log2N"})->Unit(benchmark::kMicrosecond)->Repetitions(10)->ReportAggregatesOnly();
  for (std::size_t t = 0; t < available_targets().size(); ++t)
    for (const int log2 : {12, 13, 14, 15, 16, 17}) b->Args({static_cast<std::int64_t>(t), log2});
}

void label(benchmark::State& state) { state.SetLabel(std::string(name(kernels(state).target))); }

void ntt_round_trip(benchmark::State& state) {
  Limb limb(static_cast<int>(state.range(1)));
  const auto before = limb.a;
  for (auto _ : state) {
    kernels(state).ntt_forward(limb.tables, limb.a.data());
    kernels(state).ntt_inverse(limb.tables, limb.a.data());
  }
  if (limb.a != before) state.SkipWithError("the inverse did not undo the transform");
  label(state);
}
BENCHMARK(ntt_round_trip)->Apply(targets_and_degrees);

void ntt_forward(benchmark::State& state) {
  Limb limb(static_cast<int>(state.range(1)));
  for (auto _ : state) kernels(state).ntt_forward(limb.tables, limb.a.data());
  label(state);
}
BENCHMARK(ntt_forward)->Apply(targets_and_degrees);

void pointwise_mul(benchmark::State& state) {
  Limb limb(static_cast<int>(state.range(1)));
  for (auto _ : state) kernels(state).mul(limb.q, limb.a.data(), limb.b.data(), limb.out.data(), limb.n);
  if (limb.out[1] != limb.q.mul(limb.a[1], limb.b[1])) state.SkipWithError("a product is wrong");
  label(state);
}
BENCHMARK(pointwise_mul)->Apply(targets_and_degrees);

void base_conversion_8_terms(benchmark::State& state) {
  Limb limb(static_cast<int>(state.range(1)));
  const std::vector<const std::uint64_t*> rows(8, limb.a.data());
  const std::vector<std::uint64_t> constants(8, 1);
  for (auto _ : state)
    kernels(state).dot_constants(limb.q, rows.data(), constants.data(), 8, limb.q.bits(), limb.out.data(), limb.n);
  if (limb.out[1] != limb.q.mul(limb.a[1], 8)) state.SkipWithError("a sum is wrong");
  label(state);
}
BENCHMARK(base_conversion_8_terms)->Apply(targets_and_degrees);

}  // namespace
