#!/bin/sh
# Is every name on docs/contract-tests.md a test?  contract_tests_page.sh SOURCE_DIRECTORY
set -eu
cd "$1"
page=docs/contract-tests.md
names=$(grep '^|' "$page" | grep -o '`[A-Za-z0-9_.-]*`' | tr -d '`' | sort -u)
test -n "$names"
known=$(mktemp)
trap 'rm -f "$known"' EXIT
{
  grep -rhoE --include='*_test.cc' '^(TYPED_)?TEST(_F|_P)?\([A-Za-z0-9]+, [A-Za-z0-9]+' src tests |
    sed 's/^[A-Z_]*(//; s/, /./'
  grep -hoE '\{"[A-Za-z0-9]+", *[A-Za-z0-9]+\}' tests/abi/*.c | sed 's/^{"//; s/".*//'
  grep -hoE '\{"[A-Za-z0-9]+",$' tests/abi/*.c | sed 's/^{"//; s/".*//'
  grep -rhoE --include=CMakeLists.txt 'add_test\(NAME [A-Za-z0-9_-]+' src tests docs |
    sed 's/.*NAME //'
  sed -n 's/^foreach(name \(.*\))$/\1/p' tests/abi/CMakeLists.txt | tr ' ' '\n' | sed 's/^/abi_/'
} >"$known"
missing=$(for name in $names; do grep -qxF -e "$name" "$known" || echo "$name"; done)
if [ -n "$missing" ]; then
  echo "These are named in $page and are no tests:"
  echo "$missing"
  exit 1
fi
echo "contract_tests_page: $(echo "$names" | wc -l) tests, all there"
