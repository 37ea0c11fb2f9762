#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cloister/base/memory.h"

namespace cloister::wire::internal {

/// RFC 4648's alphabet for addresses, without padding.
bool is_base64url(char c) noexcept;
SecretBuffer<char> to_base64url(std::span<const std::uint8_t> bytes);
/// The inverse; nothing for anything but the one encoding of at least one byte.
std::optional<SecretBuffer<std::uint8_t>> from_base64url(std::string_view text);

}  // namespace cloister::wire::internal
