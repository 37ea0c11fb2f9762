#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace cloister::app {

/// Complete runs with made-up figures, of the shape that the demos give.
inline nlohmann::json sample_plan_rows() {
  return {
      {{"name", "Ring degree"},
       {"value", 32768},
       {"meaning", "the smallest that holds the modulus at 128 bits"}},
      {{"name", "Modulus"}, {"value", "856 bits"}, {"meaning", "16 levels of 45 bits, two special primes"}},
      {{"name", "Rotations"}, {"value", 14}, {"meaning", "sums over 16 columns and 1024 rows"}},
      {{"name", "Sigmoid"}, {"value", "degree 7 on [-8, 8]"}, {"meaning", "largest deviation 0.0021"}}};
}

inline nlohmann::json sample_parties() {
  return {{{"party", "Owner"},
           {"role", "has the table"},
           {"holds",
            {{{"item", "Secret key"}, {"bytes", 262144}, {"secret", true}},
             {{"item", "Table in the clear"}, {"bytes", 61234}, {"secret", true}},
             {{"item", "Plan and schema"}, {"bytes", 4096}}}},
           {"can_see", {"everything: its table, the model, the answers"}}},
          {{"party", "Server"},
           {"role", "does the work"},
           {"holds",
            {{{"item", "Evaluation keys"}, {"bytes", 57600000}},
             {{"item", "Encrypted rows"}, {"bytes", 21300000}},
             {{"item", "Encrypted model"}, {"bytes", 1310720}}}},
           {"cannot_see", {"any value of the table", "the weights", "the predictions"}},
           {"can_see", {"the plan: rows, columns, iterations", "sizes and times"}}}};
}

inline nlohmann::json sample_chd_run() {
  nlohmann::json run{{"task", "chd"},
                     {"scheme", "CKKS"},
                     {"created", "2031-05-04 10:20 UTC"},
                     {"version", "0.1.0"},
                     {"dataset", {{"name", "table.csv"}, {"target", "TenYearCHD"}, {"synthetic", true}}},
                     {"rows_train", 780},
                     {"rows_test", 334},
                     {"features", 9},
                     {"iterations", 5},
                     {"interactive", false},
                     {"security_bits", 128},
                     {"threads", 2},
                     {"clear", {{"accuracy", 0.6677}, {"auc", 0.7312}}},
                     {"encrypted", {{"accuracy", 0.6677}, {"auc", 0.7313}}},
                     {"weights_max_abs_error", 3.2e-5},
                     {"error_bound", 1e-3}};
  run["seconds"] = {{"plan", 0.04},   {"keygen", 1.9},   {"encrypt", 0.83},
                    {"train", 18.24}, {"predict", 0.61}, {"decrypt", 0.012}};
  run["bytes"] = {
      {"evaluation_keys", 57600000}, {"dataset", 21300000}, {"model", 1310720}, {"predictions", 655360}};
  run["parameters"] = {{"ring_degree", 32768}, {"modulus_bits", 856}, {"rotations", {1, 2, 4, 8, 16}}};
  run["plan_rows"] = sample_plan_rows();
  run["parties"] = sample_parties();
  run["commands"] = {"cloister plan --task logistic --rows 780 --features 9", "cloister keygen plan.clp"};
  auto& plots = run["plots"];
  plots["roc_clear"] = nlohmann::json::array();
  plots["roc_encrypted"] = nlohmann::json::array();
  for (int i = 0; i <= 334; ++i) {
    const double x = i / 334.0;
    const double wobble = 0.012 * std::sin(0.23 * i) * (1 - x) * std::sqrt(x);
    plots["roc_clear"].push_back({x, std::pow(x, 0.37) + wobble});
    plots["roc_encrypted"].push_back({x, std::pow(x, 0.37) + wobble + (i % 7 == 3 ? 0.004 * (1 - x) : 0)});
  }
  plots["weights"] = {
      {"names",
       {"intercept", "male", "age", "cigsPerDay", "prevalentStroke", "prevalentHyp", "totChol", "sysBP",
        "heartRate", "glucose"}},
      {"clear", {-0.0213, 0.2681, 0.5524, 0.2407, 0.0731, 0.1618, 0.0852, 0.3019, -0.0124, 0.2233}},
      {"encrypted",
       {-0.02131, 0.26811, 0.55243, 0.24068, 0.0731, 0.16183, 0.08519, 0.30187, -0.01242, 0.22331}}};
  for (int i = 0; i < 334; ++i)
    plots["prediction_errors"].push_back((i % 5 < 2 ? -1 : 1) * 3e-6 * std::pow(10, std::sin(1.7 * i) - 0.4));
  plots["prediction_error_bound"] = 4e-3;
  return run;
}

inline nlohmann::json sample_salary_run() {
  nlohmann::json run{{"task", "salary"}, {"rows_train", 700},    {"rows_test", 300},     {"features", 4},
                     {"iterations", 8},  {"interactive", false}, {"security_bits", 128}, {"threads", 2}};
  const auto way = [](const char* scheme, const char* label, double error, double seconds, double bytes) {
    nlohmann::json entry{
        {"scheme", scheme}, {"label", label}, {"interactive", false}, {"security_bits", 128}};
    entry["clear"] = {{"r2", 0.8601}};
    entry["encrypted"] = {{"r2", 0.86}};
    entry["weights_max_abs_error"] = error;
    entry["error_bound"] = 10 * error;
    entry["seconds"] = {
        {"keygen", seconds / 20}, {"encrypt", seconds / 4}, {"train", seconds}, {"predict", 0.4}};
    entry["bytes"] = {
        {"evaluation_keys", bytes}, {"dataset", bytes / 3}, {"model", 9000}, {"predictions", 88000}};
    auto& plots = entry["plots"];
    for (int i = 0; i < 300; ++i) {
      const double actual = 21000 + 250.0 * i;
      const double predicted = actual + 9000 * std::sin(12.9 * i) + 4000 * std::cos(3.1 * i);
      plots["actual"].push_back(actual);
      plots["predicted_clear"].push_back(predicted);
      plots["predicted_encrypted"].push_back(predicted + error * std::sin(2.1 * i));
    }
    plots["target"] = "salary";
    plots["prediction_error_bound"] = 10 * error;
    plots["weights"] = {{"names", {"intercept", "groups", "age", "healthy_eating", "active_lifestyle"}},
                        {"clear", {48213.4, 1201.2, -77.1, 540.25, 803.9}},
                        {"encrypted", {48213.4 + error, 1201.2, -77.1, 540.25, 803.9 - error / 3}}};
    return entry;
  };
  run["schemes"] = {way("CKKS", "CKKS: trained on encrypted rows", 2e-2, 9.5, 31e6),
                    way("Paillier", "Paillier: exact sums of several owners", 1e-9, 3.1, 2e5),
                    way("Paillier", "Paillier: prediction with the server's model", 1e-7, 0.9, 4e5)};
  auto& ways = run["schemes"];
  ways[0]["description"] =
      "The server trains a linear regression on encrypted rows and predicts with the result.";
  ways[0]["can"] = {"train and predict on one owner's rows", "keep the model encrypted"};
  ways[0]["cannot"] = {"give exact answers: an error remains, with a stated bound"};
  ways[1]["description"] =
      "Each owner encrypts sums over its rows; the server adds them; the key's holder solves.";
  ways[1]["can"] = {"join several owners' tables", "give answers exact to the fixed point"};
  ways[1]["cannot"] = {"train anything but linear models"};
  ways[2]["description"] = "The server's clear model is applied to encrypted rows.";
  ways[2]["can"] = {"predict on rows that stay hidden"};
  ways[2]["cannot"] = {"train"};
  for (const char* key : {"seconds", "bytes"})
    ways[2][key].erase(key == std::string("seconds") ? "train" : "model");
  run["parties"] = sample_parties();
  run["plan_rows"] = sample_plan_rows();
  return run;
}

}  // namespace cloister::app
