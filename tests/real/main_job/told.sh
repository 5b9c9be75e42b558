#!/bin/bash
# Story: what packages and administrators tell the service managers in the middle of an update.
. "$(dirname "$0")/story.sh"
prepare
program=/srv/main-job/program # a plain program that uses the library
cp /bin/sleep $program
running() { pgrep -f "^$program "; }
as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/tmp XDG_RUNTIME_DIR=/run/user/1000 "$@"; }
in_a_unit_of_its_own() { grep -q '^0::/system.slice/rm-relaunch-' "/proc/$(running)/cgroup"; }
update() { # begins a session for the files and services
  RESTART_MANAGER_SESSION=$("$restartctl" session start)
  export RESTART_MANAGER_SESSION
  "$restartctl" session register "$@"
}

# Makes a manager that executes itself anew wait in the middle, where nobody can reach it.
mkfifo /run/generates /run/go
chmod 666 /run/generates /run/go
reexecute() { # system|user
  local generator=/etc/systemd/$1-generators/waits
  mkdir -p "${generator%/*}"
  printf '#!/bin/sh\n: >/run/generates\nread -r _ </run/go\n' >"$generator"
  chmod 755 "$generator"
  if [ "$1" = system ]; then systemctl daemon-reexec & else as_user systemctl --user daemon-reexec & fi
  : </run/generates
  rm "$generator"
}
go_on() {
  sleep 0.5 # whoever asks now is not answered
  : >/run/go
}

LD_PRELOAD=$lib setsid $program infinity </dev/null >/dev/null 2>&1 &
check "a program uses the library" await 60 grep -qs $lib "/proc/$!/maps"
systemctl start mj-notify
check "so does a service" await 60 all_ready mj-notify

# --- PID 1 executes itself anew right now
update -f $lib
reexecute system
"$restartctl" session shutdown --relaunch &
go_on
wait $!
same "they are stopped" 0 $?
check "the service is down" all_down mj-notify
same "so is the program" "" "$(running)"
reexecute system
"$restartctl" session restart &
go_on
wait $!
same "they are brought back" 0 $?
check "the service is" is_active mj-notify
check "the program is, in a unit of its own" in_a_unit_of_its_own

# --- once more in the same session, while the program lives that was brought back
check "the service uses the library again" await 60 all_ready mj-notify
"$restartctl" session shutdown --relaunch
same "they are stopped once more" 0 $?
check "the service is down" all_down mj-notify
same "so is the program" "" "$(running)"
"$restartctl" session restart
same "they are brought back once more" 0 $?
"$restartctl" session end

# --- a user's service manager does
as_user systemctl --user start mj-user.service
update -s user:1000/mj-user.service
reexecute user
"$restartctl" session shutdown &
go_on
wait $!
same "a user's service is stopped" 0 $?
same "it is down" inactive "$(as_user systemctl --user is-active mj-user.service)"
reexecute user
"$restartctl" session restart &
go_on
wait $!
same "it is brought back" 0 $?
check "it runs" as_user systemctl --user --quiet is-active mj-user.service
"$restartctl" session end

# --- a user's service manager has stopped, and does not say what it runs
update -s user:1000/mj-user.service
systemctl kill --signal STOP --kill-who main user@1000
SECONDS=0
"$restartctl" session shutdown 2>/run/said
same "a registered service that nobody can look at is no success" 125 $?
check "nobody waits for that as long as sd-bus would, 90 s ($SECONDS s)" test $SECONDS -lt 60
check "it is said whose it is" grep -q "service manager of user 1000" /run/said
systemctl kill --signal CONT --kill-who main user@1000
"$restartctl" session end

# --- only what a target needs is to run. That is not asked of programs which are no services
printf '[Unit]\nRequires=sysinit.target rm-harness.target\nAllowIsolate=yes\n' >/run/systemd/system/mj-isolated.target
systemctl daemon-reload
update -f $program
"$restartctl" session shutdown --relaunch
systemctl isolate mj-isolated.target
check "they are held as before" bash -c 'systemctl list-jobs --no-legend "rm-hold-*" | grep -q running'
"$restartctl" session restart
same "the program is brought back" 0 $?
check "in a unit of its own" in_a_unit_of_its_own
"$restartctl" session end
was=$(running)
systemctl isolate mj-isolated.target
same "and it outlives that as it would have before" "$was" "$(running)"

# --- the store is named so that its name would not come back from a unit's file
RESTART_MANAGER_DIR=/srv/main-job/$'$HOME; \xff\nExecStartPre=touch made-by-a-name\n%n "'
mkdir -m 700 "$RESTART_MANAGER_DIR"
export RESTART_MANAGER_DIR
update -f $program
"$restartctl" session shutdown --relaunch
systemctl daemon-reload
"$restartctl" session restart
same "the program is brought back" 0 $?
check "by PID 1" in_a_unit_of_its_own
"$restartctl" session end
unset RESTART_MANAGER_DIR

# --- all that waits is cancelled
systemctl start mj-notify
update -f $program
"$restartctl" session shutdown --relaunch
systemctl cancel
"$restartctl" session register -s mj-notify && "$restartctl" session shutdown
same "and a service is to be stopped, too" 0 $?
check "it is held" bash -c 'systemctl list-jobs --no-legend mj-notify.service | grep -q "start *waiting"'
"$restartctl" session restart
same "they are brought back" 0 $?
check "the service is" is_active mj-notify
check "the program is, not as a child of ours, but in a unit of its own" in_a_unit_of_its_own
"$restartctl" session end
kill "$(running)"
check "no unit of ours is left over, none has failed" await 60 no_traces
finish
