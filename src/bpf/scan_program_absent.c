// Where clang or bpftool was missing when this was built.
#include <errno.h>

#include "bpf/scan_program.h"

int RmLoadScan(struct RmScanProgram* program, size_t words) {
  (void)words;
  program->skeleton = NULL;
  return ENOSYS;
}

void RmUnloadScan(struct RmScanProgram* program) { (void)program; }

int RmBeginScan(const struct RmScanProgram* program) {
  (void)program;
  return -ENOSYS;
}
