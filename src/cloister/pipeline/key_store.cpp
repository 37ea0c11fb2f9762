#include "cloister/pipeline/key_store.h"

#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/base/folder_lock.h"
#include "cloister/wire/container.h"
#include "cloister/wire/expanded_keys.h"

namespace cloister::pipeline {
namespace {

namespace fs = std::filesystem;

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; }

/// The expanded keys of one key file.
class KeyCache {
 public:
  KeyCache(const fs::path& path, const wire::ContainerReader& keys, const rlwe::Parameters& parameters,
           const wire::EvaluationKeysLimits& limits, const Machine& machine)
      : folder_(expanded_keys_folder(path)),
        file_(folder_ / "keys"),
        keys_(&keys),
        parameters_(&parameters),
        limits_(limits),
        machine_(&machine) {}

  /// Nothing while another process makes the file.
  std::optional<rlwe::EvaluationKeys> map_or_make() const {
    if (auto mapped = map()) return mapped;
    const auto lock = FolderLock::try_acquire(folder_);
    if (!lock) {
      machine_->say("another process is expanding the keys into " + folder_.string() +
                    "; here they are loaded into memory");
      return std::nullopt;
    }
    if (auto mapped = map()) return mapped;  // made by another in between
    make();
    auto mapped = map();
    if (!mapped) throw InternalError(file_.string() + " does not fit the keys that it was made from");
    return mapped;
  }

 private:
  wire::ContainerReader open() const {
    return wire::ContainerReader::open(
        file_, {.type = wire::PayloadType::kExpandedKeys, .plan_id = keys_->header().plan_id});
  }

  /// Nothing where there is no file that fits; what does not fit is named.
  std::optional<rlwe::EvaluationKeys> map() const {
    try {
      return wire::map_expanded_keys(open(), keys_->digest(), *parameters_, limits_);
    } catch (const DecodeError& e) {
      machine_->say("the expanded keys are damaged, and made anew: " + std::string(e.what()));
    } catch (const MismatchError& e) {
      machine_->say("the expanded keys are of another key file, and made anew: " + std::string(e.what()));
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kNotFound) throw;
    }
    return std::nullopt;
  }

  void make() const {
    std::error_code error;
    fs::remove(file_, error);  // it does not fit; who has it mapped keeps it
    const std::uint64_t needed = wire::max_expanded_bytes(*keys_, *parameters_);
    if (const fs::space_info space = fs::space(folder_, error); !error && space.available < needed)
      throw ResourceError("the expanded keys need " + megabytes(needed) + " in " + folder_.string() +
                          ", and " + megabytes(space.available) +
                          " are free; free some space, or load the keys into memory (--map-keys off)");
    AtomicFile file(file_, Overwrite::kReplace);
    wire::ContainerWriter container(file, wire::PayloadType::kExpandedKeys, keys_->header().plan_id);
    wire::write_expanded_keys(container, *keys_, *parameters_, limits_, machine_->pool, machine_->progress);
    file.commit();
    try {
      open().verify_all();
    } catch (...) {
      fs::remove(file_, error);
      throw;
    }
  }

  fs::path folder_, file_;
  const wire::ContainerReader* keys_;
  const rlwe::Parameters* parameters_;
  wire::EvaluationKeysLimits limits_;
  const Machine* machine_;
};

/// Whether an error is about the cache's place, and says nothing of the keys or of a wish to stop.
bool is_of_the_disk(const Error& e) {
  return e.code() == ErrorCode::kResourceExhausted || e.code() == ErrorCode::kPermissionDenied ||
         e.code() == ErrorCode::kUnimplemented || e.code() == ErrorCode::kInvalidArgument;
}

std::optional<rlwe::EvaluationKeys> try_mapping(const KeyCache& cache, const Machine& machine) {
  if (machine.key_memory == KeyMemory::kMapped) return cache.map_or_make();
  try {
    return cache.map_or_make();
  } catch (const Error& e) {
    if (!is_of_the_disk(e)) throw;
    machine.say("the keys are loaded into memory, for they cannot be mapped: " + std::string(e.what()));
    return std::nullopt;
  }
}

}  // namespace

fs::path expanded_keys_folder(const fs::path& keys) {
  fs::path folder = keys;
  folder += ".expanded";
  return folder;
}

rlwe::EvaluationKeys open_keys(const fs::path& path, const wire::PlanId& plan_id,
                               const rlwe::Parameters& parameters, const wire::EvaluationKeysLimits& limits,
                               const Machine& machine) {
  auto keys =
      wire::ContainerReader::open(path, {.type = wire::PayloadType::kEvaluationKeys, .plan_id = plan_id});
  const bool map = machine.key_memory == KeyMemory::kMapped ||
                   (machine.key_memory == KeyMemory::kAutomatic &&
                    wire::memory_bytes_of_keys(keys, parameters) >= kMapKeysFromBytes);
  if (map)
    if (auto mapped = try_mapping(KeyCache(path, keys, parameters, limits, machine), machine))
      return std::move(*mapped);
  return wire::load_evaluation_keys(keys, parameters, limits, machine.pool, machine.progress);
}

}  // namespace cloister::pipeline
