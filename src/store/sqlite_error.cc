#include "store/sqlite_error.h"

#include <sqlite3.h>

#include <cstring>

#include "base/win32_codes.h"

namespace rm {

Error ExplainSqlite(const SQLite::Exception& failure, int system_error, const std::string& path) {
  const std::string cause =
      system_error != 0 ? fmt::format("{} ({})", failure.what(), std::strerror(system_error))
                        : failure.what();
  const auto explain = [&](uint32_t code, const char* advice) {
    return Error{code, fmt::format("The session store {}: {}. {}", path, cause, advice)};
  };
  if (failure.getExtendedErrorCode() == SQLITE_IOERR_NOMEM)
    return explain(kOutOfMemory, "There is not enough memory.");
  const char* const full =
      "Its file system is full, or the limit of the size of files (ulimit -f) is reached. Make "
      "room "
      "there, then try again; nothing that was stored before is lost.";
  // The index of its log is a file as well, which is made larger before anything else.
  if (failure.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE) return explain(kWriteFault, full);
  switch (failure.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return explain(
          kSemTimeout,
          "Another process, most likely another installer of this user, has kept it locked "
          "for longer than the limit. Let it finish or end it, then try again.");
    case SQLITE_NOMEM:
      return explain(kOutOfMemory, "There is not enough memory.");
    case SQLITE_FULL:
      return explain(kWriteFault, full);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return explain(
          kWriteFault,
          "It cannot be written. Is its file system mounted read-only, or was the file or "
          "its directory made read-only?");
    case SQLITE_CANTOPEN:
      return explain(
          kWriteFault,
          "It cannot be opened. See that its directory exists, is writable, and that the "
          "limit of open files is not reached.");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return explain(
          kWriteFault,
          "The file is damaged. When no installer is running, delete it together with the "
          "files of the same name ending in -wal and -shm; sessions are lost with it, so "
          "start what they stopped by hand.");
    case SQLITE_TOOBIG:
      return explain(kWriteFault, "Register less in one call.");
    default:
      return explain(kWriteFault,
                     "See that its file system works and that the limit of the size of files "
                     "(ulimit -f) is not reached, then try again.");
  }
}

}  // namespace rm
