#!/bin/sh
# Does one C program compile and link against the headers of mingw-w64, and against ours, where it
# runs as well?   portable.sh SOURCE INCLUDE_DIRECTORY LIBRARY_DIRECTORY
set -eu
source=$1
include=$2
library=$3
mingw=x86_64-w64-mingw32-gcc
warnings="-std=c11 -Wall -Wextra -Wpedantic -Werror"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Text is L"..." on both: wchar_t has 16 bits there, and here with this option.
# shellcheck disable=SC2086  # a list of options
cc $warnings -fshort-wchar -I "$include" "$source" -L "$library" -lrstrtmgr -o "$work/here"
mkdir -m 700 "$work/store"
LD_LIBRARY_PATH=$library RESTART_MANAGER_DIR=$work/store "$work/here"
echo "portable: compiles with ours, and runs"

if ! command -v $mingw >/dev/null; then
  echo "portable: skipped, needs $mingw (packaging/packages.debian) for the other half"
  exit 77
fi
# Windows programs include windows.h first.
# shellcheck disable=SC2086
$mingw $warnings -include windows.h "$source" -lrstrtmgr -o "$work/there.exe"
echo "portable: compiles with mingw-w64's"
narrow=i686-w64-mingw32-gcc
if command -v $narrow >/dev/null; then
  # shellcheck disable=SC2086
  $narrow $warnings -include windows.h "$source" -lrstrtmgr -o "$work/there32.exe"
  echo "portable: compiles with mingw-w64's for 32 bits"
fi
