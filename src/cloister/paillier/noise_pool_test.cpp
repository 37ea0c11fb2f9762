#include "cloister/paillier/noise_pool.h"

#include <atomic>
#include <set>
#include <thread>

#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

constexpr FixedPoint kFormat{8, 8};

using Entry = std::vector<std::uint64_t>;

std::vector<Entry> entries_of(std::span<const std::uint64_t> residues, std::size_t limbs) {
  std::vector<Entry> out;
  for (std::size_t i = 0; i < residues.size(); i += limbs)
    out.emplace_back(residues.begin() + static_cast<std::ptrdiff_t>(i),
                     residues.begin() + static_cast<std::ptrdiff_t>(i + limbs));
  return out;
}

TEST(PaillierNoisePool, GivesWhatItsSourceMakesOnceAndFallsBackWhenEmpty) {
  TestParties parties;
  NoisePool pool(parties.noise, 10);
  const std::size_t limbs = parties.key.public_key().ciphertext_limbs();
  Prng ahead{Seed(Bytes32{5})}, again{Seed(Bytes32{5})};
  EXPECT_EQ(pool.available(), 0u);
  EXPECT_EQ(pool.refill(ahead, parties.pool, 4), 4u);
  EXPECT_EQ(pool.available(), 4u);
  Entry made(4 * limbs);
  parties.noise.fill(again, made, parties.pool);
  const auto expected = entries_of(made, limbs);

  Entry out(3 * limbs);
  pool.fill(parties.prng, out, parties.pool);
  EXPECT_EQ(pool.available(), 1u);
  std::set<Entry> seen;
  for (Entry& entry : entries_of(out, limbs)) {
    EXPECT_NE(std::ranges::find(expected, entry), expected.end());
    EXPECT_TRUE(seen.insert(std::move(entry)).second);
  }
  pool.fill(parties.prng, out, parties.pool);  // one from the pool, two made on the spot
  EXPECT_EQ(pool.available(), 0u);
  for (Entry& entry : entries_of(out, limbs)) EXPECT_TRUE(seen.insert(std::move(entry)).second);
  EXPECT_TRUE(std::ranges::all_of(expected, [&](const Entry& e) { return seen.contains(e); }));
}

TEST(PaillierNoisePool, IsBounded) {
  TestParties parties;
  EXPECT_THROW(NoisePool(parties.noise, 0), ParametersError);
  NoisePool pool(parties.noise, 3);
  EXPECT_EQ(pool.refill(parties.prng, parties.pool), 3u);
  EXPECT_EQ(pool.refill(parties.prng, parties.pool), 0u);
  EXPECT_EQ(pool.available(), pool.capacity());
}

TEST(PaillierNoisePool, EncryptsToCiphertextsThatDecrypt) {
  TestParties parties;
  NoisePool pool(parties.noise, 8);
  pool.refill(parties.prng, parties.pool);
  const Encryptor encryptor(pool, parties.pool);
  const std::vector<double> x{0, 1, -1, 255.5, -256};
  const auto a = encryptor.encrypt(x, kFormat, parties.single(), parties.prng);
  const auto b = encryptor.encrypt(x, kFormat, parties.single(), parties.prng);
  EXPECT_EQ(parties.decryptor.decrypt(a).to_doubles(), x);
  EXPECT_EQ(parties.decryptor.decrypt(b).to_doubles(), x);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_FALSE(std::ranges::equal(a.ciphertext(i), b.ciphertext(i)));
}

TEST(PaillierNoisePool, GivesNoEntryTwiceToThreadsThatRace) {
  TestParties parties;
  NoisePool pool(parties.noise, 40);
  const std::size_t limbs = parties.key.public_key().ciphertext_limbs();
  constexpr std::size_t kThreads = 3, kRounds = 10;
  std::vector<std::vector<Entry>> taken(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (std::size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      const ThreadPool own(1);
      Prng prng(Seed(Bytes32{40}), t);
      for (std::size_t i = 0; i < kRounds; ++i) {
        pool.refill(prng, own, 3);
        Entry out(2 * limbs);
        pool.fill(prng, out, own);
        for (Entry& entry : entries_of(out, limbs)) taken[t].push_back(std::move(entry));
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::set<Entry> seen;
  for (const auto& of_thread : taken)
    for (const Entry& entry : of_thread) EXPECT_TRUE(seen.insert(entry).second);
  EXPECT_EQ(seen.size(), 2 * kThreads * kRounds);
  EXPECT_EQ(pool.available(), kThreads * kRounds);
}

}  // namespace
}  // namespace cloister::paillier
