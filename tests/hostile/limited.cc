#include "hostile/limited.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rm::test {
namespace {

std::string ReadAll(int file) {
  std::string text;
  char some[4096];
  lseek(file, 0, SEEK_SET);
  for (ssize_t size; (size = read(file, some, sizeof some)) > 0;)
    text.append(some, static_cast<size_t>(size));
  return text;
}

}  // namespace

std::string Ending::Trouble() const {
  if (hung) return "hangs; " + said;
  if (signal != 0) return "ended by signal " + std::to_string(signal) + "; " + said;
  return "";
}

Ending RunLimited(const std::function<int()>& body) {
  // Not a pipe: who is left behind may keep its other end open.
  const int errors = memfd_create("errors", MFD_CLOEXEC);
  const pid_t child = fork();
  if (child == 0) {
    dup2(errors, STDERR_FILENO);
    dup2(open("/dev/null", O_RDWR), STDOUT_FILENO);
    int status = 99;
    try {
      status = body();
    } catch (...) {
    }
    _exit(status);
  }
  Ending ending;
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ended{pidfd, POLLIN, 0};
  ending.hung = poll(&ended, 1, kHangs) == 0;
  if (ending.hung) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
  if (WIFEXITED(status)) ending.status = WEXITSTATUS(status);
  ending.said = ReadAll(errors);
  close(errors);
  close(pidfd);
  return ending;
}

Ending RunLimited(const std::vector<std::string>& argv) {
  return RunLimited([&] {
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(words[0], words.data());
    return 127;
  });
}

}  // namespace rm::test
