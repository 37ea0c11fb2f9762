#pragma once

#include <optional>

#include "apps/cloister/owner_folder.h"
#include "apps/common/folders.h"
#include "apps/common/workbench.h"
#include "cloister/data/preparation.h"
#include "cloister/ml/plan.h"
#include "cloister/wire/owner/passphrase.h"

namespace cloister::app {

/// What the owner's verbs that meet the secret key work with: folders, the job, the key's passphrase, a
/// machine.
struct OwnerSetting {
  OwnerFolder owner;
  ServerFolder server;
  ml::Plan plan;
  data::Preparation preparation;
  std::optional<wire::Passphrase> passphrase;
  Workbench bench;
};

}  // namespace cloister::app
