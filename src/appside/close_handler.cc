// Where is the handler called: in a thread of the library, or by the program's event loop?
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "appside/close_desk.h"
#include "appside/exported.h"

namespace rm {
namespace {

struct Attendance {
  Attendance(RMX_CLOSE_HANDLER handler, void* context, bool is_pumped)
      : desk(handler, context), pumped(is_pumped) {}

  CloseDesk desk;
  const bool pumped;
  std::mutex pumping;
  std::atomic<std::thread::id> pumper;
  bool ended = false;  // guarded by `pumping`, or by being the pumper
};

using Attended = std::shared_ptr<Attendance>;

// Never destroyed: the thread may be at work while the process exits.
struct Current {
  std::mutex mutex;
  Attended attended;
  Attended abandoned;  // by a fork
};
Current& current = *new Current;

// The thread and its locks are not in the child: it starts afresh, and leaves what was to its fate.
void ForgetInChild() {
  Attended abandoned = std::move(current.attended);
  if (abandoned) abandoned->desk.CloseCopies();
  new (&current) Current;
  current.abandoned = std::move(abandoned);
}
[[maybe_unused]] const int kAtFork =
    pthread_atfork([] { current.mutex.lock(); }, [] { current.mutex.unlock(); }, ForgetInChild);

// `false`: it has ended.
bool PumpOnce(Attendance& attendance) {
  const std::lock_guard lock(attendance.pumping);
  attendance.pumper = std::this_thread::get_id();
  if (!attendance.ended) attendance.desk.Pump();
  attendance.pumper = std::thread::id();
  return !attendance.ended;
}

void Attend(const Attended& attendance) {
  pthread_setname_np(pthread_self(), "restartapp");
  while (PumpOnce(*attendance) && attendance->desk.Wait()) continue;
}

// A signal to the process is for the program's own threads; a fault is of this one.
void StartThread(const Attended& attendance) {
  sigset_t all, before;
  sigfillset(&all);
  for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread(Attend, attendance).detach();
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void EndAttendance(Attendance& attendance) {
  const bool in_handler = attendance.pumper == std::this_thread::get_id();
  std::unique_lock lock(attendance.pumping, std::defer_lock);
  if (!in_handler) lock.lock();
  attendance.ended = true;
  attendance.desk.Close();
  attendance.desk.WakeUp();
}

Attended Exchange(Attended attended) {
  const std::lock_guard lock(current.mutex);
  current.attended.swap(attended);
  return attended;
}

Attended Pumped() {
  const std::lock_guard lock(current.mutex);
  return current.attended && current.attended->pumped ? current.attended : nullptr;
}

}  // namespace
}  // namespace rm

using namespace rm;

HRESULT RmxRegisterCloseHandler(RMX_CLOSE_HANDLER fnHandler, PVOID pContext, DWORD dwFlags) {
  if (!fnHandler || (dwFlags & ~DWORD{RMX_CLOSE_PUMPED}) != 0) return E_INVALIDARG;
  return Guarded([&] {
    const bool pumped = dwFlags & RMX_CLOSE_PUMPED;
    auto attendance = std::make_shared<Attendance>(fnHandler, pContext, pumped);
    if (!attendance->desk.Open()) return E_FAIL;
    if (!pumped) StartThread(attendance);
    if (const auto before = Exchange(attendance)) EndAttendance(*before);
    return S_OK;
  });
}

HRESULT RmxUnregisterCloseHandler(void) {
  return Guarded([] {
    if (const auto before = Exchange(nullptr)) EndAttendance(*before);
    return S_OK;
  });
}

HRESULT RmxGetCloseDescriptor(int* pDescriptor) {
  if (!pDescriptor) return E_INVALIDARG;
  return Guarded([&] {
    const auto attendance = Pumped();
    if (!attendance) return E_FAIL;
    *pDescriptor = attendance->desk.fd();
    return S_OK;
  });
}

HRESULT RmxPumpCloseRequests(void) {
  return Guarded([] {
    const auto attendance = Pumped();
    if (!attendance) return E_FAIL;
    // Called by its own handler: what has come since waits until that has returned.
    if (attendance->pumper != std::this_thread::get_id()) PumpOnce(*attendance);
    return S_OK;
  });
}
