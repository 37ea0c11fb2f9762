#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/base/file.h"
#include "cloister/wire/container.h"

namespace cloister::pipeline::internal {

/// Of the frame that holds a value. Part of the file formats.
inline constexpr std::uint32_t kPayloadTag = 2;

/// Runs a decoder on a whole payload; its errors name the file.
template <typename Decode>
auto decode_payload(const std::string& source, std::span<const std::uint8_t> payload, const Decode& decode) {
  try {
    ByteReader in(payload);
    auto out = decode(in);
    in.expect_end("payload");
    return out;
  } catch (const DecodeError& e) {
    throw DecodeError(source, e.offset(), e.what());
  } catch (const MismatchError& e) {
    throw MismatchError(source + " was encrypted under another key than the one in use; use files of one key",
                        e.left(), e.right());
  }
}

/// The one payload of a small file.
template <typename Decode>
auto read_one(const std::filesystem::path& path, const wire::Expectation& expected, const Decode& decode) {
  auto reader = wire::ContainerReader::open(path, expected);
  const auto payload = reader.require_next(kPayloadTag, "the payload");
  reader.expect_end();
  return decode_payload(reader.source(), payload, decode);
}

/// A new file of one payload.
template <typename Value>
void write_one(const std::filesystem::path& path, wire::PayloadType type, const wire::PlanId& plan_id,
               const Value& value) {
  ByteWriter payload;
  encode(value, payload);
  AtomicFile file(path);
  wire::ContainerWriter container(file, type, plan_id);
  container.write_frame(kPayloadTag, payload.bytes());
  container.finish();
  file.commit();
}

}  // namespace cloister::pipeline::internal
