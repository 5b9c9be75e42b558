#include "abi/status_call.h"

namespace rm {

// The function is cdecl, but some callers declare theirs stdcall, which takes its argument off the
// stack: the stack pointer is put back to where it was, whatever the function did (contract.md
// 23.2).
void CallStatus(RM_WRITE_STATUS_CALLBACK status, UINT percent) {
  asm volatile(
      "movl %%esp, %%ebx\n\t"
      "andl $-16, %%esp\n\t"
      "subl $12, %%esp\n\t"
      "pushl %0\n\t"
      "call *%1\n\t"
      "movl %%ebx, %%esp"
      :
      : "S"(percent), "D"(status)
      : "eax", "ebx", "ecx", "edx", "memory", "cc");
}

}  // namespace rm
