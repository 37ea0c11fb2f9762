#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "cloister/base/error.h"
#include "cloister/wire/owner/phe_secret_json.h"
#include "cloister/wire/phe_json.h"
#include "cloister/wire/testing/mutator.h"
#include "cloister/wire/testing/phe_answers.h"

namespace cloister::wire {
namespace {

constexpr std::uint64_t kSeed = 20240229;

/// Feeds damaged text to `parse_and_write`. Only Cloister's own errors may come out, none of them a defect's;
/// and what is accepted must come out the same when it is read again.
void fuzz(const std::string& good, int rounds,
          const std::function<std::string(const std::string&)>& parse_and_write) {
  Mutator mutate(kSeed);
  const std::vector<std::uint8_t> bytes(good.begin(), good.end());
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto damaged = mutate(bytes);
    try {
      const std::string written = parse_and_write({damaged.begin(), damaged.end()});
      ASSERT_EQ(parse_and_write(written), written) << "seed " << kSeed << ", round " << round;
    } catch (const Error& e) {
      ++refused;
      ASSERT_NE(e.code(), ErrorCode::kInternal) << e.what() << " at seed " << kSeed << ", round " << round;
    }
  }
  EXPECT_GT(refused, rounds / 4);  // the mutations bite
}

TEST(PheJsonFuzz, PublicKey) {
  fuzz(phe_answer("public_key"), 150,
       [](const std::string& text) { return phe_public_key_json(parse_phe_public_key(text), "key"); });
}

TEST(PheJsonFuzz, SecretKeys) {
  for (const char* name : {"secret_key", "old_secret_key"})
    fuzz(phe_answer(name), 150, [](const std::string& text) {
      const auto written = phe_secret_key_json(parse_phe_secret_key(text), "key");
      return std::string(written.begin(), written.end());
    });
}

TEST(PheJsonFuzz, Numbers) {
  const auto key = parse_phe_public_key(phe_answer("public_key"));
  const auto again = [&](const std::string& text) {
    return phe_numbers_json(parse_phe_numbers(text, key, 100), PheLayout::kList);
  };
  const auto numbers = parse_phe_numbers(phe_answers()["numbers"][0]["text"].get<std::string>() + "\n" +
                                             phe_answers()["numbers"][1]["text"].get<std::string>(),
                                         key, 100);
  fuzz(phe_numbers_json(numbers, PheLayout::kList), 2000, again);
  fuzz(phe_numbers_json(numbers, PheLayout::kLines), 2000, again);
}

}  // namespace
}  // namespace cloister::wire
