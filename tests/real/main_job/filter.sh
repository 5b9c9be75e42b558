#!/bin/bash
# Story: an installer says of some whom it has stopped that they are to stay down, and is killed. PID 1
# brings back the others alone.
. "$(dirname "$0")/story.sh"
prepare
everyone="mj-db mj-requires mj-second mj-always mj-notify"
systemctl start $everyone
mkfifo /run/started
kept=/srv/main-job/kept back=/srv/main-job/back # plain programs that use the library
runs() { pgrep -cf "^$1 "; }
is_back() { [ "$(runs "$1")" = 1 ]; }
nap() { # PROGRAM: its pid
  cp /bin/sleep "$1"
  LD_PRELOAD=$lib setsid "$1" infinity </dev/null >/dev/null 2>&1 &
  echo $!
}
cat >/run/script.sh <<'SCRIPT'
restartctl=$1 lib=$2 kept=$3 back=$4
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register -f "$lib" && "$restartctl" session shutdown --relaunch
"$restartctl" session filter --no-restart -s mj-always -s mj-notify -s mj-requires -x "$kept" -x "$back"
"$restartctl" session filter --remove -s mj-notify -x "$back"
echo $$ >/run/started
exec sleep infinity
SCRIPT

check "everyone runs before" await 60 all_ready $everyone
for program in $kept $back; do
  check "a program uses the library" await 60 grep -q $lib "/proc/$(nap $program)/maps"
done
bash /run/script.sh "$restartctl" $lib $kept $back &
begun=$!
read -r installer </run/started
check "everyone is down" all_down $everyone
same "and both programs" 0 "$(($(runs $kept) + $(runs $back)))"
kill -KILL "$installer"
wait "$begun" 2>/dev/null
check "PID 1 brings the others back" await 60 all_active mj-db mj-second mj-notify
check "and the program that was to stay down for a while" await 60 is_back $back
check "and who is to stay down, but another one needs it" is_active mj-requires
check "the hold is gone" await 60 bash -c '! systemctl list-units --plain --no-legend "rm-hold-*" "rm-gate-*" | grep -q .'
"$restartctl" recover >/dev/null
same "recover has nothing to complain of" 0 $?
check "who is to stay down is down" all_down mj-always
same "and so is the program" 0 "$(runs $kept)"
same "no session is left" "[]" "$("$restartctl" session show --json | tr -d ' \n' | sed 's/.*"sessions":\(\[[^]]*\]\).*/\1/')"

# --- the installer lives, and takes a filter back before RmRestart
systemctl start mj-always
pkill -f "^$back "
check "everyone runs again" await 60 all_ready $everyone
check "and the program" await 60 grep -q $lib "/proc/$(nap $back)/maps"
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register -f $lib && "$restartctl" session shutdown --relaunch
"$restartctl" session filter --no-restart -s mj-always -s mj-notify -x $back
"$restartctl" session filter --remove -s mj-notify -x $back
check "nobody is started by that" all_down $everyone
same "nor is the program" 0 "$(runs $back)"
"$restartctl" session restart
same "restart brings back who is not filtered" 0 $?
check "and the services" all_active mj-db mj-requires mj-second mj-notify
check "and the program" is_back $back
check "who is filtered is down" all_down mj-always
"$restartctl" session end
systemctl start mj-always
pkill -f "^$back "
check "no unit of ours is left over, none has failed" await 60 no_traces
finish
