#include "cloister/paillier/slot_operations.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::paillier {
namespace {

/// A ciphertext of the operands, and where its lowest value goes.
struct Placed {
  const std::uint64_t* residue;
  std::uint64_t ciphertext;
  std::uint32_t slot;
};

/// Plaintexts times 2^bits: squarings, as many at once as an exponent of one word says, since what a call
/// takes beside them is worth many.
void shift_up(const internal::ModularArithmetic& arithmetic, std::uint64_t* at, std::uint32_t bits,
              std::size_t count) {
  constexpr std::uint32_t kMostBits = 63;
  std::vector<std::uint64_t> exponents(count);
  for (std::uint32_t left = bits; left > 0;) {
    const std::uint32_t step = std::min(left, kMostBits);
    std::ranges::fill(exponents, std::uint64_t{1} << step);
    arithmetic.power_vartime(at, exponents.data(), at, count);
    left -= step;
  }
}

/// A block of ciphertexts of a result: each the product of those placed in it, shifted to their slots.
/// Horner's rule from the highest slot down.
void join_block(const PublicKey& key, std::span<const Placed> placed, std::uint64_t first,
                std::uint32_t bits_per_slot, std::uint64_t* at, std::size_t count) {
  const std::size_t limbs = key.ciphertext_limbs();
  const auto& arithmetic = key.arithmetic();
  std::vector<Placed> order(placed.begin(), placed.end());
  std::ranges::sort(order, std::ranges::greater{}, &Placed::slot);
  Buffer<std::uint64_t> factors(count * limbs);
  std::uint32_t slot = order.front().slot;
  for (auto next = order.begin();; --slot) {
    std::ranges::fill(factors.span(), 0);
    for (std::size_t i = 0; i < count; ++i) factors[i * limbs] = 1;
    for (; next != order.end() && next->slot == slot; ++next)
      std::copy_n(next->residue, limbs, factors.data() + (next->ciphertext - first) * limbs);
    arithmetic.multiply(at, factors.data(), at, count);
    if (slot == 0) return;
    shift_up(arithmetic, at, bits_per_slot, count);
  }
}

/// `placed` is in the order of the result's ciphertexts, of which each holds one at least.
Buffer<std::uint64_t> join(const Evaluator& evaluator, std::span<const Placed> placed,
                           std::size_t ciphertexts, const Packing& packing) {
  const PublicKey& key = evaluator.public_key();
  const std::size_t limbs = key.ciphertext_limbs();
  Buffer<std::uint64_t> out(ciphertexts * limbs);
  for (std::size_t i = 0; i < ciphertexts; ++i) out[i * limbs] = 1;  // it encrypts zero
  internal::for_blocks(
      evaluator.pool(), ciphertexts, key.arithmetic().block(), [&](std::size_t first, std::size_t count) {
        const auto begin = std::ranges::lower_bound(placed, first, {}, &Placed::ciphertext);
        const auto end = std::ranges::lower_bound(placed, first + count, {}, &Placed::ciphertext);
        join_block(key, {begin, end}, first, packing.bits_per_slot, out.data() + first * limbs, count);
      });
  return out;
}

void check_part(const Evaluator& evaluator, const EncryptedVector& part, const VectorFormat& model,
                const Packing& packing) {
  check_same_key("concatenate", part.key_id(), evaluator.public_key().id());
  const VectorFormat& format = part.format();
  if (format.fraction_bits != model.fraction_bits)
    throw MismatchError("concatenate: the parts differ in fraction bits",
                        std::to_string(format.fraction_bits), std::to_string(model.fraction_bits));
  if (format.packing.slots != 1 && format.packing.bits_per_slot != packing.bits_per_slot)
    throw MismatchError("concatenate: slots keep their width; pack by the same plan",
                        std::to_string(format.packing.bits_per_slot) + " bits",
                        std::to_string(packing.bits_per_slot) + " bits");
}

VectorFormat checked(const Evaluator& evaluator, VectorFormat format) {
  if (const auto fault = format.fault(evaluator.public_key().modulus_bits()))
    throw PrecisionError("pack: " + *fault + "; plan the packing for the largest value");
  return format;
}

}  // namespace

EncryptedVector shift(const Evaluator& evaluator, const EncryptedVector& a, std::uint32_t slots) {
  check_same_key("shift", a.key_id(), evaluator.public_key().id());
  VectorFormat format = a.format().clone();
  if (format.size + slots > format.packing.slots)
    throw ParametersError("shift: " + std::to_string(format.size) + " values do not fit " +
                          std::to_string(format.packing.slots) + " slots when moved by " +
                          std::to_string(slots));
  format.size += slots;
  const Placed placed{a.residues().data(), 0, slots};
  auto residues = join(evaluator, {&placed, 1}, 1, format.packing);
  return EncryptedVector::unchecked(evaluator.public_key(), std::move(format), std::move(residues));
}

EncryptedVector concatenate(const Evaluator& evaluator, std::span<const EncryptedVector> parts,
                            const Packing& packing) {
  if (parts.empty()) throw ParametersError("concatenate: there are no parts; give at least one");
  const VectorFormat& model = parts.front().format();
  VectorFormat format{0, model.fraction_bits, packing, model.bound.clone()};
  for (const EncryptedVector& part : parts) {
    check_part(evaluator, part, model, packing);
    format.size += part.size();
    if (part.format().bound > format.bound) format.bound = part.format().bound.clone();
  }
  format = checked(evaluator, std::move(format));
  std::vector<Placed> placed;
  std::uint64_t at = 0;
  for (const EncryptedVector& part : parts) {
    const std::uint64_t end = at + part.size();
    for (std::size_t c = 0; c < part.ciphertexts(); ++c) {
      const auto values = std::min<std::uint64_t>(part.format().packing.slots, end - at);
      if (at % packing.slots + values > packing.slots)
        throw ParametersError("concatenate: the values of ciphertext " + std::to_string(c) +
                              " of a part would be divided between two; choose slots that they divide");
      placed.push_back(
          {part.ciphertext(c).data(), at / packing.slots, static_cast<std::uint32_t>(at % packing.slots)});
      at += values;
    }
  }
  auto residues = join(evaluator, placed, format.ciphertexts(), packing);
  return EncryptedVector::unchecked(evaluator.public_key(), std::move(format), std::move(residues));
}

EncryptedVector pack(const Evaluator& evaluator, const EncryptedVector& a, const Packing& packing) {
  return concatenate(evaluator, {&a, 1}, packing);
}

}  // namespace cloister::paillier
