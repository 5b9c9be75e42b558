// Which tasks may hold an object that has one of these inode numbers? Runs in the kernel, once for
// each task that the asker's pid namespace shows.
#include "bpf/kernel/types.h"
#include "bpf/sighting.h"

#define AF_UNIX 1
#define SOCKFS_MAGIC 0x534f434b
#define ANON_INODE_FS_MAGIC 0x09041934
#define PF_KTHREAD 0x00200000
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task,
                                 __u64 address) __ksym;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;

// A pointer whose members are read without the proofs that the kernel's own functions ask for. To
// prove each takes the verifier a search through all types of the kernel, a millisecond.
#define PLAIN(type, pointer) ((const type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

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

struct Visit {
  struct seq_file *seq;
  struct RmSighting sighting;
  __u64 before;  // what the answer has of other tasks
  __u64 slots;   // of the descriptor table
  __u64 incomplete;
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

enum Match { kNone, kDirect, kOverlay };

// Not static: it is verified once, not at each call.
__noinline int MatchInode(const __u64 *address) {
  if (!address) return kNone;
  const struct inode *inode = PLAIN(struct inode, (void *)*address);
  const bool overlay = inode->i_sb->s_magic == OVERLAYFS_SUPER_MAGIC;
  if (!MayBe(inode->i_ino) && !(overlay && MayBeBelow(*address))) return kNone;
  return overlay ? kOverlay : kDirect;
}

static __always_inline void Write(struct Visit *visit, struct seq_file *seq) {
  if (PLAIN(struct seq_file, seq)->count - visit->before > RM_MOST_BYTES) {
    visit->incomplete = 1;
    return;
  }
  bpf_seq_write(seq, &visit->sighting, sizeof visit->sighting);
}

static __always_inline void Compare(struct Visit *visit, struct seq_file *seq,
                                    const struct inode *inode, __u16 kind, __u64 at, __u64 end) {
  visit->sighting.object = (__u64)inode;
  const int match = MatchInode(&visit->sighting.object);
  if (match == kNone) return;
  visit->sighting.ino = inode->i_ino;
  visit->sighting.device = inode->i_sb->s_dev;
  visit->sighting.overlay = match == kOverlay;
  visit->sighting.kind = kind;
  visit->sighting.at = at;
  visit->sighting.end = end;
  Write(visit, seq);
}

#define kRingName 0x6e6972755f6f695bull  // "[io_urin", little-endian

// What an io_uring has registered, or lies in a message on a socket, has no descriptor.
// Not static: as above.
__noinline int HasMore(const __u64 *address, __u64 magic) {
  if (!address) return 0;
  const struct file *file = (void *)*address;
  if (magic == ANON_INODE_FS_MAGIC) {
    __u64 name = 0;
    bpf_probe_read_kernel(&name, sizeof name, BPF_CORE_READ(file, f_path.dentry, d_name.name));
    return name == kRingName;
  }
  if (!bpf_core_type_exists(struct unix_sock)) return 1;
  const struct socket *socket = BPF_CORE_READ(file, private_data);
  const struct sock *sock = BPF_CORE_READ(socket, sk);
  if (!sock || BPF_CORE_READ(sock, __sk_common.skc_family) != AF_UNIX) return 0;
  return BPF_CORE_READ((const struct unix_sock *)sock, scm_stat.nr_fds.counter) != 0;
}

static long LookAtDescriptor(__u32 number, struct Visit *visit) {
  // The slot as the first one of a table of the kernel's own type: read without a call.
  const struct files_struct *table =
      PLAIN(struct files_struct, (void *)(visit->slots + 8ull * number -
                                          bpf_core_field_offset(struct files_struct, fd_array)));
  const struct file *file = table->fd_array[0];
  if (!file) return 0;
  const struct inode *inode = file->f_inode;
  if (!inode) return 0;
  const unsigned long magic = inode->i_sb->s_magic;
  const __u64 slot = (__u64)file;
  if ((magic == SOCKFS_MAGIC || magic == ANON_INODE_FS_MAGIC) && HasMore(&slot, magic))
    visit->incomplete = 1;
  Compare(visit, visit->seq, inode, kRmSightingDescriptor, number, 0);
  return 0;
}

static __always_inline void LookAtDescriptors(struct Visit *visit,
                                              const struct files_struct *files) {
  const struct fdtable *table = files->fdt;
  if (!table) return;
  visit->slots = (__u64)table->fd;
  // Refused for more than 8 million.
  if (bpf_loop(table->max_fds, LookAtDescriptor, visit, 0) < 0) visit->incomplete = 1;
}

static __always_inline void LookAtMemory(struct Visit *visit, struct task_struct *task,
                                         const struct mm_struct *mm) {
  const struct file *executable = mm->exe_file;
  if (executable && executable->f_inode)
    Compare(visit, visit->seq, executable->f_inode, kRmSightingExecutable, 0, 0);
  struct bpf_iter_task_vma areas;
  struct vm_area_struct *proven;
  __u64 last = 0;
  if (bpf_iter_task_vma_new(&areas, task, 0) == 0) {
    while ((proven = bpf_iter_task_vma_next(&areas))) {
      const struct vm_area_struct *area = PLAIN(struct vm_area_struct, proven);
      const struct file *file = area->vm_file;
      if (!file || (__u64)file == last) continue;
      last = (__u64)file;
      const struct inode *inode = file->f_inode;
      const __u64 mapped = last;
      if (inode && inode->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
          HasMore(&mapped, ANON_INODE_FS_MAGIC))
        visit->incomplete = 1;
      if (file->f_mode & question.backing) {
        const struct backing_file *backing = PLAIN(struct backing_file, file);
        inode = backing->user_path.dentry->d_inode;
      }
      if (inode)
        Compare(visit, visit->seq, inode, kRmSightingMapping, area->vm_start, area->vm_end);
    }
  } else {
    visit->incomplete = 1;
  }
  bpf_iter_task_vma_destroy(&areas);
}

static __always_inline int NumberIn(const struct pid *pid, __u32 level) {
  struct upid number = {};
  if (!pid || pid->level < level) return 0;
  bpf_probe_read_kernel(&number, sizeof number,
                        (void *)pid + bpf_core_field_offset(struct pid, numbers) +
                            level * bpf_core_type_size(struct upid));
  return number.nr;
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
  const bool first = task->pid == task->tgid;
  const struct files_struct *files = task->files;
  const struct fs_struct *fs = task->fs;
  const struct mm_struct *mm = task->flags & PF_KTHREAD ? 0 : task->mm;
  if (!first) {
    if (files == leader->files) files = 0;
    if (fs == leader->fs) fs = 0;
    if (mm == leader->mm) mm = 0;
  }
  if (!question.directories) fs = 0;
  if (!files && !fs && !mm) return 0;

  struct Visit visit = {.seq = ctx->meta->seq};
  visit.before = PLAIN(struct seq_file, visit.seq)->count;
  visit.sighting.pid = NumberIn(leader->thread_pid, level);
  visit.sighting.tid = first ? visit.sighting.pid : NumberIn(task->thread_pid, level);
  visit.sighting.started_ns = leader->start_boottime;
  if (files) LookAtDescriptors(&visit, files);
  if (fs) {
    Compare(&visit, visit.seq, fs->pwd.dentry->d_inode, kRmSightingWorkingDirectory, 0, 0);
    Compare(&visit, visit.seq, fs->root.dentry->d_inode, kRmSightingRootDirectory, 0, 0);
  }
  if (mm) LookAtMemory(&visit, proven, mm);
  if (visit.incomplete) {
    visit.sighting.kind = kRmSightingIncomplete;
    bpf_seq_write(visit.seq, &visit.sighting, sizeof visit.sighting);
  }
  return 0;
}
