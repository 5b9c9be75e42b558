#!/bin/bash
# Story: the update changes more than files that somebody has open. The services that it has stopped lose what
# they need, or their unit; the name of a program leads to the next version. What cannot be started again is told
# and stays owed, however late it fails. And a service with which the machine would end is not stopped.
. "$(dirname "$0")/story.sh"
prepare
mkdir /srv/changed
program=/srv/changed/program
cp /bin/sleep $program
unit() { # NAME COMMAND LINE...
  printf '%s\n' '[Service]' "ExecStart=$2" "${@:3}" >"/run/systemd/system/$1.service"
}
unit ch-brief '/bin/sleep infinity' 'LoadCredential=secret:/srv/changed/secret'
unit ch-removed '/bin/sleep infinity'
unit ch-broken '/bin/sleep infinity'
systemctl daemon-reload
told() { grep -cE "^ch-\S+\.service $1" /run/told; } # WHAT

# --- it ends so soon that PID 1 tells of that while it is asked whether it runs
for round in {1..10}; do
  echo secret >/srv/changed/secret
  systemctl start ch-brief
  "$restartctl" run -s ch-brief -- rm /srv/changed/secret >/run/told 2>&1
  same "$round: a service whose credential is gone does not come back" 122 $?
  same "that is told" 1 "$(told "could not be brought back")"
  "$restartctl" recover --give-up ch-brief.service >/dev/null
  same "it was owed" 0 $?
done
systemctl reset-failed ch-brief

# --- PID 1 has forked it, and it waits for something before it becomes its program
unit ch-late "$program infinity" 'StandardInput=file:/srv/changed/input'
touch /srv/changed/input
systemctl daemon-reload
systemctl start ch-late
is_becoming() { [[ "$(cat "/proc/$(main_pid ch-late)/comm")" == \(* ]]; } 2>/dev/null
let_it_become() { # later than it takes to count as one that runs
  await 60 is_becoming
  read -r -t 1 <>"$tick"
  : >/srv/changed/input
}
"$restartctl" run -s ch-late -- bash -c "rm $program /srv/changed/input; mkfifo /srv/changed/input" >/run/told 2>&1 &
runner=$!
let_it_become
wait $runner
same "a service that fails that late has not come back" 122 $?
same "that is told" 1 "$(told "could not be brought back")"
cp /bin/sleep $program
rm /srv/changed/input
touch /srv/changed/input
"$restartctl" recover >/run/told 2>&1
same "it is owed, and comes back" 0 $?
check "it runs" is_active ch-late

# --- a unit that is gone, and one that PID 1 cannot use
systemctl start ch-removed ch-broken
"$restartctl" run -s ch-removed -s ch-broken -- bash -c '
  cd /run/systemd/system && rm ch-removed.service && echo "[Service]" >ch-broken.service && systemctl daemon-reload
' >/run/told 2>&1
same "they do not come back" 122 $?
same "it is told that one is gone" 1 "$(told ".*its unit is gone: it was removed or renamed meanwhile")"
same "and what is wrong with the other one" 1 "$(told ".*cannot use its unit \(bad-setting\); see systemctl status ch-broken")"
"$restartctl" recover --give-up ch-broken.service ch-removed.service >/dev/null

# --- the next version is another file, to which the name leads now
mkdir /srv/changed/v1 /srv/changed/v2
cp /bin/sleep /srv/changed/v1/program
cp /bin/sleep /srv/changed/v2/program
ln -s v1 /srv/changed/current
program=/srv/changed/current/program
runs() { pgrep -f "^$program "; }
LD_PRELOAD=$lib setsid $program infinity </dev/null >/dev/null 2>&1 &
check "a program runs" await 60 runs
"$restartctl" run --relaunch -f $program -- ln -sfn v2 /srv/changed/current >/run/told 2>&1
same "it is brought back" 0 $?
same "as the next version" /srv/changed/v2/program "$(readlink "/proc/$(runs)/exe")"
pkill -f "^$program "

# --- a process that was forked, and executed nothing: started again it would be another one of its parent
cat >/srv/changed/server.py <<'PY'
import os, sys, time
if os.fork() == 0:
    data = open(sys.argv[1])
    open(sys.argv[2], "w").write("ready")
while True:
    time.sleep(1000)
PY
touch /srv/changed/data
setsid /usr/bin/python3 /srv/changed/server.py /srv/changed/data /run/ready </dev/null >/dev/null 2>&1 &
check "it runs" await 60 test -s /run/ready
before=$(pgrep -f "^/usr/bin/python3 /srv/changed/server.py")
"$restartctl" run --relaunch -f /srv/changed/data -- touch /run/done >/run/told 2>&1
same "the update goes on" 0 $?
same "it is left running, and so is its parent" "$before" "$(pgrep -f "^/usr/bin/python3 /srv/changed/server.py")"
check "that is told" grep -q "left running: .*a part of process" /run/told
pkill -f "^/usr/bin/python3 /srv/changed/server.py"

# --- a stop with which the machine would be shut down
unit ch-kiosk '/bin/sleep infinity' '[Unit]' 'Requires=ch-below.service' 'SuccessAction=poweroff'
unit ch-below '/bin/sleep infinity'
systemctl daemon-reload
systemctl start ch-kiosk
for name in ch-kiosk ch-below; do
  "$restartctl" run -s $name -- touch /run/done >/run/told 2>&1
  same "$name is not stopped" 121 $?
  check "that is told" grep -q "is to end with it (SuccessAction=poweroff of ch-kiosk.service)" /run/told
done

check "no unit is left that has brought one back" await 60 bash -c '! systemctl list-units "rm-relaunch-*" --no-legend | grep -q .'
check "no unit of ours is left over, none has failed" no_traces
finish
