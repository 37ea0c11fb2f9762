#include "cloister/ml/plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cloister/ml/batches.h"
#include "cloister/ml/internal/method_json.h"
#include "cloister/ml/paillier_planner.h"
#include "cloister/ml/planner.h"
#include "cloister/rlwe/encoded_size.h"
#include "cloister/rlwe/galois.h"
#include "cloister/rlwe/security.h"

namespace cloister::ml {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kFormat = "cloister plan 1";

template <typename Enum, std::size_t kCount>
Enum parse(const Json& json, const char* field, const std::array<Enum, kCount>& all) {
  const auto text = json.at(field).get<std::string>();
  for (const Enum e : all)
    if (to_string(e) == text) return e;
  throw DecodeError(field, 0, "'" + text + "' is not known");
}

template <typename T>
T number(const Json& json, const char* field, T low, T high) {
  const T value = json.at(field).get<T>();
  if (!(value >= low && value <= high)) throw DecodeError(field, 0, "out of range");
  return value;
}

Json request_json(const JobRequest& r) {
  Json j = Json::object();
  if (r.job != Job::kStatistics) j["model"] = to_string(r.model);
  j.update({{"scheme", to_string(r.scheme)},
            {"job", to_string(r.job)},
            {"rows", r.rows},
            {"features", r.features},
            {"predict_rows", r.predict_rows},
            {"iterations", r.iterations},
            {"batches", r.batches},
            {"seed", r.seed},
            {"ridge", r.ridge},
            {"max_error", r.max_error},
            {"feature_bound", r.feature_bound},
            {"small_keys", r.small_keys}});
  if (r.job == Job::kStatistics) {
    j["bins"] = r.bins;
    j["column_ranges"] = r.column_ranges ? to_hex(*r.column_ranges) : "";
  }
  if (r.spectrum_cap) j["spectrum_cap"] = *r.spectrum_cap;
  if (r.spectrum_floor) j["spectrum_floor"] = *r.spectrum_floor;
  if (r.method == Method::kNewton) {
    j["method"] = to_string(r.method);
    j["products"] = r.products;
  }
  return j;
}

Bytes32 digest_from(const Json& j, const char* field) {
  Bytes32 out{};
  const auto bytes = from_hex(j.at(field).get<std::string>());
  if (bytes.size() != out.size()) throw DecodeError(field, 0, "not the digest of column ranges");
  std::ranges::copy(bytes, out.begin());
  return out;
}

JobRequest request_from(const Json& j) {
  JobRequest r;
  r.scheme = parse(j, "scheme", std::array{Scheme::kCkks, Scheme::kPaillier});
  r.job = parse(j, "job", std::array{Job::kTrain, Job::kPredict, Job::kAggregate, Job::kStatistics});
  if (r.job == Job::kStatistics) {
    r.model = ModelKind::kLinear;
    r.bins = number<std::uint32_t>(j, "bins", 0, kMaxHistogramBins);
    r.column_ranges = digest_from(j, "column_ranges");
  } else {
    r.model = parse(j, "model", std::array{ModelKind::kLogistic, ModelKind::kLinear});
  }
  r.rows = number<std::uint64_t>(j, "rows", 0, std::uint64_t{1} << 40);
  r.features = number<std::uint32_t>(j, "features", 1, 4096);
  r.predict_rows = number<std::uint64_t>(j, "predict_rows", 0, std::uint64_t{1} << 40);
  r.iterations = number<int>(j, "iterations", 0, kMaxIterations);
  r.batches = number<std::uint32_t>(j, "batches", 1, kMaxBatches);
  r.seed = number<std::uint64_t>(j, "seed", 0, ~std::uint64_t{0});
  r.ridge = number<double>(j, "ridge", 0, 1e9);
  r.max_error = number<double>(j, "max_error", 0, 1e9);
  r.feature_bound = number<double>(j, "feature_bound", 1, 1e6);
  r.small_keys = j.at("small_keys").get<bool>();
  if (j.contains("spectrum_cap")) r.spectrum_cap = number<double>(j, "spectrum_cap", 1e-9, 1e9);
  if (j.contains("spectrum_floor")) r.spectrum_floor = number<double>(j, "spectrum_floor", 0, 1e9);
  if (!has_method(r)) return r;
  r.method = j.contains("method") ? parse(j, "method", std::array{Method::kNewton}) : Method::kNesterov;
  if (r.method == Method::kNewton) r.products = number<int>(j, "products", 1, kMaxNewtonProducts);
  return r;
}

Json schedule_json(const Plan& plan) {
  if (plan.logistic)
    return {{"spectrum_cap", plan.logistic->spectrum_cap},
            {"sigmoid_range", plan.logistic->sigmoid.range},
            {"sigmoid_degree", plan.logistic->sigmoid.degree()},
            {"sigmoid_error", plan.logistic->sigmoid.max_error},
            {"sigmoid_coefficients", plan.logistic->sigmoid.power},
            {"margin_limit", default_margin_limit(*plan.logistic)},
            {"step", plan.logistic->step},
            {"momentum", plan.logistic->momentum},
            {"batch", plan.logistic->batches > 1 ? plan.logistic->batch : std::vector<std::uint32_t>{}}};
  if (plan.newton) return newton_schedule_json(*plan.newton);
  if (plan.linear) {
    Json j{{"spectrum_lower", plan.linear->lower},
           {"spectrum_upper", plan.linear->upper},
           {"start", plan.linear->start},
           {"step", plan.linear->step},
           {"momentum", plan.linear->momentum}};
    if (plan.linear->end > plan.linear->upper) j["interval_end"] = plan.linear->end;
    return j;
  }
  return Json::object();
}

// The part of ckks_json that is there for plans that bootstrap.
Json bootstrapping_json(const CkksPlan& c) {
  const circuits::BootstrappingSpec& b = *c.bootstrapping;
  return {{"iterations_per_bootstrap", c.iterations_per_bootstrap},
          {"log2_slots", b.log2_slots},
          {"range", b.range},
          {"slots_to_coefficients", b.slots_to_coefficients},
          {"coefficients_to_slots", b.coefficients_to_slots},
          {"repetitions", b.repetitions},
          {"raised_levels", c.parameters.raised_levels},
          {"raised_scale_bits", c.parameters.raised_scale_bits},
          {"transform_levels", c.parameters.transform_levels},
          {"transform_scale_bits", c.parameters.transform_scale_bits},
          {"failure_probability", 0}};
}

Json ckks_json(const CkksPlan& c) {
  const rlwe::ParametersSpec chain = ckks::Parameters::chain(c.parameters);
  double log2_qp = 0;
  for (const auto* primes : {&chain.q_primes, &chain.p_primes})
    for (const auto p : *primes) log2_qp += std::log2(static_cast<double>(p));
  Json j{{"log2_degree", c.parameters.log2_degree},
         {"levels", c.parameters.levels},
         {"scale_bits", c.parameters.scale_bits},
         {"first_prime_bits", c.parameters.first_prime_bits},
         {"digits", c.parameters.digits},
         {"q_primes", chain.q_primes},
         {"p_primes", chain.p_primes},
         {"log2_qp", log2_qp},
         {"log2_qp_limit", rlwe::max_log2_modulus(c.parameters.log2_degree)},
         {"security_bits", rlwe::kSecurityBits},
         {"slots", c.packing.slots},
         {"packing_width", c.packing.width},
         {"row_slots", c.packing.row_slots},
         {"rotation_keys", to_string(c.rotation_keys)},
         {"rotations", c.rotations().steps()},
         {"state_scale", c.state_scale},
         {"row_scale", c.row_scale},
         {"data_level", c.data_level},
         {"model_level", c.model_level},
         {"weight_bound", c.weights.magnitude},
         {"weight_error_bound", c.weights.error},
         {"margin_scale", c.margin_scale},
         {"margin_bound", c.margins.magnitude},
         {"margin_error_bound", c.margins.error}};
  if (c.bootstrapping) j["bootstrapping"] = bootstrapping_json(c);
  return j;
}

Json binding_json(const Plan& plan) {
  Json j{{"format", kFormat}, {"request", request_json(plan.request)}, {"error_bound", plan.error_bound}};
  j["schedule"] = schedule_json(plan);
  if (plan.ckks) j["ckks"] = ckks_json(*plan.ckks);
  if (plan.paillier)
    j["paillier"] = {{"modulus_bits", plan.paillier->modulus_bits},
                     {"value_fraction_bits", plan.paillier->value_fraction_bits},
                     {"value_integer_bits", plan.paillier->value_integer_bits},
                     {"weight_fraction_bits", plan.paillier->weight_fraction_bits},
                     {"weight_integer_bits", plan.paillier->weight_integer_bits},
                     {"slots", plan.paillier->slots},
                     {"bits_per_slot", plan.paillier->bits_per_slot}};
  return j;
}

Json alternatives_json(const std::vector<Alternative>& alternatives) {
  Json j = Json::array();
  for (const Alternative& a : alternatives)
    j.push_back({{"log2_degree", a.log2_degree},
                 {"digits", a.digits},
                 {"sigmoid_degree", a.sigmoid_degree},
                 {"row_slots", a.row_slots},
                 {"rotation_keys", to_string(a.rotation_keys)},
                 {"iterations_per_bootstrap", a.iterations_per_bootstrap},
                 {"seconds", a.train_seconds},
                 {"upload_bytes", a.upload_bytes}});
  return j;
}

std::vector<Alternative> alternatives_from(const Json& j) {
  std::vector<Alternative> out;
  for (const Json& a : j)
    out.push_back({a.at("log2_degree").get<int>(), a.at("digits").get<int>(),
                   a.at("sigmoid_degree").get<int>(), a.at("row_slots").get<std::size_t>(),
                   rotation_keys_from(a.at("rotation_keys").get<std::string>()),
                   a.at("iterations_per_bootstrap").get<int>(), a.at("seconds").get<double>(),
                   a.at("upload_bytes").get<std::uint64_t>()});
  return out;
}

Json estimates_json(const Plan& plan) {
  const Estimates& e = plan.estimates;
  Json j{{"threads", plan.request.threads},
         {"seconds",
          {{"keygen", e.keygen_seconds},
           {"encrypt", e.encrypt_seconds},
           {"train", e.train_seconds},
           {"predict", e.predict_seconds}}},
         {"bytes",
          {{"evaluation_keys", e.evaluation_key_bytes},
           {"dataset", e.dataset_bytes},
           {"model", e.model_bytes},
           {"predictions", e.prediction_bytes}}},
         {"server_memory_bytes", e.server_memory_bytes}};
  j["steps"] = Json::array();
  for (const PlanStep& s : plan.steps)
    j["steps"].push_back({{"step", s.name},
                          {"level_before", s.level_before},
                          {"level_after", s.level_after},
                          {"key_switches", s.key_switches}});
  if (plan.methods) j["methods"] = methods_json(*plan.methods);
  j["alternatives"] = alternatives_json(plan.alternatives);
  j["placements"] = alternatives_json(plan.placements);
  return j;
}

void read_estimates(const Json& j, Plan& plan) {
  plan.request.threads = number<int>(j, "threads", 0, 1 << 16);
  Estimates& e = plan.estimates;
  const Json& seconds = j.at("seconds");
  e.keygen_seconds = seconds.at("keygen").get<double>();
  e.encrypt_seconds = seconds.at("encrypt").get<double>();
  e.train_seconds = seconds.at("train").get<double>();
  e.predict_seconds = seconds.at("predict").get<double>();
  const Json& bytes = j.at("bytes");
  e.evaluation_key_bytes = bytes.at("evaluation_keys").get<std::uint64_t>();
  e.dataset_bytes = bytes.at("dataset").get<std::uint64_t>();
  e.model_bytes = bytes.at("model").get<std::uint64_t>();
  e.prediction_bytes = bytes.at("predictions").get<std::uint64_t>();
  e.server_memory_bytes = j.at("server_memory_bytes").get<std::uint64_t>();
  for (const Json& s : j.at("steps"))
    plan.steps.push_back({s.at("step").get<std::string>(), s.at("level_before").get<int>(),
                          s.at("level_after").get<int>(), s.at("key_switches").get<int>()});
  if (j.contains("methods")) plan.methods = methods_from(j.at("methods"));
  plan.alternatives = alternatives_from(j.at("alternatives"));
  plan.placements = alternatives_from(j.at("placements"));
}

std::size_t row_slots_from(const Json& ckks, const JobRequest& request) {
  const auto row_slots =
      number<std::size_t>(ckks, "row_slots", 1, StripPacking::width_of(request.features + std::size_t{1}));
  if (!std::has_single_bit(row_slots)) throw DecodeError("row_slots", 0, "not a power of two");
  return row_slots;
}

Plan read(const Json& j) {
  if (!j.is_object() || !j.contains("format") || !j.at("format").is_string())
    throw DecodeError("plan", 0, "not a plan of Cloister; make one, or name another file");
  if (j.at("format").get<std::string>() != kFormat)
    throw DecodeError("format", 0, "this is not a plan of this version of Cloister");
  const JobRequest request = request_from(j.at("request"));
  std::optional<Plan> plan;
  if (request.scheme == Scheme::kPaillier) {
    const int bits = number<int>(j.at("paillier"), "modulus_bits", 1, paillier::kMaxModulusBits);
    paillier::check_modulus_bits(bits);
    plan = derive_paillier_plan(request, bits);
    if (!plan) throw DecodeError("paillier", 0, "its request fits no plan; make the plan anew");
  } else {
    const Json& c = j.at("ckks");
    const int degree = request.model == ModelKind::kLogistic && request.job == Job::kTrain
                           ? number<int>(j.at("schedule"), "sigmoid_degree", 3, 7)
                           : 0;
    plan = derive_ckks_plan(
        request, plan_schedule(request, degree, c.contains("bootstrapping")),
        {number<int>(c, "log2_degree", 3, 17), number<int>(c, "scale_bits", 20, 59),
         number<int>(c, "digits", 1, 200), degree,
         rotation_keys_from(c.at("rotation_keys").get<std::string>()), row_slots_from(c, request),
         c.contains("bootstrapping")
             ? number<int>(c.at("bootstrapping"), "iterations_per_bootstrap", 1, kMaxIterations)
             : 0,
         c.contains("bootstrapping")
             ? number<int>(c.at("bootstrapping"), "repetitions", 0, circuits::kMaxRepetitions)
             : 0});
    if (!plan)
      throw SecurityError(
          "plan: its parameters do not give 128-bit security and the error bound; make the plan anew");
  }
  // The file must say what its request and choices lead to, and nothing else.
  Json stated = j;
  stated.erase("estimates");
  if (stated.dump() != binding_json(*plan).dump())
    throw DecodeError("plan", 0, "the file was edited, or made by another version; make the plan anew");
  read_estimates(j.at("estimates"), *plan);
  return std::move(*plan);
}

}  // namespace

bool has_method(const JobRequest& r) noexcept {
  return r.model == ModelKind::kLogistic && r.job == Job::kTrain && r.scheme == Scheme::kCkks;
}
std::string_view to_string(ModelKind kind) noexcept {
  return kind == ModelKind::kLogistic ? "logistic" : "linear";
}
std::string_view to_string(Scheme scheme) noexcept { return scheme == Scheme::kCkks ? "ckks" : "paillier"; }
std::string_view to_string(Job job) noexcept {
  switch (job) {
    case Job::kTrain:
      return "train";
    case Job::kPredict:
      return "predict";
    case Job::kAggregate:
      return "aggregate";
    case Job::kStatistics:
      return "statistics";
  }
  return "unknown";
}

std::uint64_t EvaluationKeyUses::encoded_bytes(const rlwe::ParametersSpec& chain) const {
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t bytes) { sum += rlwe::framed_bytes(bytes); };
  if (relinearization_limbs != 0) add(rlwe::encoded_bytes_of_key(chain, relinearization_limbs));
  for (const auto& use : galois) add(rlwe::encoded_bytes_of_key(chain, use.q_limbs));
  if (!encapsulation) return sum;
  add(rlwe::encoded_bytes_of_key_to_sparse(chain));
  add(rlwe::encoded_bytes_of_key_to_dense(chain));
  return sum;
}

std::uint64_t EvaluationKeyUses::memory_bytes(const rlwe::ParametersSpec& chain) const {
  std::uint64_t sum = 0;
  if (relinearization_limbs != 0) sum += rlwe::memory_bytes_of_key(chain, relinearization_limbs);
  for (const auto& use : galois) sum += rlwe::memory_bytes_of_key(chain, use.q_limbs);
  if (!encapsulation) return sum;
  return sum + rlwe::memory_bytes_of_key_to_sparse(chain) + rlwe::memory_bytes_of_key_to_dense(chain);
}

EvaluationKeyUses CkksPlan::key_uses() const {
  const std::size_t limbs = static_cast<std::size_t>(parameters.levels) + 1;
  std::map<std::uint64_t, std::size_t> most;
  const auto use = [&](std::uint64_t element, std::size_t q_limbs) {
    auto& now = most[element];
    now = std::max(now, q_limbs);
  };
  const ckks::RotationBasis basis = rotations();
  for (const std::int64_t step : basis.steps())
    use(rlwe::galois_element_of_rotation(step, parameters.log2_degree), limbs);
  EvaluationKeyUses out;
  if (trains) out.relinearization_limbs = limbs;
  if (bootstrapping) {
    out.encapsulation = true;
    // The reduction's products start below coefficients to slots.
    out.relinearization_limbs =
        static_cast<std::size_t>(parameters.top_level() - bootstrapping->coefficients_to_slots) + 1;
    const auto uses = circuits::Bootstrapper::galois_uses(*bootstrapping, parameters);
    for (const auto& [element, q_limbs] : uses) use(element, q_limbs);
  }
  for (const auto& [element, q_limbs] : most) out.galois.push_back({element, q_limbs});
  return out;
}

TrainingLayout CkksPlan::layout(std::uint64_t rows) const {
  return {packing, rows, rotations(), state_scale, row_scale, weights, margin_scale, model_level};
}

Bytes32 Plan::id() const {
  const std::string text = binding_json(*this).dump();
  return sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

nlohmann::ordered_json Plan::to_json() const {
  Json j = binding_json(*this);
  j["estimates"] = estimates_json(*this);
  return j;
}

const PolynomialFit* Plan::sigmoid() const noexcept {
  return logistic ? &logistic->sigmoid : newton ? &newton->sigmoid : nullptr;
}

std::optional<double> Plan::spectrum_cap() const {
  if (logistic) return logistic->spectrum_cap;
  if (newton) return newton->spectrum_cap;
  if (linear) return linear->upper - linear->ridge;
  return std::nullopt;
}

Plan Plan::from_json(const nlohmann::ordered_json& json) {
  try {
    return read(json);
  } catch (const Json::exception&) {
    throw DecodeError("plan", 0, "a field is missing or of a wrong kind; make the plan anew");
  }
}

}  // namespace cloister::ml
