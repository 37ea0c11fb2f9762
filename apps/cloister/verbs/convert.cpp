#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

#include "apps/cloister/owner_folder.h"
#include "apps/cloister/passphrase_options.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/common_options.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/base/error.h"
#include "cloister/paillier/owner/encoding.h"
#include "cloister/pipeline/owner/key_folder.h"
#include "cloister/pipeline/paillier_files.h"
#include "cloister/wire/owner/phe_secret_json.h"
#include "cloister/wire/phe_json.h"

namespace cloister::app {
namespace {

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 30;

struct Options {
  CommonOptions common;
  PassphraseOptions passphrase;
  std::string input, out, keys = "keys", key;
  int integer_bits = 0;
  bool secret = false, lines = false;
};

std::string_view text_of(const auto& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> bytes_of(const auto& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string name_of(const paillier::PublicKey& key) {
  return "Paillier key " + wire::short_id(key.id()) + " of Cloister";
}

void describe(const paillier::PublicKey& key, StepOutput& out) {
  out.details()["key_id"] = to_hex(key.id());
  out.details()["modulus_bits"] = key.modulus_bits();
}

void import_secret_key(const Options& options, std::string_view text, StepOutput& out) {
  const auto secret = wire::parse_phe_secret_key(text);
  const paillier::PublicKey& key = secret.public_key();
  const pipeline::KeyFolder folder(options.keys);
  const auto secret_file = folder.secret_key(key.id()), public_file = folder.public_key(key.id());
  require_absent(secret_file);
  require_absent(public_file);
  const auto passphrase = new_passphrase(options.passphrase);
  const auto protection =
      passphrase ? wire::Protection::passphrase(*passphrase) : wire::Protection::none_at_callers_word();
  make_owner_folder(options.keys);
  NewFiles made;
  wire::save_secret(secret_file, paillier::encode_secret_key(secret).span(),
                    wire::PayloadType::kPaillierSecretKey, key.id(), protection);
  made.add(secret_file);
  pipeline::save_public_key(public_file, key, key.id());
  made.keep();
  describe(key, out);
  out.wrote(secret_file);
  out.wrote(public_file);
  out.details()["protected"] = passphrase.has_value();
  out.say(fmt::format(
      "Took over the key {} of {} bits, {}.", wire::short_id(key.id()), key.modulus_bits(),
      passphrase ? "sealed with the passphrase" : "unprotected: whoever reads the file can decrypt"));
  out.next("delete the JSON file, which holds the secret in the clear.");
}

void import_public_key(const Options& options, std::string_view text, StepOutput& out) {
  const auto key = wire::parse_phe_public_key(text);
  const auto file = pipeline::KeyFolder(options.keys).public_key(key.id());
  make_owner_folder(options.keys);
  pipeline::save_public_key(file, key, key.id());
  describe(key, out);
  out.wrote(file);
  out.say(
      fmt::format("Took over the public key {} of {} bits.", wire::short_id(key.id()), key.modulus_bits()));
}

void import_key(const Options& options) {
  StepOutput out("convert", options.common.json);
  const auto bytes = read_secret_file(options.input, wire::kMaxPheKeyBytes);
  const auto text = text_of(bytes);
  if (text.find("\"pub\"") != std::string_view::npos)
    import_secret_key(options, text, out);
  else
    import_public_key(options, text, out);
  out.print();
}

void export_secret_key(const Options& options, StepOutput& out) {
  const auto passphrase = passphrase_for(options.passphrase, options.input);
  const auto key = pipeline::load_paillier_secret(options.input, std::nullopt, or_null(passphrase));
  write_file(options.out, bytes_of(wire::phe_secret_key_json(key, name_of(key.public_key()))),
             Overwrite::kRefuse, FileMode::kSecret);
  describe(key.public_key(), out);
  out.say("Wrote the secret key in the clear: whoever reads the file can decrypt everything.");
}

void export_key(const Options& options) {
  StepOutput out("convert", options.common.json);
  require_absent(options.out);
  const bool is_secret = wire::info(wire::peek(options.input).type).secret;
  if (is_secret && !options.secret)
    throw ParametersError(options.input +
                          " is a secret key; name the public key's file, or give --secret to write "
                          "the secret one in the clear");
  if (is_secret) {
    export_secret_key(options, out);
  } else if (options.secret) {
    throw ParametersError(options.input +
                          " is no secret key; leave --secret away, or name the secret key's file");
  } else {
    const auto key = pipeline::load_public_key(options.input);
    write_file(options.out, bytes_of(wire::phe_public_key_json(key, name_of(key)) + "\n"));
    describe(key, out);
    out.say("Wrote the public key.");
  }
  out.wrote(options.out);
  out.print();
}

void import_numbers(const Options& options) {
  StepOutput out("convert", options.common.json);
  require_absent(options.out);
  Workbench bench(options.common);
  const auto key = pipeline::load_public_key(options.key);
  const auto bytes = read_file(options.input, kMaxTextBytes);
  const auto numbers = wire::parse_phe_numbers(text_of(bytes), key, pipeline::kMaxVectorValues);
  const auto vector = paillier::align(key, numbers, options.integer_bits, bench.pool());
  pipeline::save_vector(options.out, vector);
  bench.finish();
  describe(key, out);
  out.wrote(options.out);
  out.details()["values"] = vector.size();
  out.details()["fraction_bits"] = vector.format().fraction_bits;
  out.details()["threads"] = bench.pool().threads();
  out.say(fmt::format("Took over {} encrypted {}, of {} fraction bits, under the key {}.", vector.size(),
                      vector.size() == 1 ? "number" : "numbers", vector.format().fraction_bits,
                      wire::short_id(key.id())));
  out.print();
}

void export_numbers(const Options& options) {
  StepOutput out("convert", options.common.json);
  require_absent(options.out);
  Workbench bench(options.common);
  const auto key = pipeline::load_public_key(options.key);
  const auto vector = pipeline::load_vector(options.input, key);
  const auto numbers = paillier::numbers_of(vector, paillier::Evaluator(key, bench.pool()));
  const auto layout = options.lines ? wire::PheLayout::kLines : wire::PheLayout::kList;
  write_file(options.out, bytes_of(wire::phe_numbers_json(numbers, layout)));
  bench.finish();
  describe(key, out);
  out.wrote(options.out);
  out.details()["values"] = numbers.size();
  out.details()["exponent"] = numbers.front().exponent;
  out.details()["threads"] = bench.pool().threads();
  out.say(fmt::format("Wrote {} encrypted {} of the exponent {}.", numbers.size(),
                      numbers.size() == 1 ? "number" : "numbers", numbers.front().exponent));
  out.print();
}

void add_out_option(CLI::App& way, std::string& file) {
  way.add_option("--out", file, "File to write; an existing one is never overwritten")->required();
}

void add_key_option(CLI::App& way, std::string& file) {
  way.add_option("--key", file,
                 "File of the public key, of `cloister convert import-key` or `cloister keygen`")
      ->required();
}

template <typename Run>
CLI::App* add_way(CLI::App& verb, const char* name, const char* what, const char* example,
                  const std::shared_ptr<Options>& options, const Run& run) {
  CLI::App* way = verb.add_subcommand(name, what);
  way->add_option("FILE", options->input, "File to read")->required();
  add_common_options(*way, options->common);
  way->footer(std::string("Example:\n  cloister convert ") + example);
  way->callback([options, run] { run(*options); });
  return way;
}

}  // namespace

void add_convert_command(CLI::App& app) {
  CLI::App* verb = app.add_subcommand(
      "convert", "Owner: take keys and ciphertexts over from python-paillier, and give them back");
  verb->require_subcommand(1);
  verb->footer(
      "`cloister convert WAY --help` explains each. JSON is that of `pheutil`, python-paillier's command "
      "line.\n"
      "Example:\n  cloister convert import-key key.json --keys keys --passphrase-file "
      "~/.cloister-passphrase");

  auto options = std::make_shared<Options>();
  CLI::App* way = add_way(*verb, "import-key", "A private key becomes a sealed key file and a public one",
                          "import-key key.json --keys keys --passphrase-file ~/.cloister-passphrase", options,
                          import_key);
  way->add_option("--keys", options->keys, "Folder of keys, named by their ids")->capture_default_str();
  add_passphrase_options(*way, options->passphrase, PassphraseUse::kNewKey);

  options = std::make_shared<Options>();
  way = add_way(*verb, "export-key", "A key file becomes JSON",
                "export-key keys/0123456789ab.public.key --out public.json", options, export_key);
  add_out_option(*way, options->out);
  way->add_flag("--secret", options->secret, "Write a secret key, in the clear");
  add_passphrase_options(*way, options->passphrase, PassphraseUse::kExistingKey);

  options = std::make_shared<Options>();
  way = add_way(*verb, "import",
                "Encrypted numbers become a file of an encrypted vector: one, a list, or one a line",
                "import numbers.json --key keys/0123456789ab.public.key --integer-bits 20 --out numbers.enc",
                options, import_numbers);
  add_key_option(*way, options->key);
  way->add_option("--integer-bits", options->integer_bits,
                  "No value's magnitude exceeds 2 to the power of this")
      ->required()
      ->check(CLI::Range(-paillier::kMaxFractionBits, paillier::kMaxModulusBits));
  add_out_option(*way, options->out);

  options = std::make_shared<Options>();
  way = add_way(
      *verb, "export", "An encrypted vector becomes encrypted numbers: a list, or an object if it is one",
      "export numbers.enc --key keys/0123456789ab.public.key --out numbers.json", options, export_numbers);
  add_key_option(*way, options->key);
  way->add_flag("--lines", options->lines, "One number a line in place of a list");
  add_out_option(*way, options->out);
}

}  // namespace cloister::app
