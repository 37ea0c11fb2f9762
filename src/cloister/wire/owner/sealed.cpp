#include "cloister/wire/owner/sealed.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cloister/base/bytes.h"
#include "cloister/base/error.h"
#include "cloister/random/prng.h"
#include "cloister/wire/owner/internal/sealing_crypto.h"

namespace cloister::wire {
namespace {

using internal::kNonceBytes;
using internal::kSaltBytes;
using internal::kTagBytes;

constexpr std::uint32_t kSealedTag = 1;
constexpr std::uint32_t kUnprotectedTag = 2;
constexpr std::size_t kCostBytes = std::size_t{3} * 4;
constexpr std::size_t kPrefixBytes = kCostBytes + kSaltBytes + kNonceBytes;
constexpr std::size_t kMaxSecretBytes = std::size_t{64} << 20;
constexpr std::size_t kMinPassphraseBytes = 8;
constexpr std::uint64_t kMaxScryptBytes = std::uint64_t{256} << 20;

bool is_bounded(const SealingCost& cost) {
  return cost.log2_n >= 14 && cost.log2_n <= 21 && cost.r >= 1 && cost.r <= 16 && cost.p >= 1 &&
         cost.p <= 4 && internal::scrypt_bytes(cost) <= kMaxScryptBytes;
}

void require_secret_type(PayloadType type) {
  if (!info(type).secret)
    throw ParametersError(std::string(info(type).phrase) + " is no secret and is not kept as one");
}

/// Collects bytes in wiped memory.
class SecretSink {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > buffer_.size() - size_) {
      SecretBuffer<std::uint8_t> larger(2 * buffer_.size() + bytes.size());
      std::copy_n(buffer_.begin(), size_, larger.begin());
      buffer_ = std::move(larger);
    }
    std::copy(bytes.begin(), bytes.end(), buffer_.begin() + size_);
    size_ += bytes.size();
  }
  SecretBuffer<std::uint8_t> take() const {
    return SecretBuffer<std::uint8_t>::copy_of(buffer_.span().first(size_));
  }

 private:
  SecretBuffer<std::uint8_t> buffer_;
  std::size_t size_ = 0;
};

/// What the seal vouches for besides the secret: what it is, whose plan it is, and how the key was made.
std::vector<std::uint8_t> associated_data(PayloadType type, const PlanId& plan_id,
                                          std::span<const std::uint8_t> prefix) {
  ByteWriter out;
  out.put_string("cloister sealed secret 1");
  out.put(static_cast<std::uint16_t>(type));
  out.put_raw(plan_id);
  out.put_raw(prefix);
  return out.take();
}

std::vector<std::uint8_t> encrypt(std::span<const std::uint8_t> secret, PayloadType type,
                                  const PlanId& plan_id, const Protection& protection) {
  const Passphrase& passphrase = *protection.passphrase_or_null();
  const SealingCost& cost = protection.cost();
  if (!is_bounded(cost)) throw ParametersError("scrypt's cost is out of bounds; use the default");
  std::array<std::uint8_t, kSaltBytes + kNonceBytes> fresh;
  Prng::from_system().fill(std::span<std::uint8_t>(fresh));
  const auto salt = std::span(fresh).first<kSaltBytes>();
  const auto nonce = std::span(fresh).last<kNonceBytes>();

  ByteWriter out;
  out.put(static_cast<std::uint32_t>(cost.log2_n));
  out.put(static_cast<std::uint32_t>(cost.r));
  out.put(static_cast<std::uint32_t>(cost.p));
  out.put_raw(fresh);
  const auto aad = associated_data(type, plan_id, out.bytes());
  const auto key = internal::scrypt_key(passphrase.text(), salt, cost);
  std::vector<std::uint8_t> sealed(secret.size() + kTagBytes);
  internal::gcm_encrypt(key.span(), nonce, aad, secret, sealed);
  out.put_raw(sealed);
  return out.take();
}

SecretBuffer<std::uint8_t> decrypt(std::span<const std::uint8_t> payload, const ContainerHeader& header,
                                   const Passphrase& passphrase, const std::string& source) {
  ByteReader reader(payload);
  SealingCost cost;
  cost.log2_n = reader.get_in<std::int32_t>("scrypt's log2 n", 0, 63);
  cost.r = reader.get_in<std::int32_t>("scrypt's r", 0, 64);
  cost.p = reader.get_in<std::int32_t>("scrypt's p", 0, 64);
  if (!is_bounded(cost))
    throw DecodeError(source, 0, "scrypt's cost is out of bounds; the file is not Cloister's");
  const auto salt = reader.get_raw(kSaltBytes, "salt").first<kSaltBytes>();
  const auto nonce = reader.get_raw(kNonceBytes, "nonce").first<kNonceBytes>();
  if (reader.remaining() <= kTagBytes || reader.remaining() > kMaxSecretBytes + kTagBytes)
    throw DecodeError(source, reader.offset(), "the sealed secret has a wrong size");
  const auto aad = associated_data(header.type, header.plan_id, payload.first(kPrefixBytes));
  const auto key = internal::scrypt_key(passphrase.text(), salt, cost);
  SecretBuffer<std::uint8_t> secret(reader.remaining() - kTagBytes);
  const auto sealed = reader.get_raw(reader.remaining(), "secret");
  if (!internal::gcm_decrypt(key.span(), nonce, aad, sealed, secret.span()))
    throw SecurityError(source + ": wrong passphrase or damaged file; try the passphrase again");
  return secret;
}

Expectation bounded(Expectation expected) {
  expected.limits.max_frames = std::min<std::uint64_t>(expected.limits.max_frames, 1);
  expected.limits.max_bytes = std::min<std::uint64_t>(expected.limits.max_bytes, kMaxSecretBytes + 4096);
  return expected;
}

SecretBuffer<std::uint8_t> unseal(ContainerReader reader, const Passphrase* passphrase) {
  const std::optional<Frame> frame = reader.next();
  if (!frame || (frame->tag != kSealedTag && frame->tag != kUnprotectedTag) || frame->payload.empty())
    throw DecodeError(reader.source(), 0, "it holds no secret; restore it from a copy");
  if (frame->tag == kUnprotectedTag) return SecretBuffer<std::uint8_t>::copy_of(frame->payload);
  if (passphrase == nullptr) throw SecurityError(reader.source() + " is protected; give its passphrase");
  return decrypt(frame->payload, reader.header(), *passphrase, reader.source());
}

}  // namespace

Protection Protection::passphrase(const Passphrase& passphrase, SealingCost cost) {
  if (passphrase.text().size() < kMinPassphraseBytes)
    throw SecurityError("the passphrase is shorter than " + std::to_string(kMinPassphraseBytes) +
                        " characters; choose a longer one");
  return Protection(&passphrase, cost);
}

SecretBuffer<std::uint8_t> seal(std::span<const std::uint8_t> secret, PayloadType type, const PlanId& plan_id,
                                const Protection& protection) {
  require_secret_type(type);
  if (secret.empty() || secret.size() > kMaxSecretBytes)
    throw ParametersError("a secret of " + std::to_string(secret.size()) + " bytes cannot be sealed");
  SecretSink sink;
  ContainerWriter writer([&sink](std::span<const std::uint8_t> bytes) { sink.add(bytes); }, type, plan_id);
  if (protection.passphrase_or_null() != nullptr)
    writer.write_frame(kSealedTag, encrypt(secret, type, plan_id, protection));
  else
    writer.write_frame(kUnprotectedTag, secret);
  writer.finish();
  return sink.take();
}

SecretBuffer<std::uint8_t> open_sealed(std::span<const std::uint8_t> sealed, const Expectation& expected,
                                       const Passphrase* passphrase, const std::string& source) {
  require_secret_type(expected.type);
  return unseal(ContainerReader(sealed, bounded(expected), source), passphrase);
}

bool is_protected(const std::filesystem::path& path) {
  const PayloadType type = peek(path).type;
  require_secret_type(type);
  const auto reader = ContainerReader::open(path, bounded({.type = type, .plan_id = std::nullopt}));
  return reader.size() == 1 && reader.tag(0) == kSealedTag;
}

AtomicFile begin_secret(const std::filesystem::path& path, std::span<const std::uint8_t> secret,
                        PayloadType type, const PlanId& plan_id, const Protection& protection) {
  AtomicFile file(path, Overwrite::kRefuse, FileMode::kSecret);
  file.write(seal(secret, type, plan_id, protection).span());
  return file;
}

void save_secret(const std::filesystem::path& path, std::span<const std::uint8_t> secret, PayloadType type,
                 const PlanId& plan_id, const Protection& protection) {
  begin_secret(path, secret, type, plan_id, protection).commit();
}

SecretBuffer<std::uint8_t> load_secret(const std::filesystem::path& path, const Expectation& expected,
                                       const Passphrase* passphrase) {
  require_secret_type(expected.type);
  return unseal(ContainerReader::open(path, bounded(expected)), passphrase);
}

}  // namespace cloister::wire
