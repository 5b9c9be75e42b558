// Which tasks may hold an object that has one of these inode numbers? Runs in the kernel, once for
// each task that the asker's pid namespace shows.
#include "bpf/kernel/mapping_tree.h"
#include "bpf/kernel/types.h"
#include "bpf/sighting.h"

#define AF_UNIX 1
#define SOCKFS_MAGIC 0x534f434b
#define ANON_INODE_FS_MAGIC 0x09041934
#define TCP_LISTEN 10
#define PF_KTHREAD 0x00200000
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define S_IFMT 0170000
#define S_IFBLK 0060000
#define S_IFCHR 0020000

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task,
                                 __u64 address) __ksym;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;

char LICENSE[] SEC("license") = "GPL";

// The inode numbers, by RM_NUMBER_HASH; a power of two of words.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 512);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

struct RmQuestion question SEC(".data.question");

// Most of the time is spent on memory that no cache holds: a file and an inode for each descriptor.
// So many are glanced at together, first all their files and then all their inodes, and the
// processor waits for them at the same time. Tables of descriptors have a multiple of 64 places,
// and leaves of the tree of mappings 16.
#define AT_ONCE 8

// The functions below that are not static are verified once, not at each call, and forget what was
// known of the visit: a path more in one of them is not multiplied by those around it.
struct Visit {
  struct RmSighting sighting;
  __u64 answer;  // the seq_file's address
  __u64 before;  // what the answer has of other tasks
  __u64 at;      // the address of what is looked at: the descriptor table, or a mapping
  __u64 inode;   // that of its inode
  __u64 last;    // file that was mapped
  __u64 incomplete;
  __u64 files[AT_ONCE];   // addresses of those that are glanced at
  __u64 inodes[AT_ONCE];  // likewise
  __u64 worth;            // a closer look: a bit for each of them
  __u64 first;            // its number: of a descriptor, or a slot of the tree's leaf
  struct MappingTree tree;
};

static __always_inline bool MayBe(__u64 ino) {
  const __u64 hash = RM_NUMBER_HASH(ino);
  __u32 word = RM_NUMBER_WORD(hash) & question.word_mask;
  const __u64 *bits = bpf_map_lookup_elem(&numbers, &word);
  const __u64 wanted = RM_NUMBER_BITS(hash);
  return bits && (*bits & wanted) == wanted;
}

// An overlay shows the number of any of its layers.
static __noinline int MayBeBelow(__u64 address) {
  if (!bpf_core_type_exists(struct ovl_inode)) return 0;
  const struct ovl_inode *overlay =
      (void *)address - bpf_core_field_offset(struct ovl_inode, vfs_inode);
  const struct dentry *upper = BPF_CORE_READ(overlay, __upperdentry);
  if (upper && MayBe(BPF_CORE_READ(upper, d_inode, i_ino))) return 1;
  const struct ovl_entry *entry = BPF_CORE_READ(overlay, oe);
  if (!entry || !BPF_CORE_READ(entry, __numlower)) return 0;
  const struct dentry *lower = BPF_CORE_READ(entry, __lowerstack[0].dentry);
  return lower && MayBe(BPF_CORE_READ(lower, d_inode, i_ino));
}

// Completes the sighting; 1: it is to be told.
__noinline int LookAtInode(struct Visit *visit, __u32 kind) {
  if (!visit || !visit->inode) return 0;
  const struct inode *inode = PLAIN(struct inode, (void *)visit->inode);
  const bool overlay = inode->i_sb->s_magic == OVERLAYFS_SUPER_MAGIC;
  const __u16 type = inode->i_mode & S_IFMT;
  const bool node = type == S_IFBLK || type == S_IFCHR;
  if (!MayBe(inode->i_ino) && !(overlay && MayBeBelow((__u64)inode)) &&
      !(node && MayBe(inode->i_rdev)))
    return 0;
  if (PLAIN(struct seq_file, (void *)visit->answer)->count - visit->before > RM_MOST_BYTES) {
    visit->incomplete = 1;
    return 0;
  }
  visit->sighting.object = (__u64)inode;
  visit->sighting.ino = inode->i_ino;
  visit->sighting.device = inode->i_sb->s_dev;
  visit->sighting.kind = kind;
  visit->sighting.unproven = overlay || node;
  return 1;
}

#define kRingName 0x6e6972755f6f695bull  // "[io_urin", little-endian

// What an io_uring has registered, lies in a message on a socket, also on one that nobody has
// accepted yet, or is what a socket is bound to, has no descriptor.
static __noinline int HasMore(const struct file *file, __u64 magic) {
  if (magic == ANON_INODE_FS_MAGIC) {
    __u64 name = 0;
    bpf_probe_read_kernel(&name, sizeof name, BPF_CORE_READ(file, f_path.dentry, d_name.name));
    return name == kRingName;
  }
  if (!bpf_core_type_exists(struct unix_sock)) return 1;
  const struct socket *socket = BPF_CORE_READ(file, private_data);
  const struct sock *sock = BPF_CORE_READ(socket, sk);
  if (!sock || BPF_CORE_READ(sock, __sk_common.skc_family) != AF_UNIX) return 0;
  const struct unix_sock *local = (const struct unix_sock *)sock;
  if (BPF_CORE_READ(local, scm_stat.nr_fds.counter)) return 1;
  if (BPF_CORE_READ(sock, __sk_common.skc_state) == TCP_LISTEN &&
      BPF_CORE_READ(sock, sk_receive_queue.qlen))
    return 1;
  const struct dentry *bound = BPF_CORE_READ(local, path.dentry);
  return bound && MayBe(BPF_CORE_READ(bound, d_inode, i_ino));
}

__noinline int Glance(struct Visit *visit) {
  if (!visit) return 0;
  __u64 worth = 0;
#pragma unroll
  for (int i = 0; i < AT_ONCE; ++i) {
    if (!visit->inodes[i]) continue;
    const struct inode *inode = PLAIN(struct inode, (void *)visit->inodes[i]);
    const unsigned long magic = inode->i_sb->s_magic;
    const __u16 type = inode->i_mode & S_IFMT;
    if (magic == SOCKFS_MAGIC || magic == ANON_INODE_FS_MAGIC || magic == OVERLAYFS_SUPER_MAGIC ||
        type == S_IFBLK || type == S_IFCHR || MayBe(inode->i_ino))
      worth |= 1ull << i;
  }
  visit->worth = worth;
  return 0;
}

static __always_inline bool IsWorth(const struct Visit *visit, __u32 number) {
  return visit->worth >> number & 1;
}

// The slots as the first ones of a table of the kernel's own type: read without a call.
static __always_inline const struct files_struct *SlotsFrom(const struct Visit *visit,
                                                            __u32 number) {
  return PLAIN(struct files_struct, (void *)(visit->at + 8ull * number -
                                             bpf_core_field_offset(struct files_struct, fd_array)));
}

__noinline int TakeDescriptors(struct Visit *visit, __u32 first) {
  if (!visit) return 0;
  visit->first = first;
  const struct files_struct *table = SlotsFrom(visit, first);
#pragma unroll
  for (int i = 0; i < AT_ONCE; ++i) visit->inodes[i] = (__u64)table->fd_array[i]->f_inode;
  return 0;
}

__noinline int LookAtDescriptor(struct Visit *visit, __u32 number) {
  if (!visit || !IsWorth(visit, number)) return 0;
  number += visit->first;
  const struct file *file = SlotsFrom(visit, number)->fd_array[0];
  if (!file) return 0;
  const struct inode *inode = file->f_inode;
  if (!inode) return 0;
  const unsigned long magic = inode->i_sb->s_magic;
  if ((magic == SOCKFS_MAGIC || magic == ANON_INODE_FS_MAGIC) && HasMore(file, magic))
    visit->incomplete = 1;
  visit->sighting.at = number;
  visit->sighting.end = 0;
  visit->inode = (__u64)inode;
  return LookAtInode(visit, kRmSightingDescriptor);
}

// Of a file of an overlay, the overlay's own.
static __always_inline __u64 MappedInode(const struct file *file) {
  if (file->f_mode & question.backing)
    return (__u64)PLAIN(struct backing_file, file)->user_path.dentry->d_inode;
  return (__u64)file->f_inode;
}

__noinline int LookAtMapping(struct Visit *visit) {
  if (!visit) return 0;
  const struct vm_area_struct *area = PLAIN(struct vm_area_struct, (void *)visit->at);
  const struct file *file = area->vm_file;
  if (!file || (__u64)file == visit->last) return 0;
  visit->last = (__u64)file;
  const unsigned long magic = file->f_inode->i_sb->s_magic;
  if (magic == ANON_INODE_FS_MAGIC && HasMore(file, ANON_INODE_FS_MAGIC)) visit->incomplete = 1;
  visit->sighting.at = area->vm_start;
  visit->sighting.end = area->vm_end;
  visit->inode = MappedInode(file);
  return LookAtInode(visit, kRmSightingMapping);
}

// The files of half a leaf. Pieces of one file lie one after the other.
__noinline int TakeMappings(struct Visit *visit, __u32 first) {
  if (!visit) return 0;
  visit->first = first;
  __u64 seen = 0;
#pragma unroll
  for (int i = 0; i < AT_ONCE; ++i) {
    const __u64 area = AreaAt(&visit->tree, first + i);
    seen += area != 0;
    visit->files[i] = (__u64)PLAIN(struct vm_area_struct, (void *)area)->vm_file;
  }
  visit->tree.seen += seen;
  __u64 last = visit->tree.last;
#pragma unroll
  for (int i = 0; i < AT_ONCE; ++i) {
    const struct file *file = PLAIN(struct file, (void *)visit->files[i]);
    visit->inodes[i] = visit->files[i] == last ? 0 : MappedInode(file);
    if (visit->files[i]) last = visit->files[i];
  }
  visit->tree.last = last;
  return 0;
}

// One of those that were taken.
__noinline int LookAtSlot(struct Visit *visit, __u32 number) {
  if (!visit || !IsWorth(visit, number)) return 0;
  visit->at = AreaAt(&visit->tree, visit->first + number);
  return LookAtMapping(visit) && IsAsItWas(&visit->tree);
}

// One task's, and where it is written.
struct Walk {
  struct seq_file *seq;
  struct Visit visit;
};

static __always_inline void Tell(struct Walk *walk) {
  bpf_seq_write(walk->seq, &walk->visit.sighting, sizeof walk->visit.sighting);
}

static long VisitDescriptor(__u32 number, struct Walk *walk) {
  if (LookAtDescriptor(&walk->visit, number)) Tell(walk);
  return 0;
}

static long VisitSomeDescriptors(__u32 turn, struct Walk *walk) {
  TakeDescriptors(&walk->visit, turn * AT_ONCE);
  Glance(&walk->visit);
  if (walk->visit.worth) bpf_loop(AT_ONCE, VisitDescriptor, walk, 0);
  return 0;
}

static __always_inline void VisitDescriptors(struct Walk *walk, const struct files_struct *files) {
  const struct fdtable *table = files->fdt;
  if (!table) return;
  walk->visit.at = (__u64)table->fd;
  // Refused for more than 8 million turns.
  if (bpf_loop(table->max_fds / AT_ONCE, VisitSomeDescriptors, walk, 0) < 0)
    walk->visit.incomplete = 1;
}

static __always_inline void VisitInode(struct Walk *walk, const struct inode *inode, __u32 kind) {
  walk->visit.inode = (__u64)inode;
  walk->visit.sighting.at = walk->visit.sighting.end = 0;
  if (LookAtInode(&walk->visit, kind)) Tell(walk);
}

static long VisitSlot(__u32 number, struct Walk *walk) {
  if (LookAtSlot(&walk->visit, number)) Tell(walk);
  return 0;
}

static __always_inline void VisitHalf(struct Walk *walk, __u32 first) {
  TakeMappings(&walk->visit, first);
  Glance(&walk->visit);
  if (walk->visit.worth) bpf_loop(AT_ONCE, VisitSlot, walk, 0);
}

static long VisitLeaf(__u32 turn, struct Walk *walk) {
  if (!FindLeaf(&walk->visit.tree)) return 1;
  VisitHalf(walk, 0);
  VisitHalf(walk, AT_ONCE);
  return 0;
}

static __always_inline bool VisitTree(struct Walk *walk, struct task_struct *task,
                                      const struct mm_struct *mm) {
  struct MappingTree *tree = &walk->visit.tree;
  return BeginTree(tree, task, mm) && bpf_loop(MAPLE_MOST_LEAVES, VisitLeaf, walk, 0) >= 0 &&
         IsWhole(tree, mm);
}

// With the kernel's iterator, which waits for nobody.
static __always_inline void VisitMappings(struct Walk *walk, struct task_struct *task) {
  struct bpf_iter_task_vma areas;
  struct vm_area_struct *area;
  walk->visit.last = 0;
  if (bpf_iter_task_vma_new(&areas, task, 0) == 0) {
    while ((area = bpf_iter_task_vma_next(&areas))) {
      walk->visit.at = (__u64)area;
      if (LookAtMapping(&walk->visit)) Tell(walk);
    }
  } else {
    walk->visit.incomplete = 1;
  }
  bpf_iter_task_vma_destroy(&areas);
}

static __always_inline void VisitMemory(struct Walk *walk, struct task_struct *task,
                                        const struct mm_struct *mm) {
  const struct file *executable = mm->exe_file;
  if (executable) VisitInode(walk, executable->f_inode, kRmSightingExecutable);
  if (!VisitTree(walk, task, mm)) VisitMappings(walk, task);
}

static __always_inline int NumberIn(const struct pid *pid, __u32 level) {
  struct upid number = {};
  if (!pid || pid->level < level) return 0;
  bpf_probe_read_kernel(&number, sizeof number,
                        (void *)pid + bpf_core_field_offset(struct pid, numbers) +
                            level * bpf_core_type_size(struct upid));
  return number.nr;
}

// What threads share is looked at once, with the leader. Decided where it is used, not kept.
static __always_inline bool IsOwn(const struct task_struct *task, const struct task_struct *leader,
                                  const void *own, const void *of_leader) {
  return own && (task == leader || own != of_leader);
}

SEC("iter/task")
int scan(struct bpf_iter__task *ctx) {
  struct task_struct *proven = ctx->task;
  if (!proven) return 0;
  const struct task_struct *task = PLAIN(struct task_struct, proven);
  const struct task_struct *self = PLAIN(struct task_struct, bpf_get_current_task_btf());
  const struct pid *asker = self->thread_pid;
  const __u32 level = asker->level;
  const __u32 tid = NumberIn(asker, level);
  __u32 shard = 0;
  for (__u32 i = 0; i < RM_MOST_SHARDS; ++i)
    if (question.tids[i] == tid) shard = i;
  if (question.shards > 1 && ((__u32)task->tgid / 8) % question.shards != shard) return 0;

  const struct task_struct *leader = task->group_leader;
  struct Walk walk = {.seq = ctx->meta->seq};
  struct Visit *visit = &walk.visit;
  visit->answer = (__u64)walk.seq;
  visit->before = PLAIN(struct seq_file, walk.seq)->count;
  visit->sighting.pid = NumberIn(leader->thread_pid, level);
  visit->sighting.tid = NumberIn(task->thread_pid, level);
  visit->sighting.started_ns = leader->start_boottime;
  if (IsOwn(task, leader, task->files, leader->files)) VisitDescriptors(&walk, task->files);
  if (question.directories && IsOwn(task, leader, task->fs, leader->fs)) {
    VisitInode(&walk, task->fs->pwd.dentry->d_inode, kRmSightingWorkingDirectory);
    VisitInode(&walk, task->fs->root.dentry->d_inode, kRmSightingRootDirectory);
  }
  if (!(task->flags & PF_KTHREAD) && IsOwn(task, leader, task->mm, leader->mm))
    VisitMemory(&walk, proven, task->mm);
  if (visit->incomplete) {
    visit->sighting.kind = kRmSightingIncomplete;
    Tell(&walk);
  }
  return 0;
}
