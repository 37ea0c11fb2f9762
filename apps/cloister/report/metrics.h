#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cloister::app {

/// A measure of quality that both the clear and the encrypted model have.
struct Metric {
  std::string key, name;
  bool percent = false;  ///< a share of rows
  double clear = 0, encrypted = 0;

  std::string text(double value) const;
  /// Encrypted minus clear, in points where it is a share of rows.
  std::string difference() const;
};

/// The metrics of run.clear and run.encrypted: AUC, R2 and accuracy first.
std::vector<Metric> metrics_of(const nlohmann::json& run);

}  // namespace cloister::app
