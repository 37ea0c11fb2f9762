#include "cloister/pipeline/paillier_session.h"

#include <algorithm>

#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/encoding.h"
#include "cloister/pipeline/internal/paillier_payload.h"
#include "cloister/pipeline/paillier_files.h"

namespace cloister::pipeline {

using internal::decode_payload;
using internal::kPayloadTag;

namespace {

// Part of the file formats.
constexpr std::uint32_t kHeaderTag = 1;

constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 40;

wire::PayloadType type_of(PaillierTable table) {
  return table == PaillierTable::kRows ? wire::PayloadType::kPaillierDataset
                                       : wire::PayloadType::kPaillierPredictions;
}

}  // namespace

PaillierSession PaillierSession::of_sums(ml::Plan plan, const Machine& machine) {
  const ml::Job job = ml::adds_sums(plan.request.job) ? plan.request.job : ml::Job::kAggregate;
  return {std::move(plan), job, machine};
}

PaillierSession::PaillierSession(ml::Plan plan, ml::Job job, const Machine& machine)
    : plan_(std::move(plan)), plan_id_(plan_.id()), machine_(machine) {
  if (!plan_.paillier)
    throw ParametersError("this step is for a plan of the scheme paillier; the plan's is " +
                          std::string(ml::to_string(plan_.request.scheme)));
  if (plan_.request.job != job)
    throw ParametersError("this step is for a plan of the job " + std::string(ml::to_string(job)) +
                          "; the plan's is " + std::string(ml::to_string(plan_.request.job)));
}

void PaillierSession::check_length(const paillier::PublicKey& key, const std::string& source) const {
  if (key.modulus_bits() != paillier().modulus_bits)
    throw MismatchError(source + " has a key of another length than the plan says",
                        std::to_string(key.modulus_bits()) + " bits",
                        std::to_string(paillier().modulus_bits) + " bits");
}

paillier::PublicKey PaillierSession::load_public_key(const std::filesystem::path& path) const {
  auto key = pipeline::load_public_key(path, plan_id_);
  check_length(key, path.string());
  return key;
}

void PaillierSession::save_public_key(const std::filesystem::path& path,
                                      const paillier::PublicKey& key) const {
  pipeline::save_public_key(path, key, plan_id_);
}

paillier::EncryptedSums PaillierSession::load_sums(const std::filesystem::path& path,
                                                   const paillier::PublicKey& key) const {
  return internal::read_one(
      path, {.type = wire::PayloadType::kPaillierSums, .plan_id = plan_id_},
      [&](ByteReader& in) { return paillier::decode_sums(in, key, ml::sums_plan(plan_)); });
}

void PaillierSession::save_sums(const std::filesystem::path& path,
                                const paillier::EncryptedSums& sums) const {
  internal::write_one(path, wire::PayloadType::kPaillierSums, plan_id_, sums);
}

PaillierTableWriter::PaillierTableWriter(const PaillierSession& session, const std::filesystem::path& path,
                                         PaillierTable table, std::uint64_t rows)
    : file_(path), container_(file_, type_of(table), session.plan_id()) {
  ByteWriter header;
  header.put(rows);
  header.put(std::uint64_t{table == PaillierTable::kRows ? session.plan().request.features : 1});
  header.put(ml::block_rows(session.plan()));
  container_.write_frame(kHeaderTag, header.bytes());
}

void PaillierTableWriter::write(const paillier::EncryptedMatrix& block) {
  ByteWriter payload;
  encode(block, payload);
  container_.write_frame(kPayloadTag, payload.bytes());
}

void PaillierTableWriter::finish() {
  container_.finish();
  file_.commit();
}

PaillierTableReader::PaillierTableReader(const PaillierSession& session, const paillier::PublicKey& key,
                                         const std::filesystem::path& path, PaillierTable table)
    : session_(session),
      key_(key),
      table_(table),
      reader_(wire::ContainerReader::open(path, {.type = type_of(table), .plan_id = session.plan_id()})) {
  struct Header {
    std::uint64_t rows, columns, block_rows;
  };
  const auto header =
      decode_payload(reader_.source(), reader_.require_next(kHeaderTag, "the header"), [](ByteReader& in) {
        return Header{in.get_in<std::uint64_t>("rows", 1, kMaxRows), in.get<std::uint64_t>("columns"),
                      in.get<std::uint64_t>("rows a block")};
      });
  rows_ = header.rows;
  block_rows_ = ml::block_rows(session.plan());
  const std::uint64_t columns = table == PaillierTable::kRows ? session.plan().request.features : 1;
  if (header.columns != columns || header.block_rows != block_rows_ ||
      (rows_ + block_rows_ - 1) / block_rows_ != blocks())
    throw DecodeError(reader_.source(), 0, "its rows and columns do not fit its blocks and the plan");
}

std::uint64_t PaillierTableReader::rows_of(std::size_t block) const noexcept {
  return std::min(block_rows_, rows_ - block * block_rows_);
}

paillier::EncryptedMatrix PaillierTableReader::load(std::size_t block) const {
  const wire::Frame frame = reader_.frame(block + 1);
  const std::uint64_t rows = rows_of(block);
  const bool is_rows = table_ == PaillierTable::kRows;
  const std::uint64_t columns = is_rows ? session_.plan().request.features : 1;
  const auto due =
      is_rows ? ml::column_format(session_.plan(), rows) : ml::margin_format(session_.plan(), rows);
  auto out = decode_payload(
      reader_.source() + ", block " + std::to_string(block), frame.payload, [&](ByteReader& in) {
        if (frame.tag != kPayloadTag) throw DecodeError("tag", 0, "this frame is no block of rows");
        auto matrix = paillier::decode_matrix(in, key_, {.max_values = rows, .max_columns = columns});
        if (matrix.columns.size() != columns) throw DecodeError("columns", 0, "a block lacks columns");
        for (const auto& column : matrix.columns) {
          const auto& format = column.format();
          if (format.size != due.size || format.fraction_bits != due.fraction_bits ||
              !(format.packing == due.packing) || format.bound != due.bound)
            throw DecodeError("column format", 0, "a column is not of the form that the plan gives");
        }
        return matrix;
      });
  reader_.release(block + 1);
  return out;
}

}  // namespace cloister::pipeline
