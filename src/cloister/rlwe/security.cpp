#include "cloister/rlwe/security.h"

#include <array>
#include <span>

namespace cloister::rlwe {

double max_log2_modulus(int log2_degree, SecurityTable table) noexcept {
  constexpr int kFirst = 10;
  constexpr std::array k2024{26, 53, 106, 214, 430, 868, 1747, 3523};
  constexpr std::array k2018{27, 54, 109, 218, 438, 881};
  const std::span<const int> limits =
      table == SecurityTable::k2024 ? std::span<const int>(k2024) : std::span<const int>(k2018);
  if (log2_degree < kFirst || log2_degree >= kFirst + static_cast<int>(limits.size())) return 0;
  return limits[static_cast<std::size_t>(log2_degree - kFirst)];
}

double max_log2_encapsulated_modulus(int log2_degree) noexcept {
  return log2_degree == 16 || log2_degree == 17 ? 120 : 0;
}

}  // namespace cloister::rlwe
