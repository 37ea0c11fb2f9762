#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/cloister/terminal/text_table.h"
#include "cloister/ml/plan.h"

namespace cloister::app {

/// One fact of a plan, and what it means to somebody who knows no cryptography.
struct PlanRow {
  std::string name, value, meaning;
};

std::vector<PlanRow> plan_rows(const ml::Plan& plan);
/// The same as the report takes it: [{name, value, meaning}].
nlohmann::ordered_json plan_rows_json(const ml::Plan& plan);

/// Why a plan has its method: what both would take, and what they are held to.
std::string method_text(const ml::MethodComparison& methods, bool small_keys);

/// The plan's tables for a terminal: its facts, what happens at which level, and other ways to do the job.
TextTable facts_table(const ml::Plan& plan);
/// The least time of each way to have enough levels.
TextTable placements_table(const ml::Plan& plan);
TextTable steps_table(const ml::Plan& plan);
TextTable alternatives_table(const ml::Plan& plan);

/// For machines: scheme, parameters, security, costs and bounds of a plan under fixed names.
nlohmann::ordered_json plan_summary(const ml::Plan& plan);
/// The parameters alone.
nlohmann::ordered_json parameters_summary(const ml::Plan& plan);

/// log2 of the whole modulus of a CKKS plan.
double log2_modulus(const ml::CkksPlan& plan);
/// Bits of security: of the lattice for CKKS, of factoring for Paillier.
int security_bits(const ml::Plan& plan);

/// A number with three significant digits.
std::string short_number(double value);

}  // namespace cloister::app
