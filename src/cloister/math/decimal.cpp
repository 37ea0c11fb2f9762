#include "cloister/math/decimal.h"

#include <gmp.h>

#include <algorithm>

namespace cloister {

std::string to_decimal(const BigInteger& value) {
  std::string out(mpz_sizeinbase(value.raw(), 10) + 2, '\0');  // a sign and the end
  mpz_get_str(out.data(), 10, value.raw());
  out.resize(out.find('\0'));
  return out;
}

std::optional<BigInteger> from_decimal(std::string_view text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  BigInteger out;
  mpz_set_str(out.raw(), std::string(text).c_str(), 10);
  return out;
}

}  // namespace cloister
