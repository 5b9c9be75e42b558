# Sourced by the stories of the main job. They run inside a booted systemd:
#   STORY.sh BUILD SOURCE [DEBS]
# Says of every check whether it holds; the last line counts them.
set -u
build=$1 source=$2 debs=${3:-}
restartctl=$build/bin/restartctl
lib=/srv/main-job/libshared.so.1
new=/srv/main-job/new.so
passed=0 failed=0

check() { # WHAT COMMAND...: holds when the command succeeds
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok: $what"
  else
    failed=$((failed + 1))
    echo "NOT OK: $what"
  fi
}
same() { # WHAT EXPECTED GOT
  check "$1 (expected $2, got $3)" test "$2" = "$3"
}
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
}

# Polls a condition: what PID 1 does by itself has no process of ours to wait for.
await() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    read -r -t 0.05 <>"$tick" || :
  done
}
tick=$(mktemp -u)
mkfifo "$tick"

prepare() {
  mkdir -p /srv/main-job /run/main-job
  chmod 1777 /run/main-job
  cp "$build/lib/tests/libshared-1.so" $lib
  cp "$build/lib/tests/libshared-2.so" $new
}
main_pid() { systemctl show --property MainPID --value "$1"; }
# A service is active as soon as it was started, and has loaded the library a little later.
told_version() { cat "/run/main-job/$(main_pid "$1")" 2>/dev/null; }
tells_version() { [ -n "$(told_version "$1")" ]; }
version_of() {
  await 60 tells_version "$1"
  told_version "$1"
}
is_active() { systemctl is-active --quiet "$1"; }
all_active() {
  local unit
  for unit; do is_active "$unit" || return 1; done
}
# And use the library: whoever does not yet is nobody's user.
all_ready() {
  local unit
  for unit; do is_active "$unit" && tells_version "$unit" || return 1; done
}
all_down() {
  local unit
  for unit; do ! is_active "$unit" || return 1; done
}
# Nobody runs content that is no longer at its path.
nobody_holds_old() { ! grep -ls "$lib (deleted)" /proc/[0-9]*/maps 2>/dev/null | grep -q .; }
# Every process of the unit maps the library that is at its path now. (A daemon that forks has not
# loaded it itself, so it has said no version.)
maps_current() {
  local process inode
  inode=$(stat --format %i $lib)
  for process in $(cat "/sys/fs/cgroup$(systemctl show --property ControlGroup --value "$1")/cgroup.procs"); do
    grep -q " $inode  *$lib\$" "/proc/$process/maps" || return 1
  done
}
no_traces() { # of ours in PID 1
  local left
  left=$(
    systemctl list-units --all --plain --no-legend 'rm-hold-*' 'rm-gate-*' 'rm-order-*' 'rm-relaunch-*'
    systemctl --failed --plain --no-legend
  )
  [ -z "$left" ] || echo "left: $left"
  [ -z "$left" ]
}

# An installer: /run/script.sh, which registers, stops, and writes its pid to the FIFO /run/started.
stop_by_installer() { # REGISTER-OPTION...
  bash /run/script.sh "$restartctl" "$@" &
  begun=$!
  read -r installer </run/started
}
kill_installer() {
  kill -KILL "$installer"
  wait "$begun" 2>/dev/null
  check "the hold is gone" await 60 bash -c '! systemctl list-units --plain --no-legend "rm-hold-*" "rm-gate-*" | grep -q .'
}
