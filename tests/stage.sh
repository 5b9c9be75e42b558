#!/bin/sh
# Does an installer really stop the restartable application, replace its file and bring it back?
#   stage.sh APPLICATION BIN_DIRECTORY LIB_DIRECTORY INSTALLER [ARGUMENT...]
# runs INSTALLER ARGUMENT... NEW FILE while the application, APPLICATION_PID, uses FILE. WORD=old: the
# installer fails, and the application comes back on the old one.
set -eu
application=$1
PATH=$2:$PATH
LD_LIBRARY_PATH=$3${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
shift 3
export PATH LD_LIBRARY_PATH
stage=$(mktemp -d)
export RESTART_MANAGER_DIR="$stage/store"
mkdir -m 700 "$stage/store"
mkfifo "$stage/status"
echo old >"$stage/file"
echo new >"$stage/new"
pid=
# The application of this test, which is nobody's child once it was brought back.
# A guard that ends looks into the store once more.
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; until rm -rf "$stage" 2>/dev/null; do :; done' EXIT

# The pipe has a reader and a writer as long as this shell lives.
exec 3<>"$stage/status"
"$application" "$stage/file" "$stage/status" 3>&- &
read -r what pid word <&3
[ "$what $word" = "started old" ] || { echo "stage: the application said: $what $word"; exit 1; }

# In a service that a service manager counts this test to, its children are a part of the caller.
if restartctl who --json "$stage/file" | grep -q detected_self; then
  echo "stage: skipped, needs a login session: the tests run in a service, of which their children are a part"
  exit 77
fi

before=$pid
export APPLICATION_PID="$pid"
"$@" "$stage/new" "$stage/file" 3>&-
read -r what pid word <&3
[ "$what $word" = "restarted ${WORD:-new}" ] || { echo "stage: the application said: $what $word"; exit 1; }
[ "$pid" != "$before" ] || { echo "stage: it was never stopped"; exit 1; }
sessions=$(restartctl session show)
[ -z "$sessions" ] || { echo "stage: a session was left: $sessions"; exit 1; }
echo "stage: $before was stopped, and came back as $pid on the ${WORD:-new} file"
