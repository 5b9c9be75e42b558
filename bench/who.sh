#!/bin/sh
# How fast is "who uses these files?" beside fuser and lsof?  bench/who.sh [--docs] [BUILD_DIRECTORY]
# As root; in a pid namespace of its own, so that the population is all there is and ends with it. COUNTS names the populations.
# With --docs the figures and their chart become those of docs/benchmarks.md, whose table is what this prints.
set -eu
docs=
if [ "${1:-}" = --docs ]; then
  docs=yes
  shift
fi
build=${1:-build/gcc}
cd "$(dirname "$0")/.."
program=$build/bin/bench-who
[ -x "$program" ] || { echo "Build it first: cmake --build $build --target bench-who" >&2; exit 1; }
for tool in fuser lsof unshare python3; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install psmisc lsof util-linux python3" >&2; exit 1; }
done
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' INT TERM
figures=$directory/figures.csv
echo "# Linux $(uname -r), $(nproc) processors, $(date -u +%F), load $(cut -d' ' -f1 /proc/loadavg); median of 5, in turns" | tee "$figures"
for count in ${COUNTS:-500 2000 5000}; do
  unshare --pid --mount --fork --kill-child --mount-proc "$program" "$directory/pool" "$count" >>"$figures"
done
if [ -z "$docs" ]; then
  bench/who_chart.py "$figures"
else
  bench/who_chart.py "$figures" docs/benchmarks-who.svg
  cp "$figures" docs/benchmarks-who.csv
fi
sed -n '2,$s/^# //p' "$figures"
