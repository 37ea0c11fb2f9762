#include "apps/cloister-server/commands.h"
#include "apps/common/info_command.h"
#include "apps/common/program.h"

int main(int argc, char** argv) {
  using namespace cloister::app;
  const auto program =
      make_program("cloister-server",
                   "The server's part of Cloister: computes on encrypted data. This program has no "
                   "secret key and no code to decrypt with.");
  add_train_command(*program);
  add_predict_command(*program);
  add_aggregate_command(*program);
  add_info_command(*program);
  return run_program(*program, argc, argv);
}
