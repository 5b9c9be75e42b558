#include "machine/win32/looking_alone.h"

namespace rm {
namespace {

// Of the family of names that Windows uses; each session of a user has its own.
constexpr wchar_t kName[] = L"Local\\RstrMgr3887CAB8-533F-4C85-B0DC-3E5639F8D511-Look";
constexpr DWORD kMost = 30'000;  // ms
constexpr DWORD kPoll = 50;      // ms between two looks at the cancel

}  // namespace

LookingAlone::LookingAlone(const std::stop_token& cancel) : mutex_(kName) {
  if (!mutex_) return;
  const ULONGLONG begin = ::GetTickCount64();
  while (!mutex_.Take(kPoll) && !cancel.stop_requested() && ::GetTickCount64() - begin < kMost) {
  }
}

}  // namespace rm
