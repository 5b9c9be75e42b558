#!/bin/sh
# Does wine-install put everything into a prefix or nothing, and does --undo leave what was there before?
#   wine_install_test.sh
set -eu
install=$(cd "$(dirname "$0")" && pwd)/wine-install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RM_BUILD="$work/build"
windows=$work/prefix/drive_c/windows
mkdir -p "$windows/system32" "$windows/syswow64" "$RM_BUILD/win64/bin" "$RM_BUILD/win32/bin"

listing() { (cd "$work/prefix" && find . -type f -exec sha256sum {} + | sort -k 2); }
fail() {
  echo "wine_install_test: $1"
  listing
  exit 1
}

# Of 32 bits nothing is built yet.
echo "Wine's own" >"$windows/system32/RstrtMgr.dll" # as some Wine wrote it; none of 32 bits
before=$(listing)
echo "ours of 64" >"$RM_BUILD/win64/bin/Rstrtmgr.dll"
echo "envoy" >"$RM_BUILD/win64/bin/rm-envoy.exe"
! "$install" "$work/prefix" >/dev/null 2>&1 || fail "it is content with half a build"
[ "$(listing)" = "$before" ] || fail "half of it was installed"

echo "ours of 32" >"$RM_BUILD/win32/bin/Rstrtmgr.dll"
for time in first second; do
  exec 3<"$windows/system32/RstrtMgr.dll" # a program has it
  "$install" "$work/prefix" >/dev/null
  [ "$(cat "$windows/system32/RstrtMgr.dll")" = "ours of 64" ] || fail "not ours after the $time time"
  [ "$(cat "$windows/syswow64/rstrtmgr.dll")" = "ours of 32" ] || fail "not ours of 32 bits after the $time time"
  [ "$(cat "$windows/syswow64/rm-envoy.exe")" = envoy ] || fail "no envoy after the $time time"
  echo "newer" >"$RM_BUILD/win64/bin/Rstrtmgr.dll"
  [ $time = second ] || [ "$(cat <&3)" = "Wine's own" ] || fail "the file of a running program was written over"
  exec 3<&-
  echo "ours of 64" >"$RM_BUILD/win64/bin/Rstrtmgr.dll"
done
for time in first second; do
  "$install" --undo "$work/prefix" >/dev/null
  [ "$(listing)" = "$before" ] || fail "not as before after the $time undo"
done
