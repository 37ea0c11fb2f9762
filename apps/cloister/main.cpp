#include "apps/cloister/demo/demo.h"
#include "apps/cloister/server_program.h"
#include "apps/cloister/verbs/verbs.h"
#include "apps/common/info_command.h"
#include "apps/common/program.h"

int main(int argc, char** argv) {
  using namespace cloister::app;
  const auto program =
      make_program("cloister",
                   "Machine learning on data that stays encrypted. The owner of a table plans "
                   "a job, makes keys and encrypts; a server trains and predicts without "
                   "reading anything; only the owner can read the answers.");
  add_plan_command(*program);
  add_keygen_command(*program);
  add_encrypt_command(*program);
  add_server_commands(*program, argv);
  add_decrypt_command(*program);
  add_publish_command(*program);
  add_evaluate_command(*program);
  add_report_command(*program);
  add_convert_command(*program);
  add_info_command(*program);
  add_demo_command(*program);
  return run_program(*program, argc, argv);
}
