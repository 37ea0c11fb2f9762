#pragma once

#include "cloister/base/progress.h"
#include "cloister/base/thread_pool.h"
#include "cloister/kernels/kernel_table.h"

namespace cloister::pipeline {

/// What a step runs on; borrowed.
struct Machine {
  const KernelTable& kernels;
  const ThreadPool& pool;
  Progress& progress;
};

}  // namespace cloister::pipeline
