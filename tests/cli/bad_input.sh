#!/bin/bash
# Story: whatever is wrong, restartctl says what, to what and what to do, with its exit status, and
# nothing was stopped.  bad_input.sh RESTARTCTL   (as root; in namespaces of its own)
set -u
if [ "$(id -u)" != 0 ]; then
  echo "skipped: not root, so there is no user to be refused and no file system to fill"
  exit 77
fi
if [ "${1:-}" != --inside ]; then
  exec unshare --pid --mount --fork --kill-child --mount-proc --propagation private "$0" --inside "$@"
fi
restartctl=$2
nobody=65534
passed=0 failed=0
mount -t tmpfs -o mode=755 none /mnt
# Where systemd says that it runs: not here.
[ ! -d /run/systemd/system ] || mount -t tmpfs none /run/systemd
mkdir -p /mnt/{own,foreign,open,disk}
chmod 700 /mnt/{own,foreign,disk}
chmod 777 /mnt/open
chown $nobody /mnt/foreign
echo content >/mnt/file
chmod 644 /mnt/file
export RESTART_MANAGER_DIR=/mnt/own

[ -x "$restartctl" ] || { echo "$restartctl was not built"; exit 1; }
tail -f /mnt/file >/dev/null &
holder=$!
until [ "$(readlink "/proc/$holder/exe")" = "$(realpath "$(command -v tail)")" ] &&
  "$restartctl" who /mnt/file >/dev/null 2>&1; do :; done

# says STATUS TEXT ARGUMENT...: restartctl ends with this status and says this, and the holder still runs.
says() {
  local status=$1 text=$2 said got
  shift 2
  said=$("$@" 2>&1 >/dev/null </dev/null)
  got=$?
  if [ $got = "$status" ] && [[ $said == *"$text"* ]] && kill -0 $holder 2>/dev/null; then
    passed=$((passed + 1))
    echo "ok: $text"
  else
    failed=$((failed + 1))
    echo "NOT OK: $* -> $got (expected $status, \"$text\"): $said"
  fi
}
run() { # SAYS... : run, on the file that is held
  says "$1" "$2" "${@:3}" "$restartctl" run --force -f /mnt/file -- true
}
in_store() { run "$1" "$2" env RESTART_MANAGER_DIR="$3"; }

says 124 "/mnt/nope: No such file" "$restartctl" run -f /mnt/nope -f /mnt/file -- true
says 124 "file name is empty" "$restartctl" run -f "" -f /mnt/file -- true
says 2 "/mnt/nope: No such file" "$restartctl" who /mnt/nope
says 2 "no directory: name" "$restartctl" who --tree /mnt/file
# Without a /proc of its own: pids would be those of others.
says 2 "of another pid namespace" unshare --pid --fork "$restartctl" who /mnt/file
says 2 "of another pid namespace" unshare --pid --fork "$restartctl" stale
says 124 "no systemd" "$restartctl" run -s nginx -f /mnt/file -- true
says 124 "is not the name of a service" "$restartctl" run -s "a b/c" -f /mnt/file -- true
says 124 "is not the name of a service" "$restartctl" run -s getty@ -f /mnt/file -- true
says 124 "there is no process 4194303" "$restartctl" run -p 4194303 -f /mnt/file -- true
says 124 '"0" is not the number of a process' "$restartctl" run -p 0 -f /mnt/file -- true
says 124 '"x1" is not the number of a process' "$restartctl" run -p x1 -f /mnt/file -- true
says 124 "no COMMAND" "$restartctl" run -f /mnt/file --
says 124 "name what to free" "$restartctl" run -- true

in_store 125 "belongs to user $nobody" /mnt/foreign
in_store 125 "is open to other users" /mnt/open
in_store 125 "not an absolute path" own
in_store 125 "is not a directory" /mnt/file
in_store 125 "Remove it" /mnt/file
mount -t tmpfs -o size=64k,mode=700 none /mnt/disk
dd if=/dev/zero of=/mnt/disk/filler bs=1k status=none 2>/dev/null
in_store 125 "Its file system is full" /mnt/disk
rm /mnt/disk/filler
mount -o remount,ro /mnt/disk
in_store 125 "read-only" /mnt/disk

# A user: whom he may not look at is counted, never passed over; whom he may not stop is not asked.
# shellcheck disable=SC2086  # words
as_nobody="setpriv --reuid $nobody --regid $nobody --clear-groups env RESTART_MANAGER_DIR=/mnt/foreign"
says 1 "run as root to see them" $as_nobody "$restartctl" who /mnt/file
says 121 "stopping it needs root" $as_nobody "$restartctl" run -p $holder -- true

kill $holder
echo "$passed passed, $failed failed"
[ $failed = 0 ]
