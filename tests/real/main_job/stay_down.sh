#!/bin/bash
# Story: an administrator wants a service down, before an update stops it or after it was brought back. It stays
# down. Whatever else has ended it, it is owed its start.
. "$(dirname "$0")/story.sh"
prepare
mkdir /run/sd
mkfifo /run/started /run/go_on
unit() { # NAME COMMAND LINE...
  printf '%s\n' "${@:3}" '[Service]' "ExecStart=$2" >"/run/systemd/system/$1.service"
}
# Waits for a file: in words that are one process, and its command's.
until_there() { echo "/bin/sh -c 'until [ -e $1 ]; do sleep 0.05; done'"; }
forever='/bin/sleep infinity'
slow_stop=$(until_there /run/sd/go)
unit sd-plain "$forever"
unit sd-java "/bin/bash -c 'trap \"exit 143\" TERM; while :; do sleep 0.05; done'"
unit sd-crashes "$forever"
unit sd-fails "$forever" '[Service]' 'ExecStartPre=/usr/bin/test ! -e /run/sd/bad'
unit sd-brief "/bin/sh -c 'test -e /run/sd/bad || exec sleep infinity'"
unit sd-db "$forever"
unit sd-web "$forever" '[Unit]' 'BindsTo=sd-db.service' 'After=sd-db.service'
unit sd-unseen "$(until_there /run/sd/end)" '[Service]' "ExecStartPre=$slow_stop"
unit sd-forgotten "$forever"
unit sd-slow "$forever" '[Service]' "Environment=LD_PRELOAD=$lib" "ExecStop=$slow_stop"
unit sd-lead "$forever"
unit sd-led "$forever" '[Unit]' 'Requires=sd-lead.service' 'After=sd-lead.service' '[Service]' "ExecStop=$slow_stop"
unit sd-main "$forever"
unit sd-part "$forever" '[Unit]' 'PartOf=sd-main.service' 'After=sd-main.service' '[Service]' "ExecStop=$slow_stop"
unit sd-ends "$forever" '[Service]' "ExecStopPost=$slow_stop"
unit sd-again "$forever" '[Service]' "ExecStopPost=$slow_stop" 'Restart=always' 'RestartSec=100ms'
kept=$(printf ' sd-%s.service' plain java crashes fails brief db web unseen)
# PID 1 remembers of a unit that is down only what something refers to.
printf '%s\n' '[Unit]' "Wants=$kept" >/run/systemd/system/sd-keeper.target
systemctl daemon-reload

cat >/run/script.sh <<'SCRIPT'
restartctl=$1
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register "${@:2}" && "$restartctl" session shutdown >/dev/null
echo "$$" >/run/started
read -r _ </run/go_on
"$restartctl" session restart &
echo "$!" >/run/started
wait "$!"
echo "$?" >/run/started
exec sleep infinity
SCRIPT
state_of() { systemctl show --property ActiveState --value "$1"; }
is() { [ "$(state_of "$2")" = "$1" ]; } # STATE UNIT
has_no_job() { [ -z "$(systemctl show --property Job --value "$1")" ]; }
ended() { all_down "$1" && has_no_job "$1"; }
has_job() { # UNIT TYPE STATE
  systemctl list-jobs --no-legend | grep -q " $1\.service  *$2  *$3"
}
is_restarting() { has_job "$1" restart running; }
starts_later() { all_down "$1" && has_job "$1" start waiting; }
# For as long as it takes to count as one that runs.
has_settled() {
  local since now
  since=$(systemctl show --property ActiveEnterTimestampMonotonic --value "$1")
  read -r now _ </proc/uptime
  is active "$1" && [ $((${now/./}0 - since / 1000)) -ge 400 ]
}
kill_main() { # SIGNAL UNIT
  kill "-$1" "$(main_pid "$2")"
}
recover() { # says what it did; its status
  said=$("$restartctl" recover 2>&1)
}
left_down="it was started after the update, and has ended or was stopped since: it stays down"
told_to_stay() { grep -qF "$1.service was not brought back: $left_down" <<<"$said"; }
nothing_owed() {
  recover
  same "nothing is owed any more" "nothing was owed" "$said"
  same "nothing is kept for the next boot" "" "$(find /var/lib/restart-manager -name 'owed-*' 2>/dev/null)"
}

# --- brought back by PID 1 when the installer died, and ended since
touch /run/sd/go
systemctl start sd-keeper.target sd-forgotten
everyone="sd-plain sd-java sd-crashes sd-fails sd-brief sd-db sd-web sd-forgotten"
check "everyone runs before" await 60 all_active $everyone
stop_by_installer $(printf -- '-s %s ' $everyone)
check "everyone is down" all_down $everyone
touch /run/sd/bad
kill_installer
for unit in sd-plain sd-java sd-crashes sd-db sd-web sd-forgotten; do
  check "PID 1 brings $unit back" await 60 has_settled $unit
done
check "one fails to start" await 60 is failed sd-fails
check "and one ends at once" await 60 ended sd-brief
rm /run/sd/bad
systemctl stop sd-plain sd-java sd-forgotten
check "the stop of one makes it fail" is failed sd-java
kill_main SEGV sd-crashes
check "one crashes" await 60 is failed sd-crashes
kill_main KILL sd-db
check "and one takes another one down" await 60 ended sd-web
recover
same "recover succeeds: $said" 0 $?
for unit in sd-plain sd-java; do
  check "$unit stays down" ended $unit
  check "and that is told" told_to_stay $unit
done
check "who failed, ended at once or crashed is back, and who PID 1 knows nothing of" \
  all_active sd-fails sd-brief sd-crashes sd-db sd-web sd-forgotten
nothing_owed

# --- the next session starts it no more than recover does
systemctl reset-failed sd-java
systemctl start sd-plain
stop_by_installer -s sd-plain
kill_installer
check "PID 1 brings it back" await 60 has_settled sd-plain
systemctl stop sd-plain
next=$("$restartctl" session start)
RESTART_MANAGER_SESSION=$next "$restartctl" session end
check "it stays down" ended sd-plain
nothing_owed

# --- an installer that tried to bring it back, and saw it end: nobody stopped it
systemctl stop sd-unseen
rm -f /run/sd/end
systemctl start sd-unseen
stop_by_installer -s sd-unseen
rm /run/sd/go
echo >/run/go_on
read -r restarting </run/started
check "it is on its way" await 60 is activating sd-unseen
kill -STOP "$restarting"
touch /run/sd/go
check "it runs" await 60 has_settled sd-unseen
touch /run/sd/end
check "it ends" await 60 ended sd-unseen
kill -CONT "$restarting"
read -r status </run/started
same "the installer has not seen it run" 122 "$status"
kill_installer
rm /run/sd/end
recover
same "recover succeeds: $said" 0 $?
check "it is back" is_active sd-unseen
nothing_owed

# --- somebody stops it already when the update comes
update() { # OPTION...: until it waits for who is to leave
  rm -f /run/sd/begun
  "$restartctl" run "$@" -- bash -c 'touch /run/sd/begun; echo >/run/started; read -r _ </run/go_on' >/run/sd/told 2>&1 &
  runner=$!
  check "the update begins" await 60 grep -q '^stopping' /run/sd/told
}
stopped_in_time() { # UNIT: the update waits for it, and goes on when it has ended
  check "$1 is still stopping" is deactivating "$1"
  check "and the update waits" test ! -e /run/sd/begun
  touch /run/sd/go
  read -r _ </run/started
  check "the update goes on when $1 is down" is inactive "$1"
}
is_owed() { "$restartctl" session show | grep -q "owes a start to.* $1\.service"; }
is_not_owed() { ! is_owed "$1"; }
updated() {
  echo >/run/go_on
  wait "$runner"
  same "the update succeeds" 0 $?
}

systemctl start sd-slow
check "it uses the library" await 60 grep -q $lib "/proc/$(main_pid sd-slow)/maps"
rm /run/sd/go
systemctl stop sd-slow &
stopping=$!
check "an administrator's stop takes its time" await 60 is deactivating sd-slow
update -f $lib
stopped_in_time sd-slow
check "nothing is owed for it" is_not_owed sd-slow
wait $stopping
same "the administrator's stop succeeds" 0 $?
updated
check "it stays down" ended sd-slow
nothing_owed

systemctl start sd-lead sd-led
rm /run/sd/go
systemctl stop --no-block sd-lead
check "it waits for who goes with it" await 60 is deactivating sd-led
update -s sd-lead
stopped_in_time sd-led
check "nothing is owed for the one" is_not_owed sd-lead
check "nor for the other" is_not_owed sd-led
updated
check "both stay down" ended sd-lead
check "both" ended sd-led
nothing_owed

# --- somebody restarts it: it comes back, after the update
systemctl start sd-slow
rm /run/sd/go
systemctl restart sd-slow &
restarting=$!
check "an administrator's restart takes its time" await 60 is deactivating sd-slow
update -s sd-slow
stopped_in_time sd-slow
check "it is owed its start" is_owed sd-slow
updated
wait $restarting
same "the administrator's restart succeeds" 0 $?
check "it is back" is_active sd-slow
nothing_owed

# --- it ends by itself
for unit in sd-ends sd-again; do
  owes=is_owed
  [ $unit = sd-again ] || owes=is_not_owed
  systemctl start $unit
  rm -f /run/sd/go
  kill_main KILL $unit
  check "$unit takes its time to end" await 60 is deactivating $unit
  update -s $unit
  check "the update waits" test ! -e /run/sd/begun
  touch /run/sd/go
  read -r _ </run/started
  check "it is down" all_down $unit
  check "what was to start by itself is owed that" $owes $unit
  updated
done
check "who ended by itself stays down" all_down sd-ends
check "who would have started by itself is back" is_active sd-again
nothing_owed

# --- it stops because of us, with one that is not to come back: its start waits in PID 1 all the same
systemctl start sd-main sd-part
rm -f /run/sd/go
RESTART_MANAGER_SESSION=$("$restartctl" session start)
export RESTART_MANAGER_SESSION
"$restartctl" session register -s sd-main -s sd-part
"$restartctl" session filter --no-restart -s sd-main
"$restartctl" session shutdown >/run/sd/told 2>&1 &
stopping=$!
check "it stops, and is to start" await 60 is_restarting sd-part
touch /run/sd/go
wait $stopping
same "both are stopped" 0 $?
check "its start waits" starts_later sd-part
"$restartctl" session restart >/dev/null
check "it is back" is_active sd-part
check "who is not to come back is down" ended sd-main
"$restartctl" session end
nothing_owed
systemctl stop sd-again
systemctl reset-failed sd-ends
check "no unit of ours is left over, none has failed" await 60 no_traces
finish
