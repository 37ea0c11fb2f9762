#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cloister/math/big_integer.h"

namespace cloister {

/// Digits of base ten, a minus before those of a negative number. Cost: a little over linear in the digits.
std::string to_decimal(const BigInteger& value);
/// A number >= 0 of digits alone, none of them a leading zero; nothing for any other text. The caller bounds
/// the text's length.
std::optional<BigInteger> from_decimal(std::string_view text);

}  // namespace cloister
