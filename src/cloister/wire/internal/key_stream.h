#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cloister/base/bytes.h"
#include "cloister/base/progress.h"
#include "cloister/base/thread_pool.h"
#include "cloister/rlwe/keys.h"
#include "cloister/rlwe/parameters.h"
#include "cloister/wire/container.h"
#include "cloister/wire/rlwe_encoding.h"

namespace cloister::wire::internal {

// Part of the file format.
inline constexpr std::uint32_t kRelinearizationTag = 1;
inline constexpr std::uint32_t kGaloisTag = 2;
inline constexpr std::uint32_t kToSparseTag = 3;
inline constexpr std::uint32_t kToDenseTag = 4;
/// Stand for the other keys among the Galois elements, which are odd.
inline constexpr std::uint64_t kNoElement = 0;  ///< the relinearization key
inline constexpr std::uint64_t kToSparseElement = 2;
inline constexpr std::uint64_t kToDenseElement = 4;

/// Whether a Galois element is one of a ring of this degree.
inline bool is_galois_element(std::uint64_t element, std::size_t degree) noexcept {
  return element % 2 == 1 && element < 2 * degree;
}

/// An element whose key has the shape of those in frames of this tag; nothing for a tag that no key has.
std::optional<std::uint64_t> element_like(std::uint32_t tag) noexcept;

/// The parameters, limbs and digits of each key of a set.
class KeyShapes {
 public:
  explicit KeyShapes(const rlwe::Parameters& parameters) : parameters_(&parameters) {}

  struct Shape {
    const rlwe::Parameters* parameters;
    std::size_t least_limbs, most_limbs;  ///< of Q
  };
  /// Of the key that `element` stands for. Builds the encapsulated parameters when they are first asked for.
  Shape of(std::uint64_t element);
  /// The same for bytes at `offset` that claim to be such a key. Errors: DecodeError where these parameters
  /// switch no keys, or encapsulate nothing.
  Shape claimed(std::uint64_t element, std::uint64_t offset);
  /// Of a key of so many limbs.
  static std::size_t digits(const rlwe::Parameters& parameters, std::uint64_t element, std::size_t q_limbs);
  std::uint64_t encoded_bytes(std::uint64_t element, std::size_t q_limbs) const;
  std::uint64_t memory_bytes(std::uint64_t element, std::size_t q_limbs) const;

 private:
  const rlwe::Parameters* parameters_;
  std::shared_ptr<const rlwe::Parameters> encapsulated_;
};

/// What stands before a key's residues, or in their place in a manifest.
struct KeyHeader {
  std::uint64_t element;
  const rlwe::Parameters* parameters;
  LimbSet limbs;
  std::size_t digits;
  Seed seed;
};
void put_header(ByteWriter& out, std::uint64_t element, const rlwe::KeySwitchKey& key);
/// What follows the element, of which `shape` tells. Errors: DecodeError for limbs or digits that it has not.
KeyHeader take_header(ByteReader& in, std::uint64_t element, const KeyShapes::Shape& shape);

/// Puts keys together as they come.
class KeyCollector {
 public:
  explicit KeyCollector(const rlwe::Parameters& parameters) : parameters_(&parameters) {}
  void add(std::uint64_t element, rlwe::KeySwitchKey key);
  /// Errors: DecodeError, naming `source`, where one of two encapsulation keys is missing.
  rlwe::EvaluationKeys finish(const std::string& source);

 private:
  const rlwe::Parameters* parameters_;
  rlwe::EvaluationKeys keys_;
  std::optional<rlwe::KeySwitchKey> to_sparse_, to_dense_;
};

using KeySink = std::function<void(std::uint64_t element, rlwe::KeySwitchKey key)>;

/// Every evaluation key of a container, in its order, from this thread: checked, and both halves expanded. A
/// few are held at a time, decoded in parallel; mapped frames are given back. Errors: load_evaluation_keys's,
/// that of one encapsulation key without the other before any key is read.
void stream_keys(const ContainerReader& reader, const rlwe::Parameters& parameters,
                 const EvaluationKeysLimits& limits, const ThreadPool& pool, Progress& progress,
                 std::string_view stage, const KeySink& sink);

}  // namespace cloister::wire::internal
