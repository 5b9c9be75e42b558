#!/bin/sh
# Is all there after an installation, do programs in older C and C++ find it, and does the C program of
# the README work with it?
#   install_test.sh BUILD_DIRECTORY LIBDIR
# shellcheck disable=SC2016
set -eu
build=$1
libdir=$2
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" >/dev/null
for file in bin/restartctl "$libdir/librstrtmgr.so" "$libdir/librestartapp.so" \
  "$libdir/restart-manager/rm-guard" "$libdir/restart-manager/rm-relaunch" \
  "$libdir/restart-manager/rm-windows" include/restartmanager.h \
  include/restartmanagerx.h include/restartmanager.hpp include/restartapp.h; do
  [ -f "$prefix/$file" ] || { echo "install_test: $file was not installed"; exit 1; }
done
units="$prefix/lib/systemd/system"
grep -qx "ExecStart=$prefix/bin/restartctl recover" "$units/restart-manager-recover.service" &&
  [ "$units/multi-user.target.wants/restart-manager-recover.service" -ef \
    "$units/restart-manager-recover.service" ] ||
  { echo "install_test: no boot would start what is owed: see $units"; exit 1; }

{
  echo '#include <restartmanager.h>'
  echo 'static void replace_the_files(void) {}'
  echo 'int main(void) {'
  sed -n '/^```c$/,/^```$/p' "$root/README.md" | grep -v '^```' | grep -v '^#include'
  echo 'return 0; }'
} >"$prefix/installer.c"
export PKG_CONFIG_PATH="$prefix/$libdir/pkgconfig"
# shellcheck disable=SC2046
cc -Wall -Werror "$prefix/installer.c" $(pkg-config --cflags --libs rstrtmgr) -o "$prefix/installer"
for header in restartmanager.h restartmanagerx.h restartapp.h; do echo "#include <$header>"; done >"$prefix/all.c"
echo 'int main(void) { return (int)UnregisterApplicationRestart(); }' >>"$prefix/all.c"
cp "$prefix/all.c" "$prefix/all.cc"
for standard in c99 c17 c++11 c++20; do
  case $standard in c++*) compiler=c++ source=all.cc ;; *) compiler=cc source=all.c ;; esac
  # shellcheck disable=SC2046
  "$compiler" -std=$standard -Wall -Wextra -Wpedantic -Werror "$prefix/$source" \
    $(pkg-config --cflags --libs restartapp) -o "$prefix/all"
done
echo '#include <restartmanager.hpp>' >"$prefix/old.cc"
# shellcheck disable=SC2046
c++ -std=c++17 -c "$prefix/old.cc" $(pkg-config --cflags rstrtmgr) -o "$prefix/old.o" 2>&1 |
  grep -q "needs C++20" || { echo "install_test: C++17 is told nothing"; exit 1; }

mkdir -m 700 "$prefix/store"
export RESTART_MANAGER_DIR="$prefix/store"
LD_LIBRARY_PATH="$prefix/$libdir" "$prefix/installer"
# It finds its library without being told.
"$prefix/bin/restartctl" --version
