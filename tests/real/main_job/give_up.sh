#!/bin/bash
# Story: what an update stopped can never come back: a service that fails each time, one whose assertion is not
# met, a program that is gone. An administrator gives it up. One whose condition is not met is to be down.
. "$(dirname "$0")/story.sh"
prepare
mkdir /run/gu
mkfifo /run/started
program=/srv/main-job/program # a plain program
unit() { # NAME LINE...
  printf '%s\n' "${@:2}" 'ExecStart=/bin/sleep infinity' >"/run/systemd/system/$1.service"
}
unit gu-fails '[Service]' 'ExecStartPre=/usr/bin/test ! -e /run/gu/bad'
unit gu-worse '[Service]' 'ExecStartPre=/usr/bin/test ! -e /run/gu/bad'
unit gu-fine '[Service]'
unit gu-command '[Service]' 'ExecCondition=/usr/bin/test -e /run/gu/flag'
unit gu-condition '[Unit]' 'ConditionPathExists=/run/gu/flag' '[Service]'
unit gu-assertion '[Unit]' 'AssertPathExists=/run/gu/flag' '[Service]'
# PID 1 remembers of a unit that is down only what something refers to.
printf '%s\n' '[Unit]' 'Wants=gu-condition.service gu-assertion.service gu-command.service' >/run/systemd/system/gu-keeper.target
systemctl daemon-reload
cat >/run/script.sh <<'SCRIPT'
restartctl=$1
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register "${@:2}" && "$restartctl" session shutdown --relaunch >/dev/null
echo "$$" >/run/started
exec sleep infinity
SCRIPT
recover() { "$restartctl" recover "$@" 2>&1; }
says() { # WHAT STATUS TEXT RECOVER-OPTION...
  local said status
  said=$(recover "${@:4}")
  status=$?
  same "$1: status" "$2" "$status"
  check "$1: $said" grep -qF -- "$3" <<<"$said"
}
kept() { find /var/lib/restart-manager /run/restart-manager -name 'owed-*' -o -name 'relaunch-*' -o -name 'late-*'; }

# --- a service that fails each time
systemctl start gu-fails gu-fine
stop_by_installer -s gu-fails -s gu-fine
says "while its installer lives" 124 "lives and decides" --give-up gu-fails
check "it is kept for the next boot" grep -q gu-fails /var/lib/restart-manager/owed-*
touch /run/gu/bad
kill_installer
says "it fails" 122 "gu-fails.service did not come back"
says "and fails again" 122 "gu-fails.service did not come back"
same "who is back is not named again" 0 "$(recover | grep -c gu-fine)"
says "it is listed" 0 "owes a start to gu-fails.service" --list
says "what would be given up is told" 0 "would give up gu-fails.service" --dry-run --give-up gu-fails
says "and not given up by that" 0 "owes a start to gu-fails.service" --list
says "nothing is given up when a name is wrong" 124 "nothing that is owed is called" --give-up gu-fails gu-fine
says "it is still owed" 0 "owes a start to gu-fails.service" --list
says "it is given up" 0 "given up by user 0 (root)" --give-up gu-fails
says "recover has nothing to do" 0 "nothing was owed"
same "nothing is kept for it" "" "$(kept)"
check "the journal tells it" await 60 bash -c 'journalctl --quiet -o cat RM_EVENT=11001 -u gu-fails | grep -q "given up by user 0"'
rm /run/gu/bad
check "the other one runs" is_active gu-fine
check "and it is down" all_down gu-fails
systemctl reset-failed gu-fails

# --- a condition: the service is to be down, as its unit says
touch /run/gu/flag
systemctl start gu-keeper.target gu-condition gu-assertion
stop_by_installer -s gu-condition -s gu-assertion
rm /run/gu/flag
kill_installer
says "both are told" 122 "ConditionPathExists=/run/gu/flag is not met; it is owed no start any more"
says "the assertion is owed" 122 "AssertPathExists=/run/gu/flag is not met"
same "the condition is not" 0 "$(recover --list | grep -c gu-condition)"
touch /run/gu/flag
says "when the assertion is met it comes back" 0 "gu-assertion.service is back"
check "it runs" is_active gu-assertion
check "who was left down is down" all_down gu-condition

# --- the same, where a command decides
systemctl start gu-command
stop_by_installer -s gu-command
rm /run/gu/flag
kill_installer
says "it is told" 122 "ExecCondition= is not met; it is owed no start any more"
says "and owed no longer" 0 "nothing was owed"
check "it is down" all_down gu-command

# --- a program that is gone
cp /bin/sleep $program
setsid $program infinity </dev/null >/dev/null 2>&1 &
pid=$!
check "a program runs" await 60 grep -q infinity /proc/$pid/cmdline
stop_by_installer -f $program
rm $program
kill_installer
says "it cannot be started" 122 "$program cannot be run"
says "it is listed with the pid that it had" 0 "program (pid $pid)" --list
says "it is given up" 0 "given up" --give-up $pid
says "recover has nothing to do" 0 "nothing was owed"
same "nothing is kept for it" "" "$(kept)"

# --- a whole session
systemctl start gu-fails gu-worse
stop_by_installer -s gu-fails -s gu-worse
touch /run/gu/bad
kill_installer
says "both fail" 122 "gu-fails.service, gu-worse.service did not come back"
session=$(recover --list | cut -d: -f1)
says "a session is given up" 0 "gu-worse.service is owed no start any more" --give-up "$session"
says "all of it" 0 "nothing was owed"
rm /run/gu/bad
systemctl reset-failed
check "no unit of ours is left over, none has failed" await 60 no_traces
finish
