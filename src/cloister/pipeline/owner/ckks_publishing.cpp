#include "cloister/pipeline/owner/ckks_publishing.h"

#include <algorithm>
#include <cmath>

#include "cloister/ckks/evaluator.h"
#include "cloister/ckks/owner/publisher.h"
#include "cloister/pipeline/ckks_session.h"
#include "cloister/pipeline/plan_file.h"
#include "cloister/wire/owner/secret_encoding.h"

namespace cloister::pipeline {
namespace {

// Releases the named slots of a ciphertext whose values are `unit` times what travels in it.
class Publishing {
 public:
  Publishing(const CkksSession& session, const std::filesystem::path& secret_key,
             const wire::Passphrase* passphrase, ckks::ReleaseBudget& budget)
      : secret_(wire::load_secret_key(secret_key, session.parameters()->rlwe(), session.plan_id(), passphrase,
                                      session.machine().pool)),
        decryptor_(secret_, session.encoder(), session.machine().pool),
        publisher_(decryptor_, *session.parameters()),
        budget_(&budget) {}

  ckks::Release release(ckks::Ciphertext ciphertext, const ckks::ValueBound& bound, double unit,
                        std::vector<std::size_t> slots, double max_error) {
    // The plan's word on the error, not the file's: the noise is sized from it.
    ciphertext =
        ckks::Evaluator::with_bound(std::move(ciphertext), {bound.magnitude / unit, bound.error / unit});
    const double deviation = ckks::Publisher::noise_deviation(bound.error, slots.size(), *budget_);
    ckks::Release out;
    try {
      out = publisher_.publish(ciphertext, {std::move(slots), max_error / unit}, *budget_, prng_);
    } catch (const PrecisionError&) {
      // Told again in the values' unit.
      throw PrecisionError(
          "publish: the noise that hides the key has a deviation of about " + std::to_string(deviation) +
          ", so values would not be within " + std::to_string(max_error) +
          "; accept a larger error, publish fewer values, or plan with a smaller --max-error");
    }
    for (double& v : out.values) v *= unit;
    out.error *= unit;
    out.decimal_digits = static_cast<int>(std::floor(-std::log10(out.error)));
    return out;
  }

 private:
  rlwe::SecretKey secret_;
  ckks::Decryptor decryptor_;
  ckks::Publisher publisher_;
  ckks::ReleaseBudget* budget_;
  Prng prng_ = Prng::from_system();
};

void require_left(const ckks::ReleaseBudget& budget, std::size_t releases) {
  if (budget.left() < releases)
    throw SecurityError("publish: " + std::to_string(releases) + " releases are needed and " +
                        std::to_string(budget.left()) + " of " + std::to_string(budget.allowed()) +
                        " are left");
}

}  // namespace

PublishedModel publish_ckks_model(const DecryptFiles& files, double max_error, ckks::ReleaseBudget& budget,
                                  const wire::Passphrase* passphrase, const Machine& machine) {
  const CkksSession session(load_plan(files.plan), machine);
  auto encrypted = session.open(files.input, wire::PayloadType::kModel, kWeights).load(0);
  require_left(budget, 1);
  const bool intercept_first = session.plan().trains_logistic();
  const std::size_t features = session.plan().request.features;
  auto slots = ckks::ReleaseRequest::first(features + (intercept_first ? 1 : 0), max_error).slots;
  Publishing publishing(session, files.secret_key, passphrase, budget);
  auto release = publishing.release(std::move(encrypted), session.ckks().weights,
                                    1 / session.layout().state_scale, std::move(slots), max_error);
  PublishedModel out;
  out.model.kind = session.plan().request.model;
  out.error = release.error;
  out.decimal_digits = release.decimal_digits;
  auto weight = release.values.begin();
  if (intercept_first) out.model.intercept = *weight++;
  out.model.weights.assign(weight, release.values.end());
  return out;
}

PublishedPredictions publish_ckks_predictions(const DecryptFiles& files, double max_error,
                                              ckks::ReleaseBudget& budget, const wire::Passphrase* passphrase,
                                              const Machine& machine) {
  const CkksSession session(load_plan(files.plan), machine);
  const auto predictions = session.open(files.input, wire::PayloadType::kPredictions, kMargins);
  require_left(budget, predictions.size());
  const auto& packing = session.layout().packing;
  Publishing publishing(session, files.secret_key, passphrase, budget);
  PublishedPredictions out;
  out.decimal_digits = 15;
  for (std::size_t b = 0; b < predictions.size(); ++b) {
    std::vector<std::size_t> slots;
    for (std::size_t r = 0; r < packing.rows_per_block(); ++r)
      if (out.margins.size() + slots.size() < predictions.header().rows)
        slots.push_back(r * packing.row_slots);
    const auto release = publishing.release(predictions.load(b), session.ckks().margins,
                                            session.layout().margin_scale, std::move(slots), max_error);
    out.margins.insert(out.margins.end(), release.values.begin(), release.values.end());
    out.error = std::max(out.error, release.error);
    out.decimal_digits = std::min(out.decimal_digits, release.decimal_digits);
    machine.progress.update("publish", b + 1, predictions.size());
  }
  return out;
}

}  // namespace cloister::pipeline
