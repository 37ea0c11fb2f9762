#include "cloister/base/bytes.h"

#include <openssl/sha.h>

namespace cloister {

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::uint8_t b : bytes) {
    out.push_back(kDigits[b >> 4]);
    out.push_back(kDigits[b & 15]);
  }
  return out;
}

std::vector<std::uint8_t> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) throw DecodeError("hex", text.size(), "the number of digits is odd");
  const auto digit = [&](std::size_t i) -> std::uint8_t {
    const char c = text[i];
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    throw DecodeError("hex", i, "not a hexadecimal digit");
  };
  std::vector<std::uint8_t> out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>(digit(2 * i) << 4 | digit(2 * i + 1));
  return out;
}

Bytes32 sha256(std::span<const std::uint8_t> bytes) {
  Bytes32 out;
  SHA256(bytes.data(), bytes.size(), out.data());
  return out;
}

std::span<const std::uint8_t> ByteReader::take(std::size_t size, const char* field) {
  if (size > remaining())
    throw DecodeError(field, offset_,
                      "truncated: " + std::to_string(size) + " bytes are due, " +
                          std::to_string(remaining()) + " are left");
  const auto out = bytes_.subspan(offset_, size);
  offset_ += size;
  return out;
}

Bytes32 ByteReader::get_bytes32(const char* field) {
  Bytes32 out;
  std::memcpy(out.data(), take(out.size(), field).data(), out.size());
  return out;
}

std::string ByteReader::get_string(std::size_t max_bytes, const char* field) {
  const std::uint64_t at = offset_;
  const auto size = get<std::uint32_t>(field);
  if (size > max_bytes)
    throw DecodeError(field, at,
                      "a string of " + std::to_string(size) + " bytes; at most " + std::to_string(max_bytes) +
                          " are allowed");
  const auto raw = take(size, field);
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

void ByteReader::expect_end(const char* field) const {
  if (remaining() != 0)
    throw DecodeError(field, offset_, std::to_string(remaining()) + " bytes follow the end");
}

}  // namespace cloister
