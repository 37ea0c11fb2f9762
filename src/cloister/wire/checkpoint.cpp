#include "cloister/wire/checkpoint.h"

#include <string_view>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/ckks_encoding.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

// Part of the file format.
constexpr std::uint32_t kHeaderTag = 1, kCiphertextTag = 2;
constexpr std::size_t kMaxStageBytes = 64;
constexpr std::size_t kFixedHeaderBytes = 32 + 32 + 8 + 8 + 4 + 4;

struct Header {
  CheckpointOrigin origin;
  std::uint64_t iteration;
  std::uint32_t ciphertexts;
  std::string stage;
};

bool is_stage(std::string_view stage) {
  return !stage.empty() && stage.size() <= kMaxStageBytes &&
         stage.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Header decode_header(const ContainerReader& reader) {
  if (reader.size() == 0) throw DecodeError(reader.source(), 0, "the checkpoint's header is missing");
  const Frame frame = reader.frame(0);
  return internal::naming_source(reader.source(), [&] {
    if (frame.tag != kHeaderTag) throw DecodeError("tag", 0, "the first frame is no checkpoint's header");
    ByteReader in(frame.payload);
    Header header;
    header.origin.rows = in.get_bytes32("rows");
    header.origin.keys = in.get_bytes32("keys");
    header.origin.sequence = in.get<std::uint64_t>("sequence");
    header.iteration = in.get<std::uint64_t>("iteration");
    header.ciphertexts = in.get<std::uint32_t>("ciphertexts");
    const std::uint64_t at = in.offset();
    header.stage = in.get_string(kMaxStageBytes, "stage");
    if (!is_stage(header.stage)) throw DecodeError("stage", at, "it is no name of a stage");
    in.expect_end("header");
    return header;
  });
}

std::uint64_t container_bytes(std::size_t stage_bytes) {
  return rlwe::kContainerBytes + rlwe::framed_bytes(kFixedHeaderBytes + stage_bytes);
}

}  // namespace

std::uint64_t checkpoint_bytes(const TrainingState& state, const ckks::Parameters& parameters) {
  std::uint64_t bytes = container_bytes(state.stage.size());
  for (const ckks::Ciphertext& c : state.ciphertexts)
    bytes += rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(parameters.rlwe()->spec(), c.level(),
                                                                  c.seed.has_value(), c.parts.size()));
  return bytes;
}

std::uint64_t max_checkpoint_bytes(const ckks::Parameters& parameters, const CheckpointLimits& limits) {
  return container_bytes(kMaxStageBytes) +
         limits.max_ciphertexts * rlwe::framed_bytes(rlwe::encoded_bytes_of_ciphertext(
                                      parameters.rlwe()->spec(), parameters.max_level(), false, 3));
}

void write_checkpoint(ContainerWriter& out, const CheckpointOrigin& origin, const TrainingState& state,
                      const ckks::Parameters& parameters, const CheckpointLimits& limits,
                      const ThreadPool& pool) {
  if (!is_stage(state.stage))
    throw ParametersError("checkpoint: a stage's name must be 1 to " + std::to_string(kMaxStageBytes) +
                          " small letters, digits and hyphens");
  if (state.ciphertexts.size() > limits.max_ciphertexts)
    throw ParametersError("checkpoint: it has " + std::to_string(state.ciphertexts.size()) +
                          " ciphertexts, and at most " + std::to_string(limits.max_ciphertexts) +
                          " are allowed");
  ByteWriter header;
  header.put_raw(origin.rows);
  header.put_raw(origin.keys);
  header.put(origin.sequence);
  header.put(state.iteration);
  header.put(static_cast<std::uint32_t>(state.ciphertexts.size()));
  header.put_string(state.stage);
  out.write_frame(kHeaderTag, header.bytes());
  for (const ckks::Ciphertext& c : state.ciphertexts)
    out.write_frame(kCiphertextTag, encode_ciphertext(c, parameters, pool));
  out.finish();
}

CheckpointOrigin read_checkpoint_origin(const ContainerReader& reader) {
  return decode_header(reader).origin;
}

TrainingState read_checkpoint(const ContainerReader& reader, const ckks::Parameters& parameters,
                              const CheckpointLimits& limits, const ThreadPool& pool) {
  Header header = decode_header(reader);
  if (header.ciphertexts != reader.size() - 1)
    throw DecodeError(reader.source(), 0,
                      "its header says " + std::to_string(header.ciphertexts) + " ciphertexts, and " +
                          std::to_string(reader.size() - 1) + " are there");
  if (header.ciphertexts > limits.max_ciphertexts)
    throw ResourceError(reader.source() + " has " + std::to_string(header.ciphertexts) +
                        " ciphertexts, and at most " + std::to_string(limits.max_ciphertexts) +
                        " are accepted here");
  TrainingState state{header.iteration, std::move(header.stage), {}};
  for (std::size_t i = 1; i < reader.size(); ++i) {
    const Frame frame = reader.frame(i);
    state.ciphertexts.push_back(
        internal::naming_source(reader.source() + ", ciphertext " + std::to_string(i - 1), [&] {
          if (frame.tag != kCiphertextTag) throw DecodeError("tag", 0, "this frame is no ciphertext");
          return decode_ciphertext(frame.payload, parameters, pool);
        }));
  }
  return state;
}

}  // namespace cloister::wire
