#include "cloister/wire/rlwe_encoding.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/ring/uniform.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/internal/key_stream.h"
#include "cloister/wire/internal/layout.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

using internal::KeyShapes;

static_assert(rlwe::kContainerBytes ==
              internal::kHeaderBytes + internal::kFrameHeaderBytes + internal::kEndPayloadBytes);
static_assert(rlwe::framed_bytes(internal::kAlignment + 1) ==
              internal::kFrameHeaderBytes + 2 * internal::kAlignment);

// Part of the file format.
constexpr std::uint32_t kPublicKeyTag = 1;

constexpr const char* kKey = "the evaluation key";
constexpr const char* kPublicKey = "the public key";

void check_key(const rlwe::KeySwitchKey& key, std::uint64_t element, const KeyShapes::Shape& shape) {
  if (key.b.empty()) throw ParametersError("encode: the evaluation key is empty");
  const rlwe::Parameters& parameters = *shape.parameters;
  internal::require_ring(key.b.front(), parameters, kKey);
  const std::size_t q = key.q_limbs();
  if (q < shape.least_limbs || q > shape.most_limbs)
    throw ParametersError("encode: the evaluation key does not have its limbs");
  const LimbSet limbs = parameters.raised_limbs(q);
  for (const EvaluationPoly& b : key.b) {
    internal::require_ring(b, parameters, kKey);
    if (b.limbs() != limbs)
      throw ParametersError("encode: the evaluation key's digits differ in their limbs");
  }
  if (limbs.p == 0 || key.b.size() != KeyShapes::digits(parameters, element, q))
    throw ParametersError("encode: the evaluation key does not have all of its digits");
}

std::vector<std::uint8_t> encode_key(const rlwe::KeySwitchKey& key, std::uint64_t element, KeyShapes& shapes,
                                     const ThreadPool& pool) {
  const KeyShapes::Shape shape = shapes.of(element);
  check_key(key, element, shape);
  ByteWriter header;
  header.put_raw(shape.parameters->id());
  internal::put_header(header, element, key);

  std::vector<std::uint8_t> out(shapes.encoded_bytes(element, key.q_limbs()));
  std::ranges::copy(header.bytes(), out.begin());
  auto room = std::span(out).subspan(header.size());
  for (const EvaluationPoly& b : key.b) internal::put_poly(b, room, pool);
  internal::require_filled(room);
  return out;
}

}  // namespace

void EvaluationKeysWriter::write_relinearization(const rlwe::KeySwitchKey& key) {
  KeyShapes shapes(*parameters_);
  out_->write_frame(internal::kRelinearizationTag, encode_key(key, internal::kNoElement, shapes, *pool_));
}

void EvaluationKeysWriter::write_galois(const rlwe::GaloisKey& key) {
  KeyShapes shapes(*parameters_);
  out_->write_frame(internal::kGaloisTag,
                    encode_key(key.key, key.automorphism.galois_element(), shapes, *pool_));
}

void EvaluationKeysWriter::write_encapsulation(const rlwe::EncapsulationKeys& keys) {
  KeyShapes shapes(*parameters_);
  out_->write_frame(internal::kToSparseTag,
                    encode_key(keys.to_sparse, internal::kToSparseElement, shapes, *pool_));
  out_->write_frame(internal::kToDenseTag,
                    encode_key(keys.to_dense, internal::kToDenseElement, shapes, *pool_));
}

rlwe::EvaluationKeys load_evaluation_keys(ContainerReader& reader, const rlwe::Parameters& parameters,
                                          const EvaluationKeysLimits& limits, const ThreadPool& pool,
                                          Progress& progress) {
  internal::KeyCollector keys(parameters);
  internal::stream_keys(
      reader, parameters, limits, pool, progress, "load keys",
      [&](std::uint64_t element, rlwe::KeySwitchKey key) { keys.add(element, std::move(key)); });
  return keys.finish(reader.source());
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
