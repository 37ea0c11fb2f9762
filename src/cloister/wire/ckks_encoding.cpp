#include "cloister/wire/ckks_encoding.h"

#include <cmath>
#include <string>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/wire/internal/ciphertext_parts.h"
#include "cloister/wire/internal/poly_encoding.h"

namespace cloister::wire {
namespace {

constexpr const char* kWhat = "the ciphertext";

bool is_bound(double x) { return std::isfinite(x) && x >= 0; }

void check_normal_form(const ckks::Ciphertext& c, const ckks::Parameters& parameters,
                       const ThreadPool& pool) {
  internal::require_parts(c.parts, c.seed, *parameters.rlwe(), pool);
  if (c.scale != parameters.scale_at(c.level()))
    throw ParametersError("encode: the ciphertext's scale is 2^" + std::to_string(c.scale.log2()) +
                          " and not exactly that of level " + std::to_string(c.level()) +
                          "; rescale it before it travels");
  if (!is_bound(c.bound.magnitude) || !is_bound(c.bound.error))
    throw ParametersError("encode: the ciphertext's error bound is negative or not finite");
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
  ByteWriter header;
  internal::put_form(header, parameters.rlwe()->id(), ciphertext.parts, ciphertext.seed);
  header.put(ciphertext.scale.value());
  header.put(ciphertext.bound.magnitude);
  header.put(ciphertext.bound.error);
  internal::append_parts(header.bytes(), ciphertext.parts, ciphertext.seed, *parameters.rlwe(), out, pool);
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
  const auto [level, parts, seeded] = internal::get_form(reader, parameters.max_level());
  const ckks::Scale scale(reader.get_double("scale"));
  if (scale != parameters.scale_at(level))
    throw MismatchError("the ciphertext's scale is not that of its level; use files of one plan",
                        "scale " + std::to_string(scale.value()),
                        "scale " + std::to_string(parameters.scale_at(level).value()));
  const double magnitude = get_bound(reader, "magnitude");
  const double error = get_bound(reader, "error bound");
  ckks::Ciphertext out{{}, scale, {magnitude, error}, {}};
  out.parts =
      internal::take_parts(reader, {level, parts, seeded}, most_level, *parameters.rlwe(), out.seed, pool);
  return out;
}

}  // namespace cloister::wire
