#include "cloister/bfv/owner/decryptor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <vector>

#include "cloister/bfv/internal/checks.h"
#include "cloister/bfv/noise.h"
#include "cloister/math/big_integer.h"
#include "cloister/rlwe/owner/encryption.h"

namespace cloister::bfv {
namespace {

constexpr std::size_t kBlock = 512;
const double kLargestNoise = std::exp2(-1 - kLeastBudgetBits);

std::uint64_t product_without(const Ring& ring, std::size_t limbs, std::size_t skip, const Modulus& q) {
  std::uint64_t product = 1;
  for (std::size_t j = 0; j < limbs; ++j)
    if (j != skip) product = q.mul(product, q.reduce(ring.modulus(j).value()));
  return product;
}

}  // namespace

Decryptor::Decryptor(std::shared_ptr<const Parameters> parameters, const rlwe::SecretKey& key,
                     const ThreadPool& pool)
    : parameters_(std::move(parameters)), key_(&key), pool_(&pool) {
  if (key.parameters()->ring() != parameters_->ring())
    throw MismatchError("the secret key belongs to other parameters", "secret key", "parameters");
}

CoefficientPoly Decryptor::fractions(const Ciphertext& ciphertext) const {
  internal::require_ring(*parameters_, ciphertext.parts.front(), "ciphertext");
  const Ring& ring = *parameters_->ring();
  const std::size_t limbs = ciphertext.parts.front().limbs().q;
  auto x = to_coefficient(rlwe::phase(*key_, ciphertext.parts, limbs, *pool_), *pool_);
  // t x (Q / q_i)^-1 modulo q_i.
  pool_->parallel_for(limbs, [&](std::size_t i) {
    const Modulus& q = ring.modulus(i);
    const std::uint64_t inverse = q.inverse(product_without(ring, limbs, i, q));
    const ShoupFactor factor(q.mul(inverse, q.reduce(parameters_->plaintext_modulus().value())), q);
    ring.kernels().mul_scalar(q, x.limb(i), factor, x.limb(i), ring.degree());
  });
  return x;
}

// With w_i the numerators, t x / Q = sum of w_i / q_i less an integer, the nearest of which is k. What is
// left is v = [t x]_Q / Q, and the message is (t x - [t x]_Q) / Q = k - sum of w_i / q_i modulo t.
Plaintext Decryptor::decrypt(const Ciphertext& ciphertext) const {
  const CoefficientPoly w = fractions(ciphertext);
  const Ring& ring = *parameters_->ring();
  const Modulus& t = parameters_->plaintext_modulus();
  const std::size_t limbs = w.limbs().q, n = ring.degree(), block = std::min(kBlock, n);
  std::vector<double> reciprocals;
  std::vector<std::uint64_t> constants;
  int bits = t.bits();
  for (std::size_t i = 0; i < limbs; ++i) {
    const Modulus& q = ring.modulus(i);
    reciprocals.push_back(1.0 / static_cast<double>(q.value()));
    constants.push_back(t.negate(t.inverse(t.reduce(q.value()))));
    bits = std::max(bits, q.bits());
  }
  constants.push_back(t.reduce(std::uint64_t{1}));
  Plaintext out{ring.words(n)};
  std::vector<double> largest(n / block);
  pool_->parallel_for(n / block, [&](std::size_t task) {
    const std::size_t first = task * block;
    alignas(64) std::array<std::uint64_t, kBlock> nearest;
    alignas(64) std::array<double, kBlock> noise;
    std::vector<const std::uint64_t*> rows;
    for (std::size_t i = 0; i < limbs; ++i) rows.push_back(w.limb(i) + first);
    ring.kernels().round_quotient(rows.data(), reciprocals.data(), limbs, nearest.data(), block);
    for (std::size_t j = 0; j < block; ++j) noise[j] = -static_cast<double>(nearest[j]);
    for (std::size_t i = 0; i < limbs; ++i)
      for (std::size_t j = 0; j < block; ++j)
        noise[j] += static_cast<double>(static_cast<std::int64_t>(rows[i][j])) * reciprocals[i];
    for (std::size_t j = 0; j < block; ++j) largest[task] = std::max(largest[task], std::abs(noise[j]));
    rows.push_back(nearest.data());
    ring.kernels().dot_constants(t, rows.data(), constants.data(), rows.size(), bits,
                                 out.coefficients.data() + first, block);
  });
  if (std::ranges::max(largest) > kLargestNoise)
    throw PrecisionError(
        "decrypt: the ciphertext's noise leaves less than one bit of budget, so that its message is not "
        "certain; it is damaged, of another key, or was computed with too few primes");
  return out;
}

double Decryptor::noise_budget_bits(const Ciphertext& ciphertext) const {
  const CoefficientPoly w = fractions(ciphertext);
  const Ring& ring = *parameters_->ring();
  const std::size_t limbs = w.limbs().q;
  BigInteger q(1);
  for (std::size_t i = 0; i < limbs; ++i)
    q = q * BigInteger(static_cast<std::int64_t>(ring.modulus(i).value()));
  std::vector<BigInteger> hats(limbs);  // Q / q_i
  for (std::size_t i = 0; i < limbs; ++i) {
    hats[i] = BigInteger(1);
    for (std::size_t j = 0; j < limbs; ++j)
      if (j != i) hats[i] = hats[i] * BigInteger(static_cast<std::int64_t>(ring.modulus(j).value()));
  }
  const BigInteger half = q >> 1;
  std::vector<BigInteger> largest(kNttParts);
  pool_->parallel_for(kNttParts, [&](std::size_t part) {
    const std::size_t size = ring.degree() / kNttParts;
    for (std::size_t j = part * size; j < (part + 1) * size; ++j) {
      BigInteger sum;
      for (std::size_t i = 0; i < limbs; ++i)
        sum = sum + hats[i] * BigInteger(static_cast<std::int64_t>(w.limb(i)[j]));
      sum = sum.mod(q);
      if (sum > half) sum = q - sum;
      if (sum > largest[part]) largest[part] = std::move(sum);
    }
  });
  const BigInteger& noise = *std::ranges::max_element(largest);
  const auto log2 = [](const BigInteger& x) {
    const auto shift = static_cast<int>(x.bit_length());
    return std::log2(x.to_double_scaled(shift)) + shift;
  };
  const double most = log2(q) - std::log2(static_cast<double>(parameters_->plaintext_modulus().value()));
  return noise.sign() == 0 ? most : std::clamp(log2(q) - log2(noise) - 1, 0.0, most);
}

}  // namespace cloister::bfv
