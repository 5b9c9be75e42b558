// With whose rights does rm-windows look at a display? With those of the user whose programs it
// asks about, and no others.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace rm {

// Changes the calling process for good. It must be root, or that user already. 5: it is neither.
// It ends when its parent does.
Result<void> BecomeUser(uid_t uid, gid_t gid);

// Points $XAUTHORITY at the authority file of that user: what $XAUTHORITY or $HOME name now, if it
// is a regular file that belongs to the user, else nothing. After BecomeUser.
void ChooseAuthority();

}  // namespace rm
