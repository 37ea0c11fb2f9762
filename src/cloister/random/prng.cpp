#include "cloister/random/prng.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "cloister/base/memory.h"

namespace cloister {

Seed Seed::from_system() {
  Bytes32 bytes;
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = getrandom(bytes.data() + done, bytes.size() - done, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw ResourceError("the operating system's random generator failed");
    done += static_cast<std::size_t>(n);
  }
  Seed seed(bytes);
  wipe(bytes.data(), bytes.size());
  return seed;
}

Seed::~Seed() { wipe(bytes_.data(), bytes_.size()); }

namespace {
// What is encrypted: the key stream itself is what comes out.
constexpr std::array<std::uint8_t, 16384> kZeros{};
}  // namespace

struct Prng::Impl {
  Impl(const Seed& seed, std::uint64_t stream) : context(EVP_CIPHER_CTX_new()) {
    std::array<std::uint8_t, 16> counter{};
    for (int i = 0; i < 8; ++i) counter[i] = static_cast<std::uint8_t>(stream >> (56 - 8 * i));
    if (context == nullptr ||
        EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), nullptr, seed.bytes().data(), counter.data()) != 1)
      throw InternalError("AES-256-CTR could not be started");
  }
  ~Impl() {
    EVP_CIPHER_CTX_free(context);  // cleanses the key schedule
    wipe(block.data(), block.size());
  }

  void stream(std::uint8_t* out, std::size_t bytes) {
    while (bytes != 0) {
      const int now = static_cast<int>(std::min(bytes, kZeros.size()));
      int written = 0;
      if (EVP_EncryptUpdate(context, out, &written, kZeros.data(), now) != 1 || written != now)
        throw InternalError("AES-256-CTR failed");
      out += now;
      bytes -= static_cast<std::size_t>(now);
    }
  }

  EVP_CIPHER_CTX* context;
  std::array<std::uint8_t, 512> block{};
  std::size_t used = 512;
};

Prng::Prng(const Seed& seed, std::uint64_t stream) : impl_(std::make_unique<Impl>(seed, stream)) {}
Prng::Prng(Prng&&) noexcept = default;
Prng& Prng::operator=(Prng&&) noexcept = default;
Prng::~Prng() = default;

void Prng::fill(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  // What is left of the buffered block first, so that the stream does not depend on how it is cut.
  auto& b = *impl_;
  const std::size_t head = std::min(out.size(), b.block.size() - b.used);
  std::memcpy(out.data(), b.block.data() + b.used, head);
  b.used += head;
  std::size_t at = head;
  const std::size_t whole = (out.size() - at) / b.block.size() * b.block.size();
  if (whole != 0) b.stream(out.data() + at, whole);
  at += whole;
  if (at < out.size()) {
    b.stream(b.block.data(), b.block.size());
    b.used = out.size() - at;
    std::memcpy(out.data() + at, b.block.data(), b.used);
  }
}

void Prng::fill(std::span<std::uint64_t> out) {
  fill(std::span<std::uint8_t>(reinterpret_cast<std::uint8_t*>(out.data()), out.size_bytes()));
}

std::uint64_t Prng::next_u64() {
  std::uint64_t x;
  fill(std::span<std::uint64_t>(&x, 1));
  return x;
}

Seed Prng::next_seed() {
  Bytes32 bytes;
  fill(bytes);
  Seed seed(bytes);
  wipe(bytes.data(), bytes.size());
  return seed;
}

}  // namespace cloister
