#include "cloister/wire/ciphertext_file.h"

#include <string_view>
#include <utility>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/wire/ckks_encoding.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

// Part of the file format.
constexpr std::uint32_t kHeaderTag = 1;
constexpr std::uint32_t kCiphertextTag = 2;

bool is_kind(std::string_view kind) {
  return !kind.empty() && kind.size() <= kMaxKindBytes &&
         kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void check_header(const CiphertextFileHeader& header) {
  if (!is_kind(header.kind))
    throw ParametersError("a file's kind must be 1 to " + std::to_string(kMaxKindBytes) +
                          " small letters, digits and hyphens");
  if (header.metadata.size() > kMaxMetadataBytes)
    throw ParametersError("a file's metadata have " + std::to_string(header.metadata.size()) +
                          " bytes, and at most " + std::to_string(kMaxMetadataBytes) + " can be kept");
  if (header.blocks > header.ciphertexts)
    throw ParametersError("a file of " + std::to_string(header.ciphertexts) + " ciphertexts cannot hold " +
                          std::to_string(header.blocks) + " blocks");
}

std::vector<std::uint8_t> encode_header(const CiphertextFileHeader& header) {
  ByteWriter out;
  out.put_string(header.kind);
  out.put(header.rows);
  out.put(header.columns);
  out.put(header.blocks);
  out.put(header.ciphertexts);
  out.put_string(header.metadata);
  return out.take();
}

CiphertextFileHeader decode_header(std::span<const std::uint8_t> payload, std::size_t frames) {
  ByteReader in(payload);
  CiphertextFileHeader header;
  header.kind = in.get_string(kMaxKindBytes, "kind");
  if (!is_kind(header.kind)) throw DecodeError("kind", 0, "it is no name of a kind");
  header.rows = in.get<std::uint64_t>("rows");
  header.columns = in.get<std::uint32_t>("columns");
  header.blocks = in.get<std::uint32_t>("blocks");
  header.ciphertexts = in.get<std::uint64_t>("ciphertexts");
  if (header.ciphertexts != frames || header.blocks > header.ciphertexts)
    throw DecodeError("header", in.offset(),
                      "it says " + std::to_string(header.ciphertexts) + " ciphertexts in " +
                          std::to_string(header.blocks) + " blocks, and " + std::to_string(frames) +
                          " ciphertexts are there");
  header.metadata = in.get_string(kMaxMetadataBytes, "metadata");
  in.expect_end("header");
  return header;
}

void check_limit(const std::string& source, const char* what, std::uint64_t have, std::uint64_t most) {
  if (have > most)
    throw ResourceError(source + " has " + std::to_string(have) + " " + what + ", and at most " +
                        std::to_string(most) + " are accepted here");
}

CiphertextFileHeader read_header(ContainerReader& reader, const CiphertextFileExpectation& expected) {
  reader.rewind();
  const auto payload = reader.require_next(kHeaderTag, "the header");
  auto header =
      internal::naming_source(reader.source(), [&] { return decode_header(payload, reader.size() - 1); });
  if (header.kind != expected.kind)
    throw MismatchError(reader.source() + " is of another kind than is due here", header.kind, expected.kind);
  check_limit(reader.source(), "rows", header.rows, expected.max_rows);
  check_limit(reader.source(), "columns", header.columns, expected.max_columns);
  check_limit(reader.source(), "ciphertexts", header.ciphertexts, expected.max_ciphertexts);
  return header;
}

}  // namespace

CiphertextFileWriter::CiphertextFileWriter(ContainerWriter& out, CiphertextFileHeader header,
                                           const ckks::Parameters& parameters, const ThreadPool& pool)
    : out_(&out), header_(std::move(header)), parameters_(&parameters), pool_(&pool) {
  check_header(header_);
  out_->write_frame(kHeaderTag, encode_header(header_));
}

void CiphertextFileWriter::write(const ckks::Ciphertext& ciphertext) {
  if (written_ == header_.ciphertexts)
    throw ParametersError("one ciphertext more is written than the " + std::to_string(header_.ciphertexts) +
                          " that the file's header says");
  out_->write_frame(kCiphertextTag, encode_ciphertext(ciphertext, *parameters_, *pool_));
  ++written_;
}

void CiphertextFileWriter::finish() {
  if (written_ != header_.ciphertexts)
    throw ParametersError("only " + std::to_string(written_) + " of " + std::to_string(header_.ciphertexts) +
                          " ciphertexts have been written");
  out_->finish();
}

CiphertextFileReader::CiphertextFileReader(ContainerReader reader, const CiphertextFileExpectation& expected,
                                           std::shared_ptr<const ckks::Parameters> parameters,
                                           const ThreadPool& pool)
    : reader_(std::move(reader)),
      header_(read_header(reader_, expected)),
      parameters_(std::move(parameters)),
      pool_(&pool) {}

ckks::Ciphertext CiphertextFileReader::load(std::size_t index, int most_level) const {
  if (index >= size())
    throw ParametersError(source() + ": ciphertext " + std::to_string(index) + " is asked for, and it has " +
                          std::to_string(size()));
  const std::size_t at = index + 1;
  const Frame frame = reader_.frame(at);
  auto ciphertext = internal::naming_source(source() + ", ciphertext " + std::to_string(index), [&] {
    if (frame.tag != kCiphertextTag) throw DecodeError("tag", 0, "this frame is no ciphertext");
    return decode_ciphertext(frame.payload, *parameters_, *pool_, most_level);
  });
  reader_.release(at);
  return ciphertext;
}

}  // namespace cloister::wire
