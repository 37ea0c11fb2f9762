#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace cloister::wire {

/// Damages bytes the way that finds mistakes in decoders: bits, extreme values, lengths, pieces moved about.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::vector<std::uint8_t> operator()(const std::vector<std::uint8_t>& good) {
    std::vector<std::uint8_t> out = good;
    for (std::uint64_t times = 1 + below(3); times > 0; --times) mutate(out);
    return out;
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

 private:
  void mutate(std::vector<std::uint8_t>& bytes) {
    if (bytes.empty()) {
      bytes.resize(below(16));
      return;
    }
    // Headers come first and are where most can go wrong.
    const std::size_t at =
        below(3) == 0 ? below(bytes.size()) : below(std::min<std::size_t>(bytes.size(), 96));
    switch (below(7)) {
      case 0:
        bytes[at] ^= static_cast<std::uint8_t>(1 << below(8));
        break;
      case 1:
        bytes[at] = static_cast<std::uint8_t>(random_());
        break;
      case 2:
        overwrite(bytes, at);
        break;
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.insert(bytes.end(), 1 + below(40), static_cast<std::uint8_t>(random_()));
        break;
      case 5:
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      default:
        copy_piece(bytes, at);
    }
  }
  void overwrite(std::vector<std::uint8_t>& bytes, std::size_t at) {
    static constexpr std::array<std::uint64_t, 8> kExtremes{
        0, 1, 3, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, ~std::uint64_t{0}, 0x7ff0000000000000};
    const std::uint64_t value = kExtremes[below(kExtremes.size())];
    const std::size_t width = std::min<std::size_t>(std::size_t{1} << below(4), bytes.size() - at);
    std::memcpy(bytes.data() + at, &value, width);
  }
  void copy_piece(std::vector<std::uint8_t>& bytes, std::size_t to) {
    const std::size_t from = below(bytes.size());
    const std::size_t size = std::min(below(32), bytes.size() - std::max(from, to));
    std::memmove(bytes.data() + to, bytes.data() + from, size);
  }

  std::mt19937_64 random_;
};

}  // namespace cloister::wire
