// Who is that? For people, and where files are named after users.
#pragma once

#include <sys/types.h>

#include <string>

namespace rm {

// "" when nobody knows, or the user database does not answer. May ask a server, see nss(5).
std::string UserName(uid_t user);

}  // namespace rm
