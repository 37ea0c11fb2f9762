#include "cloister/wire/bit_packing.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "cloister/base/error.h"

namespace cloister::wire {
namespace {

constexpr std::size_t kWordBytes = 8;

std::uint64_t low_mask(int bits) { return ~std::uint64_t{0} >> (64 - bits); }

void check_bits(int bits) {
  if (bits < 1 || bits > 64)
    throw ParametersError("bit packing: " + std::to_string(bits) + " bits a residue; 1 to 64 are possible");
}

void check_size(std::size_t have, std::size_t due) {
  if (have != due)
    throw ParametersError("bit packing: the packed bytes are " + std::to_string(have) + ", and must be " +
                          std::to_string(due));
}

/// Residues of at most 57 bits lie within the 8 bytes that start at their first bit's byte.
constexpr int kMaxOneLoadBits = 57;
/// Bytes read from a residue's first byte on.
constexpr std::size_t kLoadBytes = 9;

template <bool kOneLoad>
std::uint64_t load(const std::uint8_t* packed, std::uint64_t bit) {
  const std::uint8_t* p = packed + bit / 8;
  const auto shift = static_cast<unsigned>(bit % 8);
  std::uint64_t low;
  std::memcpy(&low, p, kWordBytes);
  low >>= shift;
  // Shifting in two steps keeps the amount below 64 when shift is 0.
  if constexpr (!kOneLoad) low |= std::uint64_t{p[kWordBytes]} << 1 << (63 - shift);
  return low;
}

/// Unpacks residues [begin, end); whether one of them is not below the modulus.
template <bool kOneLoad>
bool unpack_run(const std::uint8_t* packed, int bits, std::uint64_t modulus, std::uint64_t first_bit,
                std::span<std::uint64_t> out) {
  const std::uint64_t mask = low_mask(bits);
  std::uint64_t bit = first_bit;
  std::uint64_t bad = 0;
  for (std::uint64_t& residue : out) {
    residue = load<kOneLoad>(packed, bit) & mask;
    bad |= static_cast<std::uint64_t>(residue >= modulus);
    bit += static_cast<unsigned>(bits);
  }
  return bad != 0;
}

[[noreturn]] void throw_first_out_of_range(int bits, std::uint64_t modulus,
                                           std::span<const std::uint64_t> residues) {
  const auto first =
      std::find_if(residues.begin(), residues.end(), [modulus](std::uint64_t x) { return x >= modulus; });
  const auto index = static_cast<std::uint64_t>(first - residues.begin());
  throw DecodeError("residues", index * static_cast<unsigned>(bits) / 8,
                    "residue " + std::to_string(index) + " is not below its modulus");
}

}  // namespace

std::size_t packed_bytes(std::size_t count, int bits) {
  check_bits(bits);
  if (count > (std::numeric_limits<std::size_t>::max() - 7) / static_cast<unsigned>(bits))
    throw ParametersError("bit packing: " + std::to_string(count) + " residues are too many");
  return (count * static_cast<unsigned>(bits) + 7) / 8;
}

void pack_bits(std::span<const std::uint64_t> residues, int bits, std::span<std::uint8_t> packed) {
  check_size(packed.size(), packed_bytes(residues.size(), bits));
  if (residues.empty()) return;
  std::uint8_t* out = packed.data();
  std::uint64_t word = 0;
  std::uint64_t seen = 0;
  int filled = 0;
  for (const std::uint64_t residue : residues) {
    seen |= residue;
    word |= residue << filled;
    filled += bits;
    if (filled < 64) continue;
    std::memcpy(out, &word, kWordBytes);
    out += kWordBytes;
    filled -= 64;
    // The residue's upper `filled` bits; two steps keep the shift below 64.
    word = residue >> 1 >> (bits - filled - 1);
  }
  if ((seen & ~low_mask(bits)) != 0)
    throw ParametersError("bit packing: a residue has more than " + std::to_string(bits) + " bits");
  std::memcpy(out, &word, static_cast<std::size_t>(packed.data() + packed.size() - out));
}

void pack_bits(std::span<const std::uint64_t> residues, int bits, ByteWriter& out) {
  check_bits(bits);
  constexpr std::size_t kRun = 512;  // a multiple of 64 residues ends at a whole word
  std::array<std::uint8_t, kRun * kWordBytes> buffer;
  while (!residues.empty()) {
    const std::size_t count = std::min(kRun, residues.size());
    const auto packed = std::span(buffer).first(packed_bytes(count, bits));
    pack_bits(residues.first(count), bits, packed);
    out.put_raw(packed);
    residues = residues.subspan(count);
  }
}

void unpack_bits(std::span<const std::uint8_t> packed, int bits, std::uint64_t modulus,
                 std::span<std::uint64_t> residues) {
  check_size(packed.size(), packed_bytes(residues.size(), bits));
  if (modulus == 0 || modulus - 1 > low_mask(bits))
    throw ParametersError("bit packing: the modulus has more than " + std::to_string(bits) +
                          " bits, or is 0");
  if (residues.empty()) return;
  const auto run = bits <= kMaxOneLoadBits ? unpack_run<true> : unpack_run<false>;

  // The body may read kLoadBytes from each residue's first byte; the last few go through a padded copy.
  const auto width = static_cast<unsigned>(bits);
  const std::size_t body =
      packed.size() < kLoadBytes
          ? 0
          : std::min<std::size_t>(residues.size(), (packed.size() - kLoadBytes) * 8 / width + 1);
  bool bad = run(packed.data(), bits, modulus, 0, residues.first(body));
  const std::uint64_t tail_bit = std::uint64_t{body} * width;
  const auto rest = packed.subspan(std::min<std::size_t>(packed.size(), tail_bit / 8));
  constexpr std::size_t kTailBytes = 2 * kLoadBytes;  // at most kLoadBytes are left, and a load past them
  std::array<std::uint8_t, kTailBytes> tail{};
  std::copy(rest.begin(), rest.end(), tail.begin());
  bad |= run(tail.data(), bits, modulus, tail_bit % 8, residues.subspan(body));
  if (bad) throw_first_out_of_range(bits, modulus, residues);

  const std::uint64_t used = std::uint64_t{residues.size()} * width % 8;
  if (used != 0 && packed.back() >> used != 0)
    throw DecodeError("residues", packed.size() - 1, "bits are set after the last residue");
}

}  // namespace cloister::wire
