#pragma once

#include "apps/cloister/terminal/interrupt.h"
#include "apps/cloister/terminal/progress_bar.h"
#include "apps/common/common_options.h"
#include "cloister/pipeline/machine.h"

namespace cloister::app {

/// What a verb works with: the kernels that CLOISTER_TARGET names (else the best of this CPU), threads, a
/// progress bar and notices on standard error, and Ctrl-C as a request to stop.
class Workbench {
 public:
  explicit Workbench(const CommonOptions& options);

  const KernelTable& kernels() const noexcept { return *kernels_; }
  const ThreadPool& pool() const noexcept { return pool_; }
  pipeline::Machine machine(pipeline::KeyMemory key_memory = pipeline::KeyMemory::kAutomatic) {
    return {*kernels_, pool_, bar_, &notices_, key_memory};
  }
  /// Takes the bar off the screen. Call it before printing.
  void finish() { bar_.finish(); }

 private:
  /// Lines on standard error, above the progress bar.
  class Lines final : public Notices {
   public:
    explicit Lines(ProgressBar& bar) : bar_(&bar) {}
    void say(const std::string& sentence) noexcept override;

   private:
    ProgressBar* bar_;
  };

  const KernelTable* kernels_;
  ThreadPool pool_;
  InterruptGuard interrupt_;
  ProgressBar bar_;
  Lines notices_{bar_};
};

/// The kernels that the environment variable CLOISTER_TARGET names, else the best of this CPU.
const KernelTable& kernels_of_environment();

}  // namespace cloister::app
