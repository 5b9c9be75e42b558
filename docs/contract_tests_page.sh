#!/bin/sh
# Is every name on docs/contract-tests.md and docs/wine-tests.md a test?  contract_tests_page.sh SOURCE_DIRECTORY
set -eu
cd "$1"
known=$(mktemp)
trap 'rm -f "$known"' EXIT
count=0

# check PAGE: against $known. Of the page for Wine only the first table names tests.
check() {
  names=$(sed '/^## Not possible/,$d' "$1" | grep '^|' | grep -o '`[A-Za-z0-9_.-]*`' | tr -d '`' | sort -u)
  test -n "$names"
  missing=$(for name in $names; do grep -qxF -e "$name" "$known" || echo "$name"; done)
  if [ -n "$missing" ]; then
    echo "These are named in $1 and are no tests:"
    echo "$missing"
    exit 1
  fi
  count=$((count + $(echo "$names" | wc -l)))
}

{
  grep -rhoE --include='*_test.cc' '^(TYPED_)?TEST(_F|_P)?\([A-Za-z0-9]+, [A-Za-z0-9]+' src tests |
    sed 's/^[A-Z_]*(//; s/, /./'
  grep -hoE '\{"[A-Za-z0-9]+", *[A-Za-z0-9]+\}' tests/abi/*.c | sed 's/^{"//; s/".*//'
  grep -hoE '\{"[A-Za-z0-9]+",$' tests/abi/*.c | sed 's/^{"//; s/".*//'
  grep -rhoE --include=CMakeLists.txt 'add_test\(NAME [A-Za-z0-9_-]+' src tests docs |
    sed 's/.*NAME //'
  sed -n 's/^foreach(name \(.*\))$/\1/p' tests/abi/CMakeLists.txt | tr ' ' '\n' | sed 's/^/abi_/'
} >"$known"
check docs/contract-tests.md

{
  printf '%s\n' exports.sh events abi_portable
  grep -hoE '\{"[A-Za-z0-9]+", *[A-Za-z0-9]+\}' tests/wine/*.c | sed 's/^{"//; s/".*//'
  grep -hoE '\{"[A-Za-z0-9]+",' tests/wine/*.c | sed 's/^{"//; s/".*//'
} >"$known"
check docs/wine-tests.md
echo "contract_tests_page: $count tests, all there"
