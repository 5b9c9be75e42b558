#include "bpf/scan_program.h"

#include <errno.h>
#include <scan.lskel.h>  // made from kernel/scan.bpf.c
#include <string.h>
#include <sys/mman.h>

static int Fill(struct RmScanProgram* program, struct rm_scan* skeleton, size_t words) {
  skeleton->maps.numbers.max_entries = (__u32)words;
  int error = rm_scan__load(skeleton);
  if (error < 0) return -error;
  error = rm_scan__attach(skeleton);
  if (error < 0) return errno;
  void* numbers = mmap(NULL, words * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
                       skeleton->maps.numbers.map_fd, 0);
  if (numbers == MAP_FAILED) return errno;
  program->link = skeleton->links.scan_fd;
  program->numbers = numbers;
  program->words = words;
  program->question = &skeleton->data_question->question;
  return 0;
}

int RmLoadScan(struct RmScanProgram* program, size_t words) {
  memset(program, 0, sizeof *program);
  struct rm_scan* skeleton = rm_scan__open();
  if (!skeleton) return ENOMEM;
  const int error = Fill(program, skeleton, words);
  if (error) {
    rm_scan__destroy(skeleton);
    return error;
  }
  program->skeleton = skeleton;
  return 0;
}

void RmUnloadScan(struct RmScanProgram* program) {
  if (!program->skeleton) return;
  munmap(program->numbers, program->words * sizeof(uint64_t));
  rm_scan__destroy(program->skeleton);
  program->skeleton = NULL;
}

int RmBeginScan(const struct RmScanProgram* program) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.iter_create.link_fd = (__u32)program->link;
  const int fd = skel_sys_bpf(BPF_ITER_CREATE, &attr, sizeof attr);
  return fd < 0 ? -errno : fd;
}
