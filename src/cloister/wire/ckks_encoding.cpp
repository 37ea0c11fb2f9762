#include "cloister/wire/ckks_encoding.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/ring/uniform.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

constexpr const char* kWhat = "the ciphertext";
constexpr std::uint64_t kSeedStream = 0;
constexpr std::size_t kMinParts = 2, kMaxParts = 3;

bool is_bound(double x) { return std::isfinite(x) && x >= 0; }

/// Whether the seed still belongs to the second part; one limb of it tells.
bool expands_to(const Seed& seed, const EvaluationPoly& part, const ThreadPool& pool) {
  const auto due = expand_uniform(part.ring(), {1, 0}, seed, kSeedStream, pool);
  return std::ranges::equal(due.limb_span(0), part.limb_span(0));
}

void check_normal_form(const ckks::Ciphertext& c, const ckks::Parameters& parameters,
                       const ThreadPool& pool) {
  if (c.parts.size() < kMinParts || c.parts.size() > kMaxParts)
    throw ParametersError("encode: a ciphertext of " + std::to_string(c.parts.size()) +
                          " parts; 2 or 3 can travel");
  const LimbSet limbs = c.parts.front().limbs();
  for (const EvaluationPoly& part : c.parts) {
    internal::require_ring(part, *parameters.rlwe(), kWhat);
    if (part.limbs() != limbs || limbs.p != 0 || limbs.q == 0)
      throw ParametersError("encode: the ciphertext's parts differ in their level");
  }
  if (c.scale != parameters.scale_at(c.level()))
    throw ParametersError("encode: the ciphertext's scale is 2^" + std::to_string(c.scale.log2()) +
                          " and not exactly that of level " + std::to_string(c.level()) +
                          "; rescale it before it travels");
  if (!is_bound(c.bound.magnitude) || !is_bound(c.bound.error))
    throw ParametersError("encode: the ciphertext's error bound is negative or not finite");
  if (c.seed && !expands_to(*c.seed, c.parts[1], pool))
    throw ParametersError(
        "encode: the ciphertext was changed after its encryption and still has its seed; "
        "drop the seed");
}

double get_bound(ByteReader& reader, const char* field) {
  const std::uint64_t at = reader.offset();
  const double value = reader.get_double(field);
  if (!is_bound(value)) throw DecodeError(field, at, "it is negative or not finite");
  return value;
}

}  // namespace

void append_ciphertext(const ckks::Ciphertext& ciphertext, const ckks::Parameters& parameters,
                       std::vector<std::uint8_t>& out, const ThreadPool& pool) {
  check_normal_form(ciphertext, parameters, pool);
  const bool seeded = ciphertext.seed.has_value();
  ByteWriter header;
  header.put_raw(parameters.rlwe()->id());
  header.put(static_cast<std::uint32_t>(ciphertext.level()));
  header.put(static_cast<std::uint16_t>(ciphertext.parts.size()));
  header.put(static_cast<std::uint16_t>(seeded));
  header.put(ciphertext.scale.value());
  header.put(ciphertext.bound.magnitude);
  header.put(ciphertext.bound.error);
  if (seeded) header.put_raw(ciphertext.seed->bytes());

  const std::size_t start = out.size();
  out.resize(start + rlwe::encoded_bytes_of_ciphertext(parameters.rlwe()->spec(), ciphertext.level(), seeded,
                                                       ciphertext.parts.size()));
  std::ranges::copy(header.bytes(), out.begin() + static_cast<std::ptrdiff_t>(start));
  auto room = std::span(out).subspan(start + header.size());
  for (std::size_t i = 0; i < ciphertext.parts.size(); ++i)
    if (!seeded || i != 1) internal::put_poly(ciphertext.parts[i], room, pool);
  internal::require_filled(room);
}

std::vector<std::uint8_t> encode_ciphertext(const ckks::Ciphertext& ciphertext,
                                            const ckks::Parameters& parameters, const ThreadPool& pool) {
  std::vector<std::uint8_t> out;
  append_ciphertext(ciphertext, parameters, out, pool);
  return out;
}

ckks::Ciphertext decode_ciphertext(std::span<const std::uint8_t> payload, const ckks::Parameters& parameters,
                                   const ThreadPool& pool, int most_level) {
  if (most_level < 0) throw ParametersError("decode: no limb of the ciphertext is asked for");
  ByteReader reader(payload);
  internal::require_parameters_id(reader.get_bytes32("parameters"), *parameters.rlwe(), kWhat);
  const auto max_level = static_cast<std::uint32_t>(parameters.max_level());
  const auto level = static_cast<int>(reader.get_in<std::uint32_t>("level", 0, max_level));
  const std::size_t parts = reader.get_in<std::uint16_t>("parts", kMinParts, kMaxParts);
  const bool seeded = reader.get_in<std::uint16_t>("seeded", 0, 1) == 1;
  const ckks::Scale scale(reader.get_double("scale"));
  if (scale != parameters.scale_at(level))
    throw MismatchError("the ciphertext's scale is not that of its level; use files of one plan",
                        "scale " + std::to_string(scale.value()),
                        "scale " + std::to_string(parameters.scale_at(level).value()));
  const double magnitude = get_bound(reader, "magnitude");
  const double error = get_bound(reader, "error bound");
  ckks::Ciphertext out{{}, scale, {magnitude, error}, {}};
  if (seeded) out.seed.emplace(reader.get_bytes32("seed"));
  internal::require_size(payload.size(),
                         rlwe::encoded_bytes_of_ciphertext(parameters.rlwe()->spec(), level, seeded, parts),
                         kWhat);

  const LimbSet limbs{static_cast<std::size_t>(level) + 1, 0},
      read{static_cast<std::size_t>(std::min(level, most_level)) + 1, 0};
  auto bytes = reader.get_raw(reader.remaining(), "residues");
  for (std::size_t i = 0; i < parts; ++i)
    out.parts.push_back(seeded && i == 1
                            ? expand_uniform(parameters.ring(), read, *out.seed, kSeedStream, pool)
                            : internal::take_poly(parameters.ring(), limbs, read, bytes, pool));
  return out;
}

}  // namespace cloister::wire
