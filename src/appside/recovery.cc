// What is saved when the program crashes? The callback runs in a thread that was made beforehand;
// the one that crashed wakes it, waits, and then crashes as it would have.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

#include "appside/exported.h"

namespace rm {
namespace {

constexpr std::array kFatal = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

struct Registered {
  APPLICATION_RECOVERY_CALLBACK callback = nullptr;
  void* parameter = nullptr;
  DWORD ping_ms = 0;
};

std::mutex registering;
bool has_thread = false;  // guarded by `registering`, as what follows
bool has_handlers = false;
std::array<struct sigaction, kFatal.size()> before;

// Read in a signal handler, so free of locks: complete before `armed` is set.
Registered registered;
std::atomic<bool> armed = false;
std::atomic<bool> crashed = false;
std::atomic<bool> recovering = false;
std::atomic<pid_t> recovery_thread = 0;
sem_t wake;      // a thread crashed
sem_t progress;  // a sign of life of the callback, or its end
std::atomic<bool> finished = false;

void WaitForPost(sem_t& semaphore) {
  while (sem_wait(&semaphore) != 0 && errno == EINTR) continue;
}

// `false`: nobody posted within this time.
bool WaitForPost(sem_t& semaphore, DWORD limit_ms) {
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += limit_ms / 1000;
  until.tv_nsec += static_cast<long>(limit_ms % 1000) * 1'000'000;
  if (until.tv_nsec >= 1'000'000'000) {
    until.tv_nsec -= 1'000'000'000;
    ++until.tv_sec;
  }
  while (sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until) != 0)
    if (errno != EINTR) return false;
  return true;
}

[[noreturn]] void WaitForTheEnd() {
  while (true) pause();
}

// The next time the signal does what it did before. A fault occurs again when the handler returns;
// what was sent by somebody is sent again.
void CrashAfterAll(int signal, const siginfo_t* info) {
  for (size_t i = 0; i < kFatal.size(); ++i)
    if (kFatal[i] == signal) sigaction(signal, &before[i], nullptr);
  if (info->si_code <= 0) raise(signal);
}

// Async-signal-safe: sem_post is, sem_clockwait is a futex here.
void OnCrash(int signal, siginfo_t* info, void*) {
  const int error = errno;
  // Crashed in the callback itself, or nobody is there to recover any more.
  const bool in_callback = recovery_thread == gettid();
  if (armed && !in_callback) {
    if (crashed.exchange(true)) WaitForTheEnd();
    recovering = true;
    sem_post(&wake);
    while (WaitForPost(progress, registered.ping_ms) && !finished) continue;
  }
  CrashAfterAll(signal, info);
  errno = error;
}

void AwaitCrash() {
  pthread_setname_np(pthread_self(), "restartapp-save");
  recovery_thread = gettid();
  WaitForPost(wake);
  registered.callback(registered.parameter);
  ApplicationRecoveryFinished(0);
}

// Other signals are for the program's own threads.
bool StartThread() {
  if (has_thread) return true;
  sigset_t others, previous;
  sigfillset(&others);
  for (int fatal : kFatal) sigdelset(&others, fatal);
  sem_init(&wake, 0, 0);
  sem_init(&progress, 0, 0);
  pthread_sigmask(SIG_SETMASK, &others, &previous);
  try {
    std::thread(AwaitCrash).detach();
    has_thread = true;
  } catch (...) {
  }
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  return has_thread;
}

void TakeHandlers() {
  if (std::exchange(has_handlers, true)) return;
  struct sigaction ours {};
  ours.sa_sigaction = OnCrash;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  for (size_t i = 0; i < kFatal.size(); ++i) sigaction(kFatal[i], &ours, &before[i]);
}

// Who has replaced our handler since keeps its own, which may call ours: then that changes nothing.
void GiveHandlersBack() {
  if (!std::exchange(has_handlers, false)) return;
  for (size_t i = 0; i < kFatal.size(); ++i) {
    struct sigaction now {};
    sigaction(kFatal[i], nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == OnCrash)
      sigaction(kFatal[i], &before[i], nullptr);
  }
}

// The child has neither the thread nor the parent's wish.
void ForgetInChild() {
  armed = false;
  has_thread = false;
  recovery_thread = 0;
  GiveHandlersBack();
  registering.unlock();
}
[[maybe_unused]] const int kAtFork =
    pthread_atfork([] { registering.lock(); }, [] { registering.unlock(); }, ForgetInChild);

}  // namespace
}  // namespace rm

using namespace rm;

HRESULT RegisterApplicationRecoveryCallback(APPLICATION_RECOVERY_CALLBACK pRecoveryCallback,
                                            PVOID pvParameter, DWORD dwPingInterval,
                                            DWORD dwFlags) {
  if (!pRecoveryCallback || dwPingInterval > RECOVERY_MAX_PING_INTERVAL || dwFlags != 0)
    return E_INVALIDARG;
  return Guarded([&] {
    const std::lock_guard lock(registering);
    armed = false;
    if (!StartThread()) return E_FAIL;
    registered = {pRecoveryCallback, pvParameter,
                  dwPingInterval == 0 ? DWORD{RECOVERY_DEFAULT_PING_INTERVAL} : dwPingInterval};
    TakeHandlers();
    armed = true;
    return S_OK;
  });
}

HRESULT UnregisterApplicationRecoveryCallback(void) {
  return Guarded([] {
    const std::lock_guard lock(registering);
    armed = false;
    GiveHandlersBack();
    return S_OK;
  });
}

HRESULT GetApplicationRecoveryCallback(HANDLE hProcess,
                                       APPLICATION_RECOVERY_CALLBACK* pRecoveryCallback,
                                       PVOID* ppvParameter, PDWORD pdwPingInterval,
                                       PDWORD pdwFlags) {
  const auto number = reinterpret_cast<intptr_t>(hProcess);
  if (!pRecoveryCallback || (hProcess != RM_CURRENT_PROCESS && number != getpid()))
    return E_INVALIDARG;
  return Guarded([&] {
    const std::lock_guard lock(registering);
    if (!armed) return S_FALSE;
    constexpr DWORD kTicksPerMs = 10'000;
    *pRecoveryCallback = registered.callback;
    if (ppvParameter) *ppvParameter = registered.parameter;
    if (pdwPingInterval) *pdwPingInterval = registered.ping_ms * kTicksPerMs;
    if (pdwFlags) *pdwFlags = 0;
    return S_OK;
  });
}

HRESULT ApplicationRecoveryInProgress(PBOOL pbCancelled) {
  if (!pbCancelled) return E_INVALIDARG;
  if (!recovering) return E_FAIL;
  *pbCancelled = 0;
  sem_post(&progress);
  return S_OK;
}

// How the callback fared changes nothing: the process ends as it crashed.
void ApplicationRecoveryFinished(BOOL) {
  if (!recovering) return;
  finished = true;
  sem_post(&progress);
  WaitForTheEnd();
}
