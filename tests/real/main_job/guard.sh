#!/bin/bash
# Story: whatever ends the installer, and all that it was started with, the guard is not among it.
. "$(dirname "$0")/story.sh"
prepare
# PID 1 would refuse the third start of mj-limited, whoever owes it.
everyone="mj-db mj-requires mj-partof mj-bindsto mj-second mj-always mj-notify mj-limited"
systemctl start $everyone
mkfifo /run/started
cat >/run/command.sh <<'COMMAND'
echo $$ >/run/started
exec sleep infinity
COMMAND
# A script is the installer, and dies of the first signal that comes.
cat >/run/script.sh <<'SCRIPT'
restartctl=$1 lib=$2
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register -f "$lib" && "$restartctl" session shutdown
"$restartctl" session shutdown # once more, on what is down already: the same hold
echo $$ >/run/started
exec sleep infinity
SCRIPT
runs="$restartctl run -q -f $lib -- bash /run/command.sh"
script="bash /run/script.sh $restartctl $lib"

one_guard() { [ "$(pgrep -c rm-guard)" = 1 ] && [ "$(systemctl list-units --plain --no-legend 'rm-hold-*' | wc -l)" = 1 ]; }
# CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE
few_rights() { grep -q '^CapPrm:.*0000000000080004$' "/proc/$(pgrep rm-guard)/status" && grep -q '^NoNewPrivs:.*1$' "/proc/$(pgrep rm-guard)/status"; }
cgroup_of() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")"; }
is_over() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
guard_is_elsewhere() { # PID: in no cgroup, no session and no process group of it or of its parents
  local guard process
  guard=$(pgrep rm-guard)
  [ "$(cgroup_of "$guard")" != "$(cgroup_of "$1")" ] || return 1
  for process in "$1" $(ps -o ppid= -p "$1"); do
    [ "$(ps -o sid= -p "$guard")" != "$(ps -o sid= -p "$process")" ] || return 1
  done
}
# Nothing of ours in PID 1, in the process table, in the cgroups, in the directories.
nothing_left() {
  no_traces && ! pgrep rm-guard && ! pgrep rm-relaunch && ! ls -d /sys/fs/cgroup/system.slice/rm-* 2>/dev/null &&
    ! ls /run/restart-manager | grep -vE '^(sessions\.db(-wal|-shm)?|paying|journal.*)$' &&
    ! ls /var/lib/restart-manager | grep .
}

# WHAT HOW_IT_ENDS COMMAND...: COMMAND begins an update, HOW_IT_ENDS is run with the pid of what runs in it.
update() {
  local what=$1 ends=$2
  shift 2
  check "$what: everyone runs before" await 60 all_ready $everyone
  "$@" >/run/told 2>&1 </dev/null &
  local begun=$! inner
  read -r inner </run/started
  check "$what: everyone is down" all_down $everyone
  check "$what: there is one guard" one_guard
  check "$what: it is nowhere near the installer" guard_is_elsewhere "$inner"
  check "$what: it may do nothing but look" few_rights
  "$ends" "$inner" "$begun"
  check "$what: everyone is back" await 60 all_active $everyone
  check "$what: the installer is over" await 60 is_over "$inner"
  wait "$begun" 2>/dev/null
  check "$what: the guard has gone" await 60 bash -c '! pgrep rm-guard >/dev/null'
  "$restartctl" recover >/dev/null
  same "$what: recover has nothing to complain of" 0 $?
  check "$what: nothing is left behind" await 60 nothing_left
}

# --- its service is stopped
stop_service() { systemctl stop installer; }
in_service="systemd-run -q --wait --collect --unit=installer"
update "systemctl stop" stop_service $in_service -- $runs
update "systemctl stop, of a script" stop_service $in_service -- $script
update "systemctl stop, at once by force" stop_service $in_service -p KillSignal=SIGKILL -- $runs

# --- its terminal is closed
close_terminal() { kill -KILL "$2"; }
on_terminal="python3 $(dirname "$0")/terminal.py"
update "the terminal of restartctl is closed" close_terminal $on_terminal $runs
update "the terminal of its shell is closed" close_terminal $on_terminal bash -c "$runs; true"
update "the terminal of an interactive shell is closed" close_terminal $on_terminal bash -ic "$runs; true"
update "the terminal of a script is closed" close_terminal $on_terminal $script

# Without the right to be told, it goes on: nobody starts anything before it is done.
survives_hangup() {
  kill -KILL "$2"
  wait "$2" 2>/dev/null
  check "nohup: nobody is started when the terminal is gone" all_down $everyone
  kill -TERM "$1"
}
update "nohup" survives_hangup $on_terminal nohup $runs

# --- everything it was started with is killed at one stroke
kill_cgroup() { echo 1 >"$(cgroup_of "$1")/cgroup.kill"; }
update "cgroup.kill of a service" kill_cgroup $in_service -- $runs
update "cgroup.kill of a service, of a script" kill_cgroup $in_service -- $script
update "cgroup.kill of a scope" kill_cgroup systemd-run -q --scope --unit=installer -- $runs
kill_both() {
  exec 7>"$(cgroup_of "$(pgrep rm-guard)")/cgroup.kill" 8>"$(cgroup_of "$1")/cgroup.kill"
  echo 1 >&7
  echo 1 >&8 2>/dev/null
  exec 7>&- 8>&-
}
update "cgroup.kill of the service and of the guard" kill_both $in_service -- $runs
finish
