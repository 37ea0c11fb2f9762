#include "cloister/wire/owner/internal/sealing_crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "cloister/base/error.h"

namespace cloister::wire::internal {
namespace {

struct Free {
  void operator()(EVP_KDF* p) const { EVP_KDF_free(p); }
  void operator()(EVP_KDF_CTX* p) const { EVP_KDF_CTX_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};

void require(bool ok, const char* what) {
  if (ok) return;
  ERR_clear_error();
  throw InternalError(std::string("OpenSSL: ") + what + " failed");
}

/// A cipher context with key and nonce set and the associated data taken in.
template <bool kEncrypt>
std::unique_ptr<EVP_CIPHER_CTX, Free> start(std::span<const std::uint8_t> key,
                                            std::span<const std::uint8_t, kNonceBytes> nonce,
                                            std::span<const std::uint8_t> associated) {
  std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  int length = 0;
  require(context != nullptr && key.size() == kKeyBytes &&
              EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data(),
                                kEncrypt ? 1 : 0) == 1 &&
              EVP_CipherUpdate(context.get(), nullptr, &length, associated.data(),
                               static_cast<int>(associated.size())) == 1,
          "AES-256-GCM");
  return context;
}

}  // namespace

SecretBuffer<std::uint8_t> scrypt_key(std::span<const char> passphrase,
                                      std::span<const std::uint8_t, kSaltBytes> salt,
                                      const SealingCost& cost) {
  const std::unique_ptr<EVP_KDF, Free> scrypt(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr));
  require(scrypt != nullptr, "fetching scrypt");
  const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(scrypt.get()));
  require(context != nullptr, "scrypt");
  std::uint64_t n = std::uint64_t{1} << cost.log2_n;
  auto r = static_cast<std::uint32_t>(cost.r);
  auto p = static_cast<std::uint32_t>(cost.p);
  // OpenSSL's own bound (32 MiB unless set) counts small tables besides the main one.
  std::uint64_t max_bytes = scrypt_bytes(cost) + (std::uint64_t{1} << 20);
  // OSSL_PARAM takes its inputs by pointers to non-const and does not write to them.
  const std::array<OSSL_PARAM, 7> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<char*>(passphrase.data()),
                                        passphrase.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<std::uint8_t*>(salt.data()),
                                        salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &max_bytes),
      OSSL_PARAM_construct_end()};
  SecretBuffer<std::uint8_t> key(kKeyBytes);
  if (EVP_KDF_derive(context.get(), key.data(), key.size(), parameters.data()) != 1) {
    ERR_clear_error();
    throw ResourceError("scrypt needs " + std::to_string(scrypt_bytes(cost)) +
                        " bytes of memory for the passphrase, and did not get them");
  }
  return key;
}

void gcm_encrypt(std::span<const std::uint8_t> key, std::span<const std::uint8_t, kNonceBytes> nonce,
                 std::span<const std::uint8_t> associated, std::span<const std::uint8_t> plain,
                 std::span<std::uint8_t> sealed) {
  const auto context = start<true>(key, nonce, associated);
  int length = 0;
  require(sealed.size() == plain.size() + kTagBytes &&
              EVP_CipherUpdate(context.get(), sealed.data(), &length, plain.data(),
                               static_cast<int>(plain.size())) == 1 &&
              EVP_CipherFinal_ex(context.get(), sealed.data() + length, &length) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes),
                                  sealed.data() + plain.size()) == 1,
          "AES-256-GCM");
}

bool gcm_decrypt(std::span<const std::uint8_t> key, std::span<const std::uint8_t, kNonceBytes> nonce,
                 std::span<const std::uint8_t> associated, std::span<const std::uint8_t> sealed,
                 std::span<std::uint8_t> plain) {
  const auto context = start<false>(key, nonce, associated);
  int length = 0;
  require(sealed.size() == plain.size() + kTagBytes &&
              EVP_CipherUpdate(context.get(), plain.data(), &length, sealed.data(),
                               static_cast<int>(plain.size())) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagBytes),
                                  const_cast<std::uint8_t*>(sealed.data() + plain.size())) == 1,
          "AES-256-GCM");
  const bool authentic = EVP_CipherFinal_ex(context.get(), plain.data() + length, &length) == 1;
  ERR_clear_error();
  return authentic;
}

}  // namespace cloister::wire::internal
