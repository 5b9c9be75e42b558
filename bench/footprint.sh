#!/bin/sh
# How much memory does "who uses this file?" take with 250,000 descriptors, and how long until the work begins?
#   bench/footprint.sh [BUILD_DIRECTORY]
# As root; in a pid namespace of its own.
set -eu
cd "$(dirname "$0")/.."
programs=$(realpath "${1:-build/gcc}")/bin
for program in bench-footprint bench-caller restartctl; do
  [ -x "$programs/$program" ] || { echo "Build it first: tools/build gcc bench-footprint bench-caller restartctl" >&2; exit 1; }
done
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' INT TERM
export RESTART_MANAGER_DIR="$directory/store"
mkdir -m 700 "$RESTART_MANAGER_DIR"
ulimit -n 2048
echo "Linux $(uname -r), $(nproc) processors, $(date -u +%F), load $(cut -d' ' -f1 /proc/loadavg); median of 9, memory the most of 9"
echo
unshare --pid --mount --fork --kill-child --mount-proc \
  "$programs/bench-footprint" "$directory/pool" "$programs/restartctl" "$programs/bench-caller"
