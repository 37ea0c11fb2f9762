#include "cloister/base/error.h"

#include <array>

namespace cloister {
namespace {

constexpr std::array<ErrorCodeInfo, 11> kTable{{
    {ErrorCode::kInvalidArgument, "INVALID_ARGUMENT", 3, 2, "InvalidArgumentError"},
    {ErrorCode::kFailedPrecondition, "FAILED_PRECONDITION", 9, 3, "MismatchError"},
    {ErrorCode::kOutOfRange, "OUT_OF_RANGE", 11, 4, "OutOfRangeError"},
    {ErrorCode::kNotFound, "NOT_FOUND", 5, 5, "NotFoundError"},
    {ErrorCode::kAlreadyExists, "ALREADY_EXISTS", 6, 6, "AlreadyExistsError"},
    {ErrorCode::kPermissionDenied, "PERMISSION_DENIED", 7, 7, "SecurityError"},
    {ErrorCode::kResourceExhausted, "RESOURCE_EXHAUSTED", 8, 8, "ResourceError"},
    {ErrorCode::kDataLoss, "DATA_LOSS", 15, 9, "DecodeError"},
    {ErrorCode::kCancelled, "CANCELLED", 1, 130, "CancelledError"},
    {ErrorCode::kUnimplemented, "UNIMPLEMENTED", 12, 10, "UnimplementedError"},
    {ErrorCode::kInternal, "INTERNAL", 13, 70, "InternalError"},
}};

}  // namespace

std::span<const ErrorCodeInfo> error_code_table() noexcept { return kTable; }

const ErrorCodeInfo& info(ErrorCode code) noexcept { return kTable[static_cast<std::size_t>(code)]; }

}  // namespace cloister
