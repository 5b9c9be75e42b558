#!/bin/sh
# Does the C++ API compile without a warning, in two files of one program, with both compilers? And
# can everything of the C API be reached through it?   header.sh INCLUDE_DIRECTORY LIBRARY_DIRECTORY
set -eu
include=$1
library=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What has a better form: lists come whole, from RmxGetApps; text is UTF-8, by the Rmx functions.
# RmReserveHeap does nothing.
better="RmGetList RmRegisterResources RmStartSession RmReserveHeap"
failed=0
for name in $(sed -n 's/.*WINAPI \(Rm[A-Za-z]*\)(.*/\1/p' "$include/restartmanager.h" \
  "$include/restartmanagerx.h"); do
  case " $better " in
    *" $name "*) continue ;;
  esac
  grep -qw "$name" "$include/restartmanager.hpp" || {
    echo "header: restartmanager.hpp does not use $name"
    failed=1
  }
done

# Alone, before any other header; used in one file, and only included in the other.
cat >"$work/used.cc" <<'USED'
#include <restartmanager.hpp>
int main() {
  auto session = restartmanager::Session::Start();
  if (!session) return 1;
  if (!session->Register({.files = {"/not/there"}})) return 2;
  if (!session->AddFilter({restartmanager::Service{"none"}})) return 3;
  if (!session->SetOption(RmxOptionRelaunch, 1)) return 4;
  const auto apps = session->Apps();
  if (!apps || !apps->apps.empty()) return 5;
  if (!session->Shutdown(RmForceShutdown) || !session->Restart()) return 6;
  return session->End() ? 0 : 7;
}
USED
cat >"$work/included.cc" <<'INCLUDED'
#include <restartmanager.hpp>
INCLUDED
lacking=
for compiler in g++ clang++; do
  if ! command -v $compiler >/dev/null; then
    lacking=$compiler
    continue
  fi
  if ! $compiler -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
    -fsanitize=undefined -fno-sanitize-recover=all -I "$include" "$work/used.cc" \
    "$work/included.cc" -L "$library" -lrstrtmgr -o "$work/program"; then
    failed=1
    continue
  fi
  mkdir -m 700 "$work/store-$compiler"
  status=0
  LD_LIBRARY_PATH=$library RESTART_MANAGER_DIR=$work/store-$compiler "$work/program" || status=$?
  [ $status = 0 ] || {
    echo "header: the program that $compiler compiled returned $status"
    failed=1
  }
done
[ $failed = 0 ] || exit 1
[ -z "$lacking" ] || {
  echo "header: skipped, needs $lacking (packaging/packages.debian)"
  exit 77
}
