// What is in a file of /proc? Not by a stream, which throws when the process ends meanwhile.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace rm::test {

// "" for a process that has ended meanwhile.
inline std::string ReadAll(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  char some[4096];
  for (ssize_t size; file >= 0 && (size = read(file, some, sizeof some)) > 0;)
    text.append(some, static_cast<size_t>(size));
  if (file >= 0) close(file);
  return text;
}

}  // namespace rm::test
