#include "cloister/pipeline/checkpoints.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "cloister/base/error.h"
#include "cloister/base/file.h"

namespace cloister::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "checkpoint-", kSuffix = ".enc";
constexpr std::size_t kDigits = 10;
constexpr std::uint64_t kMaxSequence = 9'999'999'999;

/// The number of a checkpoint's file name; nothing for other files, which are nobody's business here.
std::optional<std::uint64_t> sequence_of(const std::string& name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size() || !name.starts_with(kPrefix) ||
      !name.ends_with(kSuffix))
    return std::nullopt;
  const char *const begin = name.data() + kPrefix.size(), *const end = begin + kDigits;
  std::uint64_t sequence = 0;
  const auto [stop, error] = std::from_chars(begin, end, sequence);
  if (error != std::errc() || stop != end) return std::nullopt;
  return sequence;
}

FolderLock hold(const fs::path& folder) {
  auto lock = FolderLock::try_acquire(folder);
  if (!lock)
    throw Error(ErrorCode::kFailedPrecondition,
                "another training is at work with the checkpoints in " + folder.string() +
                    "; wait until it ends or stop it, or train in another folder");
  return std::move(*lock);
}

std::string short_digest(const Bytes32& digest) { return to_hex(digest).substr(0, 12); }

}  // namespace

/// A file's bytes, whose container has been checked to be of a checkpoint of some plan.
struct Checkpoints::Opened {
  Buffer<std::uint8_t> bytes;
  wire::ContainerReader container;
  wire::CheckpointOrigin origin;
};

Checkpoints::Checkpoints(fs::path folder, const TrainingIdentity& identity,
                         std::shared_ptr<const ckks::Parameters> parameters, const ThreadPool& pool,
                         const wire::CheckpointLimits& limits)
    : lock_(hold(folder)),
      identity_(identity),
      parameters_(std::move(parameters)),
      pool_(&pool),
      limits_(limits) {}

fs::path Checkpoints::path_of(std::uint64_t sequence) const {
  std::string digits = std::to_string(sequence);
  digits.insert(0, kDigits - digits.size(), '0');
  return folder() / (std::string(kPrefix) + digits + std::string(kSuffix));
}

std::vector<std::uint64_t> Checkpoints::sequences_on_disk() const {
  std::vector<std::uint64_t> out;
  std::error_code error;
  for (fs::directory_iterator at(folder(), error), end; !error && at != end; at.increment(error))
    if (const auto sequence = sequence_of(at->path().filename().string())) out.push_back(*sequence);
  if (error) throw_system_error(error.value(), "cannot list " + folder().string());
  std::ranges::sort(out);
  return out;
}

// Errors: DecodeError and MismatchError for what is damaged or no checkpoint, and others, which say nothing
// of the bytes: to begin anew for want of a permission would throw hours away.
Checkpoints::Opened Checkpoints::open(std::uint64_t sequence) const {
  const fs::path path = path_of(sequence);
  const std::uint64_t most = wire::max_checkpoint_bytes(*parameters_, limits_);
  std::error_code ignored;
  if (const auto size = fs::file_size(path, ignored); !ignored && size > most)
    throw DecodeError(path.string(), most, "it has more bytes than a checkpoint of this plan can have");
  auto bytes = read_file(path, most);
  try {
    const wire::Expectation expected{
        .type = wire::PayloadType::kCheckpoint,
        .plan_id = std::nullopt,
        .limits = {.max_bytes = most, .max_frame_bytes = most, .max_frames = limits_.max_ciphertexts + 1}};
    wire::ContainerReader container(std::as_const(bytes).span(), expected, path.string());
    const auto origin = wire::read_checkpoint_origin(container);
    return {std::move(bytes), std::move(container), origin};
  } catch (const ResourceError& e) {  // too many frames
    throw DecodeError(path.string(), 0, e.what());
  }
}

void Checkpoints::require_own(const Opened& opened) const {
  const auto check = [&](const char* what, const Bytes32& have, const Bytes32& due) {
    if (have == due) return;
    throw MismatchError(opened.container.source() + " is a checkpoint of a training with another " + what +
                            " than is given now; give the " + what +
                            " of that training to go on with it, or move the folder " + folder().string() +
                            " away (or delete it) to begin anew",
                        std::string(what) + " " + short_digest(have),
                        std::string(what) + " " + short_digest(due));
  };
  check("plan", opened.container.header().plan_id, identity_.plan);
  check("table of rows", opened.origin.rows, identity_.rows);
  check("set of evaluation keys", opened.origin.keys, identity_.keys);
}

// The file's damage in words, or nothing. Throws where it is whole and another training's.
std::optional<std::string> Checkpoints::damage_of(std::uint64_t sequence) const {
  std::optional<Opened> opened;
  try {
    opened.emplace(open(sequence));
  } catch (const MismatchError& e) {  // of another type
    return e.what();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kDataLoss) throw;
    return e.what();
  }
  require_own(*opened);
  if (opened->origin.sequence == sequence) return std::nullopt;
  return opened->container.source() + " is checkpoint " + std::to_string(opened->origin.sequence) +
         " under another's name";
}

std::optional<TrainingState> Checkpoints::load_latest(Notices& notices) {
  const auto sequences = sequences_on_disk();
  std::vector<std::optional<std::string>> damage;
  for (const std::uint64_t sequence : sequences) damage.push_back(damage_of(sequence));
  loaded_ = true;
  newest_.reset();
  known_ = sequences;

  std::optional<TrainingState> state;
  for (std::size_t i = sequences.size(); i-- > 0 && !state;) {
    if (!damage[i]) {
      try {
        state = wire::read_checkpoint(open(sequences[i]).container, *parameters_, limits_, *pool_);
        newest_ = sequences[i];
        break;
      } catch (const DecodeError& e) {
        damage[i] = e.what();
      } catch (const MismatchError& e) {  // parameters that are not its plan's: forged
        damage[i] = e.what();
      }
    }
    notices.say("a checkpoint is damaged and is not used: " + *damage[i] +
                (i > 0 ? "; the one before it is tried" : ""));
  }
  if (state)
    notices.say("the training goes on after iteration " + std::to_string(state->iteration) + ", from " +
                path_of(*newest_).string());
  else if (!sequences.empty())
    notices.say("no checkpoint in " + folder().string() + " is whole: the training begins anew");
  return state;
}

void Checkpoints::save(const TrainingState& state) {
  if (!loaded_) throw InternalError("a checkpoint is saved before the older ones were looked at");
  const std::uint64_t sequence = known_.empty() ? 1 : known_.back() + 1;
  if (sequence > kMaxSequence)
    throw ResourceError("the numbers of checkpoints in " + folder().string() +
                        " are used up; move the folder away");
  const fs::path path = path_of(sequence);
  try {
    AtomicFile file(path);
    wire::ContainerWriter container(file, wire::PayloadType::kCheckpoint, identity_.plan);
    wire::write_checkpoint(container, {identity_.rows, identity_.keys, sequence}, state, *parameters_,
                           limits_, *pool_);
    file.commit();
  } catch (const ResourceError& e) {
    const std::string kept =
        newest_ ? "; " + path_of(*newest_).string() + " is kept, and the training can go on from it" : "";
    throw ResourceError("the checkpoint of iteration " + std::to_string(state.iteration) + " needs " +
                        std::to_string(wire::checkpoint_bytes(state, *parameters_)) + " bytes in " +
                        folder().string() + ": " + e.what() + kept);
  }
  known_.push_back(sequence);
  keep_only(sequence, std::exchange(newest_, sequence));
}

void Checkpoints::keep_only(std::uint64_t newest, std::optional<std::uint64_t> older) noexcept {
  std::erase_if(known_, [&](std::uint64_t sequence) {
    if (sequence == newest || sequence == older) return false;
    std::error_code error;
    fs::remove(path_of(sequence), error);
    return !error;
  });
}

void Checkpoints::remove_all() noexcept {
  std::error_code ignored;
  for (const std::uint64_t sequence : known_) fs::remove(path_of(sequence), ignored);
  known_.clear();
  newest_.reset();
  loaded_ = false;
}

}  // namespace cloister::pipeline
