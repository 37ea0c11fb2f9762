// Bootstrapping at N = 65536 and 128 bits: seconds a bootstrap, errors over random slots of full range, next
// to what is predicted, memory, and seconds of key generation; and how errors add up over bootstraps in a
// row. One JSON object a line on standard output.
//   ./run bench bootstrap --help
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloister/circuits/bootstrapping_noise.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/rlwe/owner/key_generator.h"

namespace {

using namespace cloister;
using Slots = std::vector<std::complex<double>>;

struct Options {
  circuits::BootstrappingSpec spec{.log2_slots = 15, .coefficients_to_slots = 4};
  int runs = 20, chain = 0, threads = 1, levels = 13, digits = 2;
  int scale_bits = 40, first_bits = 46, raised_bits = 47;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_gigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024e-9;
}

struct Errors {
  double largest = 0, mean_square = 0;
};
Errors errors_between(const Slots& a, const Slots& b) {
  Errors out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    out.largest = std::max(out.largest, std::abs(a[i] - b[i]));
    out.mean_square += std::norm(a[i] - b[i]) / static_cast<double>(a.size());
  }
  return out;
}

double bits(double error) { return -std::log2(error); }

Slots random_slots(Prng& prng, std::size_t slots, const circuits::BootstrappingSpec& spec) {
  const auto unit = [&] { return std::ldexp(static_cast<double>(prng.next_u64() >> 11), -52) - 1; };
  Slots out(slots);
  const std::size_t n = std::size_t{1} << spec.log2_slots;
  for (std::size_t i = 0; i < slots; ++i)
    out[i] = i < n ? std::complex<double>(unit(), spec.real ? 0 : unit()) : out[i % n];
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Times bootstraps and measures their errors");
  app.add_option("--log2-slots", options.spec.log2_slots, "log2 of the period of values")
      ->capture_default_str();
  app.add_flag("--real", options.spec.real, "Values without imaginary parts");
  app.add_option("--runs", options.runs, "Bootstraps of fresh values")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--chain", options.chain, "Bootstraps in a row")->capture_default_str();
  app.add_option("--threads", options.threads)->capture_default_str();
  app.add_option("--levels", options.levels, "Levels of a fresh ciphertext")->capture_default_str();
  app.add_option("--digits", options.digits, "Groups of primes in key switching")->capture_default_str();
  app.add_option("--scale-bits", options.scale_bits)->capture_default_str();
  app.add_option("--first-bits", options.first_bits)->capture_default_str();
  app.add_option("--raised-bits", options.raised_bits)->capture_default_str();
  app.add_option("--slots-to-coefficients", options.spec.slots_to_coefficients, "Levels of this transform")
      ->capture_default_str();
  app.add_option("--coefficients-to-slots", options.spec.coefficients_to_slots, "Levels of this transform")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto& spec = options.spec;
  const ThreadPool pool(options.threads);
  const auto parameters = ckks::Parameters::create(spec.raised({.log2_degree = 16,
                                                                .levels = options.levels,
                                                                .scale_bits = options.scale_bits,
                                                                .first_prime_bits = options.first_bits,
                                                                .digits = options.digits,
                                                                .raised_scale_bits = options.raised_bits}),
                                                   select_kernels());
  Prng prng = Prng::from_system();
  const auto start = std::chrono::steady_clock::now();
  const auto secret = rlwe::SecretKey::generate(parameters->rlwe(), prng, pool);
  const rlwe::KeyGenerator generator(secret, pool);
  rlwe::EvaluationKeys keys;
  keys.set_relinearization(
      generator.relinearization_key(prng, static_cast<std::size_t>(parameters->spec().raised_level()) + 1));
  keys.set_encapsulation(generator.encapsulation_keys(prng));
  const auto uses = circuits::Bootstrapper::galois_uses(spec, parameters->spec());
  for (const auto& use : uses) keys.add_galois(generator.galois_key(use.element, prng, use.q_limbs));
  const double keygen = seconds_since(start);
  const auto encoding = std::chrono::steady_clock::now();
  const ckks::Encoder encoder(parameters, pool);
  const ckks::Evaluator evaluator(parameters, &keys, pool);
  const ckks::Decryptor decryptor(secret, encoder, pool);
  const circuits::Bootstrapper bootstrapper(spec, encoder, pool);
  const double preparation = seconds_since(encoding);

  const double magnitude = spec.real ? 1 : std::sqrt(2.0);
  const auto encrypted = [&](const Slots& x) {
    return ckks::encrypt(*parameters, secret, encoder.encode(x, spec.slots_to_coefficients, {}, magnitude),
                         prng, pool);
  };
  std::vector<double> seconds;
  double worst = 0, mean_square = 0, bound = 0;
  int level = 0;
  for (int run = 0; run < options.runs; ++run) {
    const Slots x = random_slots(prng, parameters->slots(), spec);
    const auto operand = encrypted(x);
    const auto begin = std::chrono::steady_clock::now();
    const auto result = bootstrapper.bootstrap(evaluator, operand);
    seconds.push_back(seconds_since(begin));
    const Errors errors = errors_between(decryptor.decrypt(result), x);
    worst = std::max(worst, errors.largest);
    mean_square += errors.mean_square / options.runs;
    bound = result.bound.error;
    level = result.level();
  }
  std::ranges::sort(seconds);
  const auto noise = circuits::bootstrapping_noise(spec, parameters->spec(), parameters->rlwe()->spec());
  nlohmann::ordered_json out{{"slots", 1 << spec.log2_slots},
                             {"real", spec.real},
                             {"kernels", name(parameters->ring()->kernels().target)},
                             {"threads", options.threads},
                             {"log2_qp", parameters->rlwe()->log2_qp()},
                             {"limbs", parameters->ring()->q_count()},
                             {"special_limbs", parameters->ring()->p_count()},
                             {"digits", options.digits},
                             {"galois_keys", uses.size()},
                             {"keygen_seconds", keygen},
                             {"preparation_seconds", preparation},
                             {"runs", options.runs},
                             {"levels_left", level - spec.slots_to_coefficients},
                             {"seconds_least", seconds.front()},
                             {"seconds_median", seconds[seconds.size() / 2]},
                             {"seconds_most", seconds.back()},
                             {"worst_error_bits", bits(worst)},
                             {"root_mean_square_bits", bits(std::sqrt(mean_square))},
                             {"predicted_deviation_bits", bits(noise.deviation)},
                             {"predicted_systematic_bits", bits(noise.systematic)},
                             {"bound_bits", bits(bound)},
                             {"peak_gigabytes", peak_gigabytes()}};
  std::cout << out.dump() << "\n";
  if (worst > bound) {
    std::cerr << "bootstrapping: the error exceeds its bound\n";
    return 1;
  }
  if (options.chain > 0) {
    const Slots x = random_slots(prng, parameters->slots(), spec);
    auto value = encrypted(x);
    for (int i = 1; i <= options.chain; ++i) {
      value = bootstrapper.bootstrap(evaluator, evaluator.to_level(value, spec.slots_to_coefficients));
      const Errors errors = errors_between(decryptor.decrypt(value), x);
      const auto row = noise.in_a_row(i);
      std::cout << nlohmann::ordered_json{{"bootstraps", i},
                                          {"error_bits", bits(errors.largest)},
                                          {"root_mean_square_bits", bits(std::sqrt(errors.mean_square))},
                                          {"bound_bits", bits(value.bound.error)},
                                          {"predicted_deviation_bits", bits(row.deviation)},
                                          {"predicted_bound_bits", bits(row.bound())}}
                       .dump()
                << std::endl;
      if (errors.largest > value.bound.error) return 1;
    }
  }
  return 0;
}
