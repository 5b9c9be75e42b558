// Where are the mappings of a process? The kernel's iterator locks and copies each of them, which
// takes longer than all the rest. Here their tree is read as it lies there: leaf after leaf, each
// searched for from the root by its first address. The kernel counts changes of the tree, so that
// one that came in between is noticed.
#pragma once

#include "bpf/kernel/types.h"

#define MAPLE_NODE_MASK 255ull
#define MAPLE_LEAF_64 1
#define MAPLE_RANGE_64 2
#define MAPLE_ARANGE_64 3
#define MAPLE_SLOTS 16
#define MAPLE_WIDE_SLOTS 10  // of a node of the type arange
#define MAPLE_MOST_DEPTH 8   // 5 are enough for all that a process may map
#define MAPLE_MOST_LEAVES (1 << 17)

struct MappingTree {
  __u64 task;      // the address of whose it is
  __u64 mm;        // that of the memory that it describes
  __u64 sequence;  // of its changes, when reading it began
  __u64 next;      // the first address of the next leaf
  __u64 ended;     // 1: there is none
  __u64 node;      // what is descended into: its address, with its type in the lower bits
  __u64 most;      // the last address below it
  __u64 used;      // slots of the leaf
  __u64 seen;      // mappings
  __u64 last;      // file that was mapped
  __u64 fence;
};

#define CHANGES_ARE_COUNTED bpf_core_field_exists(((struct mm_struct *)0)->mm_lock_seq.sequence)

static __always_inline unsigned SequenceOf(const struct MappingTree *tree) {
  if (!CHANGES_ARE_COUNTED) return 1;
  return PLAIN(struct mm_struct, (void *)tree->mm)->mm_lock_seq.sequence;
}

// Whether all that was read of it up to now was there at one moment. An atomic operation keeps the
// order of what is read.
static __always_inline bool IsAsItWas(struct MappingTree *tree) {
  __sync_fetch_and_add(&tree->fence, 0);
  const struct mm_struct *mm = PLAIN(struct task_struct, (void *)tree->task)->mm;
  return (__u64)mm == tree->mm && SequenceOf(tree) == tree->sequence;
}

// False: somebody changes it, or this kernel does not count changes.
static __always_inline bool BeginTree(struct MappingTree *tree, const struct task_struct *task,
                                      const struct mm_struct *mm) {
  if (!CHANGES_ARE_COUNTED) return false;
  tree->task = (__u64)task;
  tree->mm = (__u64)mm;
  tree->sequence = SequenceOf(tree);
  __sync_fetch_and_add(&tree->fence, 0);
  return tree->sequence % 2 == 0;
}

static __always_inline bool IsWhole(struct MappingTree *tree, const struct mm_struct *mm) {
  return tree->ended && tree->seen == (__u64)mm->map_count && IsAsItWas(tree);
}

static __always_inline __u32 TypeOf(__u64 node) { return node >> 3 & 15; }

// A node from its nth pivot on.
static __always_inline const struct maple_range_64 *From(__u64 node, __u32 number) {
  return PLAIN(struct maple_range_64, (void *)((node & ~MAPLE_NODE_MASK) + 8ull * number));
}

// Which of its slots has this address; that one's end is `most` then. A pivot that is not used is
// 0, or the node's own end.
__noinline __u32 SlotOf(struct MappingTree *tree, __u64 address, __u32 pivots) {
  if (!tree) return 0;
  __u32 slot = 0;
  for (; slot < MAPLE_SLOTS - 1; ++slot) {
    const __u64 pivot = From(tree->node, slot)->pivot[0];
    if (slot >= pivots || (slot && !pivot) || pivot >= tree->most) break;
    if (pivot < address) continue;
    tree->most = pivot;
    break;
  }
  return slot;
}

// 0: it is a leaf.
__noinline int Descend(struct MappingTree *tree) {
  if (!tree) return 0;
  const bool wide = TypeOf(tree->node) == MAPLE_ARANGE_64;
  if (!wide && TypeOf(tree->node) != MAPLE_RANGE_64) return 0;
  const __u32 slot = SlotOf(tree, tree->next, (wide ? MAPLE_WIDE_SLOTS : MAPLE_SLOTS) - 1);
  const struct maple_range_64 *from = From(tree->node, slot);
  // The slots come right behind the pivots.
  tree->node = wide ? from->pivot[MAPLE_WIDE_SLOTS - 1] : (__u64)from->slot[0];
  return 1;
}

// 0: there is none any more, or it is none that can be understood.
__noinline int FindLeaf(struct MappingTree *tree) {
  if (!tree || tree->ended) return 0;
  tree->node = (__u64)PLAIN(struct mm_struct, (void *)tree->mm)->mm_mt.ma_root;
  tree->most = ~0ull;
  for (int depth = 0; depth < MAPLE_MOST_DEPTH; ++depth)
    if (!Descend(tree)) break;
  if (TypeOf(tree->node) != MAPLE_LEAF_64 || tree->most < tree->next) return 0;
  const __u64 most = tree->most;
  tree->used = SlotOf(tree, most, MAPLE_SLOTS - 1) + 1;
  tree->ended = most == ~0ull;
  tree->next = most + 1;
  return 1;
}

// The address of the mapping, or 0.
static __always_inline __u64 AreaAt(const struct MappingTree *tree, __u32 slot) {
  return slot < tree->used ? (__u64)From(tree->node, slot)->slot[0] : 0;
}
