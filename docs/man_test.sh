#!/bin/sh
# Has every exported function an installed manual page that names it, and is every page well formed?
#   man_test.sh BUILD_DIRECTORY MANDIR LIBRARY...
set -eu
build=$1
mandir=$2
shift 2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
failed=0
fail() {
  echo "man_test: $*"
  failed=1
}

cmake --install "$build" --prefix "$prefix" >/dev/null
cd "$prefix/$mandir"
names=$(nm -D --defined-only "$@" | awk 'NF == 3 && $2 != "A" { sub(/@.*/, "", $3); print $3 }')
test -n "$names"
for name in $names; do
  page=man3/$name.3
  if [ ! -f "$page" ]; then
    fail "$name is exported and has no page"
    continue
  fi
  page=$(sed -n 's/^\.so //p' "$page" | grep . || echo "$page")
  # The name once in the section NAME, once with its arguments in the synopsis.
  sed -n '/^\.SH NAME/,/^\.SH SYNOPSIS/p' "$page" | grep -qw "$name" ||
    fail "$page: NAME lacks $name"
  sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' "$page" | grep -q "[ *]$name(" ||
    fail "$page: the synopsis lacks $name"
done

for page in man*/*; do
  case $(head -n 1 "$page") in
    .so*) continue ;;
  esac
  # What a page refers to in this project exists.
  for other in $(grep -oE '\\fB(Rmx?|Register|Unregister|Get|Application|restart)[A-Za-z]+\\fR\([0-9]\)' "$page" |
    sed 's/\\fB//; s/\\fR(\([0-9]\))/.\1/' | sort -u); do
    [ -f "man${other##*.}/$other" ] || fail "$page: there is no page $other"
  done
done
[ "$failed" = 0 ] && echo "man_test: $(echo "$names" | wc -l) names, $(find . -type f | wc -l) pages"
exit "$failed"
