// Computes on python-paillier's encrypted numbers for tests/phe_test.py, as a server would: it links nothing
// that decrypts. The argument is a file with a public key's JSON. Every line of standard input is an
// operation, an object with "op" and its operands; a line with a list of numbers answers it.
//   numbers "a", "b"                      in python-paillier's JSON, lists
//   "integer_bits"                        the bound of all values of "a" and "b"
//   "weights" or "values", clear numbers  with "format": [fraction bits, integer bits]
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "cloister/base/error.h"
#include "cloister/paillier/encryptor.h"
#include "cloister/wire/phe_json.h"

namespace {

using namespace cloister;
using namespace cloister::paillier;
using nlohmann::json;

constexpr std::uint64_t kMaxNumbers = 10000;

class Calculator {
 public:
  explicit Calculator(PublicKey key) : key_(std::move(key)), noise_(key_), server_(key_, pool_) {}

  std::string answer(const json& request) {
    const auto numbers = numbers_of(result(request), server_);
    std::string out = "[";
    for (const char c : wire::phe_numbers_json(numbers, wire::PheLayout::kLines)) out += c == '\n' ? ',' : c;
    out.back() = ']';
    return out;
  }

 private:
  /// Operands of one exponent, so that they can be added up.
  std::vector<EncryptedNumber> aligned(const json& request) const {
    json all = request["a"];
    if (request.contains("b")) all.insert(all.end(), request["b"].begin(), request["b"].end());
    const auto vector = vector_of(wire::parse_phe_numbers(all.dump(), key_, kMaxNumbers), request);
    return numbers_of(vector, server_);
  }
  EncryptedVector vector_of(std::span<const EncryptedNumber> numbers, const json& request) const {
    return align(key_, numbers, request["integer_bits"].get<int>(), pool_);
  }
  static FixedPoint format_of(const json& request) {
    return {request["format"][0].get<int>(), request["format"][1].get<int>()};
  }

  EncryptedVector result(const json& request) {
    const auto op = request["op"].get<std::string>();
    if (op == "encrypt")
      return Encryptor(noise_, pool_)
          .encrypt(request["values"].get<std::vector<double>>(), format_of(request),
                   Packing::single(key_.modulus_bits()), prng_);
    const auto numbers = aligned(request);
    const std::span all(numbers);
    const std::size_t size = request["a"].size();
    if (op == "dot") {
      EncryptedMatrix row;
      for (const auto& number : all) row.columns.push_back(vector_of({&number, 1}, request));
      return server_.dot(row, request["weights"].get<std::vector<double>>(), format_of(request), 0);
    }
    const auto a = vector_of(all.first(size), request);
    if (op == "add") return server_.add(a, vector_of(all.subspan(size), request));
    if (op == "subtract") return server_.subtract(a, vector_of(all.subspan(size), request));
    if (op == "multiply")
      return server_.multiply(a, request["weights"].get<std::vector<double>>(), format_of(request));
    if (op == "add_clear")
      return server_.add_clear(a, request["values"].get<std::vector<double>>(),
                               format_of(request).integer_bits);
    if (op == "negate") return server_.negate(a);
    if (op == "sum") return server_.sum(a);
    if (op == "rerandomize") return server_.rerandomize(a, noise_, prng_);
    throw ParametersError("there is no operation " + op);
  }

  PublicKey key_;
  ThreadPool pool_{1};
  Prng prng_ = Prng::from_system();
  PublicNoise noise_;
  Evaluator server_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: phe_tool PUBLIC.json\n";
    return 2;
  }
  try {
    std::ifstream file(argv[1]);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Calculator calculator(wire::parse_phe_public_key(text));
    for (std::string line; std::getline(std::cin, line);)
      std::cout << calculator.answer(json::parse(line)) << std::endl;
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "phe_tool: " << e.what() << '\n';
    return 1;
  }
}
