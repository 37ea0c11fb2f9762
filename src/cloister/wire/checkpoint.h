#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cloister/base/thread_pool.h"
#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"
#include "cloister/wire/container.h"

namespace cloister::wire {

/// What a training needs to go on from where it was, besides its plan, rows and keys.
struct TrainingState {
  std::uint64_t iteration = 0;  ///< iterations that are finished
  std::string stage;            ///< where in the iteration: 1 to 64 small letters, digits and hyphens
  std::vector<ckks::Ciphertext> ciphertexts;  ///< what they mean is the stage's
};

/// What a checkpoint belongs to, besides the container's plan, and which of its training's it is.
struct CheckpointOrigin {
  Bytes32 rows;  ///< the digest of the container of the rows that are trained on
  Bytes32 keys;  ///< of the evaluation keys
  std::uint64_t sequence = 0;

  friend bool operator==(const CheckpointOrigin&, const CheckpointOrigin&) = default;
};

/// Bounds on a checkpoint.
struct CheckpointLimits {
  std::uint32_t max_ciphertexts = 256;
};

/// The bytes of a checkpoint's container, exactly.
std::uint64_t checkpoint_bytes(const TrainingState& state, const ckks::Parameters& parameters);
/// The most that a checkpoint within the limits can have: of three parts each, at the highest level.
std::uint64_t max_checkpoint_bytes(const ckks::Parameters& parameters, const CheckpointLimits& limits);

/// Writes and finishes a container of kCheckpoint. Errors: ParametersError (a stage that is no name, more
/// ciphertexts than the limits allow, one that is not of normal form), MismatchError (other parameters).
void write_checkpoint(ContainerWriter& out, const CheckpointOrigin& origin, const TrainingState& state,
                      const ckks::Parameters& parameters, const CheckpointLimits& limits,
                      const ThreadPool& pool);

/// Reads the checkpoint's first frame alone. Errors: DecodeError.
CheckpointOrigin read_checkpoint_origin(const ContainerReader& reader);
/// The whole state, every value, level, scale and bound as it was written, to the bit. Bytes may be hostile.
/// Errors: DecodeError (a field out of its bounds, frames that are not due), MismatchError (other
/// parameters), ResourceError (more ciphertexts than the limits allow).
TrainingState read_checkpoint(const ContainerReader& reader, const ckks::Parameters& parameters,
                              const CheckpointLimits& limits, const ThreadPool& pool);

}  // namespace cloister::wire
