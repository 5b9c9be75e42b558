// How does the program get into the kernel, and out again? The light skeleton is C only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/sighting.h"

#ifdef __cplusplus
extern "C" {
#endif

struct RmScanProgram {
  void* skeleton;
  int link;
  uint64_t* numbers;  // RM_NUMBER_HASH says which bits
  size_t words;       // a power of two
  struct RmQuestion* question;
};

// 0 or an errno: EPERM without CAP_BPF and CAP_PERFMON, others where the kernel does not know what
// the program needs. `words` is a power of two. Takes some 10 ms.
int RmLoadScan(struct RmScanProgram* program, size_t words);
void RmUnloadScan(struct RmScanProgram* program);
// A descriptor to read sightings from, or -errno.
int RmBeginScan(const struct RmScanProgram* program);

#ifdef __cplusplus
}
#endif
