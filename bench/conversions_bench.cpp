// Micro: the kernels between clear values and residues x target x ring degree N, one thread. Transforms are
// of N / 2 complex values, what works on complex numbers reads N / 2 of them, the others N words.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "cloister/base/memory.h"
#include "cloister/kernels/kernel_table.h"
#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"

namespace {

using namespace cloister;

constexpr int kValueBits = 45;  // of the signed integers

struct Setup {
  Setup(benchmark::State& state, const KernelTable& kernels)
      : k(kernels),
        n(std::size_t{1} << state.range(1)),
        q(nearest_prime(std::ldexp(0.97, static_cast<int>(state.range(2))), 2 * n, {})) {
    Prng prng(Seed(Bytes32{}));
    prng.fill(words.span());
    sample_uniform(prng, q.value(), residues.span());
    sample_error(prng, small.span());
    for (std::size_t i = 0; i < n; ++i) {
      integers[i] = static_cast<std::int64_t>(words[i]) >> (64 - kValueBits);
      values[i] = std::ldexp(static_cast<double>(integers[i]), -kValueBits);
      const double angle = std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
      (i < n / 2 ? cosines[i] : sines[i - n / 2]) = i < n / 2 ? std::cos(angle) : std::sin(angle);
    }
  }
  // Any roots of unity do for a measurement; the numbers stay of the same size.
  FftRoots roots() const { return {n / 2, cosines.data(), sines.data()}; }

  const KernelTable& k;
  std::size_t n;
  Modulus q;
  Buffer<std::uint64_t> words{n}, residues{n};
  Buffer<std::int8_t> small{n};
  Buffer<std::int64_t> integers{n};
  Buffer<double> values{n}, out{n}, cosines{n / 2}, sines{n / 2};
};

// Times `call`; then one call on fresh data must give the reference's results.
template <typename Call>
void measure(benchmark::State& state, Call call) {
  const KernelTable& k = select_kernels(name(available_targets()[static_cast<std::size_t>(state.range(0))]));
  state.SetLabel(std::string(name(k.target)));
  Setup timed(state, k), got(state, k), expected(state, scalar_kernels());
  for (auto _ : state) {
    call(timed);
    benchmark::ClobberMemory();
  }
  call(got);
  call(expected);
  if (!std::ranges::equal(got.out, expected.out) || !std::ranges::equal(got.words, expected.words) ||
      !std::ranges::equal(got.integers, expected.integers))
    state.SkipWithError("a result is wrong");
}

void arguments(benchmark::internal::Benchmark* b, const std::vector<int>& bits) {
  b->ArgNames({"target", "log2N", "bits"})
      ->Unit(benchmark::kMicrosecond)
      ->Repetitions(10)
      ->ReportAggregatesOnly();
  b->ComputeStatistics("min", [](const std::vector<double>& v) { return *std::ranges::min_element(v); });
  for (const int log2_degree : {13, 15, 16})
    for (const int modulus_bits : bits)
      for (std::size_t t = 0; t < available_targets().size(); ++t)
        b->Args({static_cast<std::int64_t>(t), log2_degree, modulus_bits});
}
void of_values(benchmark::internal::Benchmark* b) { arguments(b, {45}); }
void of_residues(benchmark::internal::Benchmark* b) { arguments(b, {42, 60}); }

void fft_to_slots(benchmark::State& state) {
  measure(state, [](Setup& s) { s.k.fft_to_slots(s.roots(), s.values.data(), s.out.data()); });
}
void fft_to_coefficients(benchmark::State& state) {
  // In place but for the last step: values would grow without end, so each run starts from a copy.
  Buffer<double> work(std::size_t{1} << state.range(1));
  measure(state, [&](Setup& s) {
    std::ranges::copy(s.values.span(), work.data());
    s.k.fft_to_coefficients(s.roots(), work.data(), s.out.data());
  });
}
void split_complex(benchmark::State& state) {
  measure(state, [](Setup& s) {
    s.k.split_complex(s.values.data(), s.out.data(), s.out.data() + s.n / 2, s.n / 2);
  });
}
void join_complex(benchmark::State& state) {
  measure(state, [](Setup& s) {
    s.k.join_complex(s.values.data(), s.values.data() + s.n / 2, s.out.data(), s.n / 2);
  });
}
void largest_norm(benchmark::State& state) {
  measure(state, [](Setup& s) {
    benchmark::DoNotOptimize(s.k.largest_norm(s.values.data(), s.values.data() + s.n / 2, s.n / 2));
  });
}
void round_scaled(benchmark::State& state) {
  measure(state, [](Setup& s) { s.k.round_scaled(s.values.data(), 0x1p42, s.integers.data(), s.n); });
}
void reduce_signed(benchmark::State& state) {
  measure(state,
          [](Setup& s) { s.k.reduce_signed(s.q, s.integers.data(), kValueBits, s.words.data(), s.n); });
}
void reduce_signed_wide(benchmark::State& state) {
  measure(state, [](Setup& s) { s.k.reduce_signed(s.q, s.integers.data(), 60, s.words.data(), s.n); });
}
void reduce_small(benchmark::State& state) {
  measure(state, [](Setup& s) { s.k.reduce_small(s.q, s.small.data(), s.words.data(), s.n); });
}
void reduce_uniform(benchmark::State& state) {
  // What is reduced already takes as long.
  measure(state, [](Setup& s) { benchmark::DoNotOptimize(s.k.reduce_uniform(s.q, s.words.data(), s.n)); });
}
void centred_to_double(benchmark::State& state) {
  measure(state, [](Setup& s) { s.k.centred_to_double(s.q, s.residues.data(), 0x1p-42, s.out.data(), s.n); });
}
BENCHMARK(fft_to_slots)->Apply(of_values);
BENCHMARK(fft_to_coefficients)->Apply(of_values);
BENCHMARK(split_complex)->Apply(of_values);
BENCHMARK(join_complex)->Apply(of_values);
BENCHMARK(largest_norm)->Apply(of_values);
BENCHMARK(round_scaled)->Apply(of_values);
BENCHMARK(reduce_signed)->Apply(of_residues);
BENCHMARK(reduce_signed_wide)->Apply(of_residues);
BENCHMARK(reduce_small)->Apply(of_residues);
BENCHMARK(reduce_uniform)->Apply(of_residues);
BENCHMARK(centred_to_double)->Apply(of_residues);

}  // namespace
