// How is a caller's progress function called?
#pragma once

#include <restartmanager.h>

namespace rm {

void CallStatus(RM_WRITE_STATUS_CALLBACK status, UINT percent);

}  // namespace rm
