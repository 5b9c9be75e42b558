#include "systemd/cgroup.h"

#include <fmt/core.h>

#include <charconv>
#include <string_view>

namespace rm {
namespace {

bool Digits(std::string_view text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// systemd puts "_" before a component that would read as a kernel file (systemd: cg_escape).
std::string_view Unescape(std::string_view component) {
  if (component.starts_with('_')) component.remove_prefix(1);
  return component;
}

bool IsContainer(std::string_view name, bool in_machine_slice) {
  for (std::string_view prefix : {"docker-", "libpod-", "crio-", "cri-containerd-", "machine-"}) {
    if (name.starts_with(prefix)) return true;
  }
  return in_machine_slice;
}

}  // namespace

std::optional<Owner> OwnerFromCgroup(const std::string& cgroup_path) {
  std::string_view rest = cgroup_path;
  std::optional<uid_t> user;
  bool in_machine_slice = false;
  while (!rest.empty()) {
    if (!rest.starts_with('/')) return std::nullopt;
    rest.remove_prefix(1);
    const size_t end = rest.find('/');
    const std::string_view name = Unescape(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view() : rest.substr(end);

    uint32_t number = 0;
    if (name.ends_with(".slice")) {
      in_machine_slice = in_machine_slice || name == "machine.slice";
    } else if (name.ends_with(".service")) {
      std::string_view instance = name.substr(0, name.size() - 8);
      if (!user && instance.starts_with("user@") && Digits(instance.substr(5), number)) {
        user = number;
        in_machine_slice = false;
        continue;
      }
      if (!IsUnitName(std::string(name))) return std::nullopt;
      Owner owner{UnitRef{user, std::string(name)}, OwnerKind::kService};
      if (in_machine_slice) owner.kind = OwnerKind::kContainer;
      return owner;
    } else if (name.ends_with(".scope") && name != "init.scope") {
      if (!IsUnitName(std::string(name))) return std::nullopt;
      Owner owner{UnitRef{user, std::string(name)}, OwnerKind::kOther};
      const std::string_view instance = name.substr(0, name.size() - 6);
      if (IsContainer(name, in_machine_slice)) {
        owner.kind = OwnerKind::kContainer;
      } else if (name.starts_with("app-")) {
        owner.kind = OwnerKind::kAppScope;
      } else if (!user && instance.starts_with("session-")) {
        owner.kind = OwnerKind::kLoginSession;
        if (Digits(instance.substr(8), number)) owner.login_session = number;
      }
      return owner;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::string SliceFromCgroup(std::string_view path, std::optional<uid_t> manager_of) {
  if (manager_of) {
    const std::string service = fmt::format("/user@{}.service/", *manager_of);
    const size_t at = path.find(service);
    if (at == path.npos || SliceFromCgroup(path.substr(0, at + 1), std::nullopt) !=
                               fmt::format("user-{}.slice", *manager_of))
      return "";
    path.remove_prefix(at + service.size() - 1);
  }
  constexpr std::string_view kSuffix = ".slice";
  std::string_view slice, stem;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    // a-b.slice is in a.slice.
    if (!name.ends_with(kSuffix) || !IsUnitName(std::string(name)) ||
        !(stem.empty() || (name.starts_with(stem) && name.substr(stem.size()).starts_with('-'))))
      break;
    slice = name;
    stem = name.substr(0, name.size() - kSuffix.size());
    path.remove_prefix(name.size());
  }
  return std::string(slice);
}

}  // namespace rm
