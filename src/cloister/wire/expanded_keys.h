#pragma once

#include <cstdint>

#include "cloister/base/progress.h"
#include "cloister/base/thread_pool.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"
#include "cloister/wire/container.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::wire {

// Evaluation keys as they lie in memory, both halves, a word a residue, in a file that a server makes for
// itself from the owner's and maps: keys come page by page as they are used, are shared between processes,
// and the system may take their memory back. It is a cache: it never travels, and is made anew where it does
// not fit.
//
// What is checked, and what is not. Making it goes through load_evaluation_keys's checks of every residue,
// and verify_all() reads the result back once. Opening it checks what costs no pass over the keys: the
// container's frames and digest, the manifest's checksum and fields, sizes and places, and the digest of the
// key file. So a residue that has rotted on the disk since, or that somebody with a right to write into the
// server's folder has changed, is used as it is. That can make results wrong, which only who decrypts would
// see; it cannot make an access out of bounds: all that kernels do with a key's residues is arithmetic on
// unsigned words (kernels' dot_pair and mul, then transforms, base conversions and the division by P on what
// it returns), and what indexes memory (an automorphism's map, limbs, digits) comes from parameters and from
// the manifest's checked fields, never from a residue. A disk that fails to give a page, or another process
// that cuts the file short in place, ends the process (SIGBUS), as with every mapped file; Cloister itself
// only ever replaces the file. Who wants every page's checksum verified calls verify_all(), or loads the
// keys.

/// Memory of all keys of a container of kEvaluationKeys, from its frames' sizes: reads no payload. Of a frame
/// that has no key's size, nothing is counted, for loading will refuse it.
std::uint64_t memory_bytes_of_keys(const ContainerReader& keys, const rlwe::Parameters& parameters);
/// No fewer bytes than the expanded file of these keys has.
std::uint64_t max_expanded_bytes(const ContainerReader& keys, const rlwe::Parameters& parameters);

/// Writes and finishes a container of kExpandedKeys from one of kEvaluationKeys. Cost: that of loading the
/// keys, their SHA-256, and one pass to the sink; memory of as many keys as there are threads, and of one
/// more. Progress: keys, of stage "expand keys". Errors: load_evaluation_keys's, and the sink's.
void write_expanded_keys(ContainerWriter& out, const ContainerReader& keys,
                         const rlwe::Parameters& parameters, const EvaluationKeysLimits& limits,
                         const ThreadPool& pool, Progress& progress);

/// The keys of a container of kExpandedKeys, whose residues they borrow, and which they keep. `source` is the
/// digest of the key file that is to be used. Cost: the manifest, and an automorphism's map a Galois key; no
/// residue is touched. Errors: DecodeError (a manifest or frames that do not fit), MismatchError (made from
/// another key file, or other parameters), ResourceError (over a limit).
rlwe::EvaluationKeys map_expanded_keys(ContainerReader expanded, const Bytes32& source,
                                       const rlwe::Parameters& parameters,
                                       const EvaluationKeysLimits& limits);

}  // namespace cloister::wire
