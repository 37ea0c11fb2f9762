#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloister/base/error.h"

namespace cloister {

static_assert(std::endian::native == std::endian::little, "encodings are little-endian, as the host must be");

/// 32 bytes: a SHA-256 digest or an expansion seed.
using Bytes32 = std::array<std::uint8_t, 32>;

std::string to_hex(std::span<const std::uint8_t> bytes);
/// The inverse of to_hex; throws DecodeError on an odd length or a foreign character.
std::vector<std::uint8_t> from_hex(std::string_view text);

/// SHA-256 of a string of bytes.
Bytes32 sha256(std::span<const std::uint8_t> bytes);

/// Appends little-endian values to a growing string of bytes.
class ByteWriter {
 public:
  template <std::integral T>
  void put(T value) {
    const auto* p = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), p, p + sizeof(T));
  }
  void put(double value) { put(std::bit_cast<std::uint64_t>(value)); }
  void put_raw(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  /// A 32-bit length, then the bytes.
  void put_string(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    put_raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }

  std::size_t size() const noexcept { return bytes_.size(); }
  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

/// Reads little-endian values from borrowed bytes; every read is bounded, and a read past the end is
/// a DecodeError that names the field. Nothing is allocated before its length has been checked.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <std::integral T>
  T get(const char* field) {
    T value;
    std::memcpy(&value, take(sizeof(T), field).data(), sizeof(T));
    return value;
  }
  double get_double(const char* field) { return std::bit_cast<double>(get<std::uint64_t>(field)); }

  /// An integer that must lie in [low, high].
  template <std::integral T>
  T get_in(const char* field, T low, T high) {
    const std::uint64_t at = offset_;
    const T value = get<T>(field);
    if (value < low || value > high)
      throw DecodeError(
          field, at,
          std::to_string(value) + " is outside [" + std::to_string(low) + ", " + std::to_string(high) + "]");
    return value;
  }

  std::span<const std::uint8_t> get_raw(std::size_t size, const char* field) { return take(size, field); }
  Bytes32 get_bytes32(const char* field);
  /// A string of at most `max_bytes`.
  std::string get_string(std::size_t max_bytes, const char* field);

  std::uint64_t offset() const noexcept { return offset_; }
  std::size_t remaining() const noexcept { return bytes_.size() - offset_; }
  /// Throws DecodeError if bytes are left over.
  void expect_end(const char* field) const;

 private:
  std::span<const std::uint8_t> take(std::size_t size, const char* field);

  std::span<const std::uint8_t> bytes_;
  std::size_t offset_ = 0;
};

}  // namespace cloister
