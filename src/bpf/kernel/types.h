// Which members of the kernel's structures are read? Where they lie is settled when it is loaded.
#pragma once

// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>  // wants it to be there
#include <bpf/bpf_core_read.h>
// clang-format on
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
  int counter;
} atomic_t;

struct super_block {
  __u32 s_dev;
  unsigned long s_magic;
};

struct inode {
  unsigned short i_mode;
  struct super_block *i_sb;
  unsigned long i_ino;
  __u32 i_rdev;
};

struct qstr {
  const unsigned char *name;
};

struct dentry {
  struct inode *d_inode;
  struct qstr d_name;
};

struct path {
  struct dentry *dentry;
};

struct sock_common {
  unsigned short skc_family;
  volatile unsigned char skc_state;
};
struct sk_buff_head {
  __u32 qlen;
};
struct sock {
  struct sock_common __sk_common;
  struct sk_buff_head sk_receive_queue;
};
struct socket {
  struct sock *sk;
};
struct scm_stat {
  atomic_t nr_fds;
};
struct unix_sock {
  struct sock sk;
  struct path path;
  struct scm_stat scm_stat;
};

struct file {
  void *private_data;
  unsigned int f_mode;
  struct inode *f_inode;
  struct path f_path;
};

// Linux 6.5: the file of the layer that is mapped for a file of an overlay.
struct backing_file {
  struct file file;
  struct path user_path;
};

struct ovl_path {
  struct dentry *dentry;
};
struct ovl_entry {
  unsigned int __numlower;
  struct ovl_path __lowerstack[0];
};
struct ovl_inode {
  struct inode vfs_inode;
  struct dentry *__upperdentry;
  struct ovl_entry *oe;
};

struct fdtable {
  unsigned int max_fds;
  struct file **fd;
};
struct files_struct {
  struct fdtable *fdt;
  struct file *fd_array[64];
};

struct fs_struct {
  struct path root;
  struct path pwd;
};

struct pid_namespace;
struct upid {
  int nr;
  struct pid_namespace *ns;
};
struct pid {
  unsigned int level;
  struct upid numbers[1];
};

// Linux 6.1: the mappings by their addresses. 6.14: a number that is odd while, and another one
// after, somebody changes them.
struct maple_tree {
  void *ma_root;
};
typedef struct seqcount {
  unsigned sequence;
} seqcount_t;
struct mm_struct {
  struct file *exe_file;
  struct maple_tree mm_mt;
  int map_count;
  seqcount_t mm_lock_seq;
};

// A node of that tree. pivot[i] is the last address of slot[i], the last slot has none.
struct maple_range_64 {
  unsigned long pivot[15];
  void *slot[16];
};

struct vm_area_struct {
  unsigned long vm_start;
  unsigned long vm_end;
  struct file *vm_file;
};

struct task_struct {
  unsigned int flags;
  struct mm_struct *mm;
  int pid;
  int tgid;
  struct task_struct *group_leader;
  struct pid *thread_pid;
  __u64 start_boottime;
  struct fs_struct *fs;
  struct files_struct *files;
};

struct seq_file {
  unsigned long count;
};
struct bpf_iter_meta {
  struct seq_file *seq;
};
struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

#pragma clang attribute pop

struct bpf_iter_task_vma {
  __u64 opaque[1];
} __attribute__((aligned(8)));

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

// A pointer whose members are read without the proofs that the kernel's own functions ask for. To
// prove each takes the verifier a search through all types of the kernel, a millisecond. What is
// read by a pointer that leads nowhere is 0.
#define PLAIN(type, pointer) ((const type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))
