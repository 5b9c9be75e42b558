#include "cli/targets.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "cli/output.h"
#include "cli/paths.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

api::Error Wrong(std::string text) { return {ERROR_BAD_ARGUMENTS, std::move(text)}; }

// To the end, or not at all: who uses what was not read would be left running.
api::Result<std::string> ReadAll(int fd) {
  std::string text;
  char block[64 << 10];
  for (;;) {
    const ssize_t size = read(fd, block, sizeof block);
    if (size == 0) return text;
    if (size > 0) text.append(block, static_cast<size_t>(size));
    if (size < 0 && errno != EINTR) return Wrong(strerror(errno));
  }
}

api::Result<std::vector<std::string>> ReadNames(const std::string& from) {
  const bool standard = from == "-";
  const int fd = standard ? STDIN_FILENO : open(from.c_str(), O_RDONLY | O_CLOEXEC);
  auto text = fd < 0 ? Wrong(strerror(errno)) : ReadAll(fd);
  if (!standard && fd >= 0) close(fd);
  if (!text)
    return Wrong(fmt::format("cannot read {}: {}", standard ? "standard input" : Printable(from),
                             text.error().text));
  return SplitNames(*text);
}

api::Result<std::string> CheckService(const std::string& name) {
  auto unit = api::DescribeUnit(name);
  if (!unit) return unit.error();
  if (unit->load_state == "no-systemd") {
    return Wrong(fmt::format("service {}: there is no systemd here to ask", Printable(name)));
  }
  if (unit->load_state == "not-found") {
    return Wrong("service " + NoSuchUnitText(name, geteuid()));
  }
  return name;
}

}  // namespace

api::Result<Targets> ResolveTargets(const TargetOptions& options, Missing missing) {
  Targets targets;
  targets.mounts = options.mounts;
  api::Resources& resources = targets.resources;
  std::vector<std::string> names = options.files;
  if (!options.files_from.empty()) {
    auto more = ReadNames(options.files_from);
    if (!more) return more.error();
    names.insert(names.end(), more->begin(), more->end());
  }
  if (names.empty() && !options.files_from.empty() && options.trees.empty() &&
      options.services.empty() && options.pids.empty())
    return Wrong(fmt::format("{} names no file",
                             options.files_from == "-" ? "standard input" : options.files_from));
  const size_t files = names.size();
  names.insert(names.end(), options.trees.begin(), options.trees.end());
  const bool any_relative = std::any_of(
      names.begin(), names.end(), [](const std::string& name) { return !name.starts_with('/'); });
  std::string directory = "/";
  if (any_relative) {
    auto current = CurrentDirectory();
    if (!current) return current.error();
    directory = *current;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (name.empty()) return Wrong("a file name is empty; is a variable not set?");
    (i < files ? resources.files : targets.trees).push_back(AbsolutePath(name, directory));
  }
  if (missing == Missing::kIsError) {
    std::vector<std::string> all = resources.files;
    all.insert(all.end(), targets.trees.begin(), targets.trees.end());
    auto directories = CheckExist(all);
    if (!directories) return directories.error();
    const auto& trees = targets.trees;
    std::ranges::copy_if(*directories, std::back_inserter(targets.directories),
                         [&](const std::string& path) { return !std::ranges::count(trees, path); });
  }
  for (const std::string& name : options.services) {
    auto service = CheckService(name);
    if (!service) return service.error();
    resources.services.push_back(*service);
  }
  for (const uint32_t pid : options.pids) {
    auto process = api::DescribeProcess(pid);
    if (!process) return Wrong(fmt::format("pid {}: {}", pid, process.error().text));
    resources.processes.push_back(*process);
  }
  return targets;
}

api::Result<void> Register(api::Session& session, const Targets& targets) {
  const api::Resources& named = targets.resources;
  if (!named.files.empty() || !named.processes.empty() || !named.services.empty()) {
    if (auto done = session.Register(named); !done) return done;
  }
  for (const std::string& path : targets.directories)
    Complain("{} is a directory: what is below it counts only with --tree", Printable(path));
  for (const std::string& path : targets.trees) {
    const auto tree =
        session.RegisterTree(path, targets.mounts ? DWORD{RmxTreeOtherFileSystems} : 0);
    if (!tree) return tree.error();
    if (tree->skipped.empty()) continue;
    const api::Skipped& first = tree->skipped.front();
    Complain("{} director{} below {} could not be looked into, {} for one: {}",
             tree->skipped.size(), tree->skipped.size() == 1 ? "y" : "ies", Printable(path),
             Printable(first.path), Printable(first.why));
  }
  return {};
}

}  // namespace rm::cli
