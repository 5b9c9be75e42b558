#!/bin/sh
# How fast is "who uses these files?" beside fuser and lsof?  bench/who.sh [BUILD_DIRECTORY]
# As root; in a pid namespace of its own, so that the population is all there is and ends with it.
set -eu
build=${1:-build/gcc}
cd "$(dirname "$0")/.."
program=$build/bin/bench-who
[ -x "$program" ] || { echo "Build it first: cmake --build $build --target bench-who" >&2; exit 1; }
for tool in fuser lsof unshare; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install psmisc lsof util-linux" >&2; exit 1; }
done
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' INT TERM
echo "Linux $(uname -r), $(nproc) processors, $(date -u +%F); median of 5, in turns"
for count in ${COUNTS:-500 2000 5000}; do
  echo
  unshare --pid --mount --fork --kill-child --mount-proc "$program" "$directory/pool" "$count"
done
