// What does the C++ library keep that its end would not give back? Memory for exceptions when there
// is no other: 73 kB each time that this library is loaded.
#include <windows.h>
#include <winternl.h>

extern "C" BOOLEAN NTAPI RtlDllShutdownInProgress(void);

namespace __gnu_cxx {
void __freeres();
}

namespace rm {
namespace {

struct Unload {
  ~Unload() {
    // At the end of a process another thread may have been killed with the lock of the heap.
    if (!RtlDllShutdownInProgress()) __gnu_cxx::__freeres();
  }
};

const Unload unload;

}  // namespace
}  // namespace rm
