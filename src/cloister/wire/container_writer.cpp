#include "cloister/base/error.h"
#include "cloister/wire/container.h"
#include "cloister/wire/internal/layout.h"
#include "cloister/wire/internal/sha256.h"

namespace cloister::wire {

std::string short_id(const PlanId& id) { return to_hex(id).substr(0, 12); }

ContainerWriter::ContainerWriter(Sink sink, PayloadType type, const PlanId& plan_id)
    : sink_(std::move(sink)) {
  ByteWriter header;
  header.put_raw(internal::kMagic);
  header.put(kFormatVersion);
  header.put(static_cast<std::uint16_t>(type));
  header.put_raw(plan_id);
  header_ = header.take();
  emit(header_);
}

ContainerWriter::ContainerWriter(AtomicFile& file, PayloadType type, const PlanId& plan_id)
    : ContainerWriter([&file](std::span<const std::uint8_t> bytes) { file.write(bytes); }, type, plan_id) {}

ContainerWriter::ContainerWriter(std::vector<std::uint8_t>& out, PayloadType type, const PlanId& plan_id)
    : ContainerWriter(
          [&out](std::span<const std::uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); },
          type, plan_id) {}

void ContainerWriter::emit(std::span<const std::uint8_t> bytes) {
  sink_(bytes);
  bytes_written_ += bytes.size();
}

Bytes32 ContainerWriter::emit_frame(std::uint32_t tag, std::span<const std::uint8_t> payload) {
  ByteWriter frame;
  frame.put(tag);
  frame.put(std::uint32_t{0});
  frame.put(std::uint64_t{payload.size()});
  const Bytes32 checksum = internal::frame_checksum(header_, frames_, frame.bytes(), payload);
  frame.put_raw(checksum);
  emit(frame.bytes());
  emit(payload);
  constexpr std::array<std::uint8_t, internal::kAlignment> kZeros{};
  emit(std::span(kZeros).first(internal::padding_of(payload.size())));
  return checksum;
}

void ContainerWriter::write_frame(std::uint32_t tag, std::span<const std::uint8_t> payload) {
  if (finished_ || tag == kEndTag) throw InternalError("a frame is written after the container's end");
  const Bytes32 checksum = emit_frame(tag, payload);
  checksums_.insert(checksums_.end(), checksum.begin(), checksum.end());
  ++frames_;
}

void ContainerWriter::finish() {
  if (finished_) throw InternalError("a container is finished twice");
  ByteWriter end;
  end.put(frames_);
  end.put_raw(internal::Sha256().add(header_).add(checksums_).digest());
  emit_frame(kEndTag, end.bytes());
  finished_ = true;
}

}  // namespace cloister::wire
