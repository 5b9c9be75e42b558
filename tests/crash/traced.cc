#include "crash/traced.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace rm::test {
namespace {

// How a call fails when what it needs is used up.
struct Call {
  long number;
  const char* name;
  int failure;
  int path = -1;        // which argument names a file
  bool visible = true;  // to others: a step
};

constexpr Call kCalls[] = {
    {SYS_write, "write", ENOSPC},
    {SYS_pwrite64, "pwrite", ENOSPC},
    {SYS_writev, "writev", ENOSPC},
    {SYS_ftruncate, "ftruncate", EIO},
    {SYS_fallocate, "fallocate", ENOSPC},
    {SYS_fsync, "fsync", EIO},
    {SYS_fdatasync, "fdatasync", EIO},
    {SYS_openat, "openat", EMFILE, 1},
    {SYS_unlinkat, "unlinkat", EIO, 1},
#ifdef SYS_open
    {SYS_open, "open", EMFILE, 0},
    {SYS_unlink, "unlink", EIO, 0},
    {SYS_mkdir, "mkdir", ENOSPC, 0},
    {SYS_rename, "rename", EIO, 0},
    {SYS_fork, "fork", EAGAIN},
    {SYS_vfork, "vfork", EAGAIN},
    {SYS_chmod, "chmod", EIO, 0},
#endif
    {SYS_mkdirat, "mkdirat", ENOSPC, 1},
    {SYS_mknodat, "mknodat", ENOSPC, 1},
    {SYS_renameat, "renameat", EIO, 1},
    {SYS_renameat2, "renameat2", EIO, 1},
    {SYS_linkat, "linkat", EIO, 1},
    {SYS_fchmod, "fchmod", EIO},
    {SYS_flock, "flock", ENOLCK},
    {SYS_clone, "clone", EAGAIN},
    {SYS_clone3, "clone3", EAGAIN},
    {SYS_execve, "execve", ENOMEM, 0},
    {SYS_sendmsg, "sendmsg", EPIPE},
    {SYS_sendto, "sendto", EPIPE},
    {SYS_pidfd_send_signal, "pidfd_send_signal", EPERM},
    {SYS_kill, "kill", EPERM},
    {SYS_setsid, "setsid", EPERM},
    {SYS_exit_group, "exit_group", 0},
    {SYS_read, "read", EIO, -1, false},
    {SYS_pread64, "pread", EIO, -1, false},
    {SYS_mmap, "mmap", ENOMEM, -1, false},
    {SYS_fcntl, "fcntl", ENOLCK, -1, false},
    {SYS_connect, "connect", ECONNREFUSED, -1, false},
    {SYS_socket, "socket", EMFILE, -1, false},
    {SYS_recvmsg, "recvmsg", ECONNRESET, -1, false},
    {SYS_pipe2, "pipe2", EMFILE, -1, false},
    {SYS_pidfd_open, "pidfd_open", EMFILE, -1, false},
    {SYS_inotify_init1, "inotify_init1", EMFILE, -1, false},
    {SYS_inotify_add_watch, "inotify_add_watch", ENOSPC, 1, false},
    {SYS_epoll_create1, "epoll_create1", EMFILE, -1, false},
    {SYS_statx, "statx", EIO, 1, false},
    {SYS_newfstatat, "fstatat", EIO, 1, false},
    {SYS_fstat, "fstat", EIO, -1, false},
    {SYS_prlimit64, "prlimit", EPERM, -1, false},
};

const Call* FindCall(long number) {
  const auto* found = std::find_if(std::begin(kCalls), std::end(kCalls),
                                   [&](const Call& call) { return call.number == number; });
  return found == std::end(kCalls) ? nullptr : found;
}

std::string LinkOf(const std::string& path) {
  char target[4096];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<size_t>(size)) : "";
}

std::string ProgramOf(pid_t pid) {
  const std::string path = LinkOf("/proc/" + std::to_string(pid) + "/exe");
  return path.substr(path.rfind('/') + 1);
}

std::string TextAt(pid_t pid, uint64_t address) {
  char text[512] = {};
  iovec local{text, sizeof text - 1};
  // Not beyond the page, the next of which may not be there.
  const uint64_t room = 4096 - address % 4096;
  local.iov_len = std::min<size_t>(local.iov_len, room);
  iovec remote{reinterpret_cast<void*>(address), local.iov_len};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0) return "";
  return text;
}

// The programs' own calls are all made in a library. What a sanitizer calls, it calls in the
// program that it is part of.
bool MadeBySanitizer(pid_t pid, uint64_t instruction) {
  const std::string process = "/proc/" + std::to_string(pid);
  const std::string program = LinkOf(process + "/exe");
  std::ifstream maps(process + "/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2 || instruction >= end) continue;
    return instruction >= begin && line.ends_with(" " + program);
  }
  return false;
}

// Interrupts what waits, once a second.
class Ticks {
 public:
  Ticks() {
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {};
    sigaction(SIGALRM, &interrupt, &before_);
    const itimerval second{{1, 0}, {1, 0}};
    setitimer(ITIMER_REAL, &second, nullptr);
  }
  ~Ticks() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }
  Ticks(const Ticks&) = delete;

 private:
  struct sigaction before_ {};
};

class Tracer {
 public:
  explicit Tracer(const TraceRequest& request) : request_(request) {}

  TraceResult Run() {
    const pid_t child = Start();
    const Ticks ticks;
    const auto limit = std::chrono::steady_clock::now() + kTraceLimit;
    while (!Over()) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) {
        if (std::chrono::steady_clock::now() < limit || result_.endless) continue;
        result_.endless = true;
        for (const auto& [tracee, state] : tracees_) kill(tracee, SIGKILL);
        continue;
      }
      if (pid < 0) break;
      if (pid == child && (WIFEXITED(status) || WIFSIGNALED(status))) {
        result_.status = status;
        ended_ = true;
      }
      Handle(pid, status);
    }
    LetGo();
    return result_;
  }

 private:
  struct Tracee {
    bool followed = true;
    bool failing = false;                   // the call that it is in
    std::map<uint64_t, bool> of_sanitizer;  // by the instruction
  };

  pid_t Start() {
    int go[2];
    if (pipe2(go, O_CLOEXEC) != 0) abort();
    const pid_t child = fork();
    if (child == 0) {
      char byte;
      if (read(go[0], &byte, 1) != 1) _exit(126);
      for (const std::string& variable : request_.environment)
        putenv(const_cast<char*>(variable.c_str()));
      if (!request_.errors.empty())
        dup2(open(request_.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), 2);
      std::vector<char*> argv;
      for (const std::string& word : request_.argv) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      _exit(127);
    }
    constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                              PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    int status = 0;
    if (ptrace(PTRACE_SEIZE, child, nullptr, kOptions) != 0 ||
        ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr) != 0 ||
        waitpid(child, &status, __WALL) != child)
      abort();
    tracees_[child] = {};
    Continue(child, 0);
    if (write(go[1], "x", 1) != 1) abort();
    close(go[0]);
    close(go[1]);
    return child;
  }

  bool Over() const {
    if (!ended_) return false;
    return result_.reached || tracees_.empty();
  }

  void Continue(pid_t pid, int signal) {
    // Once the trouble is made, nothing is looked at any more.
    const bool look = !result_.reached || tracees_[pid].failing;
    ptrace(look ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, static_cast<long>(signal));
  }

  void Handle(pid_t pid, int status) {
    seen_.insert(pid);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      tracees_.erase(pid);
      return;
    }
    if (!WIFSTOPPED(status)) return;
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    tracees_.try_emplace(pid);
    if (event == PTRACE_EVENT_EXEC) tracees_[pid].of_sanitizer.clear();
    if (signal == (SIGTRAP | 0x80)) {
      if (AtCall(pid)) Continue(pid, 0);
    } else if (event == PTRACE_EVENT_EXEC && !IsFollowed(ProgramOf(pid))) {
      ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
      tracees_.erase(pid);
    } else {
      NoteChild(pid, event);
      Continue(pid, event != 0 ? 0 : signal);
    }
  }

  // It is traced, though it has not said anything yet.
  void NoteChild(pid_t pid, int event) {
    unsigned long child = 0;
    const bool born =
        event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
    if (!born || ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &child) != 0) return;
    // It may have been faster than the news of its birth.
    if (!seen_.contains(static_cast<pid_t>(child))) tracees_.try_emplace(static_cast<pid_t>(child));
  }

  bool IsFollowed(const std::string& program) const {
    return std::ranges::find(request_.followed, program) != request_.followed.end();
  }

  // False: it was killed.
  bool AtCall(pid_t pid) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return true;
    Tracee& tracee = tracees_[pid];
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
      if (std::exchange(tracee.failing, false)) SetResult(pid);
      return true;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || result_.reached) return true;
    const Call* call = FindCall(static_cast<long>(info.entry.nr));
    if (!call || !Counts(pid, *call, info.entry.args) ||
        IsOfSanitizer(tracee, pid, info.instruction_pointer))
      return true;
    if (++result_.calls != request_.at) return true;
    result_.reached = true;
    result_.call = Describe(pid, *call, info.entry.args);
    return MakeTrouble(pid, *call);
  }

  static bool IsOfSanitizer(Tracee& tracee, pid_t pid, uint64_t instruction) {
    const auto [known, is_new] = tracee.of_sanitizer.try_emplace(instruction);
    if (is_new) known->second = MadeBySanitizer(pid, instruction);
    return known->second;
  }

  bool Counts(pid_t pid, const Call& call, const uint64_t* arguments) {
    if (ProgramOf(pid) != request_.program) return false;
    const bool fails = request_.trouble == Trouble::kFailCall;
    if (!armed_ && call.path >= 0)
      armed_ = TextAt(pid, arguments[call.path]).starts_with(request_.armed_by);
    if (!armed_) return false;
    if (fails) return call.failure != 0 && !NeverFails(pid, call, arguments);
    if (!call.visible) return false;
    if (call.number == SYS_openat) return (arguments[2] & O_CREAT) != 0;
    return true;
  }

  // What is written to an eventfd takes no room and has no reader who could go away. A lock that is
  // given up needs nothing. Pipes that an executed program would inherit are none of ours: UBSan
  // makes them to see whether there is memory at an address.
  static bool NeverFails(pid_t pid, const Call& call, const uint64_t* arguments) {
    if (call.number == SYS_write) return Described(pid, arguments[0]) == "anon_inode:[eventfd]";
    if (call.number == SYS_pipe2) return arguments[1] == 0;
    if (call.number != SYS_fcntl || (arguments[1] != F_SETLK && arguments[1] != F_OFD_SETLK))
      return false;
    struct flock lock {};
    iovec local{&lock, sizeof lock};
    iovec remote{reinterpret_cast<void*>(arguments[2]), sizeof lock};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0 && lock.l_type == F_UNLCK;
  }

  static std::string Describe(pid_t pid, const Call& call, const uint64_t* arguments) {
    std::string text = call.name;
    if (call.path >= 0) return text + " " + TextAt(pid, arguments[call.path]);
    return text + " " + Described(pid, arguments[0]);
  }

  static std::string Described(pid_t pid, uint64_t descriptor) {
    return LinkOf("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor));
  }

  bool MakeTrouble(pid_t pid, const Call& call) {
    if (request_.meanwhile) request_.meanwhile();
    switch (request_.trouble) {
      case Trouble::kNone:
        return true;
      case Trouble::kFailCall:
        error_ = request_.error != 0 ? request_.error : call.failure;
        tracees_[pid].failing = true;
        SkipCall(pid);
        return true;
      case Trouble::kKillAll:
        // Who has just become one of the programs that come back is not told of yet, and let go.
        for (const auto& [other, tracee] : tracees_)
          if (other != pid && IsFollowed(ProgramOf(other))) kill(other, SIGKILL);
        [[fallthrough]];
      case Trouble::kKill:
        kill(pid, SIGKILL);
        return false;
    }
    return true;
  }

  // No call has the number -1.
  static void SkipCall(pid_t pid) {
#if defined(__x86_64__)
    user_regs_struct registers{};
    iovec all{&registers, sizeof registers};
    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all);
    registers.orig_rax = ~0ull;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all);
#elif defined(__aarch64__)
    int none = -1;
    iovec number{&none, sizeof none};
    ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number);
#endif
  }

  void SetResult(pid_t pid) const {
    user_regs_struct registers{};
    iovec all{&registers, sizeof registers};
    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all);
#if defined(__x86_64__)
    registers.rax = static_cast<unsigned long long>(-error_);
#elif defined(__aarch64__)
    registers.regs[0] = static_cast<unsigned long long>(-error_);
#endif
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all);
  }

  // Each has to stop once to be let go, and so has what it has started meanwhile.
  void LetGo() {
    std::erase_if(tracees_, [](const auto& entry) {
      return ptrace(PTRACE_INTERRUPT, entry.first, nullptr, nullptr) != 0;
    });
    while (!tracees_.empty()) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return;
      if (WIFSTOPPED(status)) {
        const int event = status >> 16;
        NoteChild(pid, event);
        const bool delivers = event == 0 && WSTOPSIG(status) != (SIGTRAP | 0x80);
        ptrace(PTRACE_DETACH, pid, nullptr, static_cast<long>(delivers ? WSTOPSIG(status) : 0));
      }
      tracees_.erase(pid);
      seen_.insert(pid);
    }
  }

  const TraceRequest& request_;
  std::map<pid_t, Tracee> tracees_;
  std::set<pid_t> seen_;  // that have said something
  TraceResult result_;
  int error_ = 0;
  bool armed_ = false;
  bool ended_ = false;
};

}  // namespace

TraceResult RunTraced(const TraceRequest& request) { return Tracer(request).Run(); }

}  // namespace rm::test
