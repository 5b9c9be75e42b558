// Which codes do failures carry? The Win32 numbers of contract.md section 4.
#pragma once

#include <cstdint>

namespace rm {

inline constexpr uint32_t kSuccess = 0;
inline constexpr uint32_t kFileNotFound = 2;
inline constexpr uint32_t kAccessDenied = 5;
inline constexpr uint32_t kInvalidHandle = 6;
inline constexpr uint32_t kOutOfMemory = 14;
inline constexpr uint32_t kWriteFault = 29;
inline constexpr uint32_t kSemTimeout = 121;
inline constexpr uint32_t kBadArguments = 160;
inline constexpr uint32_t kAlreadyExists = 183;
inline constexpr uint32_t kMoreData = 234;
inline constexpr uint32_t kFailNoActionReboot = 350;
inline constexpr uint32_t kFailShutdown = 351;
inline constexpr uint32_t kFailRestart = 352;
inline constexpr uint32_t kMaxSessionsReached = 353;
inline constexpr uint32_t kRequestOutOfSequence = 776;
inline constexpr uint32_t kSessionCredentialConflict = 1219;
inline constexpr uint32_t kCancelled = 1223;

}  // namespace rm
