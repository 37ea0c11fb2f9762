#include "cloister/data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cloister/data/internal/shuffle.h"

namespace cloister::data {
namespace {

// Draws that need no more than exact arithmetic, so that they are the same on every platform.
class Draws {
 public:
  explicit Draws(Prng prng) : prng_(std::move(prng)) {}

  /// In [0, 1).
  double uniform() { return static_cast<double>(prng_.next_u64() >> 11) * 0x1p-53; }
  bool chance(double probability) { return uniform() < probability; }
  /// Mean 0, variance 1, within 6: the sum of twelve uniforms, which is close to a Gaussian.
  double bell() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  Prng prng_;
};

// To the nearest multiple of 1 / steps_per_unit within [low, high].
double rounded(double x, double low, double high, double steps_per_unit = 1) {
  return std::round(std::clamp(x, low, high) * steps_per_unit) / steps_per_unit;
}

class TableBuilder {
 public:
  explicit TableBuilder(std::vector<std::string> names) : names_(std::move(names)), columns_(names_.size()) {}
  void add(const std::vector<double>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) columns_[i].push_back(row[i]);
  }
  Table build() {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names_.size(); ++i)
      columns.push_back(Column::numeric(names_[i], std::move(columns_[i])));
    return Table(std::move(columns));
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<double>> columns_;
};

struct Patient {
  double male, age, education, smoker, cigarettes, bp_medication, stroke, hypertension, diabetes;
  double cholesterol, systolic, diastolic, bmi, heart_rate, glucose;
};

double draw_education(Draws& draws) {
  const double u = draws.uniform();
  return u < 0.42 ? 1 : u < 0.72 ? 2 : u < 0.89 ? 3 : 4;
}

Patient draw_patient(Draws& draws) {
  Patient p{};
  p.male = draws.chance(0.43);
  p.age = rounded(50 + 9 * draws.bell(), 32, 70);
  p.education = draw_education(draws);
  p.smoker = draws.chance(0.5);
  p.cigarettes = rounded(18 + 11 * draws.bell(), 1, 70) * p.smoker;
  p.diabetes = draws.chance(0.025);
  p.bmi = rounded(26 + 4 * draws.bell(), 15, 57, 100);
  // Blood pressures lean to the right: a bell, and now and then a second one on top.
  p.systolic = rounded(127 + 0.9 * (p.age - 50) + (p.bmi - 26) + 15 * draws.bell() +
                           (draws.chance(0.2) ? std::abs(30 * draws.bell()) : 0),
                       80, 295, 2);
  p.diastolic = rounded(82 + 0.4 * (p.systolic - 130) + 8 * draws.bell(), 48, 145, 2);
  p.hypertension = p.systolic + 8 * draws.bell() > 142;
  p.bp_medication = draws.chance(p.hypertension != 0 ? 0.1 : 0.0);
  p.stroke = draws.chance(0.01);
  p.cholesterol = rounded(235 + 1.2 * (p.age - 50) + 42 * draws.bell(), 105, 700);
  p.heart_rate = rounded(76 + 12 * draws.bell(), 44, 145);
  p.glucose = rounded(80 + 12 * draws.bell() + p.diabetes * (90 + 50 * draws.bell()), 40, 395);
  return p;
}

double chd_logit(const Patient& p) {
  return -2.55 + 0.6 * p.male + 0.075 * (p.age - 50) + 0.02 * p.cigarettes + 0.6 * p.stroke +
         0.2 * p.hypertension + 0.002 * (p.cholesterol - 235) + 0.014 * (p.systolic - 130) +
         0.008 * (p.glucose - 80);
}

}  // namespace

Table synthetic_chd(std::size_t rows, std::uint64_t seed) {
  Draws draws(internal::seeded_prng(seed, "cloister synthetic chd"));
  TableBuilder table({"male", "age", "education", "currentSmoker", "cigsPerDay", "BPMeds", "prevalentStroke",
                      "prevalentHyp", "diabetes", "totChol", "sysBP", "diaBP", "BMI", "heartRate", "glucose",
                      "TenYearCHD"});
  const auto sometimes = [&](double x, double missing_rate) {
    return draws.chance(missing_rate) ? std::numeric_limits<double>::quiet_NaN() : x;
  };
  for (std::size_t r = 0; r < rows; ++r) {
    const Patient p = draw_patient(draws);
    const double ill = draws.chance(1 / (1 + std::exp(-chd_logit(p))));
    const double education = sometimes(p.education, 0.025);
    const double cigarettes = sometimes(p.cigarettes, 0.007);
    const double bp_medication = sometimes(p.bp_medication, 0.0125);
    const double cholesterol = sometimes(p.cholesterol, 0.012);
    const double bmi = sometimes(p.bmi, 0.005);
    const double glucose = sometimes(p.glucose, 0.09);
    table.add({p.male, p.age, education, p.smoker, cigarettes, bp_medication, p.stroke, p.hypertension,
               p.diabetes, cholesterol, p.systolic, p.diastolic, bmi, p.heart_rate, glucose, ill});
  }
  return table.build();
}

Table synthetic_salary(std::size_t rows, std::uint64_t seed) {
  Draws draws(internal::seeded_prng(seed, "cloister synthetic salary"));
  TableBuilder table({"age", "healthy_eating", "active_lifestyle", "Gender", "salary"});
  for (std::size_t r = 0; r < rows; ++r) {
    const double age = 18 + std::floor(47 * draws.uniform());
    const double eating = rounded(5 + 2 * draws.bell(), 0, 10);
    const double active = rounded(5.5 + 2 * draws.bell(), 0, 10);
    const double gender = draws.chance(0.5);
    const double salary = 2500 + 20 * (age - 41) + 450 * (eating - 5) - 150 * (active - 5.5) +
                          200 * (gender - 0.5) + 390 * draws.bell();
    table.add({age, eating, active, gender, rounded(salary, 500, 6000)});
  }
  return table.build();
}

}  // namespace cloister::data
