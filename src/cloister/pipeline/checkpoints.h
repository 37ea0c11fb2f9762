#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cloister/base/folder_lock.h"
#include "cloister/base/notices.h"
#include "cloister/base/thread_pool.h"
#include "cloister/ckks/parameters.h"
#include "cloister/wire/checkpoint.h"

namespace cloister::pipeline {

using wire::TrainingState;

/// What a training is, so that a checkpoint of another one cannot be taken for its own.
struct TrainingIdentity {
  wire::PlanId plan;
  Bytes32 rows;  ///< ContainerReader::digest() of the rows' file
  Bytes32 keys;  ///< of the evaluation keys' file
};

/// The checkpoints of one training, in a folder of their own: files checkpoint-<number>.enc, whose numbers
/// only grow. A training that goes on from one gives, to the bit, the result of one that was not interrupted,
/// for ciphertexts keep every residue, scale, level and bound. The last two are kept; a new one is whole,
/// synced and under its name before the oldest goes, so that neither a crash nor a full disk loses the older
/// ones. Holds the folder for itself while it lives. For one thread.
class Checkpoints {
 public:
  /// Makes the folder where it is missing (its parent must be there). Errors: Error (kFailedPrecondition) if
  /// another training works in it; FolderLock's.
  Checkpoints(std::filesystem::path folder, const TrainingIdentity& identity,
              std::shared_ptr<const ckks::Parameters> parameters, const ThreadPool& pool,
              const wire::CheckpointLimits& limits = {});

  /// The newest whole state, or nothing if there is none and the training begins anew. To be called before
  /// save(). A damaged checkpoint is named in `notices`, and the one before it is taken; so is a beginning
  /// anew where checkpoints were there. Bytes on disk may be hostile.
  /// Errors: MismatchError if any checkpoint there is whole and of another plan, other rows or other keys (it
  /// names the file and both, and nothing is deleted); Error where a file cannot be read for another reason
  /// than damage.
  std::optional<TrainingState> load_latest(Notices& notices);

  /// Puts a state on disk. Once it returns, no crash and no loss of power gives load_latest() an older one.
  /// Cost: the bytes of its ciphertexts, once to the disk, synced, and their SHA-256.
  /// Errors: wire::write_checkpoint's; ResourceError (a full disk: with the bytes needed) and AtomicFile's
  /// others. After an error the older checkpoints are as they were. InternalError before load_latest().
  void save(const TrainingState& state);

  /// Removes the checkpoints that load_latest() or save() had to do with, once the result is safe; the folder
  /// goes with this, if nothing else is in it. Best effort.
  void remove_all() noexcept;

  const std::filesystem::path& folder() const noexcept { return lock_.folder(); }

 private:
  struct Opened;

  std::filesystem::path path_of(std::uint64_t sequence) const;
  std::vector<std::uint64_t> sequences_on_disk() const;
  Opened open(std::uint64_t sequence) const;
  void require_own(const Opened& opened) const;
  std::optional<std::string> damage_of(std::uint64_t sequence) const;
  void keep_only(std::uint64_t newest, std::optional<std::uint64_t> older) noexcept;

  FolderLock lock_;
  TrainingIdentity identity_;
  std::shared_ptr<const ckks::Parameters> parameters_;
  const ThreadPool* pool_;
  wire::CheckpointLimits limits_;
  bool loaded_ = false;
  std::vector<std::uint64_t> known_;     ///< ascending; own or damaged, hence ours to remove
  std::optional<std::uint64_t> newest_;  ///< the newest that is known to be whole
};

}  // namespace cloister::pipeline
