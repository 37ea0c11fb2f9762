#include "cloister/rlwe/security.h"

namespace cloister::rlwe {

double max_log2_modulus(int log2_degree) noexcept {
  switch (log2_degree) {
    case 10:
      return 26;
    case 11:
      return 53;
    case 12:
      return 106;
    case 13:
      return 214;
    case 14:
      return 430;
    case 15:
      return 868;
    case 16:
      return 1747;
    case 17:
      return 3523;
    default:
      return 0;
  }
}

double max_log2_encapsulated_modulus(int log2_degree) noexcept {
  return log2_degree == 16 || log2_degree == 17 ? 120 : 0;
}

}  // namespace cloister::rlwe
