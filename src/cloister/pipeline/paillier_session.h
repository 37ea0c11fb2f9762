#pragma once

#include <filesystem>
#include <optional>

#include "cloister/ml/plan.h"
#include "cloister/paillier/encrypted_sums.h"
#include "cloister/paillier/encrypted_vector.h"
#include "cloister/pipeline/machine.h"
#include "cloister/wire/container.h"

namespace cloister::pipeline {

/// What every Paillier step takes from a plan, for owners and server alike. Holds no secret.
class PaillierSession {
 public:
  /// Throws ParametersError if the plan is not for Paillier, or not for this job.
  PaillierSession(ml::Plan plan, ml::Job job, const Machine& machine);
  /// For either job that adds sums.
  static PaillierSession of_sums(ml::Plan plan, const Machine& machine);

  const ml::Plan& plan() const noexcept { return plan_; }
  const ml::PaillierPlan& paillier() const noexcept { return *plan_.paillier; }
  const wire::PlanId& plan_id() const noexcept { return plan_id_; }
  const Machine& machine() const noexcept { return machine_; }

  /// Throws MismatchError for a key of another length than the plan's.
  void check_length(const paillier::PublicKey& key, const std::string& source) const;
  paillier::PublicKey load_public_key(const std::filesystem::path& path) const;
  void save_public_key(const std::filesystem::path& path, const paillier::PublicKey& key) const;

  /// Encrypted sums of this plan and key.
  paillier::EncryptedSums load_sums(const std::filesystem::path& path, const paillier::PublicKey& key) const;
  void save_sums(const std::filesystem::path& path, const paillier::EncryptedSums& sums) const;

 private:
  ml::Plan plan_;
  wire::PlanId plan_id_;
  Machine machine_;
};

/// A file of encrypted rows by columns, block by block: rows to predict, or their predictions (one column).
/// The container holds a header (rows, columns, rows a block), then a matrix a block.
enum class PaillierTable { kRows, kPredictions };

class PaillierTableWriter {
 public:
  /// The file appears under its name when all blocks are written.
  PaillierTableWriter(const PaillierSession& session, const std::filesystem::path& path, PaillierTable table,
                      std::uint64_t rows);
  void write(const paillier::EncryptedMatrix& block);
  void finish();

 private:
  AtomicFile file_;
  wire::ContainerWriter container_;
};

class PaillierTableReader {
 public:
  /// The session must outlive this object. Errors: the container's, DecodeError for a header that is not of
  /// the plan.
  PaillierTableReader(const PaillierSession& session, const paillier::PublicKey& key,
                      const std::filesystem::path& path, PaillierTable table);

  std::uint64_t rows() const noexcept { return rows_; }
  std::size_t blocks() const noexcept { return reader_.size() - 1; }
  std::uint64_t rows_of(std::size_t block) const noexcept;
  /// Checked against the key and the plan's formats. Errors: DecodeError, MismatchError (another key).
  paillier::EncryptedMatrix load(std::size_t block) const;

 private:
  const PaillierSession& session_;
  paillier::PublicKey key_;
  PaillierTable table_;
  wire::ContainerReader reader_;
  std::uint64_t rows_ = 0, block_rows_ = 0;
};

}  // namespace cloister::pipeline
