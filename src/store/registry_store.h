// The sessions of a user of Windows: in the registry, laid out as Windows' own (contract.md 5.4).
//
// HKCU\Software\Microsoft\RestartManager\SessionNNNN, volatile: gone with the login. Written under
// the mutex that Windows uses. Owner, SessionHash, Sequence and the lists RegFilesNNNN,
// RegProcsNNNN and RegSvcsNNNN are what others read there; the values that begin with "Rm" are
// ours.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"
#include "store/session_store.h"

namespace rm {

// `lock_limit`: how long a call waits for another process, or thread, that writes. `is_alive` tells
// which sessions are abandoned.
std::unique_ptr<SessionStore> OpenRegistryStore(std::chrono::milliseconds lock_limit,
                                                std::function<bool(const ProcessId&)> is_alive);

}  // namespace rm
