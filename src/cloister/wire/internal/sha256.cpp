#include "cloister/wire/internal/sha256.h"

#include <openssl/evp.h>

#include "cloister/base/error.h"

namespace cloister::wire::internal {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  if (impl_->context == nullptr || EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) != 1)
    throw InternalError("OpenSSL offers no SHA-256");
}

Sha256::~Sha256() = default;

Sha256& Sha256::add(std::span<const std::uint8_t> bytes) {
  if (EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) != 1)
    throw InternalError("OpenSSL's SHA-256 failed");
  return *this;
}

Bytes32 Sha256::digest() {
  Bytes32 out;
  if (EVP_DigestFinal_ex(impl_->context, out.data(), nullptr) != 1)
    throw InternalError("OpenSSL's SHA-256 failed");
  return out;
}

}  // namespace cloister::wire::internal
