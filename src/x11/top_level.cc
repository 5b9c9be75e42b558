#include "x11/top_level.h"

#include <algorithm>

namespace rm {
namespace {

template <class Wanted>
std::vector<uint32_t> Select(const std::vector<TopLevel>& windows, Wanted wanted) {
  std::vector<uint32_t> selected;
  for (const TopLevel& window : windows)
    if (wanted(window)) selected.push_back(window.window);
  return selected;
}

bool Contains(const std::vector<uint32_t>& windows, uint32_t window) {
  return std::find(windows.begin(), windows.end(), window) != windows.end();
}

}  // namespace

Closing::Closing(const std::vector<TopLevel>& windows) {
  asked_ = Select(windows, [](const TopLevel& window) {
    return window.takes_close && window.shown && !window.transient;
  });
  if (asked_.empty())
    asked_ =
        Select(windows, [](const TopLevel& window) { return window.takes_close && window.shown; });
  if (asked_.empty())
    asked_ = Select(windows, [](const TopLevel& window) { return window.takes_close; });
  shown_before_ = Select(windows, [](const TopLevel& window) { return window.shown; });
  for (const TopLevel& window : windows)
    if (!asked_.empty() && window.window == asked_.front()) title_ = window.title;
}

CloseState Closing::Look(const std::vector<TopLevel>& windows, std::string& title) const {
  if (asked_.empty()) return CloseState::kNone;
  bool open = false;
  for (const TopLevel& window : windows) {
    if (!window.shown) continue;
    if (window.modal || !Contains(shown_before_, window.window)) {
      title = window.title.empty() ? title_ : window.title;
      return CloseState::kWaiting;
    }
    open = open || window.takes_close;
  }
  return open ? CloseState::kOpen : CloseState::kClosed;
}

}  // namespace rm
