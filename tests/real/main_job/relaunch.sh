#!/bin/bash
# Story: who brings a program back is killed at it, and so is the installer. PID 1 runs it again, and the
# program once. And one whose executable was moved aside early comes back as what the update brings late, and
# one that leaves late when it leaves.
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
flock -x 9              # rm-relaunch waits for it
systemctl daemon-reload # as whoever installs units does
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

# --- asked, and there still when the update is called off; who is to wait for it comes late
mkfifo /run/never
cat >$program.stays <<'SCRIPT'
#!/bin/bash
exec 7<"$1" 8<>/run/never
trap ': >/run/asked' TERM
while :; do read -rt 0.1 -u 8; done
SCRIPT
chmod 755 $program.stays
stays() { pgrep -f "^/bin/bash $program.stays "; }
is_another() { [ "$(stays | wc -l)" = 1 ] && [ "$(stays)" != "$1" ]; }
setsid $program.stays $lib </dev/null >/dev/null 2>&1 &
check "a program has the library open" await 60 bash -c "[ -e /proc/$!/fd/7 ]"
was=$(stays)
RESTART_MANAGER_SESSION=$("$restartctl" session start)
"$restartctl" session register -f $lib
"$restartctl" session shutdown --relaunch &
check "it is asked" await 60 test -e /run/asked
kill -TERM $!
wait $!
same "the stop is called off" 123 $?
spec=$(echo /run/restart-manager/relaunch-*)
exec 9<"$spec"
flock -x 9 # rm-relaunch waits for it
("$restartctl" session restart && "$restartctl" session end) 9<&- &
check "PID 1 starts rm-relaunch" await 60 relaunches >/dev/null
sleep 0.5
check "the session ends when rm-relaunch has what it needs" test -e "$spec"
exec 9<&-
wait $!
same "then it ends" 0 $?
same "the program is as it was" "$was" "$(stays)"
kill -KILL "$was"
check "when it leaves it is brought back" await 60 is_another "$was"
kill -KILL "$(stays)"

# --- under limits that a new one would not have
LD_PRELOAD=$lib systemd-run --quiet --scope --unit limited -p IPAddressDeny=any -p MemoryMax=1G \
  /bin/sleep 4711 </dev/null >/dev/null 2>&1 &
LD_PRELOAD=$lib systemd-run --quiet --scope --unit unlimited $program.stays /dev/null </dev/null >/dev/null 2>&1 &
check "a program lives in a scope with limits" await 60 pgrep -f "^/bin/sleep 4711"
check "another one in one that has none" await 60 stays
"$restartctl" run --dry-run --relaunch -f $lib -- true >/run/told 2>&1
check "the one is not stopped, and told why" \
  grep -q "skip .*lives under limits of limited.scope: MemoryMax, IPAddressDeny" /run/told
same "but the other one" 1 "$(grep -c "stop .*started again as it was" /run/told)"
systemctl stop limited.scope
systemctl kill --signal KILL unlimited.scope

# --- named so that its name cannot be sent to PID 1, or reads as lines of a unit file
pre='ExecStartPre=touch made-by-a-name'
for name in $'\xff\xfe' $'x\n[Service]\n'"$pre"$'\nx' 'ends in \\'; do
  odd=/srv/main-job/$name
  cp /bin/sleep "$odd"
  LD_PRELOAD=$lib setsid "$odd" infinity </dev/null >/dev/null 2>&1 &
  check "${name@Q} uses the library" await 60 grep -q $lib "/proc/$!/maps"
  RESTART_MANAGER_SESSION=$("$restartctl" session start)
  "$restartctl" session register -f "$odd" && "$restartctl" session shutdown --relaunch
  same "it is stopped" 0 $?
  systemctl daemon-reload
  "$restartctl" session restart
  same "it is brought back" 0 $?
  check "and nothing else is run" test ! -e /made-by-a-name
  "$restartctl" session end
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe" | tr -d '\n')" = "$(tr -d '\n' <<<"$odd")" ] && kill "${process#/proc/}"
  done
done
check "no unit of ours is left over, none has failed" await 60 no_traces
finish
