// Which members of the kernel's structures are read? Where they lie is settled when it is loaded.
#pragma once

// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>  // wants it to be there
#include <bpf/bpf_core_read.h>
// clang-format on
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rb_node {
  struct rb_node *rb_right;
  struct rb_node *rb_left;
};
struct rb_root {
  struct rb_node *rb_node;
};
struct rb_root_cached {
  struct rb_root rb_root;
};

struct hlist_node {
  struct hlist_node *next;
};
struct hlist_head {
  struct hlist_node *first;
};

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  __s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;
typedef struct {
  atomic64_t refcnt;
} file_ref_t;

struct super_block {
  __u32 s_dev;
  unsigned long s_magic;
};

struct address_space {
  struct rb_root_cached i_mmap;
};

struct inode {
  struct super_block *i_sb;
  struct address_space *i_mapping;
  unsigned long i_ino;
  struct hlist_head i_dentry;
};

struct lockref {
  int count;
};

struct qstr {
  const unsigned char *name;
};

struct dentry {
  struct inode *d_inode;
  struct qstr d_name;
  struct lockref d_lockref;
  union {
    struct hlist_node d_alias;
  } d_u;
};

struct path {
  struct dentry *dentry;
};

struct sock_common {
  unsigned short skc_family;
};
struct sock {
  struct sock_common __sk_common;
};
struct socket {
  struct sock *sk;
};
struct scm_stat {
  atomic_t nr_fds;
};
struct unix_sock {
  struct sock sk;
  struct scm_stat scm_stat;
};

struct file {
  void *private_data;
  unsigned int f_mode;
  struct inode *f_inode;
  struct path f_path;
  file_ref_t f_ref;  // Linux 6.13: counts from -1
};
// Before.
struct file___old {
  atomic_long_t f_count;
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

struct signal_struct {
  int nr_threads;
};

struct mm_struct {
  struct task_struct *owner;  // with CONFIG_MEMCG
  struct file *exe_file;
  atomic_t mm_users;
};

struct vm_area_struct {
  unsigned long vm_start;
  unsigned long vm_end;
  struct mm_struct *vm_mm;
  struct file *vm_file;
  struct {
    struct rb_node rb;
  } shared;
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
  struct signal_struct *signal;
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
