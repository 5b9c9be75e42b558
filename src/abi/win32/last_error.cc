#include "abi/last_error.h"

#include <windows.h>

namespace rm {

void KeepLastError(const Error& error) noexcept { ::SetLastError(error.code); }

}  // namespace rm
