#!/bin/sh
# What does a session cost its caller, on tmpfs and on disk?  bench/session.sh [BUILD_DIRECTORY]
set -eu
build=${1:-build/gcc}
cd "$(dirname "$0")/.."
program=$build/bin/bench-session
[ -x "$program" ] || { echo "Build it first: cmake --build $build --target bench-session" >&2; exit 1; }
directory=
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' INT TERM
echo "Linux $(uname -r), $(nproc) processors, $(date -u +%F); load $(cut -d' ' -f1-3 /proc/loadavg)"
for parent in /dev/shm "${TMPDIR:-/tmp}"; do
  directory=$(mktemp -d "$parent/bench-session-XXXXXX")
  chmod 700 "$directory"
  echo
  echo "The store on $(stat -f -c %T "$parent") ($parent):"
  echo
  "$program" "$directory"
  rm -rf "$directory"
done
