#pragma once

#include <string>

#include "cloister/base/notices.h"
#include "cloister/base/progress.h"
#include "cloister/base/thread_pool.h"
#include "cloister/kernels/kernel_table.h"

namespace cloister::pipeline {

/// Where a server's evaluation keys lie while it works.
enum class KeyMemory {
  kAutomatic,  ///< mapped where they take kMapKeysFromBytes or more and the disk has room, else loaded
  kMapped,     ///< mapped from a file that is made once beside theirs; an error where it cannot be
  kLoaded,     ///< in the process's memory
};

/// What a step runs on; borrowed.
struct Machine {
  const KernelTable& kernels;
  const ThreadPool& pool;
  Progress& progress;
  Notices* notices = nullptr;  ///< told what a person should know of a step that succeeds; may be missing
  KeyMemory key_memory = KeyMemory::kAutomatic;

  void say(const std::string& sentence) const noexcept {
    if (notices != nullptr) notices->say(sentence);
  }
};

}  // namespace cloister::pipeline
