#include "cloister/wire/internal/base64url.h"

#include <openssl/evp.h>

#include <algorithm>

namespace cloister::wire::internal {
namespace {

/// Of the usual alphabet's two characters that have a meaning in addresses.
char translated(char c, char from_62, char from_63, char to_62, char to_63) noexcept {
  return c == from_62 ? to_62 : c == from_63 ? to_63 : c;
}

}  // namespace

bool is_base64url(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

SecretBuffer<char> to_base64url(std::span<const std::uint8_t> bytes) {
  SecretBuffer<unsigned char> padded((bytes.size() + 2) / 3 * 4 + 1);
  EVP_EncodeBlock(padded.data(), bytes.data(), static_cast<int>(bytes.size()));
  SecretBuffer<char> out((bytes.size() * 4 + 2) / 3);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = translated(static_cast<char>(padded[i]), '+', '/', '-', '_');
  return out;
}

std::optional<SecretBuffer<std::uint8_t>> from_base64url(std::string_view text) {
  if (text.empty() || text.size() % 4 == 1 || !std::ranges::all_of(text, is_base64url)) return std::nullopt;
  const std::size_t size = text.size() * 3 / 4;
  SecretBuffer<unsigned char> padded((text.size() + 3) / 4 * 4);
  for (std::size_t i = 0; i < padded.size(); ++i)
    padded[i] = i < text.size() ? static_cast<unsigned char>(translated(text[i], '-', '_', '+', '/')) : '=';
  SecretBuffer<unsigned char> decoded(padded.size() / 4 * 3);
  if (EVP_DecodeBlock(decoded.data(), padded.data(), static_cast<int>(padded.size())) < 0)
    return std::nullopt;
  auto out = SecretBuffer<std::uint8_t>::copy_of(decoded.span().first(size));
  if (!std::ranges::equal(to_base64url(out.span()), text)) return std::nullopt;  // bits after the last byte
  return out;
}

}  // namespace cloister::wire::internal
