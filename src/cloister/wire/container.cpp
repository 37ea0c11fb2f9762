#include "cloister/wire/container.h"

#include <algorithm>
#include <atomic>

#include "cloister/base/error.h"
#include "cloister/wire/internal/layout.h"
#include "cloister/wire/internal/sha256.h"

namespace cloister::wire {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr const char* kMend = "copy it again or make it anew";

ContainerHeader read_header(Bytes bytes, const std::string& source) {
  const std::size_t shared = std::min(bytes.size(), internal::kMagic.size());
  if (bytes.empty()) throw DecodeError(source, 0, "it is empty; pass a file that Cloister wrote");
  if (!std::equal(bytes.begin(), bytes.begin() + shared, internal::kMagic.begin()))
    throw DecodeError(source, 0,
                      "this is no Cloister file (the mark CLOI is missing); pass one that it wrote");
  if (bytes.size() < internal::kHeaderBytes)
    throw DecodeError(source, bytes.size(), std::string("it is cut off within its header; ") + kMend);
  ByteReader reader(bytes);
  reader.get_raw(internal::kMagic.size(), "magic");
  ContainerHeader header;
  header.version = reader.get<std::uint16_t>("version");
  const auto number = reader.get<std::uint16_t>("type");
  header.plan_id = reader.get_bytes32("plan id");
  if (header.version != kFormatVersion)
    throw DecodeError(source, 4,
                      "its format version is " + std::to_string(header.version) +
                          ", and this Cloister reads version " + std::to_string(kFormatVersion) +
                          "; use a Cloister of the version that wrote it");
  const auto row = find_payload_type(number);
  if (!row)
    throw DecodeError(
        source, 6,
        "its type " + std::to_string(number) + " is unknown; it is damaged or from a newer Cloister");
  header.type = row->type;
  return header;
}

void check_header(const ContainerHeader& header, const Expectation& expected, const std::string& source) {
  if (header.type != expected.type)
    throw MismatchError(source + " holds " + std::string(info(header.type).phrase) + ", and " +
                            std::string(info(expected.type).phrase) + " must be given here",
                        std::string(info(header.type).name), std::string(info(expected.type).name));
  if (expected.plan_id && header.plan_id != *expected.plan_id)
    throw MismatchError(source + " was made for another plan than the one in use; use files of one plan",
                        "plan " + short_id(header.plan_id), "plan " + short_id(*expected.plan_id));
}

}  // namespace

struct ContainerReader::Impl {
  struct Entry {
    std::uint64_t offset;  ///< of the frame's prefix
    std::uint64_t payload_bytes;
    std::uint32_t tag;
  };

  std::optional<MappedFile> file;
  Bytes bytes;
  std::string source;
  ContainerHeader header;
  std::vector<Entry> entries;
  Bytes32 digest{};
  std::unique_ptr<std::atomic<bool>[]> verified;
  std::size_t cursor = 0;

  static std::unique_ptr<Impl> create(Bytes bytes, std::optional<MappedFile> file, std::string source,
                                      const Expectation* expected) {
    auto impl = std::make_unique<Impl>();
    impl->file = std::move(file);
    impl->bytes = bytes;
    impl->source = std::move(source);
    impl->header = read_header(bytes, impl->source);
    if (expected != nullptr) check_header(impl->header, *expected, impl->source);
    impl->build_index(expected != nullptr ? expected->limits : Limits{});
    impl->verified = std::make_unique<std::atomic<bool>[]>(impl->entries.size());
    return impl;
  }

  [[noreturn]] void damaged(std::uint64_t offset, const std::string& what) const {
    throw DecodeError(source, offset, what + "; " + kMend);
  }

  Bytes header_bytes() const { return bytes.first(internal::kHeaderBytes); }
  Bytes prefix_of(const Entry& e) const { return bytes.subspan(e.offset, internal::kFramePrefixBytes); }
  Bytes checksum_of(const Entry& e) const {
    return bytes.subspan(e.offset + internal::kFramePrefixBytes, 32);
  }
  Bytes payload_of(const Entry& e) const {
    return bytes.subspan(e.offset + internal::kFrameHeaderBytes, e.payload_bytes);
  }

  void build_index(const Limits& limits) {
    if (bytes.size() > limits.max_bytes)
      throw ResourceError(source + " has " + std::to_string(bytes.size()) + " bytes, and at most " +
                          std::to_string(limits.max_bytes) + " are accepted here");
    std::uint64_t offset = internal::kHeaderBytes;
    while (true) {
      const Entry entry = read_entry(offset, limits);
      offset += internal::kFrameHeaderBytes + entry.payload_bytes + internal::padding_of(entry.payload_bytes);
      if (entry.tag == kEndTag) return check_end(entry, offset);
      if (entries.size() == limits.max_frames)
        throw ResourceError(source + " has more than the " + std::to_string(limits.max_frames) +
                            " frames accepted here");
      entries.push_back(entry);
    }
  }

  /// The frame that starts at `offset`, its lengths checked against the bytes that are there.
  Entry read_entry(std::uint64_t offset, const Limits& limits) const {
    const std::uint64_t left = bytes.size() - offset;
    if (left < internal::kFrameHeaderBytes) damaged(bytes.size(), "it is cut off (no end frame)");
    ByteReader reader(bytes.subspan(offset, internal::kFrameHeaderBytes));
    const auto tag = reader.get<std::uint32_t>("tag");
    const auto zero = reader.get<std::uint32_t>("reserved");
    const auto length = reader.get<std::uint64_t>("length");
    if (zero != 0) damaged(offset + 4, "a frame's header is damaged");
    const std::uint64_t room = left - internal::kFrameHeaderBytes;
    if (length > room || internal::padding_of(length) > room - length)
      damaged(offset + 8, "it is cut off: a frame of " + std::to_string(length) + " bytes starts here, and " +
                              std::to_string(room) + " are left");
    if (tag != kEndTag && length > limits.max_frame_bytes)
      throw ResourceError(source + " has a frame of " + std::to_string(length) + " bytes, and at most " +
                          std::to_string(limits.max_frame_bytes) + " are accepted here");
    const std::uint64_t end = offset + internal::kFrameHeaderBytes + length;
    for (const std::uint8_t byte : bytes.subspan(end, internal::padding_of(length)))
      if (byte != 0) damaged(end, "a frame's filling is damaged");
    return {offset, length, tag};
  }

  void check_end(const Entry& end, std::uint64_t after) {
    if (after != bytes.size()) damaged(after, std::to_string(bytes.size() - after) + " bytes follow its end");
    if (end.payload_bytes != internal::kEndPayloadBytes) damaged(end.offset, "its end frame is damaged");
    check_frame(end, entries.size());
    ByteReader reader(payload_of(end));
    const auto count = reader.get<std::uint64_t>("frames");
    internal::Sha256 due;
    due.add(header_bytes());
    for (const Entry& entry : entries) due.add(checksum_of(entry));
    digest = reader.get_bytes32("digest");
    if (count != entries.size() || digest != due.digest())
      damaged(end.offset, "its frames are not the ones that were written");
  }

  void check_frame(const Entry& entry, std::size_t index) const {
    const Bytes32 due = internal::frame_checksum(header_bytes(), index, prefix_of(entry), payload_of(entry));
    if (!std::ranges::equal(due, checksum_of(entry)))
      damaged(entry.offset, "frame " + std::to_string(index) + " is damaged (its checksum does not match)");
  }

  const Entry& at(std::size_t index) const {
    if (index >= entries.size())
      throw ParametersError(source + ": frame " + std::to_string(index) + " is asked for, and it has " +
                            std::to_string(entries.size()));
    return entries[index];
  }
};

ContainerReader::ContainerReader(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ContainerReader::ContainerReader(Bytes bytes, const Expectation& expected, std::string source)
    : impl_(Impl::create(bytes, std::nullopt, std::move(source), &expected)) {}
ContainerReader::ContainerReader(ContainerReader&&) noexcept = default;
ContainerReader& ContainerReader::operator=(ContainerReader&&) noexcept = default;
ContainerReader::~ContainerReader() = default;

ContainerReader ContainerReader::open(const std::filesystem::path& path, const Expectation& expected) {
  MappedFile file = MappedFile::open(path, expected.limits.max_bytes);
  const Bytes bytes = file.bytes();
  return ContainerReader(Impl::create(bytes, std::move(file), path.string(), &expected));
}

const ContainerHeader& ContainerReader::header() const noexcept { return impl_->header; }
const std::string& ContainerReader::source() const noexcept { return impl_->source; }
std::uint64_t ContainerReader::total_bytes() const noexcept { return impl_->bytes.size(); }
const Bytes32& ContainerReader::digest() const noexcept { return impl_->digest; }
std::size_t ContainerReader::size() const noexcept { return impl_->entries.size(); }
std::uint32_t ContainerReader::tag(std::size_t index) const { return impl_->at(index).tag; }
std::uint64_t ContainerReader::payload_bytes(std::size_t index) const {
  return impl_->at(index).payload_bytes;
}

Frame ContainerReader::unverified_frame(std::size_t index) const {
  const Impl::Entry& entry = impl_->at(index);
  return {entry.tag, impl_->payload_of(entry)};
}

Frame ContainerReader::frame(std::size_t index) const {
  const Impl::Entry& entry = impl_->at(index);
  if (!impl_->verified[index].load(std::memory_order_acquire)) {
    impl_->check_frame(entry, index);
    impl_->verified[index].store(true, std::memory_order_release);
  }
  return {entry.tag, impl_->payload_of(entry)};
}

void ContainerReader::release(std::size_t index) const noexcept {
  if (impl_->file && index < impl_->entries.size())
    impl_->file->release(impl_->payload_of(impl_->entries[index]));
}

void ContainerReader::verify_all() const {
  for (std::size_t i = 0; i < size(); ++i) {
    frame(i);
    release(i);
  }
}

std::optional<Frame> ContainerReader::next() {
  if (impl_->cursor == size()) return std::nullopt;
  const Frame out = frame(impl_->cursor);
  ++impl_->cursor;
  return out;
}

std::span<const std::uint8_t> ContainerReader::require_next(std::uint32_t tag, const char* field) {
  const std::size_t index = impl_->cursor;
  if (index == size())
    throw DecodeError(source(), total_bytes(), std::string(field) + " is missing; " + kMend);
  const Frame out = frame(index);
  if (out.tag != tag)
    throw DecodeError(source(), impl_->entries[index].offset,
                      std::string(field) + " (tag " + std::to_string(tag) + ") is due, and a frame of tag " +
                          std::to_string(out.tag) + " is there; " + kMend);
  ++impl_->cursor;
  return out.payload;
}

void ContainerReader::expect_end() const {
  if (impl_->cursor != size())
    throw DecodeError(source(), impl_->entries[impl_->cursor].offset,
                      std::to_string(size() - impl_->cursor) + " frames follow the last one that is due");
}

void ContainerReader::rewind() noexcept { impl_->cursor = 0; }

ContainerHeader peek(const std::filesystem::path& path) {
  const MappedFile file = MappedFile::open(path, Limits{}.max_bytes);
  return read_header(file.bytes(), path.string());
}

Description describe(const std::filesystem::path& path) {
  MappedFile file = MappedFile::open(path, Limits{}.max_bytes);
  const Bytes bytes = file.bytes();
  const ContainerReader reader(ContainerReader::Impl::create(bytes, std::move(file), path.string(), nullptr));
  reader.verify_all();
  return {reader.header(), reader.size(), reader.total_bytes()};
}

}  // namespace cloister::wire
