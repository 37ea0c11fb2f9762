#pragma once

#include <cstddef>
#include <cstdint>

#include "cloister/base/progress.h"
#include "cloister/base/thread_pool.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"
#include "cloister/wire/container.h"

namespace cloister::wire {

// Keys as frames of a container. The uniform half of each is expanded from its seed where it is read, so that
// half of it travels; sizes are exactly those of rlwe/encoded_size.h. Each frame names its parameters, and
// every residue is checked to be below its prime. Errors: of all readers DecodeError (a field out of its
// bounds, a wrong length, a residue too large) and MismatchError (other parameters), besides the container's
// own; of all writers MismatchError (a key of other parameters) and ParametersError (a key that is not
// whole).

/// Writes evaluation keys one at a time into a container of kEvaluationKeys, which the caller finishes: what
/// is held in memory is the key at hand. Borrows all three.
class EvaluationKeysWriter {
 public:
  EvaluationKeysWriter(ContainerWriter& out, const rlwe::Parameters& parameters, const ThreadPool& pool)
      : out_(&out), parameters_(&parameters), pool_(&pool) {}

  void write_relinearization(const rlwe::KeySwitchKey& key);
  void write_galois(const rlwe::GaloisKey& key);
  /// Two frames.
  void write_encapsulation(const rlwe::EncapsulationKeys& keys);

 private:
  ContainerWriter* out_;
  const rlwe::Parameters* parameters_;
  const ThreadPool* pool_;
};

/// What a set of evaluation keys may cost its reader.
struct EvaluationKeysLimits {
  std::size_t max_keys;
  std::uint64_t max_memory_bytes;  ///< of the loaded keys, as rlwe/encoded_size.h counts
};

/// All evaluation keys of a container (of kEvaluationKeys, from its first frame). Memory: the keys, and a few
/// frames at a time; mapped frames are given back as they have been read. Progress: keys, of stage "load
/// keys". Errors: besides those above ResourceError (over a limit) and DecodeError (a key that is there
/// twice, one of the encapsulation keys without the other, or a kind that these parameters have no keys of).
rlwe::EvaluationKeys load_evaluation_keys(ContainerReader& reader, const rlwe::Parameters& parameters,
                                          const EvaluationKeysLimits& limits, const ThreadPool& pool,
                                          Progress& progress);

/// A public key as the only frame of a container of kPublicKey, which the caller finishes.
void write_public_key(ContainerWriter& out, const rlwe::PublicKey& key, const rlwe::Parameters& parameters,
                      const ThreadPool& pool);
rlwe::PublicKey load_public_key(ContainerReader& reader, const rlwe::Parameters& parameters,
                                const ThreadPool& pool);

}  // namespace cloister::wire
