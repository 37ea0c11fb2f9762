#include "cloister/paillier/owner/key_generation.h"

#include "cloister/paillier/noise_base.h"
#include "cloister/paillier/testing/test_parties.h"

namespace cloister::paillier {
namespace {

BigInteger limbs(std::span<const std::uint64_t> value) { return BigInteger::from_limbs(value); }

void round_trip(int modulus_bits, std::uint8_t seed) {
  Prng prng{Seed(Bytes32{seed})};
  const ThreadPool pool(2);
  const SecretKey key = generate_key(modulus_bits, prng);
  const PublicKey& public_key = key.public_key();
  EXPECT_EQ(public_key.n().bit_length(), static_cast<std::size_t>(modulus_bits));
  EXPECT_EQ(limbs(key.p()) * limbs(key.q()), public_key.n());
  EXPECT_EQ(generated_factor_fault_vartime(limbs(key.p()), limbs(key.q())), nullptr);

  // h is an n-th residue: its power to (p - 1)(q - 1) is 1 modulo n^2.
  const BigInteger one(1);
  const BigInteger order = (limbs(key.p()) - one) * (limbs(key.q()) - one);
  EXPECT_EQ(power_vartime(public_key.h(), order, public_key.n_squared()), one);

  const std::vector<double> values{0, 1, -1, 255.99609375, -256};
  const FixedPoint format{8, 8};
  const OwnerNoise owner_noise(key);
  const PublicNoise public_noise(public_key);
  Prng a{Seed(Bytes32{3})}, b{Seed(Bytes32{3})};
  const Packing single = Packing::single(modulus_bits);
  const auto by_owner = Encryptor(owner_noise, pool).encrypt(values, format, single, a);
  const auto by_other = Encryptor(public_noise, pool).encrypt(values, format, single, b);
  EXPECT_TRUE(std::ranges::equal(by_owner.residues(), by_other.residues()));
  EXPECT_EQ(Decryptor(key, pool).decrypt(by_owner).to_doubles(), values);
}

TEST(SlowPaillierKeys, GenerateAtEveryUsualLength) {
  round_trip(2048, 1);
  round_trip(kDefaultModulusBits, 2);
  round_trip(4096, 3);
}

TEST(SlowPaillierKeys, AnotherKeyDoesNotDecrypt) {
  TestParties parties;
  const SecretKey other = generate_key(2048, parties.prng);
  const double x[] = {1.0};
  const auto a = parties.encryptor.encrypt(x, FixedPoint{8, 4}, parties.single(), parties.prng);
  const Decryptor stranger(other, parties.pool);
  EXPECT_THROW(stranger.decrypt(a), MismatchError);
}

TEST(PaillierKeys, RefuseLengthsBelowTheFloorAndUnsupportedOnes) {
  Prng prng{Seed(Bytes32{1})};
  EXPECT_THROW(generate_key(1024, prng), SecurityError);
  EXPECT_THROW(generate_key(2047, prng), SecurityError);
  EXPECT_THROW(generate_key(0, prng), SecurityError);
  EXPECT_THROW(generate_key(-3072, prng), SecurityError);
  EXPECT_THROW(generate_key(3000, prng), ParametersError);
  EXPECT_THROW(generate_key(8320, prng), ParametersError);
}

TEST(PaillierKeys, RefuseFactorsThatBreakACondition) {
  const SecretKey key = TestParties::load();
  const BigInteger p = limbs(key.p()), q = limbs(key.q());
  EXPECT_EQ(generated_factor_fault_vartime(p, q), nullptr);
  const auto fault = [](const BigInteger& a, const BigInteger& b) {
    const char* text = factor_fault_vartime(a, b);
    return std::string(text == nullptr ? "" : text);
  };
  EXPECT_NE(fault(p, p).find("close"), std::string::npos);
  EXPECT_NE(fault(p, p + (BigInteger(1) << 100)).find("close"), std::string::npos);
  EXPECT_NE(fault(p, q >> 1).find("length"), std::string::npos);
  EXPECT_NE(fault(-p, q).find("positive"), std::string::npos);
  BigInteger composite = q.clone();  // next to q, 3 modulo 4, and not a prime
  do composite = composite + BigInteger(4);
  while (is_probable_prime_vartime(composite) || fault(p, composite).find("share") != std::string::npos);
  EXPECT_NE(fault(p, composite).find("prime"), std::string::npos);
  // p - 1 and q - 1 made divisible by a number of 65 bits.
  const auto one_modulo = [](const BigInteger& value, const BigInteger& divisor) {
    return value - (value - BigInteger(1)).mod(divisor);
  };
  const BigInteger shared = BigInteger::power_of_two(64);
  EXPECT_NE(fault(one_modulo(p, shared), one_modulo(q, shared)).find("share a large factor"),
            std::string::npos);
}

/// The next prime after `value` that leaves `residue` modulo `modulus`.
BigInteger next_prime(const BigInteger& value, std::uint64_t modulus, std::uint64_t residue) {
  BigInteger out = value + BigInteger(1);
  while (out.mod(modulus) != residue || !is_probable_prime_vartime(out)) out = out + BigInteger(1);
  return out;
}

TEST(PaillierKeys, GenerationAsksForMoreThanOtherLibrariesKeysHave) {
  const SecretKey key = TestParties::load();
  const BigInteger p = limbs(key.p()), q = limbs(key.q());
  const BigInteger one_mod_four = next_prime(q, 4, 1);
  EXPECT_EQ(factor_fault_vartime(p, one_mod_four), nullptr);
  EXPECT_EQ(generated_factor_fault_vartime(p, one_mod_four),
            std::string_view("the key's factors are not both 3 modulo 4"));
  const BigInteger p_shares = next_prime(p, 12, 7),
                   q_shares = next_prime(q, 12, 7);  // both minus one: 6 divides
  EXPECT_EQ(factor_fault_vartime(p_shares, q_shares), nullptr);
  EXPECT_EQ(generated_factor_fault_vartime(p_shares, q_shares),
            std::string_view("the halves of the key's factors minus one share a factor"));
}

TEST(PaillierKeys, OfPrimesOfAnyResidueComputeAsOthers) {
  const SecretKey key = TestParties::load();
  const ThreadPool pool(2);
  for (const auto& [p_residue, q_residue] : {std::pair{1, 3}, std::pair{1, 1}}) {
    const BigInteger p = next_prime(limbs(key.p()), 4, static_cast<std::uint64_t>(p_residue));
    const BigInteger q = next_prime(limbs(key.q()), 4, static_cast<std::uint64_t>(q_residue));
    const PublicKey taken = PublicKey::from_modulus(p * q);
    const SecretKey secret = SecretKey::create_vartime(p, q, standard_noise_base(p * q));
    EXPECT_EQ(taken.id(), secret.public_key().id());
    EXPECT_EQ(jacobi_vartime(taken.h(), taken.n()), 1);

    const std::vector<double> values{0, 1.5, -2.25};
    Prng prng{Seed(Bytes32{1})}, same{Seed(Bytes32{1})};
    const PublicNoise public_noise(taken);
    const OwnerNoise owner_noise(secret);
    const Packing single = Packing::single(taken.modulus_bits());
    const auto x = Encryptor(public_noise, pool).encrypt(values, FixedPoint{8, 8}, single, prng);
    const auto y = Encryptor(owner_noise, pool).encrypt(values, FixedPoint{8, 8}, single, same);
    EXPECT_TRUE(std::ranges::equal(x.residues(), y.residues()));
    EXPECT_EQ(Decryptor(secret, pool).decrypt(x).to_doubles(), values);
  }
}

TEST(PaillierKeys, StandardNoiseBaseIsPartOfTheFormat) {
  const PublicKey key = PublicKey::from_modulus(TestParties::load().public_key().n().clone());
  EXPECT_EQ(to_hex(sha256(key.h().to_bytes(512))),
            "718fc02f25bfc234a4b26b36fbf75113aa1b47bb0a24220620c4d6eb4ee243d4");
  EXPECT_THROW(standard_noise_base(BigInteger(0)), ParametersError);
  EXPECT_THROW(standard_noise_base(BigInteger::power_of_two(64)), ParametersError);
  EXPECT_THROW(standard_noise_base(BigInteger(15)), ParametersError);
}

TEST(PaillierKeys, RefuseANoiseBaseThatIsNoResidue) {
  const SecretKey key = TestParties::load();
  const PublicKey& public_key = key.public_key();
  // What encrypts 1 in place of 0: no one without the factors could tell.
  BigInteger h = (public_key.h() * (public_key.n() + BigInteger(1))).mod(public_key.n_squared());
  EXPECT_NO_THROW(PublicKey::create(public_key.n().clone(), h.clone()));
  EXPECT_THROW(SecretKey::create_vartime(limbs(key.p()), limbs(key.q()), std::move(h)), ParametersError);
}

TEST(PaillierKeys, RefuseMalformedPublicKeys) {
  const SecretKey secret = TestParties::load();
  const PublicKey& key = secret.public_key();
  const BigInteger& n = key.n();
  const BigInteger one(1);
  const auto fault = [&](BigInteger modulus, BigInteger h) {
    try {
      PublicKey::create(std::move(modulus), std::move(h));
    } catch (const ParametersError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const auto with_n = [&](BigInteger modulus) { return fault(std::move(modulus), key.h().clone()); };
  const auto with_h = [&](BigInteger h) { return fault(n.clone(), std::move(h)); };
  EXPECT_EQ(with_n(n.clone()), "");
  EXPECT_NE(with_n(-n).find("positive"), std::string::npos);
  EXPECT_NE(with_n(n - one).find("even"), std::string::npos);
  EXPECT_THROW(with_n(n >> 1), SecurityError);
  EXPECT_NE(with_n(n << 64).find("not supported"), std::string::npos);
  EXPECT_NE(with_n(n << 8192).find("not supported"), std::string::npos);
  BigInteger small = BigInteger::power_of_two(2047) + one;
  while (small.mod(std::uint64_t{3}) != 0 || small.mod(std::uint64_t{4}) != 1) small = small + one;
  EXPECT_NE(with_n(std::move(small)).find("factor 3"), std::string::npos);
  const BigInteger p = limbs(secret.p());
  EXPECT_NE(with_n(p * p).find("perfect power"), std::string::npos);
  EXPECT_NE(with_h(BigInteger(0)).find("(0, n^2)"), std::string::npos);
  EXPECT_NE(with_h(key.n_squared().clone()).find("(0, n^2)"), std::string::npos);
  EXPECT_NE(with_h(n.clone()).find("shares"), std::string::npos);
  EXPECT_NE(with_h(one.clone()).find("order"), std::string::npos);
  EXPECT_NE(with_h(key.n_squared() - one).find("order"), std::string::npos);
  BigInteger non_residue(2);
  while (jacobi_vartime(non_residue, n) != -1) non_residue = non_residue + one;
  EXPECT_NE(with_h(std::move(non_residue)).find("Jacobi"), std::string::npos);
}

}  // namespace
}  // namespace cloister::paillier
