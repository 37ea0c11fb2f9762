#include "bindings/pipeline.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.h"
#include "bindings/progress.h"
#include "cloister/pipeline/ckks_server.h"
#include "cloister/pipeline/owner/ckks_owner.h"
#include "cloister/pipeline/owner/paillier_owner.h"
#include "cloister/pipeline/owner/sums_owner.h"
#include "cloister/pipeline/paillier_server.h"
#include "cloister/pipeline/plan_file.h"
#include "cloister/wire/owner/passphrase.h"

namespace cloister::python {
namespace {

using Path = std::filesystem::path;

/// What a step runs on, from Python's arguments. Made with the GIL; work() runs without.
class Step {
 public:
  /// The callable outlives this.
  Step(int threads, const nb::object& progress) : progress_(progress), pool_(threads) {}

  template <typename Work>
  auto run(const Work& work) {
    const nb::gil_scoped_release release;
    return work(pipeline::Machine{select_kernels(), pool_, progress_});
  }

 private:
  PythonProgress progress_;
  ThreadPool pool_;
};

std::optional<wire::Passphrase> passphrase_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return wire::Passphrase::from_text(*text);
}
const wire::Passphrase* or_null(const std::optional<wire::Passphrase>& passphrase) {
  return passphrase ? &*passphrase : nullptr;
}

bool is_ckks(const Path& plan) { return pipeline::load_plan(plan).ckks.has_value(); }

void generate_keys(const Path& plan, const Path& secret_key, const Path& public_keys,
                   const std::optional<std::string>& passphrase, int threads, const nb::object& progress) {
  const auto secret = passphrase_of(passphrase);
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    const auto protection =
        secret ? wire::Protection::passphrase(*secret) : wire::Protection::none_at_callers_word();
    const auto generate = is_ckks(plan) ? pipeline::generate_ckks_keys : pipeline::generate_paillier_keys;
    generate({plan, secret_key, public_keys}, protection, machine);
  });
}

data::Examples examples_of(const MatrixView& features, const VectorView& target) {
  data::Examples out;
  out.features = matrix_of(features);
  out.target.assign(target.data(), target.data() + target.size());
  return out;
}

void encrypt_training_rows(const Path& plan, const Path& secret_key, const Path& dataset,
                           const MatrixView& features, const VectorView& target,
                           const std::optional<std::string>& passphrase, int threads,
                           const nb::object& progress) {
  const auto secret = passphrase_of(passphrase);
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    pipeline::encrypt_training_rows({plan, secret_key, dataset}, examples_of(features, target),
                                    or_null(secret), machine);
  });
}

void encrypt_rows(const Path& plan, const Path& public_key, const Path& secret_key, const Path& rows,
                  const MatrixView& features, const std::optional<std::string>& passphrase, int threads,
                  const nb::object& progress) {
  const auto secret = passphrase_of(passphrase);
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    if (is_ckks(plan))
      pipeline::encrypt_prediction_rows({plan, secret_key, rows}, matrix_of(features), or_null(secret),
                                        machine);
    else
      pipeline::encrypt_paillier_rows({plan, public_key, secret_key, rows}, matrix_of(features),
                                      or_null(secret), machine);
  });
}

void encrypt_sums(const Path& plan, const Path& public_key, const Path& sums, const MatrixView& features,
                  const VectorView& target, int threads, const nb::object& progress) {
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    pipeline::encrypt_paillier_sums({plan, public_key, std::nullopt, sums}, examples_of(features, target),
                                    nullptr, machine);
  });
}

struct DecryptedWeights {
  std::vector<double> weights;
  double intercept = 0, error_bound = 0;
};

DecryptedWeights decrypt_model(const Path& plan, const Path& secret_key, const Path& model,
                               const std::optional<std::string>& passphrase, int threads,
                               const nb::object& progress) {
  const auto secret = passphrase_of(passphrase);
  return Step(threads, progress).run([&](const pipeline::Machine& machine) {
    const pipeline::DecryptFiles files{plan, secret_key, model};
    const pipeline::DecryptedModel out =
        is_ckks(plan) ? pipeline::decrypt_ckks_model(files, or_null(secret), machine)
                      : pipeline::decrypt_paillier_sums(files, or_null(secret), machine);
    return DecryptedWeights{out.model.weights, out.model.intercept, out.error_bound};
  });
}

pipeline::DecryptedPredictions decrypt_predictions(const Path& plan, const Path& secret_key,
                                                   const Path& predictions,
                                                   const std::optional<std::string>& passphrase, int threads,
                                                   const nb::object& progress) {
  const auto secret = passphrase_of(passphrase);
  return Step(threads, progress).run([&](const pipeline::Machine& machine) {
    const auto decrypt =
        is_ckks(plan) ? pipeline::decrypt_ckks_predictions : pipeline::decrypt_paillier_predictions;
    return decrypt({plan, secret_key, predictions}, or_null(secret), machine);
  });
}

void train(const Path& plan, const Path& evaluation_keys, const Path& dataset, const Path& model,
           const Path& checkpoints, int threads, const nb::object& progress) {
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    pipeline::train_ckks({plan, evaluation_keys, dataset, model, checkpoints}, machine);
  });
}

void predict(const Path& plan, const Path& keys, const Path& rows, const Path& model, const Path& predictions,
             int threads, const nb::object& progress) {
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    if (is_ckks(plan))
      pipeline::predict_ckks({plan, keys, rows, model, predictions}, machine);
    else
      pipeline::predict_paillier({plan, keys, rows, model, predictions}, machine);
  });
}

void aggregate(const Path& plan, const Path& public_key, const std::vector<Path>& sums, const Path& total,
               int threads, const nb::object& progress) {
  Step(threads, progress).run([&](const pipeline::Machine& machine) {
    pipeline::aggregate_paillier({plan, public_key, sums, total}, machine);
  });
}

}  // namespace

void add_pipeline(nb::module_& module) {
  const auto threads = nb::arg("threads");
  const auto progress = nb::arg("progress").none();
  const auto passphrase = nb::arg("passphrase").none();
  module.def(
      "check_passphrase",
      [](const std::string& text) {
        const auto words = wire::Passphrase::from_text(text);
        wire::Protection::passphrase(words);
      },
      nb::arg("passphrase"));
  module.def("generate_keys", &generate_keys, nb::arg("plan"), nb::arg("secret_key"), nb::arg("public_keys"),
             passphrase, threads, progress);
  module.def("encrypt_training_rows", &encrypt_training_rows, nb::arg("plan"), nb::arg("secret_key"),
             nb::arg("dataset"), nb::arg("features"), nb::arg("target"), passphrase, threads, progress);
  module.def("encrypt_rows", &encrypt_rows, nb::arg("plan"), nb::arg("public_key"), nb::arg("secret_key"),
             nb::arg("rows"), nb::arg("features"), passphrase, threads, progress);
  module.def("encrypt_sums", &encrypt_sums, nb::arg("plan"), nb::arg("public_key"), nb::arg("sums"),
             nb::arg("features"), nb::arg("target"), threads, progress);
  module.def(
      "decrypt_model",
      [](const Path& plan, const Path& secret_key, const Path& model,
         const std::optional<std::string>& secret, int count, nb::object told) {
        auto out = decrypt_model(plan, secret_key, model, secret, count, std::move(told));
        return nb::make_tuple(to_numpy(std::move(out.weights)), out.intercept, out.error_bound);
      },
      nb::arg("plan"), nb::arg("secret_key"), nb::arg("model"), passphrase, threads, progress);
  module.def(
      "decrypt_predictions",
      [](const Path& plan, const Path& secret_key, const Path& predictions,
         const std::optional<std::string>& secret, int count, nb::object told) {
        auto out = decrypt_predictions(plan, secret_key, predictions, secret, count, std::move(told));
        return nb::make_tuple(to_numpy(std::move(out.margins)), out.error_bound);
      },
      nb::arg("plan"), nb::arg("secret_key"), nb::arg("predictions"), passphrase, threads, progress);
  module.def("train", &train, nb::arg("plan"), nb::arg("evaluation_keys"), nb::arg("dataset"),
             nb::arg("model"), nb::arg("checkpoints"), threads, progress);
  module.def("predict", &predict, nb::arg("plan"), nb::arg("keys"), nb::arg("rows"), nb::arg("model"),
             nb::arg("predictions"), threads, progress);
  module.def("aggregate", &aggregate, nb::arg("plan"), nb::arg("public_key"), nb::arg("sums"),
             nb::arg("total"), threads, progress);
}

}  // namespace cloister::python
