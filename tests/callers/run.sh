#!/bin/sh
# Does a caller in another language work with the installed library?
#   run.sh LANGUAGE BUILD_DIRECTORY LIBDIR APPLICATION
# Installs to a temporary prefix, and runs installer.LANGUAGE there, as tests/stage.sh says.
set -eu
language=$1
build=$2
libdir=$3
application=$4
here=$(cd "$(dirname "$0")" && pwd)
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

# Exit status 77 is a skipped test.
lack() {
  echo "callers: skipped, needs $*"
  exit 77
}
need() {
  command -v "$1" >/dev/null || lack "$1 (packaging/packages.debian)"
}

case $language in
  cs)
    need mcs
    need mono
    mcs -out:"$prefix/installer.exe" "$here/installer.cs"
    set -- mono "$prefix/installer.exe"
    ;;
  py)
    need python3
    set -- python3 "$here/installer.py"
    ;;
  cjs)
    need node
    need npm
    # What the lock file names, fetched once; its prebuilt library needs no script to be run.
    modules=$build/tests/callers/node
    mkdir -p "$modules"
    if ! cmp -s "$here/package-lock.json" "$modules/fetched"; then
      cp "$here/package.json" "$here/package-lock.json" "$modules"
      if ! npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 >"$modules/npm.log" 2>&1
      then
        cat "$modules/npm.log"
        lack "koffi, which npm could not fetch from its registry"
      fi
      cp "$here/package-lock.json" "$modules/fetched"
    fi
    export NODE_PATH="$modules/node_modules"
    set -- node "$here/installer.cjs"
    ;;
esac
cmake --install "$build" --prefix "$prefix" >/dev/null
"$here/../stage.sh" "$application" "$prefix/bin" "$prefix/$libdir" "$@"
