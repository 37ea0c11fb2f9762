#include "cloister/pipeline/owner/sums_owner.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cloister/base/error.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/paillier/owner/decryptor.h"
#include "cloister/pipeline/owner/row_checks.h"
#include "cloister/pipeline/owner/sums_solver.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::pipeline {
namespace {

constexpr std::size_t kRowsAtATime = 1024;

void encrypt_and_save(const PaillierSession& session, const PaillierEncryptFiles& files,
                      const paillier::SumsAccumulator& sums, const wire::Passphrase* passphrase) {
  const auto noise = make_paillier_noise(session, files, passphrase);
  Prng prng = Prng::from_system();
  session.save_sums(files.dataset,
                    paillier::encrypt_sums(sums, paillier::Encryptor(*noise, session.machine().pool), prng));
  session.machine().progress.update("encrypt", 1, 1);
}

paillier::DecryptedSums decrypt_sums(const PaillierSession& session, const DecryptFiles& files,
                                     const wire::Passphrase* passphrase) {
  const auto secret = load_paillier_secret(session, files.secret_key, passphrase);
  const auto sums = session.load_sums(files.input, secret.public_key());
  auto decrypted = paillier::Decryptor(secret, session.machine().pool).decrypt(sums);
  session.machine().progress.update("decrypt", 1, 1);
  return decrypted;
}

void check_ranges(const PaillierSession& session, const data::ColumnRanges& ranges) {
  const ml::JobRequest& request = session.plan().request;
  const Bytes32 planned = request.column_ranges.value_or(Bytes32{});
  if (ranges.digest() != planned || ranges.columns().size() != request.features ||
      ranges.bins() != request.bins)
    throw MismatchError("the columns and ranges are not those that the plan was made for; use its own",
                        to_hex(ranges.digest()), to_hex(planned));
}

void check_units(const PaillierSession& session, const data::ColumnRanges& ranges,
                 const data::Matrix& values) {
  const double bound = session.plan().request.feature_bound;
  for (std::size_t i = 0; i < values.values.size(); ++i)
    if (!(std::abs(values.values[i]) <= bound)) {
      const data::ColumnRange& column = ranges.columns()[i % values.columns];
      throw ParametersError("encrypt: column \"" + column.name + "\" has a value beyond " +
                            std::to_string(bound * column.unit()) +
                            ", which the plan cannot hold; plan with a wider range, or leave the row out");
    }
}

}  // namespace

void encrypt_paillier_sums(const PaillierEncryptFiles& files, const data::Examples& examples,
                           const wire::Passphrase* passphrase, const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kAggregate, machine);
  require_absent(files.dataset);
  check_features(session.plan().request, examples.features);
  check_target(session.plan().request, examples.target);
  const std::size_t rows = examples.features.rows, columns = examples.features.columns;
  if (examples.target.size() != rows) throw ParametersError("encrypt: rows to learn from need a target each");
  paillier::SumsAccumulator sums(ml::sums_plan(session.plan()));
  SecretBuffer<double> block(std::min(kRowsAtATime, rows) * (columns + 1));
  for (std::size_t first = 0; first < rows; first += kRowsAtATime) {
    const std::size_t count = std::min(kRowsAtATime, rows - first);
    double* out = block.data();
    for (std::size_t r = first; r < first + count; ++r) {
      out = std::ranges::copy(examples.features.row(r), out).out;
      *out++ = examples.target[r];
    }
    sums.add_rows(block.span().first(count * (columns + 1)));
  }
  encrypt_and_save(session, files, sums, passphrase);
}

void encrypt_paillier_statistics(const PaillierEncryptFiles& files, const data::ColumnRanges& ranges,
                                 const data::BinnedRows& rows, const wire::Passphrase* passphrase,
                                 const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kStatistics, machine);
  require_absent(files.dataset);
  check_ranges(session, ranges);
  if (rows.values.rows == 0) throw ParametersError("encrypt: there are no rows");
  check_units(session, ranges, rows.values);
  paillier::SumsAccumulator sums(ml::sums_plan(session.plan()));
  const std::size_t columns = rows.values.columns;
  for (std::size_t first = 0; first < rows.values.rows; first += kRowsAtATime) {
    const std::size_t at = first * columns,
                      count = std::min(kRowsAtATime * columns, rows.values.values.size() - at);
    sums.add_rows(
        std::span(rows.values.values).subspan(at, count),
        rows.bins.empty() ? std::span<const std::uint32_t>() : std::span(rows.bins).subspan(at, count));
  }
  encrypt_and_save(session, files, sums, passphrase);
}

DecryptedRegression decrypt_paillier_sums(const DecryptFiles& files, const wire::Passphrase* passphrase,
                                          const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kAggregate, machine);
  const auto decrypted = decrypt_sums(session, files, passphrase);
  const SumsSolution solved =
      solve_sums(decrypted, session.plan().request.ridge, session.plan().request.max_error);
  DecryptedRegression out;
  out.model = {
      .kind = ml::ModelKind::kLinear, .names = {}, .weights = solved.weights, .intercept = solved.intercept};
  out.error_bound = solved.error_bound;
  out.rows = decrypted.rows;
  out.r2 = solved.r2;
  return out;
}

Statistics decrypt_paillier_statistics(const DecryptFiles& files, const data::ColumnRanges& ranges,
                                       const wire::Passphrase* passphrase, const Machine& machine) {
  const PaillierSession session(load_plan(files.plan), ml::Job::kStatistics, machine);
  check_ranges(session, ranges);
  return statistics_of(decrypt_sums(session, files, passphrase), ranges);
}

}  // namespace cloister::pipeline
