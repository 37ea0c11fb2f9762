#include "apps/common/failure.h"

#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

namespace cloister::app {
namespace {

ErrorCode code_of(const std::error_code& error) {
  if (error == std::errc::no_such_file_or_directory) return ErrorCode::kNotFound;
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted ||
      error == std::errc::read_only_file_system)
    return ErrorCode::kPermissionDenied;
  if (error == std::errc::no_space_on_device || error == std::errc::file_too_large ||
      error == std::errc::too_many_files_open)
    return ErrorCode::kResourceExhausted;
  if (error == std::errc::file_exists) return ErrorCode::kAlreadyExists;
  return ErrorCode::kInvalidArgument;
}

}  // namespace

Failure current_failure() {
  try {
    throw;
  } catch (const Error& e) {
    return {e.code(), e.what()};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kResourceExhausted, "out of memory; use fewer threads, or a machine with more memory"};
  } catch (const std::filesystem::filesystem_error& e) {
    return {code_of(e.code()), e.path1().string() + ": " + e.code().message()};
  } catch (const std::exception& e) {
    return {ErrorCode::kInternal, std::string("a defect of Cloister, please report it: ") + e.what()};
  }
}

}  // namespace cloister::app
