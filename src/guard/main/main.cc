// rm-guard: the process of a session's hold. Started by a service manager ("hold"), or where there
// is none, by the library ("watch"); never by hand.
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/capabilities.h"
#include "guard/hold.h"
#include "guard/main/watch.h"

namespace {

template <class Number>
bool Read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<rm::HoldOptions> Parse(int argc, char** argv) {
  if (argc < 5 || std::string_view(argv[1]) != "hold") return std::nullopt;
  rm::HoldOptions options;
  options.session = argv[2];
  if (!Read(argv[3], options.owner.pid) || !Read(argv[4], options.owner.start_ticks)) {
    return std::nullopt;
  }
  if (argc == 5) return options;
  int64_t patience = 0;
  if (argc != 7 || std::string_view(argv[5]) != "--patience-ms" || !Read(argv[6], patience)) {
    return std::nullopt;
  }
  options.patience = rm::Milliseconds(patience);
  return options;
}

// Gives up the others. What it executes as root has them all again: rm-relaunch needs them.
rm::Result<void> KeepCapabilities(uint64_t kept) {
  rm::Result<rm::Capabilities> now = rm::GetCapabilities();
  if (!now) return rm::Pass(std::move(now));
  kept &= now->permitted;
  return rm::SetCapabilities({kept, kept, 0});
}

int Fail(const rm::Error& error) {
  fprintf(stderr, "rm-guard: %s\n", error.message.c_str());
  return 1;
}

int Watch(int argc, char** argv) {
  rm::WatchOptions options;
  if (argc != 6 || !Read(argv[4], options.owner.pid) || !Read(argv[5], options.owner.start_ticks)) {
    fputs("usage: rm-guard watch DIRECTORY SESSION OWNER_PID OWNER_START_TICKS\n", stderr);
    return 2;
  }
  options.directory = argv[2];
  options.session = argv[3];
  // To see whether others have ended, and to end what rm-relaunch does not get done in time.
  rm::Result<void> watched = KeepCapabilities(rm::Bit(CAP_KILL) | rm::Bit(CAP_SYS_PTRACE));
  if (watched) watched = rm::WatchInBackground(options);
  return watched ? 0 : Fail(watched.error());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "watch") return Watch(argc, argv);
  const std::optional<rm::HoldOptions> options = Parse(argc, argv);
  if (!options) {
    fputs("usage: rm-guard hold SESSION OWNER_PID OWNER_START_TICKS [--patience-ms N]\n", stderr);
    return 2;
  }
  // To see what the installer's children ask the service manager for. It executes nothing.
  rm::Result<void> watched =
      KeepCapabilities(rm::Bit(CAP_DAC_READ_SEARCH) | rm::Bit(CAP_SYS_PTRACE));
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (watched) watched = rm::WatchOwner(*options);
  return watched ? 0 : Fail(watched.error());
}
