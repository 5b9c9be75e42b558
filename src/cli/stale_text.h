// How is outdated code told to people? As in text.h.
#pragma once

#include <restartmanager.hpp>
#include <string>
#include <string_view>

namespace rm::cli {

// Also the words of the JSON output.
std::string_view FreshnessWord(RMX_FRESHNESS freshness);
std::string_view MappedWord(RMX_MAPPED_KIND kind);
std::string_view CureWord(RMX_CURE cure);

// An app on one line, and its files on a line each.
std::string StaleText(const restartmanager::StaleApp& stale);
// What else was found; "" if nothing was.
std::string StaleSumLine(const restartmanager::StaleList& list, bool all);
// "unreadable: 2 processes (init, sshd); run as root to see them". `all`: names them all.
std::vector<std::string> StaleBlindSpots(const restartmanager::StaleList& list, bool all,
                                         bool is_root);

}  // namespace rm::cli
