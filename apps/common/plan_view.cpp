#include "apps/common/plan_view.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/cloister/terminal/format.h"
#include "cloister/rlwe/security.h"

namespace cloister::app {
namespace {

using Json = nlohmann::ordered_json;

std::string count_of(std::uint64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string job_text(const ml::JobRequest& r) {
  std::string model(ml::to_string(r.model));
  switch (r.job) {
    case ml::Job::kTrain:
      return fmt::format("train a {} model on {} of {}", model, count_of(r.rows, "row", "rows"),
                         count_of(r.features, "feature", "features"));
    case ml::Job::kPredict:
      return fmt::format("predict encrypted rows of {} with a clear {} model",
                         count_of(r.features, "feature", "features"), model);
    case ml::Job::kAggregate:
      return fmt::format("add several owners' sums: {} of {} at most", count_of(r.rows, "row", "rows"),
                         count_of(r.features, "feature", "features"));
    case ml::Job::kStatistics:
      return fmt::format("statistics of {}, {} at most", count_of(r.features, "column", "columns"),
                         count_of(r.rows, "row", "rows"));
  }
  return model;
}

void add_ckks(const ml::Plan& plan, std::vector<PlanRow>& rows) {
  const ml::CkksPlan& c = *plan.ckks;
  const double log2_qp = log2_modulus(c), limit = rlwe::max_log2_modulus(c.parameters.log2_degree);
  rows.push_back(
      {"ring degree",
       fmt::format("{} ({} numbers a ciphertext)", 1u << c.parameters.log2_degree, c.packing.slots),
       "size of a ciphertext: a larger one allows more steps, and each takes longer"});
  rows.push_back({"modulus", fmt::format("{:.0f} of at most {:.0f} bits", log2_qp, limit),
                  "room for the steps; the limit is where 128-bit security ends for this ring degree"});
  rows.push_back({"depth", count_of(static_cast<std::uint64_t>(c.parameters.levels), "level", "levels"),
                  "multiplications in a row that a ciphertext survives; every step uses some up"});
  rows.push_back({"precision",
                  fmt::format("2^{} scale, {}", c.parameters.scale_bits,
                              count_of(static_cast<std::uint64_t>(c.parameters.digits), "digit", "digits")),
                  "how finely numbers are kept, and into how many parts keys are split"});
  if (c.bootstrapping)
    rows.push_back({"bootstraps",
                    fmt::format("every {}{}",
                                count_of(static_cast<std::uint64_t>(c.iterations_per_bootstrap), "iteration",
                                         "iterations"),
                                c.bootstrapping->repetitions == 0 ? "" : ", twice each"),
                    c.bootstrapping->repetitions == 0
                        ? "the server renews used-up ciphertexts by itself; fails with probability 0"
                        : "the server renews used-up ciphertexts by itself, and once more what that did "
                          "wrong, which the error asked for needs; fails with probability 0"});
  rows.push_back({"packing",
                  c.packing.strips() == 1
                      ? fmt::format("{} columns wide, {} a ciphertext", c.packing.width,
                                    count_of(c.packing.rows_per_block(), "row", "rows"))
                      : fmt::format("{} columns wide, {} a block of {} ciphertexts", c.packing.width,
                                    count_of(c.packing.rows_per_block(), "row", "rows"), c.packing.strips()),
                  "how the table lies in ciphertexts"});
  rows.push_back({"rotations", count_of(c.rotations().steps().size(), "key", "keys"),
                  "shifts within a ciphertext that the server may do; each needs a key"});
}

void add_schedule(const ml::Plan& plan, std::vector<PlanRow>& rows) {
  if (const ml::PolynomialFit* sigmoid = plan.sigmoid()) {
    if (plan.newton)
      rows.push_back(
          {"method",
           fmt::format("Newton, {} an iteration",
                       count_of(static_cast<std::uint64_t>(plan.request.products), "product", "products")),
           "a fixed matrix of the columns bends each step towards the fit: few iterations"});
    else
      rows.push_back({"method", "Nesterov", "gradients with momentum: short iterations"});
    rows.push_back({"iterations", std::to_string(plan.request.iterations), "passes over the encrypted rows"});
    rows.push_back({"sigmoid", fmt::format("degree {} on ±{:g}", sigmoid->degree(), sigmoid->range),
                    fmt::format("a polynomial in place of the logistic curve, within {} of it",
                                short_number(sigmoid->max_error))});
    rows.push_back({"spectrum cap", short_number(*plan.spectrum_cap()),
                    "how strongly columns may go together; sets the size of the steps"});
  }
  if (plan.linear) {
    rows.push_back(
        {"iterations", std::to_string(plan.linear->iterations()), "products with the matrix of the columns"});
    rows.push_back({"spectrum cap", short_number(plan.linear->upper - plan.linear->ridge),
                    "how strongly columns may go together; sets the size of the steps"});
    const bool has_floor =
        plan.request.spectrum_floor || (plan.linear->ridge > 0 && plan.linear->lower == plan.linear->ridge);
    if (has_floor)
      rows.push_back({"left of the way", short_number(plan.linear->residual_factor()),
                      "at most this part of the way from no model to the fit, in every direction"});
    else if (plan.ckks->bootstrapping)
      rows.push_back({"slope left", short_number(ml::linear_residual_bound(*plan.linear)),
                      "of the loss at the end, at most, however ill-conditioned the columns"});
  }
}

void add_costs(const ml::Plan& plan, std::vector<PlanRow>& rows) {
  const ml::Estimates& e = plan.estimates;
  const ml::Job job = plan.request.job;
  const auto at_server = [&](const char* name, double seconds) {
    rows.push_back({name, "about " + format_seconds(seconds), "likewise, at the server"});
  };
  rows.push_back({"keys to upload", format_bytes(e.evaluation_key_bytes),
                  "once; with them the server computes, but cannot read"});
  const bool adds = ml::adds_sums(job);
  rows.push_back({adds ? "sums to upload" : "rows to upload", format_bytes(e.dataset_bytes),
                  adds ? "each owner's encrypted sums" : "the encrypted table"});
  if (job != ml::Job::kPredict)
    rows.push_back({adds ? "total" : "model", format_bytes(e.model_bytes), "the encrypted answer"});
  if (!adds) rows.push_back({"predictions", format_bytes(e.prediction_bytes), "the encrypted predictions"});
  rows.push_back(
      {"server memory", "about " + format_bytes(e.server_memory_bytes), "does not grow with the rows"});
  rows.push_back(
      {"making keys", "about " + format_seconds(e.keygen_seconds),
       fmt::format("estimated for this machine with {}",
                   count_of(static_cast<std::uint64_t>(plan.request.threads), "thread", "threads"))});
  rows.push_back({"encrypting", "about " + format_seconds(e.encrypt_seconds), "likewise"});
  if (job == ml::Job::kTrain) at_server("training", e.train_seconds);
  if (adds) at_server("adding", e.train_seconds);
  if (!adds) at_server("predicting", e.predict_seconds);
}

const char* error_meaning(ml::Job job) {
  switch (job) {
    case ml::Job::kPredict:
      return "every prediction is this near to what the same model gives in the clear";
    case ml::Job::kStatistics:
      return "every mean and deviation is this near to that in the clear, in its column's unit; counts are "
             "exact";
    default:
      return "every weight is this near to what the same algorithm gives in the clear";
  }
}

}  // namespace

std::string short_number(double value) { return fmt::format("{:.3g}", value); }

double log2_modulus(const ml::CkksPlan& plan) {
  const rlwe::ParametersSpec chain = ckks::Parameters::chain(plan.parameters);
  double sum = 0;
  for (const auto* primes : {&chain.q_primes, &chain.p_primes})
    for (const auto p : *primes) sum += std::log2(static_cast<double>(p));
  return sum;
}

int security_bits(const ml::Plan& plan) {
  if (plan.ckks) return rlwe::kSecurityBits;
  // NIST SP 800-57 part 1, table 2: moduli of 2048, 3072 and 7680 bits.
  const int modulus = plan.paillier->modulus_bits;
  return modulus >= 7680 ? 192 : modulus >= 3072 ? 128 : 112;
}

std::vector<PlanRow> plan_rows(const ml::Plan& plan) {
  std::vector<PlanRow> rows;
  rows.push_back(
      {"job", job_text(plan.request), "what the server is asked to do with data that it cannot read"});
  rows.push_back({"scheme", plan.ckks ? "CKKS" : "Paillier",
                  plan.ckks ? "computes on encrypted real numbers; results carry a small error, bounded below"
                            : "adds encrypted whole numbers exactly, and multiplies them with clear ones"});
  rows.push_back(
      {"security", fmt::format("{} bits", security_bits(plan)),
       fmt::format("reading anything without the secret key takes about 2^{} steps", security_bits(plan))});
  if (plan.ckks) {
    add_ckks(plan, rows);
  } else {
    rows.push_back(
        {"key size", fmt::format("{} bits", plan.paillier->modulus_bits), "of the public modulus"});
    rows.push_back({"fixed point", fmt::format("2^-{}", plan.paillier->value_fraction_bits),
                    "to which values are rounded"});
  }
  add_schedule(plan, rows);
  if (plan.request.ridge > 0)
    rows.push_back({"ridge", short_number(plan.request.ridge), "penalty that keeps weights small"});
  const bool statistics = plan.request.job == ml::Job::kStatistics;
  if (statistics && plan.request.bins > 0)
    rows.push_back({"histograms", count_of(plan.request.bins, "bin", "bins"),
                    "of every column; two more count what lies outside its range"});
  rows.push_back(
      {"value bound", short_number(plan.request.feature_bound),
       statistics ? "no value may be larger, in its column's unit" : "no prepared value may be larger"});
  add_costs(plan, rows);
  rows.push_back({"error bound", short_number(plan.error_bound), error_meaning(plan.request.job)});
  return rows;
}

std::string method_text(const ml::MethodComparison& methods, bool small_keys) {
  const auto side = [&](const char* name, const ml::MethodCost& m) {
    const std::string iterations =
        count_of(static_cast<std::uint64_t>(m.iterations), "iteration", "iterations") +
        (m.products > 0
             ? fmt::format(" of {}", count_of(static_cast<std::uint64_t>(m.products), "product", "products"))
             : "");
    if (!m.cost)
      return fmt::format("  {}: {}, no plan fits.\n", name,
                         m.iterations > 0 ? iterations : std::string("no number of iterations does"));
    return fmt::format("  {}: {}, {}.\n", name, iterations,
                       small_keys ? format_bytes(static_cast<std::uint64_t>(*m.cost)) + " to upload"
                                  : "about " + format_seconds(*m.cost) + " until the answer is back");
  };
  return fmt::format("Why this method (--method takes another). To the same accuracy, {}:\n",
                     methods.measure == ml::AccuracyMeasure::kDistance
                         ? fmt::format("at most {} of the way to the fit left", short_number(methods.most))
                         : fmt::format("the loss at most {} |fit|^2 above the fit's",
                                       short_number(methods.most / 2))) +
         side("Nesterov", methods.nesterov) + side("Newton", methods.newton) +
         "  Both for slopes that do not change, whatever the columns up to the spectrum cap; Newton for "
         "slopes "
         "of at\n  least half the largest on average.";
}

Json plan_rows_json(const ml::Plan& plan) {
  Json rows = Json::array();
  for (const PlanRow& row : plan_rows(plan))
    rows.push_back({{"name", row.name}, {"value", row.value}, {"meaning", row.meaning}});
  return rows;
}

TextTable facts_table(const ml::Plan& plan) {
  TextTable table({{"plan"}, {"value"}, {"what it means"}});
  for (const PlanRow& row : plan_rows(plan)) table.add_row({row.name, row.value, row.meaning});
  return table;
}

TextTable placements_table(const ml::Plan& plan) {
  using enum TextTable::Align;
  TextTable table(
      {{"levels"}, {"ring degree", kRight}, {"server time", kRight}, {"to upload", kRight}, {""}});
  for (const ml::Alternative& a : plan.placements) {
    const bool chosen = plan.ckks && a.log2_degree == plan.ckks->parameters.log2_degree &&
                        a.iterations_per_bootstrap == plan.ckks->iterations_per_bootstrap;
    table.add_row(
        {a.iterations_per_bootstrap == 0
             ? "all from the start"
             : "a bootstrap every " + count_of(static_cast<std::uint64_t>(a.iterations_per_bootstrap),
                                               "iteration", "iterations"),
         std::to_string(1u << a.log2_degree), format_seconds(a.train_seconds), format_bytes(a.upload_bytes),
         chosen ? "(this plan)" : ""});
  }
  return table;
}

TextTable steps_table(const ml::Plan& plan) {
  using enum TextTable::Align;
  TextTable table(
      {{"step of the server"}, {"level before", kRight}, {"after", kRight}, {"key switches", kRight}});
  for (const ml::PlanStep& s : plan.steps)
    table.add_row({s.name, std::to_string(s.level_before), std::to_string(s.level_after),
                   std::to_string(s.key_switches)});
  return table;
}

TextTable alternatives_table(const ml::Plan& plan) {
  using enum TextTable::Align;
  TextTable table({{"server time", kRight},
                   {"to upload", kRight},
                   {"ring degree", kRight},
                   {"digits", kRight},
                   {"sigmoid degree", kRight},
                   {"slots a row", kRight},
                   {"keys"},
                   {"options"}});
  for (const ml::Alternative& a : plan.alternatives) {
    const bool chosen = plan.ckks && a.log2_degree == plan.ckks->parameters.log2_degree &&
                        a.digits == plan.ckks->parameters.digits &&
                        a.row_slots == plan.ckks->packing.row_slots &&
                        a.rotation_keys == plan.ckks->rotation_keys &&
                        a.iterations_per_bootstrap == plan.ckks->iterations_per_bootstrap &&
                        (!plan.trains_logistic() || plan.sigmoid()->degree() == a.sigmoid_degree);
    table.add_row(
        {format_seconds(a.train_seconds), format_bytes(a.upload_bytes), std::to_string(1u << a.log2_degree),
         std::to_string(a.digits), a.sigmoid_degree == 0 ? "-" : std::to_string(a.sigmoid_degree),
         std::to_string(a.row_slots), std::string(to_string(a.rotation_keys)),
         chosen ? "(this plan)"
                : fmt::format("--log2-degree {} --digits {} --row-slots {} --rotation-keys {}{}",
                              a.log2_degree, a.digits, a.row_slots, to_string(a.rotation_keys),
                              a.iterations_per_bootstrap == 0
                                  ? ""
                                  : fmt::format(" --bootstrap-every {}", a.iterations_per_bootstrap))});
  }
  return table;
}

Json parameters_summary(const ml::Plan& plan) {
  if (plan.paillier)
    return {{"modulus_bits", plan.paillier->modulus_bits},
            {"value_fraction_bits", plan.paillier->value_fraction_bits},
            {"weight_fraction_bits", plan.paillier->weight_fraction_bits}};
  const ml::CkksPlan& c = *plan.ckks;
  Json j{{"ring_degree", 1u << c.parameters.log2_degree},
         {"log2_qp", log2_modulus(c)},
         {"log2_qp_limit", rlwe::max_log2_modulus(c.parameters.log2_degree)},
         {"levels", c.parameters.levels},
         {"scale_bits", c.parameters.scale_bits},
         {"digits", c.parameters.digits},
         {"slots", c.packing.slots},
         {"packing_width", c.packing.width},
         {"row_slots", c.packing.row_slots},
         {"rotation_keys", c.rotations().steps().size()},
         {"rotation_key_set", to_string(c.rotation_keys)}};
  if (c.bootstrapping) j["iterations_per_bootstrap"] = c.iterations_per_bootstrap;
  if (plan.trains_logistic()) j["sigmoid_degree"] = plan.sigmoid()->degree();
  return j;
}

Json plan_summary(const ml::Plan& plan) {
  const ml::JobRequest& r = plan.request;
  const ml::Estimates& e = plan.estimates;
  Json j{{"scheme", ml::to_string(r.scheme)}};
  if (r.job != ml::Job::kStatistics) j["model"] = ml::to_string(r.model);
  j.update({{"job", ml::to_string(r.job)}, {"features", r.features}});
  if (r.job == ml::Job::kStatistics) j["bins"] = r.bins;
  if (r.job == ml::Job::kTrain) j["iterations"] = r.iterations;
  if (plan.trains_logistic()) j["method"] = ml::to_string(r.method);
  if (plan.newton) j["products"] = r.products;
  j.update({{"interactive", false},
            {"security_bits", security_bits(plan)},
            {"threads", r.threads},
            {"error_bound", plan.error_bound},
            {"parameters", parameters_summary(plan)},
            {"estimates",
             {{"seconds",
               {{"keygen", e.keygen_seconds},
                {"encrypt", e.encrypt_seconds},
                {"train", e.train_seconds},
                {"predict", e.predict_seconds}}},
              {"bytes",
               {{"evaluation_keys", e.evaluation_key_bytes},
                {"dataset", e.dataset_bytes},
                {"model", e.model_bytes},
                {"predictions", e.prediction_bytes}}},
              {"server_memory_bytes", e.server_memory_bytes}}}});
  return j;
}

}  // namespace cloister::app
