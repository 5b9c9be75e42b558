// Where do callers look who ask the system what went wrong? There a failure leaves its nearest
// meaning.
#pragma once

#include <cstdint>

namespace rm {

// `code`: one of base/win32_codes.h.
void SetSystemError(uint32_t code);

}  // namespace rm
