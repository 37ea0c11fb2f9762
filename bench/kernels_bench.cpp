// Micro: kernel x target x ring degree, one limb, one thread.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cloister/base/memory.h"
#include "cloister/kernels/kernel_table.h"
#include "cloister/math/primes.h"
#include "cloister/random/samplers.h"

namespace {

using namespace cloister;

constexpr std::size_t kTerms = 8;

struct Limb {
  Limb(int log2_degree, double prime)
      : n(std::size_t{1} << log2_degree),
        q(nearest_prime(prime, 2 * n, {})),
        tables(n, q),
        a(n),
        b(n),
        out(n) {
    Prng prng(Seed(Bytes32{}));
    sample_uniform(prng, q.value(), a.span());
    sample_uniform(prng, q.value(), b.span());
  }
  std::size_t n;
  Modulus q;
  NttTables tables;
  Buffer<std::uint64_t> a, b, out;
};

struct Run {
  explicit Run(benchmark::State& state)
      : k(select_kernels(name(available_targets()[static_cast<std::size_t>(state.range(0))]))),
        limb(static_cast<int>(state.range(1)), std::ldexp(0.97, static_cast<int>(state.range(2)))) {
    state.SetLabel(std::string(name(k.target)));
  }
  const KernelTable& k;
  Limb limb;
};

void arguments(benchmark::internal::Benchmark* b, const std::vector<int>& degrees,
               const std::vector<int>& bits) {
  b->ArgNames({"target", "log2N", "bits"})
      ->Unit(benchmark::kMicrosecond)
      ->Repetitions(10)
      ->ReportAggregatesOnly();
  b->ComputeStatistics("min", [](const std::vector<double>& v) { return *std::ranges::min_element(v); });
  for (const int log2_degree : degrees)
    for (const int modulus_bits : bits)
      for (std::size_t t = 0; t < available_targets().size(); ++t)
        b->Args({static_cast<std::int64_t>(t), log2_degree, modulus_bits});
}
void transform_arguments(benchmark::internal::Benchmark* b) {
  arguments(b, {12, 13, 14, 15, 16, 17}, {45, 50, 60});
}
void pointwise_arguments(benchmark::internal::Benchmark* b) { arguments(b, {13, 15, 16}, {45, 60}); }

void ntt_forward(benchmark::State& state) {
  Run run(state);
  for (auto _ : state) run.k.ntt_forward(run.limb.tables, run.limb.a.data(), run.limb.a.data());
}
BENCHMARK(ntt_forward)->Apply(transform_arguments);

void ntt_inverse(benchmark::State& state) {
  Run run(state);
  for (auto _ : state) run.k.ntt_inverse(run.limb.tables, run.limb.a.data(), run.limb.a.data());
}
BENCHMARK(ntt_inverse)->Apply(transform_arguments);

void ntt_round_trip(benchmark::State& state) {
  Run run(state);
  const auto before = run.limb.a.clone();
  for (auto _ : state) {
    run.k.ntt_forward(run.limb.tables, run.limb.a.data(), run.limb.a.data());
    run.k.ntt_inverse(run.limb.tables, run.limb.a.data(), run.limb.a.data());
  }
  if (!std::ranges::equal(before, run.limb.a)) state.SkipWithError("the inverse did not undo the transform");
}
BENCHMARK(ntt_round_trip)->Apply(transform_arguments);

// One of the kernels on one limb; `expected` of the second residues checks the result after timing.
template <typename Call, typename Expected>
void pointwise(benchmark::State& state, const Call& call, const Expected& expected) {
  Run run(state);
  for (auto _ : state) call(run.k, run.limb);
  if (run.limb.out[1] != expected(run.limb)) state.SkipWithError("a result is wrong");
}

void add(benchmark::State& state) {
  pointwise(
      state, [](const KernelTable& k, Limb& x) { k.add(x.q, x.a.data(), x.b.data(), x.out.data(), x.n); },
      [](const Limb& x) { return x.q.add(x.a[1], x.b[1]); });
}
BENCHMARK(add)->Apply(pointwise_arguments);

void mul(benchmark::State& state) {
  pointwise(
      state, [](const KernelTable& k, Limb& x) { k.mul(x.q, x.a.data(), x.b.data(), x.out.data(), x.n); },
      [](const Limb& x) { return x.q.mul(x.a[1], x.b[1]); });
}
BENCHMARK(mul)->Apply(pointwise_arguments);

void mul_add(benchmark::State& state) {
  std::uint64_t times = 0;
  pointwise(
      state,
      [&](const KernelTable& k, Limb& x) {
        k.mul_add(x.q, x.a.data(), x.b.data(), x.out.data(), x.n);
        ++times;
      },
      [&](const Limb& x) { return x.q.mul(x.q.reduce(times), x.q.mul(x.a[1], x.b[1])); });
}
BENCHMARK(mul_add)->Apply(pointwise_arguments);

void sub_mul_scalar(benchmark::State& state) {
  pointwise(
      state,
      [](const KernelTable& k, Limb& x) {
        k.sub_mul_scalar(x.q, x.a.data(), x.b.data(), ShoupFactor(x.a[3], x.q), x.out.data(), x.n);
      },
      [](const Limb& x) { return x.q.mul(x.q.sub(x.a[1], x.b[1]), x.a[3]); });
}
BENCHMARK(sub_mul_scalar)->Apply(pointwise_arguments);

void change_modulus(benchmark::State& state) {
  const Modulus from(nearest_prime(0x1p44, 1 << 18, {}));
  pointwise(
      state,
      [&](const KernelTable& k, Limb& x) { k.change_modulus(from, x.q, x.a.data(), x.out.data(), x.n); },
      [&](const Limb& x) { return x.q.reduce(from.centre(x.a[1])); });
}
BENCHMARK(change_modulus)->Apply(pointwise_arguments);

// The automorphism X -> X^5: within eight aligned values, eight aligned ones.
void permute(benchmark::State& state) {
  const auto n = std::size_t{1} << state.range(1);
  const int bits = static_cast<int>(state.range(1));
  std::vector<std::uint32_t> map(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t exponent = (2 * reverse_bits(i, bits) + 1) * 5 % (2 * n);
    map[i] = static_cast<std::uint32_t>(reverse_bits(exponent / 2, bits));
  }
  pointwise(
      state, [&](const KernelTable& k, Limb& x) { k.permute(x.a.data(), map.data(), x.out.data(), x.n); },
      [&](const Limb& x) { return x.a[map[1]]; });
}
BENCHMARK(permute)->Apply(pointwise_arguments);

// The sums of a base conversion and of a key switch; rows of their own, as large as they are in use.
struct Rows {
  Rows(std::size_t n, std::uint64_t q) {
    Prng prng(Seed(Bytes32{}), 1);
    for (std::size_t t = 0; t < kTerms; ++t) {
      buffers.emplace_back(n);
      sample_uniform(prng, q, buffers.back().span());
      pointers.push_back(buffers.back().data());
    }
  }
  std::vector<Buffer<std::uint64_t>> buffers;
  std::vector<const std::uint64_t*> pointers;
};

void dot_pair_4_terms(benchmark::State& state) {
  const Rows rows(std::size_t{1} << state.range(1), (std::uint64_t{1} << 45) - 1000000);
  pointwise(
      state,
      [&](const KernelTable& k, Limb& x) {
        k.dot_pair(x.q, rows.pointers.data(), rows.pointers.data() + 4, rows.pointers.data() + 2, 4,
                   x.out.data(), x.b.data(), x.n);
      },
      [&](const Limb& x) {
        std::uint64_t sum = 0;
        for (std::size_t t = 0; t < 4; ++t)
          sum = x.q.add(sum, x.q.mul(rows.pointers[t][1], rows.pointers[t + 4][1]));
        return sum;
      });
}
BENCHMARK(dot_pair_4_terms)->Apply(pointwise_arguments);

void base_conversion_8_terms(benchmark::State& state) {
  const Rows rows(std::size_t{1} << state.range(1), (std::uint64_t{1} << 45) - 1000000);
  const std::vector<std::uint64_t> constants(kTerms, 12345678901);
  pointwise(
      state,
      [&](const KernelTable& k, Limb& x) {
        k.dot_constants(x.q, rows.pointers.data(), constants.data(), kTerms, 45, x.out.data(), x.n);
      },
      [&](const Limb& x) {
        std::uint64_t sum = 0;
        for (const auto* row : rows.pointers) sum = x.q.add(sum, x.q.mul(row[1], constants[0]));
        return sum;
      });
}
BENCHMARK(base_conversion_8_terms)->Apply(pointwise_arguments);

void round_quotient_8_terms(benchmark::State& state) {
  const Rows rows(std::size_t{1} << state.range(1), (std::uint64_t{1} << 45) - 1000000);
  const std::vector<double> reciprocals(kTerms, 0x1p-45);
  pointwise(
      state,
      [&](const KernelTable& k, Limb& x) {
        k.round_quotient(rows.pointers.data(), reciprocals.data(), kTerms, x.out.data(), x.n);
      },
      [&](const Limb&) {
        double sum = 0.5;
        for (const auto* row : rows.pointers) sum += static_cast<double>(row[1]) * 0x1p-45;
        return static_cast<std::uint64_t>(sum);
      });
}
BENCHMARK(round_quotient_8_terms)->Apply(pointwise_arguments);

// One transform of each of twelve limbs, as a polynomial's: every one reads a table that is not in the
// nearer caches. The time is of all twelve.
void ntt_forward_12_primes(benchmark::State& state) {
  const KernelTable& k = select_kernels(name(available_targets()[static_cast<std::size_t>(state.range(0))]));
  state.SetLabel(std::string(name(k.target)));
  std::vector<Limb> limbs;
  for (int i = 0; i < 12; ++i) limbs.emplace_back(static_cast<int>(state.range(1)), 0x1p45 * (1 - 0.01 * i));
  for (auto _ : state)
    for (Limb& limb : limbs) k.ntt_forward(limb.tables, limb.a.data(), limb.a.data());
}
BENCHMARK(ntt_forward_12_primes)->Apply([](benchmark::internal::Benchmark* b) {
  arguments(b, {15, 16}, {45});
});

}  // namespace
