#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cloister {

/// What went wrong, in gRPC's canonical terms. Callers branch on the code, never on the message.
enum class ErrorCode : int {
  kInvalidArgument,     ///< a value the caller passed is wrong, whatever the state
  kFailedPrecondition,  ///< two things do not belong together, or a step is missing
  kOutOfRange,          ///< a level, a precision or a bound is used up
  kNotFound,            ///< a file, key or column is missing
  kAlreadyExists,       ///< something would be overwritten
  kPermissionDenied,    ///< a wrong passphrase, or a request that security forbids
  kResourceExhausted,   ///< memory, disk or a stated limit is used up
  kDataLoss,            ///< bytes are damaged or foreign
  kCancelled,           ///< the caller asked to stop
  kUnimplemented,       ///< valid, and not supported by this build
  kInternal,            ///< a defect of Cloister
};

/// One row of the table by which every front end translates a code.
struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view name;         ///< "INVALID_ARGUMENT", ...
  int grpc_status;               ///< gRPC's number of the same name
  int exit_code;                 ///< the command line's exit status
  std::string_view python_name;  ///< exception of the Python package
};

/// The whole table, one row a code, in the enum's order.
std::span<const ErrorCodeInfo> error_code_table() noexcept;
const ErrorCodeInfo& info(ErrorCode code) noexcept;

/// Base of every error Cloister throws. The message says what is wrong and how to mend it; it never
/// holds key bytes, clear values or their statistics.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// A parameter or argument outside its range.
class ParametersError : public Error {
 public:
  explicit ParametersError(const std::string& message) : Error(ErrorCode::kInvalidArgument, message) {}
};

/// Two things that must belong together do not (a key and a ciphertext of different plans).
class MismatchError : public Error {
 public:
  MismatchError(const std::string& message, std::string left, std::string right)
      : Error(ErrorCode::kFailedPrecondition, message + " (" + left + " against " + right + ")"),
        left_(std::move(left)),
        right_(std::move(right)) {}
  const std::string& left() const noexcept { return left_; }
  const std::string& right() const noexcept { return right_; }

 private:
  std::string left_, right_;
};

/// An evaluation key that an operation needs was not generated.
class MissingKeyError : public Error {
 public:
  MissingKeyError(const std::string& message, std::uint64_t galois_element)
      : Error(ErrorCode::kNotFound, message), galois_element_(galois_element) {}
  /// The automorphism X -> X^g that lacks its key; 0 stands for the relinearization key.
  std::uint64_t galois_element() const noexcept { return galois_element_; }

 private:
  std::uint64_t galois_element_;
};

/// A ciphertext has fewer levels left than an operation consumes.
class LevelExhaustedError : public Error {
 public:
  LevelExhaustedError(const std::string& operation, int have, int need)
      : Error(ErrorCode::kOutOfRange,
              operation + ": level is " + std::to_string(have) + ", needs at least " + std::to_string(need) +
                  "; plan for more levels (a longer modulus chain) or fewer iterations"),
        have_(have),
        need_(need) {}
  int have() const noexcept { return have_; }
  int need() const noexcept { return need_; }

 private:
  int have_, need_;
};

/// The result would not have the precision that was promised.
class PrecisionError : public Error {
 public:
  explicit PrecisionError(const std::string& message) : Error(ErrorCode::kOutOfRange, message) {}
};

/// Bytes from outside that are truncated, damaged, foreign or out of bounds.
class DecodeError : public Error {
 public:
  DecodeError(const std::string& field, std::uint64_t offset, const std::string& message)
      : Error(ErrorCode::kDataLoss, field + " at byte " + std::to_string(offset) + ": " + message),
        field_(field),
        offset_(offset) {}
  const std::string& field() const noexcept { return field_; }
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  std::string field_;
  std::uint64_t offset_;
};

/// Memory, disk space or a configured limit is used up.
class ResourceError : public Error {
 public:
  explicit ResourceError(const std::string& message) : Error(ErrorCode::kResourceExhausted, message) {}
};

/// A request that would weaken security, or a passphrase that does not fit.
class SecurityError : public Error {
 public:
  explicit SecurityError(const std::string& message) : Error(ErrorCode::kPermissionDenied, message) {}
};

/// A broken invariant of Cloister itself.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& message) : Error(ErrorCode::kInternal, message) {}
};

}  // namespace cloister
