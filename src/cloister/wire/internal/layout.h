#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "cloister/base/bytes.h"
#include "cloister/wire/internal/sha256.h"

namespace cloister::wire::internal {

inline constexpr std::array<std::uint8_t, 4> kMagic{'C', 'L', 'O', 'I'};
inline constexpr std::size_t kHeaderBytes = 4 + 2 + 2 + 32;
inline constexpr std::size_t kFramePrefixBytes = 4 + 4 + 8;
inline constexpr std::size_t kFrameHeaderBytes = kFramePrefixBytes + 32;
inline constexpr std::size_t kEndPayloadBytes = 8 + 32;
inline constexpr std::size_t kAlignment = 8;

/// The zeros that follow a payload.
constexpr std::size_t padding_of(std::uint64_t payload_bytes) noexcept {
  return static_cast<std::size_t>(-payload_bytes % kAlignment);
}

/// Binds a frame's bytes to its place in its container. `prefix` is tag, zero and length.
inline Bytes32 frame_checksum(std::span<const std::uint8_t> header, std::uint64_t index,
                              std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> payload) {
  ByteWriter place;
  place.put(index);
  return Sha256().add(header).add(place.bytes()).add(prefix).add(payload).digest();
}

}  // namespace cloister::wire::internal
