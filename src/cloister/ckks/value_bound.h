#pragma once

#include <cmath>

namespace cloister::ckks {

/// What is known of every slot of a ciphertext or plaintext: the exact value's magnitude is at most
/// `magnitude`, and what decryption gives is within `error` of it. `magnitude` is the caller's word for
/// fresh data and follows from the operations afterwards; `error` sums high-probability bounds of every
/// noise that was added (each fails with probability below 2^-40 over all slots), so it is conservative.
/// Public: it depends on parameters and stated bounds, never on the data.
struct ValueBound {
  double magnitude = 0;
  double error = 0;

  /// What decryption may show at most.
  double total() const noexcept { return magnitude + error; }
  friend bool operator==(const ValueBound&, const ValueBound&) = default;
};

inline ValueBound operator+(const ValueBound& a, const ValueBound& b) noexcept {
  return {a.magnitude + b.magnitude, a.error + b.error};
}
/// |xy - x'y'| <= |x| dy + |y| dx + dx dy.
inline ValueBound operator*(const ValueBound& a, const ValueBound& b) noexcept {
  return {a.magnitude * b.magnitude, a.magnitude * b.error + b.magnitude * a.error + a.error * b.error};
}

}  // namespace cloister::ckks
