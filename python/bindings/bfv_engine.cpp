#include "bindings/bfv_engine.h"

#include <bit>
#include <optional>

#include "cloister/base/error.h"
#include "cloister/base/memory.h"
#include "cloister/bfv/owner/decryptor.h"
#include "cloister/bfv/owner/secret_encryptor.h"
#include "cloister/bfv/public_encryptor.h"
#include "cloister/kernels/kernel_table.h"
#include "cloister/rlwe/galois.h"
#include "cloister/wire/bfv_encoding.h"

namespace cloister::python {

using bfv::Ciphertext;
using bfv::Evaluator;

BfvEngine::BfvEngine(int log2_degree, std::uint64_t plaintext_modulus,
                     std::shared_ptr<const WatchedPool> watched_pool)
    : BfvEngine(bfv::Parameters::create(bfv::Parameters::default_spec(log2_degree, plaintext_modulus),
                                        select_kernels()),
                std::move(watched_pool)) {}

BfvEngine::BfvEngine(std::shared_ptr<const bfv::Parameters> parameters,
                     std::shared_ptr<const WatchedPool> watched_pool)
    : RlweKeys(parameters->rlwe(), std::move(watched_pool)),
      parameters_(std::move(parameters)),
      encoder_(parameters_) {
  if (!parameters_->has_batching())
    throw ParametersError("the plaintext modulus is no prime that is 1 modulo twice the degree");
}

std::vector<std::uint64_t> BfvEngine::galois_elements() const {
  const int log2_degree = parameters_->ring()->log2_degree();
  std::vector<std::uint64_t> out{rlwe::galois_element_of_conjugation(log2_degree)};
  for (std::size_t step = 1; step < slots() / 2; step *= 2)
    out.push_back(rlwe::galois_element_of_rotation(static_cast<std::int64_t>(step), log2_degree));
  return out;
}

Evaluator BfvEngine::evaluator(const rlwe::EvaluationKeys* keys) const { return {parameters_, keys, pool()}; }

BfvCiphertexts BfvEngine::each(std::size_t count, const Make& make) const {
  return made_rows<BfvCiphertexts>(watched(), count, make);
}

bfv::Plaintext BfvEngine::encode(std::span<const std::int64_t> values) const {
  auto all = repeated(values, slots());
  auto out = encoder_.encode(std::span<const std::int64_t>(all));
  wipe(all.data(), all.size() * sizeof all[0]);
  return out;
}

BfvCiphertexts BfvEngine::encrypt(const EncryptionKey& key, const Integers& values) const {
  return each(values.rows, [&](std::size_t i) {
    Prng prng = Prng::from_system();
    const auto plaintext = encode(values.row(i));
    return std::visit(
        [&](const auto& handle) { return bfv::encrypt(*parameters_, *handle.key, plaintext, prng, pool()); },
        key);
  });
}

std::vector<std::int64_t> BfvEngine::decrypt(const SecretKeyHandle& key, const BfvCiphertexts& a,
                                             std::size_t count) const {
  const bfv::Decryptor decryptor(parameters_, *key.key, pool());
  std::vector<std::int64_t> out(a.size() * count);
  watched().parallel_for(a.size(), [&](std::size_t i) {
    const auto slots = encoder_.decode_signed(decryptor.decrypt(*a.rows[i]));
    std::copy_n(slots.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(i * count));
  });
  return out;
}

BfvCiphertexts BfvEngine::add(const BfvCiphertexts& a, const BfvCiphertexts& b) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), b.size()),
              [&](std::size_t i) { return on.add(*row_of(a.rows, i), *row_of(b.rows, i)); });
}

BfvCiphertexts BfvEngine::sub(const BfvCiphertexts& a, const BfvCiphertexts& b) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), b.size()),
              [&](std::size_t i) { return on.sub(*row_of(a.rows, i), *row_of(b.rows, i)); });
}

BfvCiphertexts BfvEngine::negate(const BfvCiphertexts& a) const {
  const Evaluator on = evaluator();
  return each(a.size(), [&](std::size_t i) { return on.negate(*a.rows[i]); });
}

BfvCiphertexts BfvEngine::multiply(const BfvCiphertexts& a, const BfvCiphertexts& b,
                                   const RelinearizationKeys& keys) const {
  const Evaluator on = evaluator(keys.key.get());
  return each(common_rows(a.size(), b.size()),
              [&](std::size_t i) { return on.multiply(*row_of(a.rows, i), *row_of(b.rows, i)); });
}

BfvCiphertexts BfvEngine::add_values(const BfvCiphertexts& a, const Integers& values) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), values.rows), [&](std::size_t i) {
    return on.add(*row_of(a.rows, i), encode(values.row(values.rows == 1 ? 0 : i)));
  });
}

BfvCiphertexts BfvEngine::multiply_values(const BfvCiphertexts& a, const Integers& values) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), values.rows), [&](std::size_t i) {
    return on.multiply(*row_of(a.rows, i), encode(values.row(values.rows == 1 ? 0 : i)));
  });
}

BfvCiphertexts BfvEngine::add_numbers(const BfvCiphertexts& a, std::span<const std::int64_t> numbers) const {
  return add_values(a, {numbers, numbers.size(), 1});
}

BfvCiphertexts BfvEngine::multiply_numbers(const BfvCiphertexts& a,
                                           std::span<const std::int64_t> numbers) const {
  const Evaluator on = evaluator();
  return each(common_rows(a.size(), numbers.size()),
              [&](std::size_t i) { return on.multiply(*row_of(a.rows, i), row_of(numbers, i)); });
}

BfvCiphertexts BfvEngine::power(const BfvCiphertexts& a, unsigned exponent,
                                const RelinearizationKeys& keys) const {
  if (exponent <= 1) return a;
  const unsigned high = std::bit_floor(exponent - 1);
  const BfvCiphertexts x = power(a, high, keys);
  return multiply(x, high == exponent - high ? x : power(a, exponent - high, keys), keys);
}

BfvCiphertexts BfvEngine::polynomial(const BfvCiphertexts& a, std::span<const std::int64_t> coefficients,
                                     const RelinearizationKeys& keys) const {
  std::optional<BfvCiphertexts> sum;
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    if (coefficients[k] == 0) continue;
    const auto term =
        multiply_numbers(power(a, static_cast<unsigned>(k + 1), keys), coefficients.subspan(k, 1));
    sum = sum ? add(*sum, term) : term;
  }
  return sum ? *sum : multiply_numbers(a, std::vector<std::int64_t>{0});
}

BfvCiphertexts BfvEngine::contract(const BfvCiphertexts& a, const BfvCiphertexts& b, std::size_t inner,
                                   const RelinearizationKeys& keys) const {
  const Evaluator on = evaluator(keys.key.get());
  const std::size_t columns = b.size() / inner;
  return each(a.size() / inner * columns, [&](std::size_t i) {
    std::optional<Ciphertext> sum;
    for (std::size_t k = 0; k < inner; ++k)
      add_to(on, sum, on.multiply_lazy(*a.rows[i / columns * inner + k], *b.rows[k * columns + i % columns]));
    return on.relinearize(std::move(*sum));
  });
}

BfvCiphertexts BfvEngine::contract_numbers(const BfvCiphertexts& a, const Integers& b) const {
  const Evaluator on = evaluator();
  return each(a.size() / b.rows * b.columns, [&](std::size_t i) {
    std::optional<Ciphertext> sum;
    for (std::size_t k = 0; k < b.rows; ++k)
      add_to(on, sum,
             on.multiply(*a.rows[i / b.columns * b.rows + k], b.values[k * b.columns + i % b.columns]));
    return std::move(*sum);
  });
}

BfvCiphertexts BfvEngine::sum_rows(const BfvCiphertexts& a, std::size_t count, std::size_t inner) const {
  const Evaluator on = evaluator();
  return each(a.size() / count, [&](std::size_t i) {
    std::optional<Ciphertext> sum;
    for (std::size_t k = 0; k < count; ++k)
      add_to(on, sum, a.rows[i / inner * count * inner + i % inner + k * inner]->clone());
    return std::move(*sum);
  });
}

Ciphertext BfvEngine::rotated(const bfv::Rotations& rotations, const Ciphertext& a,
                              std::int64_t steps) const {
  const auto row = static_cast<std::int64_t>(slots() / 2);
  const auto left = static_cast<std::uint64_t>((steps % row + row) % row);
  Ciphertext out = a.clone();
  for (std::uint64_t step = 1; step <= left; step *= 2)
    if (left & step) out = rotations.rotate_rows(out, static_cast<std::int64_t>(step));
  return out;
}

BfvCiphertexts BfvEngine::sum_slots(const BfvCiphertexts& a, std::size_t stride, std::size_t count,
                                    const GaloisKeys& keys) const {
  const Evaluator on = evaluator(keys.key.get());
  const bfv::Rotations rotations(on);
  return each(a.size(), [&](std::size_t i) {
    Ciphertext sum = a.rows[i]->clone();
    for (std::size_t step = stride; step < std::min(stride * count, slots() / 2); step *= 2)
      on.add_to(sum, rotations.rotate_rows(sum, static_cast<std::int64_t>(step)));
    if (stride * count > slots() / 2) on.add_to(sum, rotations.rotate_columns(sum));
    return sum;
  });
}

BfvCiphertexts BfvEngine::gather(const BfvCiphertexts& a, std::span<const std::int64_t> steps,
                                 const Integers& values, const GaloisKeys& keys) const {
  const Evaluator on = evaluator(keys.key.get());
  const bfv::Rotations rotations(on);
  const auto terms = each(a.size(), [&](std::size_t i) {
    return on.multiply(rotated(rotations, *a.rows[i], steps[i]), encode(values.row(i)));
  });
  return sum_rows(terms, terms.size(), 1);
}

Bytes BfvEngine::to_bytes(const BfvCiphertexts& ciphertexts) const {
  std::vector<Bytes> rows(ciphertexts.size());
  watched().parallel_for(rows.size(), [&](std::size_t i) {
    rows[i] = wire::encode_ciphertext(*ciphertexts.rows[i], *parameters_, pool());
  });
  return joined_rows(rows);
}

BfvCiphertexts BfvEngine::ciphertexts_from(std::span<const std::uint8_t> bytes) const {
  const auto rows = split_rows(bytes);
  return each(rows.size(),
              [&](std::size_t i) { return wire::decode_ciphertext(rows[i], *parameters_, pool()); });
}

}  // namespace cloister::python
