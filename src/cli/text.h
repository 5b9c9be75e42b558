// How are answers put for people? Every function returns one line without a line feed, or lines
// that each end in one. Names of other people's files and programs are made harmless for a
// terminal.
#pragma once

#include <restartmanager.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rm::cli {

namespace api = restartmanager;

// Control characters as \xNN, so that no name can move the cursor or forge a line.
std::string Printable(std::string_view text);

// "nginx.service", or "sleep (pid 12)" for a plain process.
std::string NameOf(const std::string& name, const std::string& unit, DWORD pid);
std::string NameOf(const api::App& app);

// "main_window", "service", ...: also the words of the JSON output.
std::string_view TypeWord(RM_APP_TYPE type);
std::string_view ComeBackWord(RMX_COME_BACK how);
// "" while there is none.
std::string_view OutcomeWord(RMX_OUTCOME outcome);
std::string_view HoldWord(RMX_HOLD_KIND kind);
std::string_view EventWord(RMX_EVENT_KIND kind);
std::vector<std::string_view> StatusWords(ULONG status);
std::vector<std::string_view> ReasonWords(DWORD reasons);

// "maps /usr/lib/libfoo.so.1 (replaced), fd 3 /etc/foo": each way once, whichever process it is.
std::string HoldingsText(const api::App& app);
// "comes back: its service manager starts it", "does not come back: it reads from a pipe".
std::string ComeBackText(const api::App& app);
// One app on one line, for who.
std::string AppLine(const api::App& app);
// What could not be looked at: "unreadable: 3 processes; run as root to see them".
// Pid 0 among the unreadable.
std::string HiddenLine(bool is_root);
std::vector<std::string> BlindSpots(const api::AppList& list, bool is_root);
// What RmxGiveUpDryRun tells.
std::string WouldGiveUpLine(const api::Event& event);
std::string EventLine(const api::Event& event);
std::string PlanText(const api::Plan& plan);
std::string FilterLine(const api::Filter& filter);
std::string SessionLine(const api::SessionInfo& session);

// Why no service has this name, and where to look for one. `uid`: who asks.
std::string NoSuchUnitText(const std::string& name, unsigned uid);

std::string Join(const std::vector<std::string>& words, std::string_view between);

}  // namespace rm::cli
