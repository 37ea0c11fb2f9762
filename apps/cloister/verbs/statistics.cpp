#include "apps/cloister/verbs/statistics.h"

#include <fmt/format.h>

#include <sstream>

#include "apps/cloister/json_file.h"
#include "apps/cloister/passphrase_options.h"
#include "apps/cloister/statistics_files.h"
#include "apps/cloister/statistics_planning.h"
#include "apps/cloister/terminal/text.h"
#include "apps/cloister/terminal/text_table.h"
#include "apps/common/plan_view.h"
#include "cloister/base/error.h"
#include "cloister/data/csv.h"
#include "cloister/pipeline/owner/sums_owner.h"
#include "cloister/pipeline/plan_file.h"

namespace cloister::app {
namespace {

using enum TextTable::Align;

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
  return sanitized(out);
}

std::string value(double x) { return fmt::format("{:.6g}", x); }

void describe(const StatisticsPlanning& p, StepOutput& out) {
  TextTable columns({{"column"}, {"from", kRight}, {"to", kRight}, {"unit", kRight}});
  for (const data::ColumnRange& c : p.ranges.columns())
    columns.add_row({c.name, value(c.low), value(c.high), value(c.unit())});
  out.say(columns);
  out.say(fmt::format("\n{} rows; {} more left out for what they lack.", p.rows, p.left_out));
  if (!p.skipped.empty()) out.say("Left out, for they hold text: " + joined(p.skipped) + ".");
  if (!p.from_data.empty())
    out.say(
        "Ranges that were taken from this table, rounded outwards, and that the other owners will see (give\n"
        "others with --range): " +
        joined(p.from_data) + ".");
  out.say("");
  out.say(facts_table(p.plan));
  out.say("");
}

void add_details(const StatisticsPlanning& p, StepOutput& out) {
  auto& j = out.details();
  j.update(plan_summary(p.plan));
  j["rows"] = p.rows;
  j["rows_without_values"] = p.left_out;
  j["columns"] = nlohmann::ordered_json::array();
  for (const data::ColumnRange& c : p.ranges.columns())
    j["columns"].push_back({{"name", c.name}, {"low", c.low}, {"high", c.high}, {"unit", c.unit()}});
  j["ranges_from_data"] = p.from_data;
  j["skipped"] = p.skipped;
  j["plan"] = p.plan.to_json();
}

void say_statistics(const pipeline::Statistics& statistics, StepOutput& out) {
  out.say(fmt::format("{} rows of all owners together.", statistics.rows));
  TextTable table(
      {{"column"}, {"mean", kRight}, {"deviation", kRight}, {"variance", kRight}, {"error", kRight}});
  for (const pipeline::ColumnStatistics& c : statistics.columns)
    table.add_row(
        {c.name, value(c.mean), value(c.deviation), value(c.variance), short_number(c.error_bound)});
  out.say(table);
  if (statistics.columns.front().counts.empty()) return;
  TextTable bins({{"column"}, {"from", kRight}, {"to", kRight}, {"rows", kRight}});
  for (const pipeline::ColumnStatistics& c : statistics.columns)
    for (std::size_t b = 0; b < c.counts.size(); ++b)
      bins.add_row({b == 0 ? c.name : "", b == 0 ? "below" : value(c.edges[b - 1]),
                    b == c.edges.size() ? "above" : value(c.edges[b]), std::to_string(c.counts[b])});
  out.say("");
  out.say(bins);
}

}  // namespace

void plan_statistics_job(const PlanningOptions& options, const OwnerFolder& owner, const ServerFolder& server,
                         bool replace, Workbench& bench, StepOutput& out) {
  const StatisticsPlanning p = plan_statistics(options, bench.pool().threads());
  bench.finish();
  out.belongs_to(p.plan);
  describe(p, out);
  add_details(p, out);
  const Overwrite overwrite = replace ? Overwrite::kReplace : Overwrite::kRefuse;
  make_owner_folder(owner.root);
  make_server_folder(server.root);
  NewFiles files;
  const auto wrote = [&](const std::filesystem::path& path) {
    if (!replace) files.add(path);
    out.wrote(path);
  };
  save_json(owner.schema(), p.schema.to_json(), overwrite, FileMode::kSecret);
  wrote(owner.schema());
  save_ranges(owner.columns(), p.ranges, overwrite);
  wrote(owner.columns());
  pipeline::save_plan(server.plan(), p.plan, overwrite);
  wrote(server.plan());
  pipeline::save_plan(owner.plan(), p.plan, overwrite);
  wrote(owner.plan());
  files.keep();
  out.next("`cloister keygen`; give the other owners plan.json, columns.json and public.key.");
}

void encrypt_statistics(const StatisticsSetting& s, const std::string& csv, const std::string& part,
                        StepOutput& out) {
  if (csv.empty()) throw ParametersError("name this owner's table with --data FILE");
  const auto sums = s.server.part(part);
  require_absent(sums);
  const data::ColumnRanges ranges = load_ranges(s.owner.columns());
  const data::BinnedRows rows = ranges.apply(data::read_csv(csv));
  std::optional<std::filesystem::path> secret;
  if (std::filesystem::exists(s.owner.secret_key())) secret = s.owner.secret_key();
  pipeline::encrypt_paillier_statistics({s.owner.plan(), s.server.public_key(), secret, sums}, ranges, rows,
                                        or_null(s.passphrase), s.bench.machine());
  out.wrote(sums);
  out.details()["rows"] = rows.values.rows;
  out.details()["rows_without_values"] = rows.left_out;
  out.say(fmt::format(
      "Encrypted the sums and counts of {} rows{}.", rows.values.rows,
      rows.left_out == 0 ? "" : fmt::format("; {} lack a value and were left out", rows.left_out)));
}

void decrypt_statistics(const StatisticsSetting& s, StepOutput& out) {
  require_present(s.server.sums(), "the server makes it with `cloister aggregate`");
  const auto statistics = pipeline::decrypt_paillier_statistics(
      {s.owner.plan(), s.owner.secret_key(), s.server.sums()}, load_ranges(s.owner.columns()),
      or_null(s.passphrase), s.bench.machine());
  s.bench.finish();
  const auto json = statistics_json(statistics);
  save_json(s.owner.statistics(), json, Overwrite::kReplace, FileMode::kSecret);
  out.wrote(s.owner.statistics());
  save_statistics_table(s.owner.statistics_table(), statistics);
  out.wrote(s.owner.statistics_table());
  if (!statistics.columns.front().counts.empty()) {
    save_histograms(s.owner.histograms(), statistics);
    out.wrote(s.owner.histograms());
  }
  out.details().update(json);
  say_statistics(statistics, out);
}

}  // namespace cloister::app
