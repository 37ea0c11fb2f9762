#include <algorithm>
#include <numeric>

#include "cloister/data/csv.h"
#include "cloister/pipeline/paillier_pipeline_test_fixture.h"

namespace cloister::pipeline {
namespace {

constexpr std::uint32_t kBins = 5;

// Several owners' tables of three columns, whole numbers in the first.
class StatisticsPipeline : public PaillierPipeline {
 protected:
  static data::ColumnRanges make_ranges(std::uint32_t bins = kBins) {
    Prng prng(Seed(Bytes32{9}));
    return data::ColumnRanges::create({{"age", 0, 100}, {"x", -2, 2}, {"pay", 1000, 9000}}, bins, prng);
  }
  static ml::JobRequest request(std::uint64_t rows, const data::ColumnRanges& ranges) {
    return {.model = ml::ModelKind::kLinear,
            .scheme = ml::Scheme::kPaillier,
            .job = ml::Job::kStatistics,
            .rows = rows,
            .features = 3,
            .bins = ranges.bins(),
            .column_ranges = ranges.digest()};
  }
  static data::Table table(std::size_t rows, std::uint64_t stream) {
    Prng prng(Seed(Bytes32{}), stream);
    std::vector<double> age, x, pay;
    for (std::size_t r = 0; r < rows; ++r) {
      age.push_back(std::floor(50 + 60 * unit(prng)));  // some below 0, some above 100
      x.push_back(1.5 * unit(prng));
      pay.push_back(5000 + 3000 * unit(prng) + 30 * age.back());
    }
    std::vector<data::Column> columns;
    columns.push_back(data::Column::numeric("age", age));
    columns.push_back(data::Column::numeric("x", x));
    columns.push_back(data::Column::numeric("pay", pay));
    return data::Table(std::move(columns));
  }
  void encrypt(const std::string& name, const data::Table& rows) {
    encrypt_paillier_statistics(to(name), ranges, ranges.apply(rows), nullptr, machine);
  }
  Statistics decrypt() {
    return decrypt_paillier_statistics({at("plan.json"), at("secret.key"), at("sums.enc")}, ranges, nullptr,
                                       machine);
  }
  // Each owner's rows through all steps, but for planning.
  Statistics of_all(const std::vector<data::Table>& tables) {
    std::vector<fs::path> parts;
    for (std::size_t owner = 0; owner < tables.size(); ++owner) {
      const std::string name = "sums-" + std::to_string(owner) + ".enc";
      encrypt(name, tables[owner]);
      parts.push_back(at(name));
    }
    aggregate(parts);
    return decrypt();
  }

  data::ColumnRanges ranges = make_ranges();
};

std::vector<double> values_of(const std::vector<data::Table>& tables, const std::string& name) {
  std::vector<double> out;
  for (const data::Table& t : tables)
    for (std::size_t r = 0; r < t.rows(); ++r) out.push_back(t.column(name).number(r));
  return out;
}

long double clear_mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0L) / static_cast<long double>(values.size());
}
// In two passes, about the means.
long double clear_covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const long double mean_a = clear_mean(a), mean_b = clear_mean(b);
  long double sum = 0;
  for (std::size_t r = 0; r < a.size(); ++r) sum += (a[r] - mean_a) * (b[r] - mean_b);
  return sum / static_cast<long double>(a.size());
}
// By comparing every value with every pair of edges.
std::vector<std::uint64_t> clear_counts(const std::vector<double>& values, const std::vector<double>& edges) {
  std::vector<std::uint64_t> out(edges.size() + 1);
  for (const double v : values) {
    if (v < edges.front()) ++out.front();
    if (v > edges.back()) ++out.back();
    for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
      const bool last = k + 2 == edges.size();
      if (v >= edges[k] && (v < edges[k + 1] || (last && v == edges[k + 1]))) ++out[k + 1];
    }
  }
  return out;
}

void expect_statistics(const Statistics& got, const std::vector<data::Table>& tables) {
  const std::vector<std::string> names{"age", "x", "pay"};
  const auto rows = values_of(tables, "age").size();
  EXPECT_EQ(got.rows, rows);
  ASSERT_EQ(got.columns.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const ColumnStatistics& c = got.columns[i];
    const auto values = values_of(tables, names[i]);
    const long double variance = clear_covariance(values, values), deviation = std::sqrt(variance);
    EXPECT_EQ(c.name, names[i]);
    EXPECT_LE(std::abs(c.mean - clear_mean(values)), c.error_bound) << c.name;
    EXPECT_LE(std::abs(c.deviation - deviation), c.error_bound) << c.name;
    EXPECT_LE(std::abs(c.variance - variance), 3 * c.error_bound * deviation) << c.name;
    EXPECT_EQ(c.counts, clear_counts(values, c.edges)) << c.name;
    EXPECT_EQ(std::accumulate(c.counts.begin(), c.counts.end(), std::uint64_t{0}), rows);
    EXPECT_GT(c.counts[1], 0u);  // a histogram of nothing would be as equal
    for (std::size_t j = 0; j < 3; ++j) {
      const auto others = values_of(tables, names[j]);
      const long double other = std::sqrt(clear_covariance(others, others));
      // |cov - cov'| <= e_i s_j + e_j s_i + e_i e_j, and the bounds are far below the deviations.
      const auto error = static_cast<double>(c.error_bound * other + got.columns[j].error_bound * deviation);
      EXPECT_LE(std::abs(got.covariances(i, j) - clear_covariance(values, others)), 2 * error);
      EXPECT_LE(std::abs(got.correlations(i, j) - clear_covariance(values, others) / deviation / other),
                4 * error / static_cast<double>(deviation * other));
    }
  }
}

TEST_F(StatisticsPipeline, OfThreeOwnersAreThoseOfAllRows) {
  plan_with_fixed_key(request(200, ranges));
  const std::vector<data::Table> tables{table(40, 1), table(60, 2), table(77, 3)};
  const Statistics got = of_all(tables);
  expect_statistics(got, tables);
  // Fixed point holds whole numbers as they are.
  const auto ages = values_of(tables, "age");
  EXPECT_EQ(got.columns[0].mean, std::accumulate(ages.begin(), ages.end(), 0.0) / 177);
}

TEST_F(StatisticsPipeline, NeedNoHistograms) {
  ranges = make_ranges(0);
  plan_with_fixed_key(request(100, ranges));
  const std::vector<data::Table> tables{table(50, 4)};
  const Statistics got = of_all(tables);
  EXPECT_TRUE(got.columns[0].counts.empty());
  EXPECT_TRUE(got.columns[0].edges.empty());
  EXPECT_NEAR(got.columns[1].mean, static_cast<double>(clear_mean(values_of(tables, "x"))),
              got.columns[1].error_bound);
}

TEST_F(StatisticsPipeline, OfOneValueHaveNoDeviationAndNoCorrelation) {
  plan_with_fixed_key(request(100, ranges));
  const Statistics got = of_all({data::parse_csv("age,x,pay\n40,0.25,2000\n40,0.5,3000\n")});
  EXPECT_EQ(got.columns[0].mean, 40);
  EXPECT_EQ(got.columns[0].deviation, 0);
  EXPECT_TRUE(std::isnan(got.correlations(0, 1)));
  EXPECT_DOUBLE_EQ(got.correlations(1, 2), 1);
}

TEST_F(StatisticsPipeline, EstimatedBytesAreThoseOfTheFiles) {
  plan_with_fixed_key(request(200, ranges));
  of_all({table(20, 5), table(30, 6)});
  const auto estimates = load_plan(at("plan.json")).estimates;
  for (const char* file : {"sums-0.enc", "sums.enc"})
    EXPECT_NEAR(static_cast<double>(fs::file_size(at(file))), static_cast<double>(estimates.dataset_bytes),
                64);
}

TEST_F(StatisticsPipeline, TheAggregateIsRerandomized) {
  plan_with_fixed_key(request(100, ranges));
  encrypt("part.enc", table(50, 7));
  aggregate({at("part.enc")});
  const PaillierSession session(load_plan(at("plan.json")), ml::Job::kStatistics, machine);
  const auto key = session.load_public_key(at("public.key"));
  const auto part = session.load_sums(at("part.enc"), key), total = session.load_sums(at("sums.enc"), key);
  for (std::size_t i = 0; i < part.counts->ciphertexts(); ++i)
    EXPECT_FALSE(std::ranges::equal(part.counts->ciphertext(i), total.counts->ciphertext(i)));
  for (std::size_t i = 0; i < part.moments.ciphertexts(); ++i)
    EXPECT_FALSE(std::ranges::equal(part.moments.ciphertext(i), total.moments.ciphertext(i)));
}

TEST_F(StatisticsPipeline, OtherRangesThanThePlansAreRefused) {
  plan_with_fixed_key(request(100, ranges));
  const auto rows = ranges.apply(table(20, 8));
  Prng prng(Seed(Bytes32{10}));
  const auto again =
      data::ColumnRanges::create({ranges.columns().begin(), ranges.columns().end()}, kBins, prng);
  EXPECT_THROW(encrypt_paillier_statistics(to("part.enc"), again, rows, nullptr, machine), MismatchError);
  EXPECT_THROW(encrypt_paillier_statistics(to("part.enc"), make_ranges(4), rows, nullptr, machine),
               MismatchError);
  EXPECT_FALSE(fs::exists(at("part.enc")));
  encrypt("part.enc", table(20, 8));
  aggregate({at("part.enc")});
  ranges = make_ranges(4);
  EXPECT_THROW(decrypt(), MismatchError);
}

TEST_F(StatisticsPipeline, ValuesAndRowsBeyondThePlanAreRefused) {
  plan_with_fixed_key(request(30, ranges));
  try {
    encrypt("part.enc", data::parse_csv("age,x,pay\n1,1,2000\n1,33,2000\n"));
    ADD_FAILURE() << "16 units of 2 are 32";
  } catch (const ParametersError& e) {
    EXPECT_NE(std::string(e.what()).find("\"x\""), std::string::npos) << e.what();
  }
  EXPECT_THROW(encrypt("part.enc", table(31, 11)), PrecisionError);
  EXPECT_THROW(encrypt("part.enc", data::parse_csv("age,x,pay\n1,,2000\n2,,1\n")), Error);
  EXPECT_FALSE(fs::exists(at("part.enc")));
  encrypt("a.enc", table(16, 12));
  encrypt("b.enc", table(15, 13));
  EXPECT_THROW(aggregate({at("a.enc"), at("b.enc")}), PrecisionError);
  EXPECT_THROW(aggregate({at("a.enc"), at("a.enc")}), ParametersError);
  EXPECT_FALSE(fs::exists(at("sums.enc")));
}

TEST_F(StatisticsPipeline, DamagedAndForeignFilesAreRefused) {
  plan_with_fixed_key(request(100, ranges));
  encrypt("part.enc", table(50, 14));
  const auto bytes = read_file(at("part.enc"), 1 << 20);
  const auto refused = [&](std::span<const std::uint8_t> damaged) {
    write_file(at("damaged.enc"), damaged, Overwrite::kReplace);
    EXPECT_THROW(aggregate({at("damaged.enc")}), Error);
    EXPECT_FALSE(fs::exists(at("sums.enc")));
  };
  for (std::size_t place = 0; place < bytes.size(); place += 97) {
    auto flipped = bytes.clone();
    flipped[place] ^= 1;
    refused(flipped.span());
    refused(bytes.span().first(place));
  }
  replace_plan(sums_request(100, 2));  // of three columns too, for a regression
  EXPECT_THROW(aggregate({at("part.enc")}), MismatchError);
  EXPECT_THROW(encrypt("other.enc", table(20, 15)), ParametersError);
}

// Contents that a hostile owner can make, with every checksum right.
TEST_F(StatisticsPipeline, ForgedContributionsAreRefused) {
  plan_with_fixed_key(request(100, ranges));
  encrypt("part.enc", table(50, 16));
  const ml::Plan plan = load_plan(at("plan.json"));
  const auto genuine = wire::ContainerReader::open(
      at("part.enc"), {.type = wire::PayloadType::kPaillierSums, .plan_id = plan.id()});
  const auto frame = genuine.frame(0);
  const auto refused = [&](const char* what, auto change) {
    std::vector<std::uint8_t> payload(frame.payload.begin(), frame.payload.end());
    change(payload);
    std::vector<std::uint8_t> bytes;
    wire::ContainerWriter container(bytes, wire::PayloadType::kPaillierSums, plan.id());
    container.write_frame(frame.tag, payload);
    container.finish();
    write_file(at("forged.enc"), bytes, Overwrite::kReplace);
    EXPECT_THROW(aggregate({at("forged.enc")}), DecodeError) << what;
    EXPECT_FALSE(fs::exists(at("sums.enc"))) << what;
  };
  using Bytes = std::vector<std::uint8_t>;
  refused("another number of columns", [](Bytes& b) { ++b[0]; });
  refused("other fraction bits", [](Bytes& b) { --b[4]; });
  refused("other integer bits", [](Bytes& b) { ++b[8]; });
  refused("another number of bins", [](Bytes& b) { --b[12]; });
  refused("more planned rows", [](Bytes& b) { ++b[16]; });
  refused("no rows", [](Bytes& b) { b[24] = 0; });
  refused("rows that the bound does not state", [](Bytes& b) { --b[24]; });
  refused("more rows than planned", [](Bytes& b) { b[24] = 101; });
  refused("no counts", [](Bytes& b) { b.resize(b.size() / 2); });
  refused("something after them", [](Bytes& b) { b.push_back(0); });
  refused("a zero for the last ciphertext",
          [](Bytes& b) { std::fill_n(b.end() - kTestBits / 4, kTestBits / 4, 0); });
}

class SlowStatisticsPipeline : public StatisticsPipeline {};

TEST_F(SlowStatisticsPipeline, WithFreshKeysOfFullLength) {
  const ml::Plan plan = ml::plan_paillier(request(300, ranges));
  EXPECT_EQ(plan.paillier->modulus_bits, 3072);
  save_plan(at("plan.json"), plan);
  generate_paillier_keys({at("plan.json"), at("secret.key"), at("public.key")},
                         wire::Protection::none_at_callers_word(), machine);
  const std::vector<data::Table> tables{table(100, 17), table(90, 18), table(80, 19)};
  expect_statistics(of_all(tables), tables);
}

}  // namespace
}  // namespace cloister::pipeline
