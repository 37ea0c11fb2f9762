#pragma once

#include <optional>
#include <string>

#include "apps/cloister/owner_folder.h"
#include "apps/cloister/planning.h"
#include "apps/common/folders.h"
#include "apps/common/step_output.h"
#include "apps/common/workbench.h"
#include "cloister/wire/owner/passphrase.h"

namespace cloister::app {

// What plan, encrypt and decrypt do where the job is statistics of several owners: columns and ranges in
// place of a preparation, and numbers in place of a model.

/// What a step works with.
struct StatisticsSetting {
  OwnerFolder owner;
  ServerFolder server;
  const std::optional<wire::Passphrase>& passphrase;
  Workbench& bench;
};

/// Writes schema, columns and plan; the folders have been checked.
void plan_statistics_job(const PlanningOptions& options, const OwnerFolder& owner, const ServerFolder& server,
                         bool replace, Workbench& bench, StepOutput& out);
void encrypt_statistics(const StatisticsSetting& s, const std::string& csv, const std::string& part,
                        StepOutput& out);
void decrypt_statistics(const StatisticsSetting& s, StepOutput& out);

}  // namespace cloister::app
