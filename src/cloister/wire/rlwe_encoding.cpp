#include "cloister/wire/rlwe_encoding.h"

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
#include "cloister/wire/internal/layout.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

static_assert(rlwe::kContainerBytes ==
              internal::kHeaderBytes + internal::kFrameHeaderBytes + internal::kEndPayloadBytes);
static_assert(rlwe::framed_bytes(internal::kAlignment + 1) ==
              internal::kFrameHeaderBytes + 2 * internal::kAlignment);

// Part of the file format.
constexpr std::uint32_t kRelinearizationTag = 1;
constexpr std::uint32_t kGaloisTag = 2;
constexpr std::uint32_t kPublicKeyTag = 1;
constexpr std::uint64_t kNoElement = 0;

constexpr const char* kKey = "the evaluation key";
constexpr const char* kPublicKey = "the public key";

void check_key(const rlwe::KeySwitchKey& key, const rlwe::Parameters& parameters) {
  if (key.b.empty()) throw ParametersError("encode: the evaluation key is empty");
  const LimbSet limbs{key.q_limbs(), parameters.ring()->p_count()};
  for (const EvaluationPoly& b : key.b) {
    internal::require_ring(b, parameters, kKey);
    if (b.limbs() != limbs)
      throw ParametersError("encode: the evaluation key's digits differ in their limbs");
  }
  if (limbs.q == 0 || limbs.p == 0 || key.b.size() != parameters.digits_at(limbs.q))
    throw ParametersError("encode: the evaluation key does not have all of its digits");
}

std::vector<std::uint8_t> encode_key(const rlwe::KeySwitchKey& key, std::uint64_t element,
                                     const rlwe::Parameters& parameters, const ThreadPool& pool) {
  check_key(key, parameters);
  ByteWriter header;
  header.put_raw(parameters.id());
  header.put(element);
  header.put(static_cast<std::uint32_t>(key.q_limbs()));
  header.put(static_cast<std::uint32_t>(key.b.size()));
  header.put_raw(key.seed.bytes());

  std::vector<std::uint8_t> out(rlwe::encoded_bytes_of_key(parameters.spec(), key.q_limbs()));
  std::ranges::copy(header.bytes(), out.begin());
  auto room = std::span(out).subspan(header.size());
  for (const EvaluationPoly& b : key.b) internal::put_poly(b, room, pool);
  internal::require_filled(room);
  return out;
}

/// A key whose header has been checked, and whose residues have not been read.
struct PendingKey {
  std::uint64_t element;
  LimbSet limbs;
  std::size_t digits;
  Seed seed;
  std::span<const std::uint8_t> residues;
};

PendingKey parse_key(const Frame& frame, const rlwe::Parameters& parameters) {
  ByteReader reader(frame.payload);
  internal::require_parameters_id(reader.get_bytes32("parameters"), parameters, kKey);
  const Ring& ring = *parameters.ring();
  const std::uint64_t at = reader.offset();
  const auto element = reader.get<std::uint64_t>("Galois element");
  const bool fits = frame.tag == kRelinearizationTag
                        ? element == kNoElement
                        : frame.tag == kGaloisTag && element % 2 == 1 && element < 2 * ring.degree();
  if (!fits)
    throw DecodeError("Galois element", at,
                      std::to_string(element) + " does not fit a frame of tag " + std::to_string(frame.tag));
  const auto most = static_cast<std::uint32_t>(ring.q_count());
  const std::size_t q_limbs = reader.get_in<std::uint32_t>("limbs", 1, most);
  const auto digits = static_cast<std::uint32_t>(parameters.digits_at(q_limbs));
  reader.get_in<std::uint32_t>("digits", digits, digits);
  const Seed seed(reader.get_bytes32("seed"));
  internal::require_size(frame.payload.size(), rlwe::encoded_bytes_of_key(parameters.spec(), q_limbs), kKey);
  return {element, {q_limbs, ring.p_count()}, digits, seed, reader.get_raw(reader.remaining(), "residues")};
}

rlwe::KeySwitchKey decode_key(const PendingKey& pending, const rlwe::Parameters& parameters,
                              const ThreadPool& pool) {
  rlwe::KeySwitchKey key{{}, {}, pending.seed};
  std::span<const std::uint8_t> bytes = pending.residues;
  for (std::size_t digit = 0; digit < pending.digits; ++digit) {
    key.b.push_back(internal::take_poly(parameters.ring(), pending.limbs, bytes, pool));
    key.a.push_back(expand_uniform(parameters.ring(), pending.limbs, key.seed, digit, pool));
  }
  return key;
}

/// Gathers the keys of a file a few at a time: checksums in parallel, headers and limits in the file's order,
/// residues in parallel.
class KeyLoader {
 public:
  KeyLoader(const ContainerReader& reader, const rlwe::Parameters& parameters,
            const EvaluationKeysLimits& limits, const ThreadPool& pool)
      : reader_(&reader), parameters_(&parameters), limits_(limits), pool_(&pool) {}

  void load(std::size_t begin, std::size_t end) {
    pool_->parallel_for(end - begin, [&](std::size_t i) { reader_->frame(begin + i); });
    std::vector<PendingKey> pending;
    for (std::size_t i = begin; i < end; ++i) pending.push_back(admit(i));
    std::vector<std::optional<rlwe::KeySwitchKey>> keys(pending.size());
    pool_->parallel_for(pending.size(), [&](std::size_t i) {
      keys[i] = internal::naming_source(name_of(begin + i),
                                        [&] { return decode_key(pending[i], *parameters_, *pool_); });
      reader_->release(begin + i);
    });
    for (std::size_t i = 0; i < keys.size(); ++i) keep(pending[i].element, std::move(*keys[i]));
  }

  rlwe::EvaluationKeys take() { return std::move(keys_); }

 private:
  std::string name_of(std::size_t index) const {
    return reader_->source() + ", key " + std::to_string(index);
  }

  PendingKey admit(std::size_t index) {
    PendingKey key = internal::naming_source(name_of(index),
                                             [&] { return parse_key(reader_->frame(index), *parameters_); });
    if (!elements_.insert(key.element).second)
      throw DecodeError(name_of(index), 0,
                        "the key of Galois element " + std::to_string(key.element) + " is there twice");
    memory_bytes_ += rlwe::memory_bytes_of_key(parameters_->spec(), key.limbs.q);
    if (memory_bytes_ > limits_.max_memory_bytes)
      throw ResourceError(reader_->source() + ": its keys take more than the " +
                          std::to_string(limits_.max_memory_bytes) +
                          " bytes of memory that are allowed here; allow more or make smaller keys");
    return key;
  }

  void keep(std::uint64_t element, rlwe::KeySwitchKey key) {
    if (element == kNoElement)
      keys_.set_relinearization(std::move(key));
    else
      keys_.add_galois({std::move(key), Automorphism(parameters_->ring()->log2_degree(), element)});
  }

  const ContainerReader* reader_;
  const rlwe::Parameters* parameters_;
  EvaluationKeysLimits limits_;
  const ThreadPool* pool_;
  std::set<std::uint64_t> elements_;
  std::uint64_t memory_bytes_ = 0;
  rlwe::EvaluationKeys keys_;
};

}  // namespace

void EvaluationKeysWriter::write_relinearization(const rlwe::KeySwitchKey& key) {
  out_->write_frame(kRelinearizationTag, encode_key(key, kNoElement, *parameters_, *pool_));
}

void EvaluationKeysWriter::write_galois(const rlwe::GaloisKey& key) {
  out_->write_frame(kGaloisTag, encode_key(key.key, key.automorphism.galois_element(), *parameters_, *pool_));
}

rlwe::EvaluationKeys load_evaluation_keys(ContainerReader& reader, const rlwe::Parameters& parameters,
                                          const EvaluationKeysLimits& limits, const ThreadPool& pool,
                                          Progress& progress) {
  const std::size_t count = reader.size();
  if (count > limits.max_keys)
    throw ResourceError(reader.source() + " has " + std::to_string(count) + " keys, and at most " +
                        std::to_string(limits.max_keys) + " are accepted here");
  KeyLoader loader(reader, parameters, limits, pool);
  const auto batch = static_cast<std::size_t>(pool.threads());
  progress.update("load keys", 0, count);
  for (std::size_t begin = 0; begin < count; begin += batch) {
    const std::size_t end = std::min(begin + batch, count);
    loader.load(begin, end);
    progress.update("load keys", end, count);
  }
  return loader.take();
}

void write_public_key(ContainerWriter& out, const rlwe::PublicKey& key, const rlwe::Parameters& parameters,
                      const ThreadPool& pool) {
  internal::require_ring(key.b, parameters, kPublicKey);
  if (key.b.limbs() != LimbSet{parameters.ring()->q_count(), 0})
    throw ParametersError("encode: the public key does not have all limbs of its modulus");
  ByteWriter header;
  header.put_raw(parameters.id());
  header.put_raw(key.seed.bytes());
  std::vector<std::uint8_t> payload(rlwe::encoded_bytes_of_public_key(parameters.spec()));
  std::ranges::copy(header.bytes(), payload.begin());
  auto room = std::span(payload).subspan(header.size());
  internal::put_poly(key.b, room, pool);
  internal::require_filled(room);
  out.write_frame(kPublicKeyTag, payload);
}

rlwe::PublicKey load_public_key(ContainerReader& reader, const rlwe::Parameters& parameters,
                                const ThreadPool& pool) {
  reader.rewind();
  const auto payload = reader.require_next(kPublicKeyTag, kPublicKey);
  reader.expect_end();
  return internal::naming_source(reader.source(), [&] {
    ByteReader bytes(payload);
    internal::require_parameters_id(bytes.get_bytes32("parameters"), parameters, kPublicKey);
    const Seed seed(bytes.get_bytes32("seed"));
    internal::require_size(payload.size(), rlwe::encoded_bytes_of_public_key(parameters.spec()), kPublicKey);
    const LimbSet limbs{parameters.ring()->q_count(), 0};
    auto residues = bytes.get_raw(bytes.remaining(), "residues");
    return rlwe::PublicKey{internal::take_poly(parameters.ring(), limbs, residues, pool),
                           expand_uniform(parameters.ring(), limbs, seed, 0, pool), seed};
  });
}

}  // namespace cloister::wire
