#include "cloister/bfv/parameters.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/bfv/internal/product_basis.h"
#include "cloister/math/primes.h"
#include "cloister/rlwe/security.h"

namespace cloister::bfv {
namespace {

constexpr int kMinLog2Degree = 10, kMaxLog2Degree = 17;
constexpr double kMostPrimeBits = 48.9;  // AVX-512 IFMA multiplies without a correction
constexpr double kSlackBits = 0.02;      // a prime is that near to where it was looked for
constexpr double kSpecialMarginBits = 0.1;
constexpr int kSinglePrimeDigits = 14, kDigits = 8;

// A modulus that the table allows, split into primes of Q and, `margin` larger in all, of P.
struct Split {
  std::size_t q, p;
  int digits;
  double bits;  // of a prime of Q
};

Split split(int log2_degree) {
  const double most = rlwe::max_log2_modulus(log2_degree) - kSpecialMarginBits;
  if (log2_degree == kMinLog2Degree) return {1, 0, 1, most};
  const auto primes = std::max<std::size_t>(static_cast<std::size_t>(std::ceil(most / kMostPrimeBits)), 2);
  // One prime in nine for P where there are eight digits, as many as one of these has.
  const std::size_t special = log2_degree <= kSinglePrimeDigits ? 1 : (primes + kDigits) / (kDigits + 1);
  const std::size_t q = primes - special;
  const int digits = static_cast<int>((q + special - 1) / special);
  return {q, special, digits, most / static_cast<double>(primes)};
}

Bytes32 fingerprint(const ParametersSpec& spec, const rlwe::Parameters& rlwe) {
  ByteWriter w;
  w.put_string("cloister bfv parameters 1");
  w.put_raw(rlwe.id());
  w.put(spec.plaintext_modulus);
  return sha256(w.bytes());
}

}  // namespace

ParametersSpec Parameters::default_spec(int log2_degree, std::uint64_t plaintext_modulus) {
  if (log2_degree < kMinLog2Degree || log2_degree > kMaxLog2Degree)
    throw ParametersError("parameters: there are none by default of the ring degree 2^" +
                          std::to_string(log2_degree) + "; take 2^10 to 2^17");
  const Split parts = split(log2_degree);
  const std::uint64_t step = std::uint64_t{2} << log2_degree;
  ParametersSpec out{plaintext_modulus,
                     {.log2_degree = log2_degree, .q_primes = {}, .p_primes = {}, .digits = parts.digits}};
  std::vector<std::uint64_t> taken{plaintext_modulus};
  const auto take = [&](double bits) {
    taken.push_back(nearest_prime(std::exp2(bits - kSlackBits), step, taken));
    return taken.back();
  };
  for (std::size_t i = 0; i < parts.q; ++i) out.chain.q_primes.push_back(take(parts.bits));
  for (std::size_t i = 0; i < parts.p; ++i)
    out.chain.p_primes.push_back(take(parts.bits + kSpecialMarginBits / static_cast<double>(parts.p)));
  return out;
}

std::uint64_t Parameters::batching_modulus(int log2_degree, int bits) {
  if (log2_degree < 3 || log2_degree > kMaxLog2Degree || bits < 2 || bits > Modulus::kMaxBits)
    throw ParametersError("parameters: no plaintext modulus has " + std::to_string(bits) +
                          " bits at ring degree 2^" + std::to_string(log2_degree));
  const std::uint64_t step = std::uint64_t{2} << log2_degree, end = std::uint64_t{1} << bits;
  for (std::uint64_t t = (end - 1) / step * step + 1; t > end / 2; t -= step)
    if (t < end && is_prime(t)) return t;
  throw ParametersError("parameters: no prime of " + std::to_string(bits) + " bits is 1 modulo " +
                        std::to_string(step) + "; take more bits");
}

std::shared_ptr<const Parameters> Parameters::create(const ParametersSpec& spec, const KernelTable& kernels) {
  return std::shared_ptr<const Parameters>(
      new Parameters(spec, rlwe::Parameters::create(spec.chain, kernels)));
}

Parameters::Parameters(ParametersSpec spec, std::shared_ptr<const rlwe::Parameters> rlwe)
    : spec_(std::move(spec)),
      rlwe_(std::move(rlwe)),
      plaintext_modulus_(spec_.plaintext_modulus),
      id_(fingerprint(spec_, *rlwe_)),
      has_batching_(spec_.plaintext_modulus % (2 * ring()->degree()) == 1 &&
                    is_prime(spec_.plaintext_modulus)) {
  double sum = 0;
  for (const auto prime : spec_.chain.q_primes) {
    if (spec_.plaintext_modulus % prime == 0)
      throw ParametersError("parameters: the plaintext modulus " + std::to_string(spec_.plaintext_modulus) +
                            " is a multiple of the chain's prime " + std::to_string(prime));
    log2_moduli_.push_back(sum += std::log2(static_cast<double>(prime)));
  }
  product_basis_ = std::make_unique<const internal::ProductBasis>(*rlwe_, plaintext_modulus_);
}

Parameters::~Parameters() = default;

}  // namespace cloister::bfv
