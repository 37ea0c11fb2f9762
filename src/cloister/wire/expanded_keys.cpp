#include "cloister/wire/expanded_keys.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/internal/key_stream.h"
#include "cloister/wire/internal/layout.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

using internal::KeyHeader;
using internal::KeyShapes;

// Part of the file's format.
constexpr std::uint32_t kResiduesTag = 1, kManifestTag = 2;
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kEntryBytes = 8 + 4 + 4 + rlwe::kSeedBytes;
constexpr std::size_t kManifestBytes = 32 + rlwe::kParametersIdBytes + 8;

// What the kernels are fastest at; they read any place.
constexpr std::size_t kCacheLineBytes = 64;

constexpr const char* kWhat = "the expanded key";

KeyHeader take_entry(ByteReader& in, const rlwe::Parameters& parameters, KeyShapes& shapes) {
  const std::uint64_t at = in.offset();
  const auto element = in.get<std::uint64_t>("Galois element");
  if (element != internal::kNoElement && element != internal::kToSparseElement &&
      element != internal::kToDenseElement &&
      !internal::is_galois_element(element, parameters.ring()->degree()))
    throw DecodeError("Galois element", at, std::to_string(element) + " is none of this ring");
  return internal::take_header(in, element, shapes.claimed(element, at));
}

std::vector<KeyHeader> read_manifest(const ContainerReader& expanded, const Bytes32& source,
                                     const rlwe::Parameters& parameters, KeyShapes& shapes) {
  const std::size_t last = expanded.size() - 1;  // wraps where there is none, which frame() refuses
  if (expanded.size() == 0 || expanded.tag(last) != kManifestTag)
    throw DecodeError(expanded.source(), 0, "the manifest of its keys is missing");
  ByteReader in(expanded.frame(last).payload);
  return internal::naming_source(expanded.source(), [&] {
    internal::require_parameters_id(in.get_bytes32("parameters"), parameters, kWhat);
    if (const Bytes32 from = in.get_bytes32("key file"); from != source)
      throw MismatchError("the expanded keys were made from another key file",
                          "key file " + to_hex(from).substr(0, 12),
                          "key file " + to_hex(source).substr(0, 12));
    in.get_in<std::uint64_t>("number of keys", last, last);
    internal::require_size(in.remaining(), std::uint64_t{last} * kEntryBytes, "the manifest");
    std::vector<KeyHeader> entries;
    std::set<std::uint64_t> elements;
    while (entries.size() < last) {
      entries.push_back(take_entry(in, parameters, shapes));
      if (!elements.insert(entries.back().element).second)
        throw DecodeError("manifest", in.offset(), "a key is there twice");
    }
    return entries;
  });
}

/// Bytes in memory of the keys that are shaped like an element's, by the bytes that they travel in.
using MemoryBySize = std::map<std::uint64_t, std::uint64_t>;

MemoryBySize memory_by_size(std::uint64_t element, const rlwe::Parameters& parameters) {
  KeyShapes shapes(parameters);
  MemoryBySize out;
  try {
    const KeyShapes::Shape shape = shapes.claimed(element, 0);
    for (std::size_t limbs = shape.least_limbs; limbs <= shape.most_limbs; ++limbs)
      out.emplace(shapes.encoded_bytes(element, limbs), shapes.memory_bytes(element, limbs));
  } catch (const DecodeError&) {
    // There is no such key, which loading says.
  }
  return out;
}

/// Where a key's residues lie in its frame: after zeros up to a page's start.
const std::uint64_t* residues_of(const ContainerReader& expanded, std::size_t index, std::uint64_t bytes) {
  const Frame frame = expanded.unverified_frame(index);
  const std::size_t size = frame.payload.size();
  const std::uint8_t* begin = frame.payload.data() + (size - std::min<std::uint64_t>(bytes, size));
  if (frame.tag != kResiduesTag || size < bytes || size - bytes >= kPageBytes ||
      reinterpret_cast<std::uintptr_t>(begin) % kCacheLineBytes != 0)
    throw DecodeError(expanded.source(), 0,
                      "frame " + std::to_string(index) + " is not the residues of its key");
  return reinterpret_cast<const std::uint64_t*>(begin);
}

/// The key's residues as they lie in a frame that starts at `offset` of the container.
void lay_out(const rlwe::KeySwitchKey& key, std::uint64_t offset, std::vector<std::uint8_t>& payload) {
  const LimbSet limbs = key.b.front().limbs();
  const std::size_t poly = limbs.count() * key.b.front().degree() * sizeof(std::uint64_t);
  const std::size_t zeros = static_cast<std::size_t>(-(offset + internal::kFrameHeaderBytes) % kPageBytes);
  payload.assign(zeros, 0);
  payload.resize(zeros + (key.b.size() + key.a.size()) * poly);
  std::uint8_t* to = payload.data() + zeros;
  for (const auto* half : {&key.b, &key.a})
    for (const EvaluationPoly& digit : *half) {
      std::memcpy(to, digit.limb(0), poly);
      to += poly;
    }
}

}  // namespace

std::uint64_t memory_bytes_of_keys(const ContainerReader& keys, const rlwe::Parameters& parameters) {
  std::map<std::uint32_t, MemoryBySize> tables;  // of a tag; files may have millions of frames
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto like = internal::element_like(keys.tag(i));
    if (!like) continue;
    auto table = tables.find(keys.tag(i));
    if (table == tables.end()) table = tables.emplace(keys.tag(i), memory_by_size(*like, parameters)).first;
    if (const auto it = table->second.find(keys.payload_bytes(i)); it != table->second.end())
      bytes += it->second;
  }
  return bytes;
}

std::uint64_t max_expanded_bytes(const ContainerReader& keys, const rlwe::Parameters& parameters) {
  return memory_bytes_of_keys(keys, parameters) + rlwe::kContainerBytes +
         keys.size() * (kPageBytes + rlwe::framed_bytes(0)) +
         rlwe::framed_bytes(kManifestBytes + keys.size() * kEntryBytes);
}

void write_expanded_keys(ContainerWriter& out, const ContainerReader& keys,
                         const rlwe::Parameters& parameters, const EvaluationKeysLimits& limits,
                         const ThreadPool& pool, Progress& progress) {
  ByteWriter manifest;
  manifest.put_raw(parameters.id());
  manifest.put_raw(keys.digest());
  manifest.put(std::uint64_t{keys.size()});
  std::vector<std::uint8_t> payload;
  internal::stream_keys(keys, parameters, limits, pool, progress, "expand keys",
                        [&](std::uint64_t element, const rlwe::KeySwitchKey& key) {
                          internal::put_header(manifest, element, key);
                          lay_out(key, out.bytes_written(), payload);
                          out.write_frame(kResiduesTag, payload);
                        });
  out.write_frame(kManifestTag, manifest.bytes());
  out.finish();
}

rlwe::EvaluationKeys map_expanded_keys(ContainerReader expanded, const Bytes32& source,
                                       const rlwe::Parameters& parameters,
                                       const EvaluationKeysLimits& limits) {
  KeyShapes shapes(parameters);
  const auto entries = read_manifest(expanded, source, parameters, shapes);
  if (entries.size() > limits.max_keys)
    throw ResourceError(expanded.source() + " has " + std::to_string(entries.size()) + " keys, and at most " +
                        std::to_string(limits.max_keys) + " are accepted here");
  const auto owner = std::make_shared<const ContainerReader>(std::move(expanded));
  internal::KeyCollector keys(parameters);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const KeyHeader& entry = entries[i];
    const auto& ring = entry.parameters->ring();
    const std::size_t words = entry.limbs.count() * ring->degree();
    const std::uint64_t* residues = residues_of(*owner, i, shapes.memory_bytes(entry.element, entry.limbs.q));
    rlwe::KeySwitchKey key{{}, {}, entry.seed};
    for (auto* half : {&key.b, &key.a})
      for (std::size_t d = 0; d < entry.digits; ++d, residues += words)
        half->push_back(EvaluationPoly::borrowed(ring, entry.limbs, owner, residues));
    keys.add(entry.element, std::move(key));
  }
  return keys.finish(owner->source());
}

}  // namespace cloister::wire
