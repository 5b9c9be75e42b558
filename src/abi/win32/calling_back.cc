#include "abi/calling_back.h"

#include <windows.h>

namespace rm {
namespace {

// Not thread_local: mingw-w64 has memory and two handles for each thread with such a variable,
// which a thread gives back at its end, when this library may be gone.
class Slot {
 public:
  Slot() : index_(::TlsAlloc()) {}
  ~Slot() { ::TlsFree(index_); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  const Session* Get() const { return static_cast<const Session*>(::TlsGetValue(index_)); }
  void Put(const Session* session) const { ::TlsSetValue(index_, const_cast<Session*>(session)); }

 private:
  const DWORD index_;
};

const Slot slot;

}  // namespace

CallingBack::CallingBack(const Session* session) : before_(slot.Get()) { slot.Put(session); }

CallingBack::~CallingBack() { slot.Put(before_); }

const Session* CalledBackBy() { return slot.Get(); }

}  // namespace rm
