// What does the program in the kernel say about one object that a task has? Shared by both sides.
#pragma once

#include <linux/types.h>

enum RmSightingKind {
  kRmSightingDescriptor,
  kRmSightingMapping,
  kRmSightingExecutable,
  kRmSightingWorkingDirectory,
  kRmSightingRootDirectory,
  // Not an object: the task has more of them than one answer takes, an io_uring, or descriptors
  // that were sent to it, or its memory was busy. Ask /proc about the whole process.
  kRmSightingIncomplete,
};

struct RmSighting {
  __u32 pid;         // of the process, in the asker's pid namespace
  __u32 tid;         // of the task, likewise; 0: outside of it
  __u64 started_ns;  // since boot, of the leader
  __u64 object;      // the inode's address: tells objects of one moment apart, and nothing else
  __u64 ino;         // of the inode as the task sees it: on an overlay, the overlay's
  __u64 at;          // descriptor number, or first address of the mapping
  __u64 end;         // of the mapping
  __u32 device;      // s_dev of its superblock: major << 20 | minor
  __u16 kind;        // RmSightingKind
  __u16 unproven;    // 1: seen through an overlay, or the node of a device
};

// The sightings of one task must fit into what the kernel keeps for one answer, 8 pages.
#define RM_MOST_BYTES 30000
// Tasks are divided among so many threads at most.
#define RM_MOST_SHARDS 8

// What is asked; written by the asker.
struct RmQuestion {
  __u32 word_mask;             // of the numbers
  __u32 shards;                // how many threads ask
  __u32 directories;           // 1: also working and root directories
  __u32 backing;               // FMODE_BACKING of this kernel
  __u32 tids[RM_MOST_SHARDS];  // of the threads, in their own pid namespace; 0: none
};

// Which bits of a word stand for the inode number. The upper half is left out: an overlay may have
// put the number of a layer there.
#define RM_NUMBER_HASH(ino) ((__u64)(__u32)(ino)*0x9E3779B97F4A7C15ull)
#define RM_NUMBER_BITS(hash) (1ull << ((hash)&63) | 1ull << ((hash) >> 6 & 63))
#define RM_NUMBER_WORD(hash) ((__u32)((hash) >> 32))
