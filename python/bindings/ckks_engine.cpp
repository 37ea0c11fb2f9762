#include "bindings/ckks_engine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <string>

#include "cloister/base/error.h"
#include "cloister/circuits/polynomial_circuit.h"
#include "cloister/ckks/owner/decryptor.h"
#include "cloister/ckks/owner/secret_encryptor.h"
#include "cloister/ckks/public_encryptor.h"
#include "cloister/kernels/kernel_table.h"
#include "cloister/rlwe/galois.h"
#include "cloister/wire/ckks_encoding.h"

namespace cloister::python {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;

constexpr std::size_t kMostTerms = 255;  // of Evaluator::finish_sum

Ciphertext settled(Ciphertext a) { return Evaluator::with_bound(std::move(a), CkksEngine::kUnbounded); }

}  // namespace

int Ciphertexts::level() const {
  int out = rows.front()->level();
  for (const auto& row : rows) out = std::min(out, row->level());
  return out;
}

std::optional<ckks::ParametersSpec> fitting_parameters(int log2_degree, int levels, int scale_bits,
                                                       int first_prime_bits, rlwe::SecurityTable table) {
  for (int digits = 1; digits <= levels + 1; ++digits) {
    const ckks::ParametersSpec spec{.log2_degree = log2_degree,
                                    .levels = levels,
                                    .scale_bits = scale_bits,
                                    .first_prime_bits = first_prime_bits,
                                    .digits = digits};
    const auto chain = ckks::Parameters::chain(spec);
    double log2_qp = 0;
    for (const auto* primes : {&chain.q_primes, &chain.p_primes})
      for (const auto p : *primes) log2_qp += std::log2(static_cast<double>(p));
    if (log2_qp <= rlwe::max_log2_modulus(log2_degree, table)) return spec;
  }
  return std::nullopt;
}

CkksEngine::CkksEngine(const ckks::ParametersSpec& spec, rlwe::SecurityTable table,
                       std::shared_ptr<const WatchedPool> watched_pool)
    : CkksEngine(ckks::Parameters::create(spec, select_kernels(), table), std::move(watched_pool)) {}

CkksEngine::CkksEngine(std::shared_ptr<const ckks::Parameters> parameters,
                       std::shared_ptr<const WatchedPool> watched_pool)
    : RlweKeys(parameters->rlwe(), std::move(watched_pool)),
      parameters_(std::move(parameters)),
      encoder_(parameters_, pool()) {}

std::vector<std::int64_t> CkksEngine::rotation_steps() const {
  std::vector<std::int64_t> out;
  const auto slots = static_cast<std::int64_t>(this->slots());
  for (std::int64_t power = 1; power < slots; power *= 4)
    for (std::int64_t step = power; step < 4 * power && step < slots; step += power) out.push_back(step);
  return out;
}

std::vector<std::uint64_t> CkksEngine::galois_elements() const {
  std::vector<std::uint64_t> out;
  for (const std::int64_t step : rotation_steps())
    out.push_back(rlwe::galois_element_of_rotation(step, parameters_->ring()->log2_degree()));
  return out;
}

Evaluator CkksEngine::evaluator(const rlwe::EvaluationKeys* keys) const {
  return {parameters_, keys, pool()};
}

ckks::Rotations CkksEngine::rotations(const Evaluator& evaluator) const {
  return ckks::Rotations(evaluator, ckks::RotationBasis(rotation_steps()));
}

Ciphertexts CkksEngine::each(std::size_t count, const std::function<Ciphertext(std::size_t)>& make) const {
  return made_rows<Ciphertexts>(watched(), count, [&](std::size_t i) { return settled(make(i)); });
}

ckks::Plaintext CkksEngine::encode(std::span<const double> values, int level) const {
  auto all = repeated(values, slots());
  auto out = encoder_.encode(all, level);
  wipe(all.data(), all.size() * sizeof all[0]);
  return out;
}

Ciphertexts CkksEngine::encrypt(const EncryptionKey& key, const Table& values) const {
  return each(values.rows, [&](std::size_t i) {
    Prng prng = Prng::from_system();
    const auto plaintext = encode(values.row(i), parameters_->max_level());
    return std::visit(
        [&](const auto& handle) { return ckks::encrypt(*parameters_, *handle.key, plaintext, prng, pool()); },
        key);
  });
}

std::vector<double> CkksEngine::decrypt(const SecretKeyHandle& key, const Ciphertexts& a,
                                        std::size_t count) const {
  const ckks::Decryptor decryptor(*key.key, encoder_, pool());
  std::vector<double> out(a.size() * count);
  watched().parallel_for(a.size(), [&](std::size_t i) {
    Ciphertext copy = a.rows[i]->clone();
    // As large as the modulus bears.
    copy.bound = {std::exp2(parameters_->log2_modulus_at(copy.level()) - copy.scale.log2() - 1.5), 0};
    const auto slots = decryptor.decrypt_real(copy);
    std::copy_n(slots.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(i * count));
  });
  return out;
}

CkksEngine::Row CkksEngine::at_level(const Row& a, int level) const {
  if (a->level() == level) return a;
  return std::make_shared<const Ciphertext>(settled(evaluator().to_level(*a, level)));
}

Ciphertexts CkksEngine::add(const Ciphertexts& a, const Ciphertexts& b) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), b.size()),
              [&](std::size_t i) { return on.add(*row_of(a.rows, i), *row_of(b.rows, i)); });
}

Ciphertexts CkksEngine::sub(const Ciphertexts& a, const Ciphertexts& b) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), b.size()),
              [&](std::size_t i) { return on.sub(*row_of(a.rows, i), *row_of(b.rows, i)); });
}

Ciphertexts CkksEngine::negate(const Ciphertexts& a) const {
  const Evaluator on = evaluator();
  return each(a.size(), [&](std::size_t i) { return on.negate(*a.rows[i]); });
}

Ciphertexts CkksEngine::multiply(const Ciphertexts& a, const Ciphertexts& b,
                                 const RelinearizationKeys& keys) const {
  const Evaluator on = evaluator(keys.key.get());
  return each(common_rows(a.size(), b.size()),
              [&](std::size_t i) { return on.multiply(*row_of(a.rows, i), *row_of(b.rows, i)); });
}

Ciphertexts CkksEngine::add_values(const Ciphertexts& a, const Table& values) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), values.rows), [&](std::size_t i) {
    const Ciphertext& row = *row_of(a.rows, i);
    return on.add(row, encode(values.row(values.rows == 1 ? 0 : i), row.level()));
  });
}

Ciphertexts CkksEngine::multiply_values(const Ciphertexts& a, const Table& values) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), values.rows), [&](std::size_t i) {
    const Ciphertext& row = *row_of(a.rows, i);
    return on.multiply(row, encode(values.row(values.rows == 1 ? 0 : i), row.level()));
  });
}

Ciphertexts CkksEngine::add_numbers(const Ciphertexts& a, std::span<const double> numbers) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), numbers.size()), [&](std::size_t i) {
    const Ciphertext& row = *row_of(a.rows, i);
    const double number = row_of(numbers, i);
    if (number != 0 &&
        !(std::log2(std::abs(number)) + row.scale.log2() + 1 < parameters_->log2_modulus_at(row.level())))
      throw PrecisionError("encode: a number of this size would wrap around at level " +
                           std::to_string(row.level()));
    return on.add(row, number);
  });
}

Ciphertexts CkksEngine::multiply_numbers(const Ciphertexts& a, std::span<const double> numbers) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), numbers.size()),
              [&](std::size_t i) { return on.multiply(*row_of(a.rows, i), row_of(numbers, i)); });
}

Ciphertexts CkksEngine::power(const Ciphertexts& a, unsigned exponent,
                              const RelinearizationKeys& keys) const {
  if (exponent <= 1) return a;
  const unsigned high = std::bit_floor(exponent - 1);
  const Ciphertexts x = power(a, high, keys);
  return multiply(x, high == exponent - high ? x : power(a, exponent - high, keys), keys);
}

Ciphertexts CkksEngine::polynomial(const Ciphertexts& a, std::span<const double> coefficients,
                                   const RelinearizationKeys& keys) const {
  std::size_t degree = coefficients.size();
  while (degree > 0 && coefficients[degree - 1] == 0) --degree;
  if (degree == 0) return multiply_numbers(a, std::array{0.0});
  std::vector<double> all(1, 0.0);
  all.insert(all.end(), coefficients.begin(), coefficients.begin() + static_cast<std::ptrdiff_t>(degree));
  const Evaluator on = evaluator(keys.key.get());
  const double last = all.back();
  if (std::has_single_bit(degree) && degree > 1 && last == std::nearbyint(last) && std::abs(last) < 0x1p31) {
    const Ciphertexts powers = power(a, static_cast<unsigned>(degree), keys);
    Ciphertexts head = each(powers.size(), [&](std::size_t i) {
      return on.multiply_integer(*powers.rows[i], static_cast<std::int64_t>(last));
    });
    all.pop_back();
    if (std::ranges::all_of(all, [](double c) { return c == 0; })) return head;
    return add(head, polynomial(a, std::span(all).subspan(1), keys));
  }
  const circuits::PolynomialCircuit circuit(circuits::Polynomial::power(all));
  return each(a.size(), [&](std::size_t i) { return circuit.evaluate(on, *a.rows[i]); });
}

Ciphertexts CkksEngine::contract(const Ciphertexts& a, const Ciphertexts& b, std::size_t inner,
                                 const RelinearizationKeys& keys) const {
  const int level = std::min(a.level(), b.level());
  if (level == 0) throw LevelExhaustedError("multiply", 0, 1);
  const Evaluator on = evaluator(keys.key.get());
  const auto brought_down = [&](const Ciphertexts& x) {
    std::vector<Row> out(x.size());
    watched().parallel_for(x.size(), [&](std::size_t i) { out[i] = at_level(x.rows[i], level); });
    return out;
  };
  const auto left = brought_down(a), right = brought_down(b);
  const std::size_t columns = right.size() / inner;
  return each(left.size() / inner * columns, [&](std::size_t i) {
    std::vector<Evaluator::Product> products;
    for (std::size_t k = 0; k < inner; ++k)
      products.push_back({left[i / columns * inner + k].get(), right[k * columns + i % columns].get()});
    return on.finish_sum(products, {}, 0, level);
  });
}

Ciphertexts CkksEngine::contract_numbers(const Ciphertexts& a, const Table& b) const {
  const int level = a.level();
  if (level == 0) throw LevelExhaustedError("multiply", 0, 1);
  const Evaluator on = evaluator();
  return each(a.size() / b.rows * b.columns, [&](std::size_t i) {
    std::vector<Evaluator::Multiple> terms;
    for (std::size_t k = 0; k < b.rows; ++k)
      terms.push_back({a.rows[i / b.columns * b.rows + k].get(), b.values[k * b.columns + i % b.columns]});
    if (terms.size() <= kMostTerms) return on.finish_sum({}, terms, 0, level);
    std::optional<Ciphertext> sum;
    for (std::size_t start = 0; start < terms.size(); start += kMostTerms) {
      const auto some = std::span(terms).subspan(start, std::min(kMostTerms, terms.size() - start));
      add_to(on, sum, on.sum_lazy(some, 0, level));
    }
    return on.finish(std::move(*sum));
  });
}

Ciphertexts CkksEngine::sum_rows(const Ciphertexts& a, std::size_t count, std::size_t inner) const {
  const Evaluator on = evaluator();
  return each(a.size() / count, [&](std::size_t i) {
    const std::size_t first = i / inner * count * inner + i % inner;
    Ciphertext sum = a.rows[first]->clone();
    for (std::size_t k = 1; k < count; ++k) on.add_to(sum, *a.rows[first + k * inner]);
    sum.seed.reset();
    return sum;
  });
}

Ciphertexts CkksEngine::sum_slots(const Ciphertexts& a, std::size_t stride, std::size_t count,
                                  const GaloisKeys& keys) const {
  const Evaluator on = evaluator(keys.key.get());
  const ckks::Rotations rotations = this->rotations(on);
  return each(a.size(), [&](std::size_t i) {
    return rotations.sum_slots(*a.rows[i], static_cast<std::int64_t>(stride),
                               static_cast<std::int64_t>(count));
  });
}

Bytes CkksEngine::to_bytes(const Ciphertexts& ciphertexts) const {
  std::vector<Bytes> rows(ciphertexts.size());
  watched().parallel_for(rows.size(), [&](std::size_t i) {
    rows[i] = wire::encode_ciphertext(*ciphertexts.rows[i], *parameters_, pool());
  });
  return joined_rows(rows);
}

Ciphertexts CkksEngine::ciphertexts_from(std::span<const std::uint8_t> bytes) const {
  const auto rows = split_rows(bytes);
  return each(rows.size(),
              [&](std::size_t i) { return wire::decode_ciphertext(rows[i], *parameters_, pool()); });
}

}  // namespace cloister::python
