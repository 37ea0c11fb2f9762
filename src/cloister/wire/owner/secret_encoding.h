#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "cloister/base/memory.h"
#include "cloister/base/thread_pool.h"
#include "cloister/rlwe/owner/secret_key.h"
#include "cloister/wire/container.h"
#include "cloister/wire/owner/sealed.h"

namespace cloister::wire {

/// A secret key as the bytes that are sealed: its parameters' id, then two bits a coefficient. Constant time.
SecretBuffer<std::uint8_t> encode_secret_key(const rlwe::SecretKey& key);
/// The inverse. Constant time for a valid key.
/// Errors: DecodeError (a wrong length, a coefficient that is not ternary), MismatchError (other parameters).
rlwe::SecretKey decode_secret_key(std::span<const std::uint8_t> secret,
                                  std::shared_ptr<const rlwe::Parameters> parameters, const ThreadPool& pool);

/// A new file of mode 0600, under its name with commit(). Errors: begin_secret's; an existing file is never
/// overwritten (kAlreadyExists).
AtomicFile begin_secret_key(const std::filesystem::path& path, const rlwe::SecretKey& key,
                            const PlanId& plan_id, const Protection& protection);
/// The same, with commit().
void save_secret_key(const std::filesystem::path& path, const rlwe::SecretKey& key, const PlanId& plan_id,
                     const Protection& protection);
/// Errors: load_secret's (SecurityError for a wrong passphrase) and decode_secret_key's.
rlwe::SecretKey load_secret_key(const std::filesystem::path& path,
                                std::shared_ptr<const rlwe::Parameters> parameters, const PlanId& plan_id,
                                const Passphrase* passphrase, const ThreadPool& pool);

}  // namespace cloister::wire
