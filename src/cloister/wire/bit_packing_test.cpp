#include "cloister/wire/bit_packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "cloister/base/error.h"

namespace cloister::wire {
namespace {

std::uint64_t largest(int bits) { return ~std::uint64_t{0} >> (64 - bits); }

/// The largest modulus that fits: 2^bits, or 2^64 - 1 where that is no word.
std::uint64_t full_modulus(int bits) { return bits == 64 ? largest(64) : largest(bits) + 1; }

std::vector<std::uint64_t> random_residues(std::size_t count, std::uint64_t modulus,
                                           std::mt19937_64& random) {
  std::vector<std::uint64_t> out(count);
  for (auto& x : out) x = random() % modulus;
  return out;
}

std::vector<std::uint8_t> packed(std::span<const std::uint64_t> residues, int bits) {
  std::vector<std::uint8_t> out(packed_bytes(residues.size(), bits));
  pack_bits(residues, bits, out);
  return out;
}

/// The definition: bit j of residue i is bit (i * bits + j) of the bytes.
std::vector<std::uint8_t> packed_by_definition(std::span<const std::uint64_t> residues, int bits) {
  std::vector<std::uint8_t> out((residues.size() * static_cast<unsigned>(bits) + 7) / 8);
  std::size_t at = 0;
  for (const std::uint64_t x : residues)
    for (int j = 0; j < bits; ++j, ++at) out[at / 8] |= static_cast<std::uint8_t>((x >> j & 1) << at % 8);
  return out;
}

constexpr int kWidths = 64;

void match_definition_and_come_back(int bits) {
  std::mt19937_64 random(static_cast<unsigned>(bits));
  for (const std::size_t count : {0, 1, 2, 3, 5, 7, 8, 9, 15, 63, 64, 65, 127, 128, 511, 512, 513, 1024}) {
    const auto residues = random_residues(count, full_modulus(bits), random);
    const auto bytes = packed(residues, bits);
    ASSERT_EQ(bytes, packed_by_definition(residues, bits)) << count;
    ByteWriter writer;
    pack_bits(residues, bits, writer);
    ASSERT_TRUE(std::ranges::equal(writer.bytes(), bytes)) << count;
    std::vector<std::uint64_t> back(count);
    unpack_bits(bytes, bits, full_modulus(bits), back);
    ASSERT_EQ(back, residues) << count;
  }
}

void refuse_residue_of_modulus(int bits) {
  const std::uint64_t modulus = largest(bits);  // the one word of `bits` bits that is not below it
  std::mt19937_64 random(static_cast<unsigned>(bits));
  for (const std::size_t count : {1, 2, 9, 64, 100}) {
    for (std::size_t bad = 0; bad < count; ++bad) {
      auto residues = random_residues(count, modulus, random);
      residues[bad] = modulus;
      std::vector<std::uint64_t> back(count);
      try {
        unpack_bits(packed(residues, bits), bits, modulus, back);
        FAIL() << bad << " of " << count;
      } catch (const DecodeError& e) {
        EXPECT_EQ(e.offset(), bad * static_cast<unsigned>(bits) / 8);
      }
    }
  }
}

void refuse_wide_and_filling(int bits) {
  std::vector<std::uint64_t> residues(3);
  if (bits < 64) {
    for (auto& x : residues) {
      x = largest(bits) + 1;
      EXPECT_THROW(packed(residues, bits), ParametersError);
      x = 0;
    }
  }
  const unsigned used = 3 * static_cast<unsigned>(bits) % 8;
  if (used == 0) return;
  for (unsigned bit = used; bit < 8; ++bit) {
    auto bytes = packed(residues, bits);
    bytes.back() |= static_cast<std::uint8_t>(1u << bit);
    EXPECT_THROW(unpack_bits(bytes, bits, full_modulus(bits), residues), DecodeError);
  }
}

TEST(BitPacking, MatchesItsDefinitionAndComesBack) {
  for (int bits = 1; bits <= kWidths; ++bits) {
    SCOPED_TRACE(bits);
    match_definition_and_come_back(bits);
  }
}

TEST(BitPacking, RefusesAResidueOfTheModulusWhereverItIs) {
  for (int bits = 1; bits <= kWidths; ++bits) {
    SCOPED_TRACE(bits);
    refuse_residue_of_modulus(bits);
  }
}

TEST(BitPacking, RefusesWideResiduesAndSetFilling) {
  for (int bits = 1; bits <= kWidths; ++bits) {
    SCOPED_TRACE(bits);
    refuse_wide_and_filling(bits);
  }
}

TEST(BitPacking, SizesAreCheckedBeforeAnythingIsTouched) {
  std::vector<std::uint64_t> residues(8);
  std::vector<std::uint8_t> bytes(50);
  EXPECT_EQ(packed_bytes(8, 50), 50u);
  EXPECT_EQ(packed_bytes(1, 1), 1u);
  EXPECT_THROW(packed_bytes(1, 0), ParametersError);
  EXPECT_THROW(packed_bytes(1, 65), ParametersError);
  EXPECT_THROW(packed_bytes(std::size_t{1} << 60, 50), ParametersError);
  EXPECT_THROW(pack_bits(residues, 51, bytes), ParametersError);
  EXPECT_THROW(unpack_bits(bytes, 49, 100, residues), ParametersError);
  EXPECT_THROW(unpack_bits(bytes, 50, 0, residues), ParametersError);
  EXPECT_THROW(unpack_bits(bytes, 50, (std::uint64_t{1} << 50) + 1, residues), ParametersError);
}

}  // namespace
}  // namespace cloister::wire
