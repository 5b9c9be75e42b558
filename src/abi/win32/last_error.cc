#include "abi/system_error.h"

#include <windows.h>

namespace rm {

void SetSystemError(uint32_t code) { ::SetLastError(code); }

}  // namespace rm
