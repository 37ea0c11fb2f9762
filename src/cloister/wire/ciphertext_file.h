#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "cloister/base/thread_pool.h"
#include "cloister/ckks/ciphertext.h"
#include "cloister/ckks/parameters.h"
#include "cloister/wire/container.h"

namespace cloister::wire {

/// What a file of ciphertexts says of itself: a dataset, a model, predictions.
struct CiphertextFileHeader {
  std::string kind;               ///< which layout: 1 to 64 small letters, digits and hyphens
  std::uint64_t rows = 0;         ///< of the table that is encrypted
  std::uint32_t columns = 0;      ///< of the table that is encrypted
  std::uint32_t blocks = 0;       ///< groups of rows that are worked on together; at most `ciphertexts`
  std::uint64_t ciphertexts = 0;  ///< frames that follow
  std::string metadata;           ///< at most 64 KiB, of a form that the kind decides (JSON)

  friend bool operator==(const CiphertextFileHeader&, const CiphertextFileHeader&) = default;
};

inline constexpr std::size_t kMaxKindBytes = 64;
inline constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 10;

/// Writes a header and then its ciphertexts, one frame each, into a container. Borrows its arguments.
class CiphertextFileWriter {
 public:
  /// Errors: ParametersError (a header outside its bounds).
  CiphertextFileWriter(ContainerWriter& out, CiphertextFileHeader header, const ckks::Parameters& parameters,
                       const ThreadPool& pool);

  /// Errors: encode_ciphertext's, and ParametersError for one more than the header says.
  void write(const ckks::Ciphertext& ciphertext);
  /// Finishes the container. Errors: ParametersError if ciphertexts are missing.
  void finish();

  std::uint64_t written() const noexcept { return written_; }

 private:
  ContainerWriter* out_;
  CiphertextFileHeader header_;
  const ckks::Parameters* parameters_;
  const ThreadPool* pool_;
  std::uint64_t written_ = 0;
};

/// What the reader of a file of ciphertexts is due, besides the container's expectation.
struct CiphertextFileExpectation {
  std::string kind;
  std::uint64_t max_rows;
  std::uint32_t max_columns;
  std::uint64_t max_ciphertexts;
};

/// Ciphertexts of a file, in any order and repeatedly: for streaming a table in blocks, pass after pass. A
/// ciphertext's checksum is verified when it is first loaded, and its mapped memory is given back after each
/// load. load() may be called from many threads.
class CiphertextFileReader {
 public:
  /// Takes the container (its type and plan have been checked) and keeps the parameters.
  /// Errors: DecodeError (a header outside its bounds, a number of frames that it does not say),
  /// ResourceError (over a limit), MismatchError (another kind); all name the source.
  CiphertextFileReader(ContainerReader reader, const CiphertextFileExpectation& expected,
                       std::shared_ptr<const ckks::Parameters> parameters, const ThreadPool& pool);

  const CiphertextFileHeader& header() const noexcept { return header_; }
  const std::string& source() const noexcept { return reader_.source(); }
  std::uint64_t total_bytes() const noexcept { return reader_.total_bytes(); }
  /// The container's, which names the file's contents.
  const Bytes32& digest() const noexcept { return reader_.digest(); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(header_.ciphertexts); }

  /// Ciphertext `index`; of one above `most_level` no more limbs than that level's, see decode_ciphertext.
  /// Errors: ParametersError (past the end), the container's, decode_ciphertext's.
  ckks::Ciphertext load(std::size_t index, int most_level = std::numeric_limits<int>::max()) const;

 private:
  ContainerReader reader_;
  CiphertextFileHeader header_;
  std::shared_ptr<const ckks::Parameters> parameters_;
  const ThreadPool* pool_;
};

}  // namespace cloister::wire
