#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/file.h"
#include "cloister/wire/payload_type.h"

namespace cloister::wire {

/// The SHA-256 of a plan, which everything made for that plan carries.
using PlanId = Bytes32;

/// The version of the container written here, and the only one read.
inline constexpr std::uint16_t kFormatVersion = 1;
/// The tag of the frame that closes a container; encoders choose theirs below it.
inline constexpr std::uint32_t kEndTag = 0xffffffff;

/// A plan id's first 12 hexadecimal digits, for people.
std::string short_id(const PlanId& id);

/// Writes a container, frame by frame, to a sink. Layout (little-endian, everything 8-byte aligned):
///   header   magic "CLOI", version u16, type u16, plan id [32]
///   frame    tag u32, zero u32, length u64, checksum [32], payload [length], zeros up to a multiple of 8
///   end      a frame of tag kEndTag whose payload is the number of frames u64 and a digest [32]
/// Math: checksum = SHA-256(header || index u64 || tag || zero || length || payload), and the digest is
/// SHA-256(header || all checksums). So a frame that is damaged, moved, repeated, left out or taken from
/// another file is found. This detects accidents; it is not a signature.
class ContainerWriter {
 public:
  using Sink = std::function<void(std::span<const std::uint8_t>)>;

  ContainerWriter(Sink sink, PayloadType type, const PlanId& plan_id);
  /// Into a file, which the caller commits after finish().
  ContainerWriter(AtomicFile& file, PayloadType type, const PlanId& plan_id);
  /// Appends to a growing string of bytes (a message).
  ContainerWriter(std::vector<std::uint8_t>& out, PayloadType type, const PlanId& plan_id);

  /// Cost: one pass of SHA-256 over the payload, and the sink's.
  void write_frame(std::uint32_t tag, std::span<const std::uint8_t> payload);
  /// Writes the end frame. Without it the container is refused as truncated.
  void finish();

  std::uint64_t bytes_written() const noexcept { return bytes_written_; }

 private:
  void emit(std::span<const std::uint8_t> bytes);
  Bytes32 emit_frame(std::uint32_t tag, std::span<const std::uint8_t> payload);

  Sink sink_;
  std::vector<std::uint8_t> header_;
  std::vector<std::uint8_t> checksums_;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_written_ = 0;
  bool finished_ = false;
};

/// Bounds on what a reader accepts.
struct Limits {
  std::uint64_t max_bytes = std::uint64_t{1} << 38;
  std::uint64_t max_frame_bytes = std::uint64_t{1} << 34;
  std::uint64_t max_frames = std::uint64_t{1} << 22;
};

/// What the reader's caller is due. A missing plan id accepts any plan, for readers that learn the plan
/// from the file; everything that meets a key, a ciphertext or a plan names the id it needs.
struct Expectation {
  PayloadType type;
  std::optional<PlanId> plan_id;
  Limits limits = {};
};

/// A header by itself.
struct ContainerHeader {
  std::uint16_t version;
  PayloadType type;
  PlanId plan_id;
};

/// One verified frame; the payload is borrowed from the reader's bytes, 8-byte aligned in a mapped file.
struct Frame {
  std::uint32_t tag;
  std::span<const std::uint8_t> payload;
};

/// Reads a container without copying payloads. The constructor checks the header against the expectation,
/// every frame's place and the digest over all checksums (it reads no payload); a frame's own checksum is
/// verified when the frame is first asked for, so that frames can be streamed in any order and repeatedly.
/// Const members may be called from many threads.
/// Errors: DecodeError (foreign, truncated, damaged, newer version), MismatchError (another type or plan,
/// naming both), ResourceError (over a limit), kNotFound; all name the source.
class ContainerReader {
 public:
  /// Over borrowed bytes that outlive the reader; `source` names them in errors.
  ContainerReader(std::span<const std::uint8_t> bytes, const Expectation& expected,
                  std::string source = "the message");
  /// Over a file, which the reader keeps mapped.
  static ContainerReader open(const std::filesystem::path& path, const Expectation& expected);
  ContainerReader(ContainerReader&&) noexcept;
  ContainerReader& operator=(ContainerReader&&) noexcept;
  ~ContainerReader();

  const ContainerHeader& header() const noexcept;
  const std::string& source() const noexcept;
  std::uint64_t total_bytes() const noexcept;
  /// The end frame's digest, which names the container's contents: it covers the header and all checksums.
  const Bytes32& digest() const noexcept;

  /// Random access: the number of frames (the end frame is not counted), and frame `index`.
  std::size_t size() const noexcept;
  Frame frame(std::size_t index) const;
  /// Verifies nothing.
  std::uint32_t tag(std::size_t index) const;
  std::uint64_t payload_bytes(std::size_t index) const;
  /// Frame `index` without a look at its payload's checksum: for caches that this machine made and then
  /// verified, whose reader can bear wrong values. Touches no page of the payload.
  Frame unverified_frame(std::size_t index) const;
  /// Gives a mapped frame's memory back; frame() fetches it again.
  void release(std::size_t index) const noexcept;
  /// Verifies every frame.
  void verify_all() const;

  /// In order: the next frame, or nothing at the end.
  std::optional<Frame> next();
  /// The next frame's payload, which must have this tag; DecodeError naming `field` otherwise.
  std::span<const std::uint8_t> require_next(std::uint32_t tag, const char* field);
  /// Throws DecodeError if frames are left over.
  void expect_end() const;
  void rewind() noexcept;

 private:
  friend struct Description describe(const std::filesystem::path& path);
  struct Impl;
  explicit ContainerReader(std::unique_ptr<Impl> impl) noexcept;

  std::unique_ptr<Impl> impl_;
};

/// Only the header of a file, where the caller accepts several types and must first see which. Nothing
/// else of the file is checked.
ContainerHeader peek(const std::filesystem::path& path);

/// What any Cloister file is, for `cloister info`.
struct Description {
  ContainerHeader header;
  std::uint64_t frames;
  std::uint64_t bytes;
};

/// Describes a file without expecting anything, and verifies every checksum of it.
Description describe(const std::filesystem::path& path);

}  // namespace cloister::wire
