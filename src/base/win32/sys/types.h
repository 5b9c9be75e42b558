// What do <sys/types.h> of POSIX and of mingw-w64 not have in common? The ids of users and groups.
#pragma once

#include_next <sys/types.h>

typedef unsigned int uid_t;
typedef unsigned int gid_t;
