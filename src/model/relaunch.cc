#include "model/relaunch.h"

#include <algorithm>

#include "base/blob.h"
#include "base/checksum.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr std::string_view kMagic = "rm-relaunch 4\n";  // the number is the version of the fields

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

// A NUL would end the name early when it is handed to the kernel.
bool HasNul(const RelaunchSpec& spec) {
  return HasNul(spec.executable) || HasNul(spec.moved_aside) || HasNul(spec.directory) ||
         std::ranges::any_of(spec.arguments, [](auto& text) { return HasNul(text); }) ||
         std::ranges::any_of(spec.environment, [](auto& text) { return HasNul(text); }) ||
         std::ranges::any_of(spec.streams, [](auto& stream) { return HasNul(stream.path); });
}

}  // namespace

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, ResourceLimit>
void Fields(Blob& blob, Value& limit) { blob(limit.resource, limit.soft, limit.hard); }

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, ObjectId>
void Fields(Blob& blob, Value& object) { blob(object.device, object.inode, object.born_ns); }

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, StandardStream>
void Fields(Blob& blob, Value& stream) {
  blob(stream.path, stream.flags, stream.offset, stream.object);
}

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, RelaunchSpec>
void Fields(Blob& blob, Value& spec) {
  blob(spec.was.pid, spec.was.start_ticks, spec.parent.pid, spec.parent.start_ticks,
       spec.captured_ticks, spec.executable, spec.moved_aside, spec.arguments, spec.environment,
       spec.directory, spec.directory_object, spec.uids, spec.gids, spec.groups, spec.umask,
       spec.limits, spec.nice, spec.scheduler_policy, spec.scheduler_priority, spec.io_priority,
       spec.oom_score_adjust, spec.cpus, spec.capabilities_inheritable, spec.capabilities_permitted,
       spec.capabilities_effective, spec.capabilities_bounding, spec.capabilities_ambient,
       spec.no_new_privileges, spec.ignored_signals, spec.blocked_signals, spec.personality,
       spec.timer_slack_ns, spec.streams, spec.cannot_restore);
}

std::string CommandLineOf(const RelaunchSpec& spec) {
  std::string line;
  for (const std::string& argument : spec.arguments) line += argument + '\0';
  return line;
}

std::string Serialize(const RelaunchSpec& spec) {
  BlobWriter blob(kMagic);
  blob(spec);
  return Seal(blob.bytes());
}

Result<RelaunchSpec> ParseRelaunchSpec(const std::string& blob) {
  RelaunchSpec spec;
  // What is changed by a single bit may name another program.
  const auto whole = Unseal(blob);
  BlobReader reader(whole.value_or(""), kMagic);
  reader(spec);
  if (!reader.complete() || HasNul(spec))
    return Fail(kWriteFault,
                "What was noted about a process to be brought back is damaged, or was noted by "
                "another version of this program; start the process by hand.");
  return spec;
}

}  // namespace rm
