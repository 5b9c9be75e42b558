#!/bin/sh
# From how many processes on is BPF faster than /proc, if it has yet to be loaded?  bench/crossing.sh [BUILD_DIRECTORY]
# As root; in a pid namespace of its own. DESCRIPTORS says how many each process has. kWorthLoading of
# src/machine/holder_finder.cc comes from this.
set -eu
build=${1:-build/gcc}
cd "$(dirname "$0")/.."
program=$build/bin/bench-crossing
[ -x "$program" ] || { echo "Build it first: cmake --build $build --target bench-crossing" >&2; exit 1; }
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' INT TERM
echo "Linux $(uname -r), $(nproc) processors, $(date -u +%F), load $(cut -d' ' -f1 /proc/loadavg)"
for descriptors in ${DESCRIPTORS:-20 50 100}; do
  echo
  unshare --pid --mount --fork --kill-child --mount-proc "$program" "$directory/pool" "$descriptors"
done
