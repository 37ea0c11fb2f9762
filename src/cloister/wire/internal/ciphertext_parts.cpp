#include "cloister/wire/internal/ciphertext_parts.h"

#include <algorithm>
#include <string>

#include "cloister/base/error.h"
#include "cloister/ring/uniform.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire::internal {
namespace {

constexpr const char* kWhat = "the ciphertext";
constexpr std::uint64_t kSeedStream = 0;
constexpr std::size_t kMinParts = 2, kMaxParts = 3;

/// Whether the seed still belongs to the second part; one limb of it tells.
bool expands_to(const Seed& seed, const EvaluationPoly& part, const ThreadPool& pool) {
  const auto due = expand_uniform(part.ring(), {1, 0}, seed, kSeedStream, pool);
  return std::ranges::equal(due.limb_span(0), part.limb_span(0));
}

}  // namespace

void require_parts(std::span<const EvaluationPoly> parts, const std::optional<Seed>& seed,
                   const rlwe::Parameters& parameters, const ThreadPool& pool) {
  if (parts.size() < kMinParts || parts.size() > kMaxParts)
    throw ParametersError("encode: a ciphertext of " + std::to_string(parts.size()) +
                          " parts; 2 or 3 can travel");
  const LimbSet limbs = parts.front().limbs();
  for (const EvaluationPoly& part : parts) {
    require_ring(part, parameters, kWhat);
    if (part.limbs() != limbs || limbs.p != 0 || limbs.q == 0)
      throw ParametersError("encode: the ciphertext's parts differ in their level");
  }
  if (seed && !expands_to(*seed, parts[1], pool))
    throw ParametersError(
        "encode: the ciphertext was changed after its encryption and still has its seed; "
        "drop the seed");
}

void put_form(ByteWriter& header, const Bytes32& id, std::span<const EvaluationPoly> parts,
              const std::optional<Seed>& seed) {
  header.put_raw(id);
  header.put(static_cast<std::uint32_t>(parts.front().limbs().q - 1));
  header.put(static_cast<std::uint16_t>(parts.size()));
  header.put(static_cast<std::uint16_t>(seed.has_value()));
}

CiphertextForm get_form(ByteReader& reader, int max_level) {
  CiphertextForm out{};
  out.level =
      static_cast<int>(reader.get_in<std::uint32_t>("level", 0, static_cast<std::uint32_t>(max_level)));
  out.parts = reader.get_in<std::uint16_t>("parts", kMinParts, kMaxParts);
  out.seeded = reader.get_in<std::uint16_t>("seeded", 0, 1) == 1;
  return out;
}

void append_parts(std::span<const std::uint8_t> header, std::span<const EvaluationPoly> parts,
                  const std::optional<Seed>& seed, const rlwe::Parameters& parameters,
                  std::vector<std::uint8_t>& out, const ThreadPool& pool) {
  const bool seeded = seed.has_value();
  const int level = static_cast<int>(parts.front().limbs().q) - 1;
  const std::size_t start = out.size();
  out.resize(start + header.size() +
             rlwe::encoded_bytes_of_parts(parameters.spec(), level, seeded, parts.size()));
  auto room = std::span(out).subspan(start);
  const auto put = [&room](std::span<const std::uint8_t> bytes) {
    std::ranges::copy(bytes, room.begin());
    room = room.subspan(bytes.size());
  };
  put(header);
  if (seeded) put(seed->bytes());
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!seeded || i != 1) put_poly(parts[i], room, pool);
  require_filled(room);
}

std::vector<EvaluationPoly> take_parts(ByteReader& reader, const CiphertextForm& form, int most_level,
                                       const rlwe::Parameters& parameters, std::optional<Seed>& seed,
                                       const ThreadPool& pool) {
  const std::uint64_t header = reader.offset();
  require_size(header + reader.remaining(),
               header + rlwe::encoded_bytes_of_parts(parameters.spec(), form.level, form.seeded, form.parts),
               kWhat);
  if (form.seeded) seed.emplace(reader.get_bytes32("seed"));
  const LimbSet limbs{static_cast<std::size_t>(form.level) + 1, 0},
      read{static_cast<std::size_t>(std::min(form.level, most_level)) + 1, 0};
  auto bytes = reader.get_raw(reader.remaining(), "residues");
  std::vector<EvaluationPoly> out;
  for (std::size_t i = 0; i < form.parts; ++i)
    out.push_back(form.seeded && i == 1 ? expand_uniform(parameters.ring(), read, *seed, kSeedStream, pool)
                                        : take_poly(parameters.ring(), limbs, read, bytes, pool));
  return out;
}

}  // namespace cloister::wire::internal
