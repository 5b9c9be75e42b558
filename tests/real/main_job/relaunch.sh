#!/bin/bash
# Story: who brings a program back is killed at it, and so is the installer. PID 1 runs it again, and the
# program once. And one whose executable was moved aside early comes back as what the update brings late.
. "$(dirname "$0")/story.sh"
prepare
program=/srv/main-job/program # a plain program that uses the library
runs() { pgrep -cf "^$program "; }
is_back() { [ "$(runs)" = 1 ]; }
nap() { # its pid
  SECRET=password LD_PRELOAD=$lib setsid $program infinity </dev/null >/dev/null 2>&1 &
  echo $!
}
relaunches() { pgrep -x rm-relaunch; }
another_relaunch() { [ -n "$(relaunches)" ] && [ "$(relaunches)" != "$1" ]; }
no_relaunch_unit() { ! systemctl list-units --all --plain --no-legend "rm-relaunch-*" | grep -q .; }
cp /bin/sleep $program
mkfifo /run/started
cat >/run/script.sh <<'SCRIPT'
restartctl=$1 lib=$2
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register -f "$lib" && "$restartctl" session shutdown --relaunch
echo $$ >/run/started
exec sleep infinity
SCRIPT

check "a program uses the library" await 60 grep -q $lib "/proc/$(nap)/maps"
bash /run/script.sh "$restartctl" $lib &
begun=$!
read -r installer </run/started
same "it is down" 0 "$(runs)"
spec=$(echo /run/restart-manager/relaunch-*)
exec 9<"$spec"
flock -x 9 # rm-relaunch waits for it
kill -KILL "$installer"
wait "$begun" 2>/dev/null
check "PID 1 starts rm-relaunch" await 60 relaunches
first=$(relaunches)
kill -KILL "$first"
check "and again after it was killed" await 60 another_relaunch "$first"
same "nobody is started beside it" 0 "$(runs)"
exec 9<&-
check "the program is back" await 60 is_back
check "rm-relaunch has become it" await 60 bash -c '! pgrep -x rm-relaunch >/dev/null'
same "the secrets of its environment are gone" "" "$(grep -l password "$spec")"

# Its file says that it was started: it is its own crash.
kill -SEGV "$(pgrep -f "^$program ")"
check "PID 1 has given up its unit" await 60 no_relaunch_unit
same "who crashes later is not started by that" 0 "$(runs)"
"$restartctl" recover 2>/dev/null
same "recover says that it has not stayed" 122 $?
same "and starts nobody a second time" 0 "$(runs)"
"$restartctl" recover >/dev/null
same "who asks once more gets it back" 0 $?
check "once" is_back
pkill -f "^$program "

# --- moved aside, nothing there yet, stopped; then the new one comes
check "a program runs" await 60 grep -q $lib "/proc/$(nap)/maps"
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register -f $program
mv $program $program.old
"$restartctl" session shutdown --relaunch
same "it is stopped" 0 $?
same "and down" 0 "$(pgrep -cf "^$program ")"
cp /bin/sleep $program.new
mv $program.new $program
"$restartctl" session restart
same "it is brought back" 0 $?
check "as the new one" test "$(readlink "/proc/$(pgrep -f "^$program ")/exe")" = $program
"$restartctl" session end

# --- the update is called off: what it ran is all there is
RESTART_MANAGER_SESSION=$("$restartctl" session start)
"$restartctl" session register -f $program
mv $program $program.old
"$restartctl" session shutdown --relaunch && "$restartctl" session restart
same "without a new one it is brought back" 0 $?
check "as what it was" test "$(readlink "/proc/$(pgrep -f "^$program ")/exe")" = $program.old
"$restartctl" session end
pkill -f "^$program "
check "no unit of ours is left over, none has failed" await 60 no_traces
finish
