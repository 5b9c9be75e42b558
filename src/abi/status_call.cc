#include "abi/status_call.h"

namespace rm {

void CallStatus(RM_WRITE_STATUS_CALLBACK status, UINT percent) { status(percent); }

}  // namespace rm
