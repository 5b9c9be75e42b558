// In which width does a caller spell a session key? In 16 bits, as the header says, or in 8.
//
// Runtimes that have an "automatic" character set hand over 8-bit text on Linux, where the same
// declaration means 16 bits on Windows (contract.md 23.2). Nothing here reads a byte behind the
// first that cannot belong to a key: the buffer may be uninitialised and have no end.
#pragma once

#include <restartmanager.h>

#include <optional>
#include <string>

namespace rm {

// What lies in the buffer that RmStartSession is to fill: the 32 digits of an 8-bit GUID with
// dashes (8-4-4-4-12) and a NUL, which is what an 8-bit caller puts there and will pass to
// RmJoinSession. None: the buffer is one of 33 WCHARs.
std::optional<std::string> NarrowGuid(const void* buffer);

// The key in either width, a GUID without its dashes; "" for what is no key.
std::string ReadKey(const void* key);

}  // namespace rm
