#!/bin/sh
# Does the library export what the headers declare, and nothing else?  exports.sh LIBRARY HEADER...
set -eu
library=$1
shift
names=$(mktemp -d)
trap 'rm -r "$names"' EXIT
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
  sort >"$names/exported"
sed -n 's/^[A-Za-z].* WINAPI \**\(Rm[A-Za-z]*\)(.*/\1/p; s/^const char \*WINAPI \(Rm[A-Za-z]*\)(.*/\1/p' \
  "$@" | sort -u >"$names/declared"
test -s "$names/declared"
if ! diff "$names/declared" "$names/exported"; then
  echo "exports: < is declared and not exported, > is exported and not declared"
  exit 1
fi
echo "exports: $(wc -l <"$names/exported") names, as declared"
