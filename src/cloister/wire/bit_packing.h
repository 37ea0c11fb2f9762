#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cloister/base/bytes.h"

namespace cloister::wire {

/// The bytes that `count` residues of `bits` bits take: ceil(count * bits / 8). Both may come from
/// untrusted bytes only after they have been bounded; a product over 2^64 is a ParametersError.
std::size_t packed_bytes(std::size_t count, int bits);

/// Stores residues below 2^bits in exactly `bits` bits each, the least significant bit first; the last
/// byte is filled up with zeros. Shapes: packed has packed_bytes(residues.size(), bits) bytes; no alias.
/// Errors: ParametersError (bits outside [1, 64], a wrong size, a residue of more than `bits` bits).
void pack_bits(std::span<const std::uint64_t> residues, int bits, std::span<std::uint8_t> packed);
/// The same, appended.
void pack_bits(std::span<const std::uint64_t> residues, int bits, ByteWriter& out);

/// The inverse of pack_bits, for bytes that may be hostile. Value range: every residue is below `modulus`,
/// which is at most 2^bits. Errors: DecodeError (a residue not below the modulus, bits set in the filling),
/// ParametersError (sizes that do not fit). Secrets: the time does not depend on valid residues' values.
void unpack_bits(std::span<const std::uint8_t> packed, int bits, std::uint64_t modulus,
                 std::span<std::uint64_t> residues);

}  // namespace cloister::wire
