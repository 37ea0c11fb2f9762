#include "cloister/wire/internal/key_stream.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/ring/uniform.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire::internal {
namespace {

constexpr const char* kKey = "the evaluation key";

/// A key whose header has been checked, and whose residues have not been read.
struct PendingKey {
  KeyHeader header;
  std::span<const std::uint8_t> residues;
};

bool fits(std::uint32_t tag, std::uint64_t element, std::size_t degree) {
  switch (tag) {
    case kRelinearizationTag:
      return element == kNoElement;
    case kGaloisTag:
      return is_galois_element(element, degree);
    case kToSparseTag:
      return element == kToSparseElement;
    case kToDenseTag:
      return element == kToDenseElement;
    default:
      return false;
  }
}

PendingKey parse_key(const Frame& frame, const rlwe::Parameters& parameters, KeyShapes& shapes) {
  ByteReader reader(frame.payload);
  const auto like = element_like(frame.tag);
  if (!like) throw DecodeError("tag", 0, std::to_string(frame.tag) + " is no evaluation key's");
  const KeyShapes::Shape shape = shapes.claimed(*like, 0);
  require_parameters_id(reader.get_bytes32("parameters"), *shape.parameters, kKey);
  const std::uint64_t at = reader.offset();
  const auto element = reader.get<std::uint64_t>("Galois element");
  if (!fits(frame.tag, element, parameters.ring()->degree()))
    throw DecodeError("Galois element", at,
                      std::to_string(element) + " does not fit a frame of tag " + std::to_string(frame.tag));
  const KeyHeader header = take_header(reader, element, shape);
  require_size(frame.payload.size(), shapes.encoded_bytes(element, header.limbs.q), kKey);
  return {header, reader.get_raw(reader.remaining(), "residues")};
}

rlwe::KeySwitchKey decode_key(const PendingKey& pending, const ThreadPool& pool) {
  const KeyHeader& header = pending.header;
  rlwe::KeySwitchKey key{{}, {}, header.seed};
  const auto& ring = header.parameters->ring();
  std::span<const std::uint8_t> bytes = pending.residues;
  for (std::size_t digit = 0; digit < header.digits; ++digit) {
    key.b.push_back(take_poly(ring, header.limbs, bytes, pool));
    key.a.push_back(expand_uniform(ring, header.limbs, key.seed, digit, pool));
  }
  return key;
}

void require_both(bool to_sparse, bool to_dense, const std::string& source) {
  if (to_sparse != to_dense)
    throw DecodeError(source, 0, "it has one of the two encapsulation keys without the other");
}

/// Gathers the keys of a file a few at a time: checksums in parallel, headers and limits in the file's order,
/// residues in parallel.
class KeyStream {
 public:
  KeyStream(const ContainerReader& reader, const rlwe::Parameters& parameters,
            const EvaluationKeysLimits& limits, const ThreadPool& pool)
      : reader_(&reader), parameters_(&parameters), shapes_(parameters), limits_(limits), pool_(&pool) {}

  void pass(std::size_t begin, std::size_t end, const KeySink& sink) {
    pool_->parallel_for(end - begin, [&](std::size_t i) { reader_->frame(begin + i); });
    std::vector<PendingKey> pending;
    for (std::size_t i = begin; i < end; ++i) pending.push_back(admit(i));
    std::vector<std::optional<rlwe::KeySwitchKey>> keys(pending.size());
    pool_->parallel_for(pending.size(), [&](std::size_t i) {
      keys[i] = naming_source(name_of(begin + i), [&] { return decode_key(pending[i], *pool_); });
      reader_->release(begin + i);
    });
    for (std::size_t i = 0; i < keys.size(); ++i) sink(pending[i].header.element, std::move(*keys[i]));
  }

 private:
  std::string name_of(std::size_t index) const {
    return reader_->source() + ", key " + std::to_string(index);
  }

  PendingKey admit(std::size_t index) {
    PendingKey key = naming_source(name_of(index),
                                   [&] { return parse_key(reader_->frame(index), *parameters_, shapes_); });
    if (!elements_.insert(key.header.element).second)
      throw DecodeError(
          name_of(index), 0,
          "the key of Galois element " + std::to_string(key.header.element) + " is there twice");
    memory_bytes_ += shapes_.memory_bytes(key.header.element, key.header.limbs.q);
    if (memory_bytes_ > limits_.max_memory_bytes)
      throw ResourceError(reader_->source() + ": its keys take more than the " +
                          std::to_string(limits_.max_memory_bytes) +
                          " bytes of memory that are allowed here; allow more or make smaller keys");
    return key;
  }

  const ContainerReader* reader_;
  const rlwe::Parameters* parameters_;
  KeyShapes shapes_;
  EvaluationKeysLimits limits_;
  const ThreadPool* pool_;
  std::set<std::uint64_t> elements_;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace

void stream_keys(const ContainerReader& reader, const rlwe::Parameters& parameters,
                 const EvaluationKeysLimits& limits, const ThreadPool& pool, Progress& progress,
                 std::string_view stage, const KeySink& sink) {
  const std::size_t count = reader.size();
  if (count > limits.max_keys)
    throw ResourceError(reader.source() + " has " + std::to_string(count) + " keys, and at most " +
                        std::to_string(limits.max_keys) + " are accepted here");
  const auto has = [&](std::uint32_t tag) {
    for (std::size_t i = 0; i < count; ++i)
      if (reader.tag(i) == tag) return true;
    return false;
  };
  require_both(has(kToSparseTag), has(kToDenseTag), reader.source());
  KeyStream stream(reader, parameters, limits, pool);
  const auto batch = static_cast<std::size_t>(pool.threads());
  progress.update(stage, 0, count);
  for (std::size_t begin = 0; begin < count; begin += batch) {
    const std::size_t end = std::min(begin + batch, count);
    stream.pass(begin, end, sink);
    progress.update(stage, end, count);
  }
}

std::optional<std::uint64_t> element_like(std::uint32_t tag) noexcept {
  switch (tag) {
    case kRelinearizationTag:
    case kGaloisTag:
      return kNoElement;
    case kToSparseTag:
      return kToSparseElement;
    case kToDenseTag:
      return kToDenseElement;
    default:
      return std::nullopt;
  }
}

void put_header(ByteWriter& out, std::uint64_t element, const rlwe::KeySwitchKey& key) {
  out.put(element);
  out.put(static_cast<std::uint32_t>(key.q_limbs()));
  out.put(static_cast<std::uint32_t>(key.b.size()));
  out.put_raw(key.seed.bytes());
}

KeyHeader take_header(ByteReader& in, std::uint64_t element, const KeyShapes::Shape& shape) {
  const std::size_t q_limbs = in.get_in<std::uint32_t>("limbs", static_cast<std::uint32_t>(shape.least_limbs),
                                                       static_cast<std::uint32_t>(shape.most_limbs));
  const auto digits = static_cast<std::uint32_t>(KeyShapes::digits(*shape.parameters, element, q_limbs));
  in.get_in<std::uint32_t>("digits", digits, digits);
  return {element, shape.parameters, shape.parameters->raised_limbs(q_limbs), digits,
          Seed(in.get_bytes32("seed"))};
}

KeyShapes::Shape KeyShapes::of(std::uint64_t element) {
  const std::size_t most = parameters_->ring()->q_count();
  if (element == kToDenseElement) return {parameters_, most, most};
  if (element != kToSparseElement) return {parameters_, 1, most};
  if (!encapsulated_) encapsulated_ = parameters_->encapsulated();
  return {encapsulated_.get(), 1, 1};
}

KeyShapes::Shape KeyShapes::claimed(std::uint64_t element, std::uint64_t offset) {
  if (parameters_->ring()->p_count() == 0)
    throw DecodeError(kKey, offset, "these parameters have no special modulus to switch keys with");
  try {
    return of(element);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kInternal) throw;
    throw DecodeError(kKey, offset,
                      std::string("these parameters have no encapsulation keys (") + e.what() + ")");
  }
}

std::size_t KeyShapes::digits(const rlwe::Parameters& parameters, std::uint64_t element,
                              std::size_t q_limbs) {
  return element == kToDenseElement ? 1 : parameters.digits_at(q_limbs);
}

std::uint64_t KeyShapes::encoded_bytes(std::uint64_t element, std::size_t q_limbs) const {
  const rlwe::ParametersSpec& spec = parameters_->spec();
  if (element == kToSparseElement) return rlwe::encoded_bytes_of_key_to_sparse(spec);
  if (element == kToDenseElement) return rlwe::encoded_bytes_of_key_to_dense(spec);
  return rlwe::encoded_bytes_of_key(spec, q_limbs);
}

std::uint64_t KeyShapes::memory_bytes(std::uint64_t element, std::size_t q_limbs) const {
  const rlwe::ParametersSpec& spec = parameters_->spec();
  if (element == kToSparseElement) return rlwe::memory_bytes_of_key_to_sparse(spec);
  if (element == kToDenseElement) return rlwe::memory_bytes_of_key_to_dense(spec);
  return rlwe::memory_bytes_of_key(spec, q_limbs);
}

void KeyCollector::add(std::uint64_t element, rlwe::KeySwitchKey key) {
  switch (element) {
    case kNoElement:
      return keys_.set_relinearization(std::move(key));
    case kToSparseElement:
      to_sparse_ = std::move(key);
      return;
    case kToDenseElement:
      to_dense_ = std::move(key);
      return;
    default:
      keys_.add_galois({std::move(key), Automorphism(parameters_->ring()->log2_degree(), element)});
  }
}

rlwe::EvaluationKeys KeyCollector::finish(const std::string& source) {
  require_both(to_sparse_.has_value(), to_dense_.has_value(), source);
  if (to_sparse_) keys_.set_encapsulation({std::move(*to_sparse_), std::move(*to_dense_)});
  return std::move(keys_);
}

}  // namespace cloister::wire::internal
